"""A note as pages show it: what it says, and who will be told."""

from dataclasses import dataclass
from datetime import datetime

from roverbook.admin.shared_people import By, by
from roverbook.models import Note, NotificationSettings
from tasks.admin.texts import Link, block, line, link
from tasks.admin.words import StatusWords

TEXT = 2_500
TITLE = 160
TYPE_WORDS = {
    Note.Type.ISSUE: StatusWords(word="issue", badge="rv-bad"),
    Note.Type.LEARNING: StatusWords(word="learning", badge="rv-good"),
    Note.Type.TIP: StatusWords(word="tip", badge="rv-good"),
    Note.Type.OBSERVATION: StatusWords(word="observation", badge=""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who will be told a note: `word` is yes, no or its own agent; `why` a sentence."""

    word: str
    badge: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNote:
    """A note. `told`: None where the page does not say."""

    id: str
    by: By
    type: StatusWords
    title: str
    content: str
    tags: list[str]
    link: Link | None
    is_shared: bool
    is_approved: bool
    is_hidden: bool
    is_pinned: bool
    helped: int
    not_helped: int
    expires_at: datetime | None
    told: Told | None


def shown_note(note: Note, *, now: datetime, told: bool = True, access: str = "") -> ShownNote:
    """One note. `access`: what agents of the site may do with shared notes; asked for with `told`."""
    return ShownNote(
        id=note.pk,
        by=by(note, now=now),
        type=TYPE_WORDS[Note.Type(note.type)],
        title=line(note.title, TITLE),
        content=block(note.content, TEXT),
        tags=[line(tag, TITLE) for tag in note.tags],
        link=link(note.linked_url),
        is_shared=note.visibility == Note.Visibility.SHARED,
        is_approved=note.moderation == Note.Moderation.APPROVED,
        is_hidden=note.moderation == Note.Moderation.HIDDEN,
        is_pinned=note.is_pinned,
        helped=note.helped,
        not_helped=note.not_helped,
        expires_at=note.expires_at,
        told=_told(note, access, now) if told else None,
    )


def _told(note: Note, access: str, now: datetime) -> Told:
    if note.moderation == Note.Moderation.HIDDEN:
        return Told(word="no", badge="", why="You have hidden it.")
    if note.expires_at is not None and note.expires_at <= now:
        return Told(word="no", badge="", why="It is too old.")
    if note.visibility == Note.Visibility.PRIVATE:
        return Told(word="only its own agent", badge="rv-running", why="It is private to its agent’s memory.")
    if access == NotificationSettings.SharedAccess.PRIVATE_ONLY:
        return Told(word="no", badge="", why="Agents of this site get private notes alone.")
    if note.moderation == Note.Moderation.WAITING:
        return Told(word="not yet", badge="rv-warn", why="It waits for your yes.")
    return Told(word="yes", badge="rv-good", why="Every agent may be told it at the beginning of a task.")
