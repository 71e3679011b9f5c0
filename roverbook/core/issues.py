"""Errors of visits in the form in which they are compared, and when one is critical."""

import hashlib
import re
from typing import NamedTuple

from tasks.core.printable import printable

MESSAGE_CHARS = 240
_READ_CHARS = 2_000
CRITICAL_VISITS = 3
CRITICAL_DAYS = 7
CRITICAL_RATE = 0.5

_RULES = (
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'`<>«»“”„]+", re.I), "[url]"),
    (re.compile(r"\"[^\"]{0,300}\"|`[^`]{0,300}`"), "[text]"),
    (re.compile(r"«[^»]{0,300}»|“[^”]{0,300}”|„[^“”]{0,300}[“”]"), "[text]"),
    (re.compile(r"(?<!\w)'[^']{0,300}'(?!\w)|(?<!\w)‘[^’]{0,300}’(?!\w)"), "[text]"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I), "[id]"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{6,}\b", re.I), "[id]"),
    (re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{12,}"), "[id]"),
    (re.compile(r"[-+]?\d+(?:[.,:]\d+)*"), "[n]"),
)  # fmt: skip
"""In this order: an address may hold ids, quoted text anything, an id digits."""


class Issue(NamedTuple):
    """`fingerprint`: 32 hexadecimal digits. `message`: what the error says in every case, of at most 240
    characters; addresses, quoted text, ids and numbers are `[url]`, `[text]`, `[id]`, `[n]`."""

    fingerprint: str
    message: str


def issue_of(tool: str, message: str, path: str) -> Issue:
    """The cluster of an error that `tool` met on the page at `path`."""
    said = normalised(message)
    named = "\0".join((tool.strip().lower(), said.casefold(), path))
    return Issue(hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32], said)


def normalised(message: str) -> str:
    """`message` without what differs from case to case."""
    said = " ".join(printable(message[:_READ_CHARS]).split())
    for pattern, name in _RULES:
        said = pattern.sub(name, said)
    return said.strip()[:MESSAGE_CHARS].rstrip()


def is_critical(visits: int, failed: int) -> bool:
    """Whether an issue is: so many visits of the last CRITICAL_DAYS met it, and `failed` of them failed."""
    return visits >= CRITICAL_VISITS and failed / visits > CRITICAL_RATE
