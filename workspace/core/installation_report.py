"""The report about an installation: its lines, and how they are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SHOWN = 200
"""Characters of a page that a line quotes at most."""


class State(StrEnum):
    """`WARN`: it works, or may work, but something wants a look. `SKIPPED`: what it rests on is missing."""

    PASS = "pass"  # noqa: S105 - a result, no password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the report. `found`: what is there; `fix`: what to do, '' when all is well; `copy`: text to
    paste, None without one. All plain text; `found` may quote the page."""

    key: str
    title: str
    state: State
    found: str
    fix: str = ""
    copy: str | None = None


TITLES: Mapping[str, str] = {
    "reachable": "The page can be read",
    "script": "The script tag is in the page",
    "server": "The tag points at this server",
    "site": "The site id is this site's",
    "key": "The key is this site's and works",
    "host": "The key may be used on this host",
    "csp": "The page's security policy lets the script run",
    "marker": "Agents find the marker",
    "well_known": "The files for agents are valid",
}
"""Every check of a page, in the order in which things can fail."""


def line(key: str, state: State, found: str, fix: str = "", copy: str | None = None) -> Check:
    """A line about one of TITLES."""
    return Check(key=key, title=TITLES[key], state=state, found=found, fix=fix, copy=copy)


def skipped(key: str, why: str) -> Check:
    """A line about something that could not be looked at."""
    return line(key, State.SKIPPED, why)


def shown(text: str) -> str:
    """Text of a page, fit to quote: one line, printable, at most 200 characters."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[: SHOWN + 1])
    return clean if len(clean) <= SHOWN else f"{clean[:SHOWN]}…"
