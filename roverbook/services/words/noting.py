"""Agents' memory of a site: notes, whether they helped, and how they are forgotten."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from roverbook.core.happenings import Happening
from roverbook.core.notes import LIFETIME, PER_AGENT, TRUSTED_VISITS, moderation_of, visibility_of
from roverbook.core.word_refusals import NoteNotFound, OwnWords
from roverbook.core.words import NoteBody, NoteVoteBody
from roverbook.models import Note, NoteVote, Visit
from roverbook.models.shared import Provenance
from roverbook.selectors.authors import is_own_memory
from roverbook.selectors.records import note_record
from roverbook.selectors.settings import settings_of
from roverbook.selectors.site_scopes import in_scope_of
from roverbook.selectors.words import readable_note
from roverbook.services.announcing import announce
from roverbook.services.words.authors import Author, record_id
from roverbook.services.words.writing import (
    check_share,
    check_site_share,
    hold_words,
    kept,
    kept_all,
    memory_of,
    shared,
    shared_link,
    spoken_by,
)
from workspace.io.transactions import write_transaction

EXPIRED_AT_ONCE = 500
_NOBODY = "There is no such note on this site, or it is another's."


def note_save(author: Author, body: NoteBody, *, now: datetime) -> Note | None:
    """Keep a note, or write the agent's own one with this id anew; None for a derived one: RoverBook makes
    those itself. What was shared and is written anew waits for the owner again.

    Raises:
        NotesNotShared: it is to be shared, and the site's agents may not.
        TooManyWords: the agent has 50 notes here.
        AgentUnknown: no memory is its own.
    """
    if body.provenance == "derived":
        return None
    memory_key = memory_of(author)
    with write_transaction():
        hold_words(author.site)
        known = _known(author, body)
        values = _note(author, body, known, now)
        if known is not None:
            if _says_the_same(known, values):
                return known
            return _written_anew(known, values, now)
        own = Note.objects.filter(
            site=author.site, agent_memory_key=memory_key, provenance=Provenance.AGENT_AUTHORED
        )
        advice = "Write one of your own notes anew, by its noteId."
        check_share(own, PER_AGENT, limit="notes_per_agent", advice=advice)
        check_site_share(Note, author.site, now)
        note = Note.objects.create(
            id=_name(author, body),
            **spoken_by(author),
            **values,
            provenance=Provenance.AGENT_AUTHORED,
            created_at=now,
            updated_at=now,
            expires_at=now + LIFETIME,
        )
        record = note_record(note)
        announce(site=author.site, event=Happening.NOTE_CREATED, key=note.pk, data=record, now=now)
    return note


def note_vote(author: Author, body: NoteVoteBody, *, note_id: str, now: datetime) -> Note:
    """Say whether a note helped; one vote for each memory, the last one counts. A note that helped is kept
    for another 90 days.

    Raises:
        NoteNotFound: the agent reads no such note.
        OwnWords: it shared the note itself.
        AgentUnknown: no memory is its own.
    """
    memory_key = memory_of(author)
    with write_transaction():
        hold_words(author.site)
        note = readable_note(author, note_id, now=now)
        if note is None:
            raise NoteNotFound(_NOBODY)
        if note.visibility == Note.Visibility.SHARED and note.agent_memory_key == memory_key:
            raise OwnWords("This agent shared the note itself.", next_action="Leave the vote to others.")
        NoteVote.objects.update_or_create(
            note=note,
            memory_key=memory_key,
            defaults={"helped": body.helped},
            create_defaults={"helped": body.helped, "created_at": now},
        )
        sums = NoteVote.objects.filter(note=note).aggregate(
            yes=Count("pk", filter=Q(helped=True)), no=Count("pk", filter=Q(helped=False))
        )
        note.helped, note.not_helped = sums["yes"], sums["no"]
        if body.helped and note.expires_at is not None:
            note.expires_at = now + LIFETIME
        note.save(update_fields=["helped", "not_helped", "expires_at"])
    return note


def notes_expire(*, now: datetime) -> int:
    """Forget notes whose time is over, some hundreds at a time; how many."""
    forgotten = 0
    while True:
        with write_transaction():
            over = Note.objects.filter(expires_at__lte=now).values_list("pk", flat=True)
            ids = list(over.order_by("expires_at")[:EXPIRED_AT_ONCE])
            Note.objects.filter(pk__in=ids, expires_at__lte=now).delete()
        forgotten += len(ids)
        if len(ids) < EXPIRED_AT_ONCE:
            return forgotten


def _known(author: Author, body: NoteBody) -> Note | None:
    """The agent's own note that is meant, by the name that it was told or by the one that it gave itself."""
    rows = Note.objects.filter(
        site=author.site,
        agent_memory_key=author.agent_memory_key,
        provenance=Provenance.AGENT_AUTHORED,
    ).select_related("site")
    own = rows.filter(pk=_name(author, body)).first()
    if own is None and body.note_id and is_own_memory(author.agent_memory_key):
        own = rows.filter(pk=body.note_id).first()
    return own


def _name(author: Author, body: NoteBody) -> str:
    """Its id. A memory of its own goes on from session to session, and so do the names in it."""
    if body.note_id and is_own_memory(author.agent_memory_key):
        return record_id("note", replace(author, session_id=""), body.note_id)
    return record_id("note", author, body.note_id or f"{author.visit_id} {body.model_dump_json()}")


def _note(author: Author, body: NoteBody, known: Note | None, now: datetime) -> dict[str, Any]:
    """The columns of a note that its author decides, and what they mean for the owner."""
    settings = settings_of(author.site)
    asked = body.visibility or (known.visibility if known is not None else None)
    visibility = visibility_of(asked, settings.shared_access)
    moderation = moderation_of(
        visibility,
        trusts_notes=settings.trusts_notes,
        trust=author.agent_trust,
        visits=_visits(author) if settings.trusts_notes else 0,
    )
    texts = {"title": kept(body.title), "content": kept(body.content), "linked_url": kept(body.linked_url)}
    tags = kept_all(body.tags)
    if visibility == Note.Visibility.SHARED:
        in_scope = in_scope_of(author.site)
        texts = {
            "title": shared(body.title, in_scope),
            "content": shared(body.content, in_scope),
            "linked_url": shared_link(body.linked_url, in_scope),
        }
        tags = [shared(tag, in_scope) for tag in body.tags]
    fits = {"title": texts["title"][: Note._meta.get_field("title").max_length]}
    return {
        **texts,
        **fits,
        "type": body.type,
        "tags": tags,
        "visibility": visibility,
        "moderation": moderation,
    }


def _says_the_same(known: Note, values: dict[str, Any]) -> bool:
    """Whether nothing is new; what the owner decided about the note stands then."""
    return all(getattr(known, name) == value for name, value in values.items() if name != "moderation")


def _written_anew(note: Note, values: dict[str, Any], now: datetime) -> Note:
    """The same note with other words. The owner looked at the old ones: a pin falls, and what he hid stays
    hidden."""
    was_hidden = note.moderation == Note.Moderation.HIDDEN
    for name, value in values.items():
        setattr(note, name, value)
    if was_hidden:
        note.moderation = Note.Moderation.HIDDEN
    NoteVote.objects.filter(note=note).delete()
    note.helped = note.not_helped = 0
    note.is_pinned = False
    note.updated_at, note.expires_at = now, now + LIFETIME
    note.save()
    return note


def _visits(author: Author) -> int:
    """How many visits of this memory came to their end, as far as it matters."""
    if not is_own_memory(author.agent_memory_key):
        return 0
    rows = Visit.objects.filter(
        site=author.site,
        agent_key=author.agent_key,
        agent_memory_key=author.agent_memory_key,
        finalized_at__isnull=False,
    )
    return len(rows.exclude(pk=author.visit_id).values_list("pk")[:TRUSTED_VISITS])
