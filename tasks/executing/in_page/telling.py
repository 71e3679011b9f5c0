"""What a page tells about what was just done: that it worked, or that it did not."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.page import SeenNode, SeenPage

MARKS_MAX: Final = 60
_LONGEST: Final = 300
_GOOD: Final = re.compile(
    r"\bthank(?:s| you)\b|\bsuccess|\bconfirm(?:ed|ation)\b|\breceived\b|\bwe (?:will|ll"
    r"|'ll) (?:be in touch|contact|get back|call)"
    r"|\b(?:has|have|is|are|was|were) (?:been |now )?(?:sent|added|booked|saved|submitted|reserved"
    r"|subscribed|registered|updated)\b"
    r"|\badded to\b|\bsigned up\b|\byou(?:'re| are) (?:in|on the list|subscribed)\b|\b(?:message|form"
    r"|request|order) (?:sent|placed)\b"
    r"|\bdanke\b|\bvielen dank\b|\berfolgreich\b|\bbestaetigt\b|\bbestaetigung\b|\beingegangen\b"
    r"|\bgesendet\b|\bverschickt\b"
    r"|\bgebucht\b|\breserviert\b|\bhinzugefuegt\b|\bangemeldet\b|\bgespeichert\b|\bliegt im warenkorb\b"
)
_BAD: Final = re.compile(
    r"\berrors?\b|\binvalid\b|\b(?:is|are) required\b|\brequired field\b|\bplease (?:enter|fill|choose"
    r"|select|provide|correct|check|try)"
    r"|\bnot valid\b|\bfailed\b|\b(?:could|can|did) ?n[o']t\b|\bsorry\b|\bunavailable\b|\bnot available\b"
    r"|\bsold out\b|\bout of stock\b"
    r"|\bfully booked\b|\balready (?:taken|exists|registered|used)\b|\bincorrect\b|\bdenied\b|\bexpired\b"
    r"|\bmust (?:be|have|contain)\b"
    r"|\bfehler|\bungueltig|\bpflichtfeld|\bbitte (?:geben|fuellen|waehlen|pruefen|korrigieren|versuchen)"
    r"|\bleider\b"
    r"|\bnicht (?:verfuegbar|moeglich|gueltig|gefunden)|\bfehlgeschlagen\b|\bausgebucht\b|\bausverkauft\b"
    r"|\babgelaufen\b"
)
_QUIET: Final = frozenset(
    {"option", "textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider", "link"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A text that says how something went. `is_loud`: in a place made for it. `mark`: to know it again."""

    text: str
    is_good: bool
    is_loud: bool
    node: SeenNode
    mark: str


def told_by(page: SeenPage) -> Iterator[Told]:
    """What the page tells, in reading order."""
    n_told = 0
    for node in page.nodes:
        text = node.text or node.name
        if not text or len(text) > _LONGEST or node.role in _QUIET:
            continue
        is_loud = node.role in ("alert", "status", "alertdialog") or node.is_in(
            "alert", "status", "alertdialog"
        )
        plain = folded(text)
        is_bad = _BAD.search(plain) is not None
        is_good = not is_bad and _GOOD.search(plain) is not None
        if not (is_bad or is_good) and not (is_loud and node.role != "alertdialog"):
            continue
        if node.role in ("button", "checkbox", "radio", "switch") or not (is_bad or is_good or is_loud):
            continue
        n_told += 1
        if n_told > MARKS_MAX:
            return
        yield Told(text=text, is_good=is_good, is_loud=is_loud, node=node, mark=mark_of(text))


def marks_of(page: SeenPage) -> frozenset[str]:
    """Marks of all that the page tells."""
    return frozenset(told.mark for told in told_by(page))


def mark_of(text: str) -> str:
    """Eight hex digits for a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def is_bad(text: str) -> bool:
    """Whether a text says that something did not work."""
    return _BAD.search(folded(text)) is not None
