"""Several agents at the same moment: nothing is counted twice, lost, or written beyond its share."""

from typing import Any

import pytest

from roverbook.core import words
from roverbook.core.notes import PER_AGENT
from roverbook.core.word_refusals import TooManyWords
from roverbook.models import AgentProfile, Note, NoteVote, Post, PostVote, Review
from roverbook.services.words import note_save, note_vote, post_create, post_reply, post_vote, review_say
from tasks.core.prefer import Preferences
from tasks.core.public_errors import TaskRateLimited
from tasks.models import AgentTask
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import CreateRequest, agent_task_create
from tasks.services.agents.creating_many import agent_tasks_create
from tests.roverbook.words.support import HOST, NOW, author, make_site, note, post, settings_of_site
from tests.tasks.agents.steps import BODY, at_once, limited
from workspace.models import Site

WRITERS = 4


@pytest.fixture
def shop(transactional_db: None) -> Site:
    """`shop.example`, in a database that several threads share."""
    return make_site(HOST)


def test_votes_of_several_are_all_counted(shop: Site) -> None:
    made = post(author(shop))
    up = words.read_vote({"direction": "up"})

    at_once(
        *[
            lambda n=n: post_vote(author(shop, f"bot{n}"), up, post_id=made.pk, now=NOW)
            for n in range(WRITERS)
        ]
    )

    made.refresh_from_db()
    assert (made.upvotes, PostVote.objects.count()) == (WRITERS, WRITERS)


def test_the_same_vote_at_the_same_moment_is_one_that_is_taken_back(shop: Site) -> None:
    made = post(author(shop))
    up = words.read_vote({"direction": "up"})

    at_once(*[lambda: post_vote(author(shop, "eve"), up, post_id=made.pk, now=NOW)] * 2)

    made.refresh_from_db()
    assert (made.upvotes, PostVote.objects.count()) == (0, 0)


def test_votes_on_a_note_are_all_counted(shop: Site) -> None:
    settings_of_site(shop)
    tip = note(author(shop), moderation="approved")
    yes = words.read_note_vote({"helped": True})

    at_once(
        *[
            lambda n=n: note_vote(author(shop, f"bot{n}"), yes, note_id=tip.pk, now=NOW)
            for n in range(WRITERS)
        ]
    )

    tip.refresh_from_db()
    assert (tip.helped, NoteVote.objects.count()) == (WRITERS, WRITERS)


@pytest.mark.parametrize(
    "named", [{"postId": "p", "reviewId": "p"}, {}], ids=["by their id", "by their words"]
)
def test_what_is_told_several_times_at_once_is_kept_once(shop: Site, named: dict[str, str]) -> None:
    body = words.read_post({"title": "Empty", **named})
    said = words.read_review({"rating": 4, **named})

    posts = at_once(*[lambda: post_create(author(shop), body, now=NOW)] * WRITERS)
    reviews = at_once(*[lambda: review_say(author(shop), said, now=NOW)] * WRITERS)

    assert (len(set(posts)), Post.objects.count()) == (1, 1)
    assert (len(set(reviews)), Review.objects.count()) == (1, 1)


def test_replies_of_several_are_all_counted(shop: Site) -> None:
    made = post(author(shop))
    body = words.read_reply({"body": "Here too."})

    at_once(
        *[
            lambda n=n: post_reply(author(shop, f"bot{n}"), body, post_id=made.pk, now=NOW)
            for n in range(WRITERS)
        ]
    )

    made.refresh_from_db()
    assert made.reply_count == Post.objects.filter(parent=made).count() == WRITERS


def test_the_last_place_is_given_once(shop: Site) -> None:
    for number in range(PER_AGENT - 1):
        note(author(shop), str(number))

    def save(number: int) -> Any:
        try:
            return note_save(author(shop), words.read_note({"content": f"last {number}"}), now=NOW)
        except TooManyWords as refusal:
            return refusal

    answers = at_once(*[lambda n=n: save(n) for n in range(WRITERS)])

    assert sum(isinstance(answer, Note) for answer in answers) == 1
    assert Note.objects.count() == PER_AGENT


def wish(number: int) -> CreateRequest:
    body = BODY | {"prompt": f"wish {number}", "agent": {"key": "ada"}}
    return CreateRequest(
        body=body, preferences=Preferences(), caller=Caller(address=""), idempotency_key=None, now=NOW
    )


@pytest.fixture
def three_a_day(shop: Site, settings: Any) -> None:
    """`ada` may start three tasks a day; nothing else is limited."""
    limited(settings)
    AgentProfile.objects.create(site=shop, agent_key="ada", access="limit", per_day=3, updated_at=NOW)


@pytest.mark.usefixtures("three_a_day")
def test_a_limited_agent_does_not_slip_in_by_coming_several_times_at_once() -> None:
    def begin(number: int) -> bool:
        try:
            agent_task_create(wish(number))
        except TaskRateLimited:
            return False
        return True

    begun = at_once(*[lambda n=n: begin(n) for n in range(5)])

    assert sum(begun) == AgentTask.objects.count() == 3


@pytest.mark.usefixtures("three_a_day")
def test_a_limited_agent_does_not_slip_in_among_requests_that_are_stored_together() -> None:
    answers = agent_tasks_create([wish(number) for number in range(5)])

    refused = [answer for answer in answers.values() if isinstance(answer, TaskRateLimited)]
    assert (len(refused), AgentTask.objects.count()) == (2, 3)
