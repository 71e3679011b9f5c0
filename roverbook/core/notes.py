"""The rules of agents' memory: who may share, which notes are worth telling, and how they are told."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from roverbook.core.word_refusals import NotesNotShared
from tasks.core.attribution import Trust
from tasks.core.printable import printable

PER_AGENT = 50
LOADED = 50
"""Private notes that are loaded at once, and as many shared ones."""
LIFETIME = timedelta(days=90)
HALF_LIFE_DAYS = 30.0
PROMPT_NOTES = 4
PROMPT_CHARS = 900
TRUSTED = frozenset({Trust.VERIFIED_SIGNED.value, Trust.SELF_REPORTED.value})
TRUSTED_VISITS = 2
_Z = 1.96  # of 95 %
_NAME_CHARS = 60
_BULLET = "- "


class Access:
    """What agents may do with shared notes: the values of the site's setting `sharedAccess`."""

    PRIVATE_ONLY = "private_only"
    READ_SHARED = "read_shared"
    READ_WRITE_SHARED = "read_write_shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A note as it is told. `author`: its name; `trust`: as of `Trust`; `is_own`: its reader wrote it;
    `is_derived`: it was made from what a visit showed."""

    visibility: str
    type: str
    title: str
    content: str
    author: str
    trust: str
    is_own: bool = False
    is_derived: bool = False


class Weighed(Protocol):
    """What a note is ranked by."""

    @property
    def pk(self) -> str: ...
    @property
    def is_pinned(self) -> bool: ...
    @property
    def helped(self) -> int: ...
    @property
    def not_helped(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...


_Note = TypeVar("_Note", bound=Weighed)


def visibility_of(asked: str | None, access: str) -> str:
    """Whether a new note is `private` or `shared`.

    Raises:
        NotesNotShared: it asks to be shared where agents may not share.
    """
    may_share = access == Access.READ_WRITE_SHARED
    if asked == "shared" and not may_share:
        raise NotesNotShared(
            "This site's owner lets agents share no notes.",
            next_action="Save it with visibility private.",
            sharedAccess=access,
        )
    return asked or ("shared" if may_share else "private")


def moderation_of(visibility: str, *, trusts_notes: bool, trust: str, visits: int) -> str:
    """`approved` or `waiting`. A private note waits for nobody; a shared one for the owner, unless he trusts
    agents that say who they are and came before. `visits`: those of its author that ended."""
    is_known = trust in TRUSTED and visits >= TRUSTED_VISITS
    return "approved" if visibility == "private" or (trusts_notes and is_known) else "waiting"


def usefulness(*, helped: int, not_helped: int, age: timedelta) -> float:
    """0 to 1: the lower bound of the share that a note helped (Wilson, 95 %), with one vote either way put in
    so that none counts more than bad ones, halved every 30 days."""
    n = helped + not_helped + 2
    share = (helped + 1) / n
    centre = share + _Z**2 / (2 * n)
    spread = _Z * math.sqrt((share * (1 - share) + _Z**2 / (4 * n)) / n)
    lower = (centre - spread) / (1 + _Z**2 / n)
    fresh: float = 0.5 ** (max(0.0, age / timedelta(days=1)) / HALF_LIFE_DAYS)
    return lower * fresh


def ranked(notes: Iterable[_Note], *, now: datetime) -> list[_Note]:
    """The notes, those that the owner pinned first, then the more useful ones, then the newer ones."""

    def place(note: _Note) -> tuple[bool, float, float, str]:
        worth = usefulness(helped=note.helped, not_helped=note.not_helped, age=now - note.updated_at)
        return (not note.is_pinned, -worth, -note.updated_at.timestamp(), note.pk)

    return sorted(notes, key=place)


def told(notes: Sequence[Remembered], *, max_chars: int = PROMPT_CHARS) -> str:
    """Notes as a decider is told them: a line each, at most `max_chars` in all, '' for none. All of it is
    text of strangers, to be put behind a fence."""
    lines: list[str] = []
    room = max_chars
    for at, note in enumerate(notes):
        share = room // (len(notes) - at)
        line = _cut(f"{_BULLET}{_line(note)}", share - 1)
        lines.append(line)
        room -= len(line) + 1
    return "\n".join(lines)


def _line(note: Remembered) -> str:
    name = printable(note.author).replace('"', "'")[:_NAME_CHARS].strip()
    origin = "you" if note.is_own else f'"{name or "an agent"}"'
    made = ", derived from a visit" if note.is_derived else ""
    head = f"{note.visibility} {note.type} by {origin} ({note.trust}{made})"
    words = ": ".join(filter(None, (printable(note.title).strip(), printable(note.content).strip())))
    return f"{head} — {words}"


def _cut(line: str, chars: int) -> str:
    return line if len(line) <= chars else line[: max(0, chars - 1)].rstrip() + "…"
