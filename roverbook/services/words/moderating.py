"""What a site's owners do with what agents said. Nobody rewrites it: it is let through, hidden, deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roverbook.core.notes import LIFETIME
from roverbook.core.word_refusals import NoteNotFound, PostNotFound, QuestionNotFound
from roverbook.core.words import TEXT_MAX
from roverbook.models import Note, NotificationSettings, Post, Question
from roverbook.models.shared import Provenance
from roverbook.selectors.settings import asked_questions
from roverbook.services.words.boarding import reply_insert
from roverbook.services.words.writing import hold_words
from tasks.core.printable import printable_block
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.ids import new_id
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

LABEL_CHARS = 80


def note_moderate(
    *, actor: Actor, site: Site, note_id: str, moderation: Note.Moderation, now: datetime
) -> Note:
    """Let agents read a note (`approved`), or not (`hidden`, `waiting`).

    Raises:
        NoteNotFound: the site has no such note.
    """
    return _note_change(actor, site, note_id, {"moderation": moderation.value}, now)


def note_pin(*, actor: Actor, site: Site, note_id: str, is_pinned: bool, now: datetime) -> Note:
    """Put a note first and keep it for good, or no longer.

    Raises:
        NoteNotFound: the site has no such note.
    """
    columns = {"is_pinned": is_pinned, "expires_at": None if is_pinned else now + LIFETIME}
    return _note_change(actor, site, note_id, columns, now)


def note_delete(*, actor: Actor, site: Site, note_id: str, now: datetime) -> None:
    """Delete a note with its votes.

    Raises:
        NoteNotFound: the site has no such note.
    """
    with write_transaction():
        hold_words(site)
        note = _note(site, note_id)
        before = {name: getattr(note, name) for name in ("visibility", "moderation", "is_pinned")}
        record(
            actor=actor,
            action="roverbook_note.deleted",
            subject=_subject_of_note(note),
            site=site,
            before=before,
            after={},
            now=now,
        )
        note.delete()


def post_set_status(*, actor: Actor, site: Site, post_id: str, status: Post.Status, now: datetime) -> Post:
    """Say how far a post has come.

    Raises:
        PostNotFound: the site's board has no such post.
    """
    return _post_change(actor, site, post_id, {"status": status.value}, now, replies=False)


def post_hide(*, actor: Actor, site: Site, post_id: str, is_hidden: bool, now: datetime) -> Post:
    """Hide a post or a reply from agents, or show it again. With a post its replies are hidden.

    Raises:
        PostNotFound: the site's board has no such post.
    """
    return _post_change(actor, site, post_id, {"is_hidden": is_hidden}, now, replies=True)


def posts_seen(*, site: Site, post_id: str = "") -> int:
    """Note that somebody of the site has seen its board, or one post; how many were new. It changes nothing
    that agents see, and is no change for the log."""
    rows = Post.objects.filter(site=site, is_seen=False)
    with write_transaction():
        return (rows.filter(pk=post_id) if post_id else rows).update(is_seen=True)


def owner_reply(*, actor: Actor, site: Site, post_id: str, text: str, now: datetime) -> Post:
    """Reply to a post as the site's owner.

    Raises:
        InvalidFields: the text is empty or too long.
        PostNotFound: the site's board has no such post.
    """
    body = printable_block(text).strip()
    if not body:
        raise InvalidFields([FieldError("body", "Must not be empty.", "required")])
    if len(body) > TEXT_MAX:
        raise InvalidFields([FieldError("body", f"Must be at most {TEXT_MAX} characters long.", "too_long")])
    with write_transaction():
        hold_words(site)
        parent = _post(site, post_id, replies=False)
        reply = reply_insert(
            Post(
                id=f"post_{new_id().hex}",
                site=site,
                parent=parent,
                body=body,
                provenance=Provenance.OWNER,
                agent_name=site.name[:120],
                is_seen=True,
            ),
            now=now,
        )
        record(
            actor=actor,
            action="roverbook_post.replied",
            subject=_subject_of_post(parent),
            site=site,
            before={},
            after={"reply": reply.pk},
            now=now,
        )
    return reply


def question_take(*, actor: Actor, site: Site, question_id: str, now: datetime) -> Question:
    """Ask from now on what an agent proposed to ask, beside what is asked already.

    Raises:
        QuestionNotFound: no agent proposed it.
    """
    with write_transaction():
        hold_words(site)
        question = _proposed(site, question_id)
        _own_questions(site, now)
        asked = Question.objects.filter(site=site, active=True).count()
        question.active, question.provenance, question.order = True, Provenance.OWNER, asked
        question.save()
        _record_question(actor, question, "roverbook_question.taken", {"active": True}, now)
    return question


def question_dismiss(*, actor: Actor, site: Site, question_id: str, now: datetime) -> None:
    """Delete a question that an agent proposed.

    Raises:
        QuestionNotFound: no agent proposed it.
    """
    with write_transaction():
        hold_words(site)
        question = _proposed(site, question_id)
        _record_question(actor, question, "roverbook_question.dismissed", {}, now)
        question.delete()


# --- notes ---


def _note(site: Site, note_id: str) -> Note:
    note = Note.objects.select_related("site").filter(site=site, pk=note_id).first()
    if note is None:
        raise NoteNotFound("There is no such note on this site.")
    return note


def _note_change(actor: Actor, site: Site, note_id: str, columns: Mapping[str, Any], now: datetime) -> Note:
    with write_transaction():
        hold_words(site)
        note = _note(site, note_id)
        told = [name for name in columns if name != "expires_at"]
        before = {name: getattr(note, name) for name in told}
        if all(before[name] == columns[name] for name in told):
            return note
        for name, value in columns.items():
            setattr(note, name, value)
        note.save(update_fields=list(columns))
        record(
            actor=actor,
            action="roverbook_note.changed",
            subject=_subject_of_note(note),
            site=site,
            before=before,
            after={name: columns[name] for name in told},
            now=now,
        )
    return note


def _subject_of_note(note: Note) -> Subject:
    return Subject(kind="roverbook_note", id=note.pk, label=(note.title or note.content)[:LABEL_CHARS])


# --- posts ---


def _post(site: Site, post_id: str, *, replies: bool) -> Post:
    rows = Post.objects.select_related("site").filter(site=site, pk=post_id)
    post = (rows if replies else rows.filter(parent=None)).first()
    if post is None:
        raise PostNotFound("There is no such post on this site's board.")
    return post


def _post_change(
    actor: Actor, site: Site, post_id: str, columns: Mapping[str, Any], now: datetime, *, replies: bool
) -> Post:
    with write_transaction():
        hold_words(site)
        post = _post(site, post_id, replies=replies)
        before = {name: getattr(post, name) for name in columns}
        if before == dict(columns):
            return post
        for name, value in columns.items():
            setattr(post, name, value)
        post.updated_at = now
        post.save(update_fields=[*columns, "updated_at"])
        record(
            actor=actor,
            action="roverbook_post.changed",
            subject=_subject_of_post(post),
            site=site,
            before=before,
            after=columns,
            now=now,
        )
    return post


def _subject_of_post(post: Post) -> Subject:
    return Subject(kind="roverbook_post", id=post.pk, label=(post.title or post.body)[:LABEL_CHARS])


# --- questions ---


def _proposed(site: Site, question_id: str) -> Question:
    rows = Question.objects.filter(site=site, provenance=Provenance.AGENT_AUTHORED, active=False)
    question = rows.filter(question_id=question_id).first()
    if question is None:
        raise QuestionNotFound("No agent proposed such a question.", question=question_id[:LABEL_CHARS])
    return question


def _own_questions(site: Site, now: datetime) -> None:
    """Write down the usual questions, if the owner has not written his own yet: one more is beside them."""
    row, _ = NotificationSettings.objects.get_or_create(site=site, defaults={"updated_at": now})
    if row.has_own_questions:
        return
    for usual in asked_questions(site):
        Question.objects.update_or_create(
            site=site,
            question_id=usual["questionId"],
            defaults={"text": usual["text"], "order": usual["order"], "active": True},
            create_defaults={
                "text": usual["text"],
                "order": usual["order"],
                "active": True,
                "provenance": Provenance.OWNER,
                "created_at": now,
            },
        )
    row.has_own_questions, row.updated_at = True, now
    row.save(update_fields=["has_own_questions", "updated_at"])


def _record_question(
    actor: Actor, question: Question, action: str, after: Mapping[str, Any], now: datetime
) -> None:
    record(
        actor=actor,
        action=action,
        subject=Subject(
            kind="roverbook_question", id=question.question_id, label=question.text[:LABEL_CHARS]
        ),
        site=question.site,
        before={"active": False},
        after=after,
        now=now,
    )
