"""What owners do with what agents said: each change once in the log, and only on their own site."""

from collections.abc import Callable

import pytest

from roverbook.core import words
from roverbook.core.word_refusals import NoteNotFound, PostNotFound, QuestionNotFound
from roverbook.models import Note, Post, Question
from roverbook.selectors.settings import asked_questions
from roverbook.selectors.words import posts_of, preamble_for, replies_of
from roverbook.services.words import moderating, question_propose
from tests.roverbook.words.support import DAY, NOW, author, note, post, settings_of_site
from workspace.core.doors import Door
from workspace.core.fields import InvalidFields
from workspace.models import AuditEntry, Site
from workspace.services.audit import Actor

OWNER = Actor(door=Door.WORKSPACE)


def log() -> list[tuple[str, str, dict[str, object], dict[str, object]]]:
    """Action, subject, before and after of what RoverBook wrote into the log."""
    rows = AuditEntry.objects.filter(action__startswith="roverbook_").order_by("pk")
    return [(row.action, row.subject_id, row.before, row.after) for row in rows]


def test_an_owner_lets_a_note_through_and_hides_it_again(shop: Site) -> None:
    settings_of_site(shop)
    waiting = note(author(shop), "Tip.")

    for moderation in (Note.Moderation.APPROVED, Note.Moderation.APPROVED, Note.Moderation.HIDDEN):
        moderating.note_moderate(actor=OWNER, site=shop, note_id=waiting.pk, moderation=moderation, now=NOW)

    assert log() == [
        ("roverbook_note.changed", waiting.pk, {"moderation": "waiting"}, {"moderation": "approved"}),
        ("roverbook_note.changed", waiting.pk, {"moderation": "approved"}, {"moderation": "hidden"}),
    ]
    assert preamble_for(shop, now=NOW).text == ""


def test_a_pinned_note_is_kept_for_good_and_after_that_for_ninety_days(shop: Site) -> None:
    kept = note(author(shop), "Tip.")

    pinned = moderating.note_pin(actor=OWNER, site=shop, note_id=kept.pk, is_pinned=True, now=NOW)
    assert (pinned.is_pinned, pinned.expires_at) == (True, None)

    later = NOW + 200 * DAY
    loose = moderating.note_pin(actor=OWNER, site=shop, note_id=kept.pk, is_pinned=False, now=later)
    assert (loose.is_pinned, loose.expires_at) == (False, later + 90 * DAY)
    assert [entry[0] for entry in log()] == ["roverbook_note.changed"] * 2


def test_a_deleted_note_is_gone_and_the_log_says_so(shop: Site) -> None:
    kept = note(author(shop), "Tip.")

    moderating.note_delete(actor=OWNER, site=shop, note_id=kept.pk, now=NOW)

    assert not Note.objects.exists()
    ((action, subject, before, after),) = log()
    assert (action, subject, after) == ("roverbook_note.deleted", kept.pk, {})
    assert before["visibility"] == "private"


def test_an_owner_says_how_far_a_post_has_come(shop: Site) -> None:
    made = post(author(shop))

    moderating.post_set_status(actor=OWNER, site=shop, post_id=made.pk, status=Post.Status.SOLVED, now=NOW)

    made.refresh_from_db()
    assert made.status == "solved"
    assert log() == [("roverbook_post.changed", made.pk, {"status": "open"}, {"status": "solved"})]


def test_a_hidden_post_is_gone_for_agents_with_its_replies_and_can_be_shown_again(shop: Site) -> None:
    made = post(author(shop))
    moderating.post_hide(actor=OWNER, site=shop, post_id=made.pk, is_hidden=True, now=NOW)

    assert not posts_of(shop, now=NOW).posts
    with pytest.raises(PostNotFound):
        replies_of(shop, made.pk, now=NOW)

    moderating.post_hide(actor=OWNER, site=shop, post_id=made.pk, is_hidden=False, now=NOW)
    assert len(posts_of(shop, now=NOW).posts) == 1


def test_an_owner_replies_as_the_owner(shop: Site) -> None:
    made = post(author(shop))

    reply = moderating.owner_reply(
        actor=OWNER, site=shop, post_id=made.pk, text="Fixed.\x1b[31m See https://elsewhere.example/", now=NOW
    )

    (told,) = replies_of(shop, made.pk, now=NOW).posts
    assert told.post == reply
    assert (told.post.provenance, told.post.agent_name, told.post.agent_memory_key) == (
        "owner",
        shop.name,
        "",
    )
    assert told.post.body == "Fixed. See https://elsewhere.example/", "an owner may point anywhere"
    assert log() == [("roverbook_post.replied", made.pk, {}, {"reply": reply.pk})]


@pytest.mark.parametrize("text", ["", " \n", "x" * 4_001], ids=["empty", "blank", "long"])
def test_a_reply_without_words_or_with_too_many_is_refused(shop: Site, text: str) -> None:
    made = post(author(shop))

    with pytest.raises(InvalidFields) as caught:
        moderating.owner_reply(actor=OWNER, site=shop, post_id=made.pk, text=text, now=NOW)

    assert [error.field for error in caught.value.errors] == ["body"]


def test_looking_at_the_board_makes_its_posts_seen(shop: Site, bank: Site) -> None:
    post(author(shop))
    post(author(bank))

    assert moderating.posts_seen(site=shop) == 1
    assert moderating.posts_seen(site=shop) == 0
    assert Post.objects.get(site=bank).is_seen is False


def test_a_question_that_an_owner_takes_is_asked_beside_the_usual_ones(shop: Site) -> None:
    asked = question_propose(author(shop), words.read_question({"question": "Is it fast?"}), now=NOW)

    moderating.question_take(actor=OWNER, site=shop, question_id=asked.question_id, now=NOW)

    texts = [question["text"] for question in asked_questions(shop)]
    assert (len(texts), texts[-1]) == (5, "Is it fast?")
    assert [entry[:2] for entry in log()] == [("roverbook_question.taken", asked.question_id)]
    with pytest.raises(QuestionNotFound):
        moderating.question_take(actor=OWNER, site=shop, question_id=asked.question_id, now=NOW)


def test_a_question_that_an_owner_does_not_want_is_gone(shop: Site) -> None:
    asked = question_propose(author(shop), words.read_question({"question": "Is it fast?"}), now=NOW)

    moderating.question_dismiss(actor=OWNER, site=shop, question_id=asked.question_id, now=NOW)

    assert not Question.objects.exists()
    assert len(asked_questions(shop)) == 4


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (
            lambda site, ids: moderating.note_moderate(
                actor=OWNER, site=site, note_id=ids["note"], moderation=Note.Moderation.APPROVED, now=NOW
            ),
            NoteNotFound,
        ),
        (
            lambda site, ids: moderating.note_pin(
                actor=OWNER, site=site, note_id=ids["note"], is_pinned=True, now=NOW
            ),
            NoteNotFound,
        ),
        (
            lambda site, ids: moderating.note_delete(actor=OWNER, site=site, note_id=ids["note"], now=NOW),
            NoteNotFound,
        ),
        (
            lambda site, ids: moderating.post_set_status(
                actor=OWNER, site=site, post_id=ids["post"], status=Post.Status.SOLVED, now=NOW
            ),
            PostNotFound,
        ),
        (
            lambda site, ids: moderating.post_hide(
                actor=OWNER, site=site, post_id=ids["post"], is_hidden=True, now=NOW
            ),
            PostNotFound,
        ),
        (
            lambda site, ids: moderating.owner_reply(
                actor=OWNER, site=site, post_id=ids["post"], text="x", now=NOW
            ),
            PostNotFound,
        ),
        (
            lambda site, ids: moderating.question_take(
                actor=OWNER, site=site, question_id=ids["question"], now=NOW
            ),
            QuestionNotFound,
        ),
        (
            lambda site, ids: moderating.question_dismiss(
                actor=OWNER, site=site, question_id=ids["question"], now=NOW
            ),
            QuestionNotFound,
        ),
    ],
    ids=["moderate", "pin", "delete", "status", "hide", "reply", "take", "dismiss"],
)
def test_an_owner_changes_nothing_on_the_site_of_another(
    shop: Site, bank: Site, change: Callable[[Site, dict[str, str]], object], refusal: type[Exception]
) -> None:
    asked = question_propose(author(shop), words.read_question({"question": "Is it fast?"}), now=NOW)
    ids = {"note": note(author(shop)).pk, "post": post(author(shop)).pk, "question": asked.question_id}

    with pytest.raises(refusal):
        change(bank, ids)

    assert log() == []
