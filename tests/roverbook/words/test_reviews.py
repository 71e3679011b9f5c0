"""Reviews, answers, proposed questions and exposures: what is kept of them, once, and for whom."""

from typing import Any

import pytest

from roverbook.core import words
from roverbook.core.word_refusals import AgentUnknown, QuestionNotFound, TooManyWords
from roverbook.models import (
    Exposure,
    InterviewAnswer,
    NotificationSettings,
    Question,
    Review,
    WebhookEndpoint,
    WebhookMessage,
)
from roverbook.services.words import Author, answers_say, exposure_note, question_propose, review_say
from roverbook.services.words.reviewing import ANSWERS_PER_VISIT, QUESTIONS_PROPOSED, REVIEWS_PER_VISIT
from tests.roverbook.words.support import DAY, NOW, author
from workspace.models import Site

HARDEST = "What was the hardest part of your visit?"
FOUND = "Did you find what you were looking for?"


def review(by: Author, **body: Any) -> Review:
    said = review_say(by, words.read_review({"rating": 4, **body}), now=NOW)
    assert said is not None
    return said


def answer(by: Author, question: str = HARDEST, text: str = "The menu.", **more: Any) -> InterviewAnswer:
    body = words.read_answers({"question": question, "answer": text, **more})
    return answers_say(by, body, now=NOW)[0]


def derived(site: Site, by: Author, **columns: Any) -> None:
    """What RoverBook said in the agent's place."""
    said = {"site": site, "visit_id": by.visit_id, "provenance": "derived", "created_at": NOW}
    Review.objects.create(
        id=f"review_{by.visit_id}",
        **said,
        overall=1,
        accuracy=1,
        speed=1,
        ease_of_use=1,
        logic=1,
        sentiment="negative",
    )
    for name in ("hardest", "found"):
        InterviewAnswer.objects.create(
            id=f"answer_{by.visit_id}_{name}",
            **said,
            question_id=QUESTION_IDS[name],
            question="?",
            answer="It took 3 steps.",
            sentiment="neutral",
        )


QUESTION_IDS = {
    "hardest": "question_what_was_the_hardest_part_of_your_visit",
    "found": "question_did_you_find_what_you_were_looking_for",
}


def listening(site: Site) -> None:
    """Somebody wants to be told of everything."""
    NotificationSettings.objects.create(site=site, enabled=True, updated_at=NOW)
    WebhookEndpoint.objects.create(
        site=site, url="https://hooks.example/", events=["*"], created_at=NOW, updated_at=NOW
    )


# --- reviews ---


def test_a_review_is_kept_with_its_author_and_its_visit(shop: Site) -> None:
    said = review(author(shop), summary="Clear", categoryRatings={"speed": 2}, painPoints=["slow"])

    kept = Review.objects.get()
    assert kept == said
    assert (kept.overall, kept.accuracy, kept.speed, kept.ease_of_use, kept.logic) == (4, 4, 2, 4, 4)
    assert (kept.summary, kept.pain_points, kept.sentiment) == ("Clear", ["slow"], "positive")
    assert (kept.site, kept.visit_id, kept.run_id, kept.provenance) == (
        shop,
        "vis_ada",
        "run_ada",
        "agent_authored",
    )
    assert (kept.agent_key, kept.agent_memory_key, kept.agent_trust) == ("ada", "self:ada", "self_reported")


@pytest.mark.parametrize("named", [{"reviewId": "r1"}, {}], ids=["by its id", "by what it says"])
def test_a_review_that_is_told_twice_is_kept_once_and_announced_once(
    shop: Site, named: dict[str, str]
) -> None:
    listening(shop)

    first, again = review(author(shop), **named), review(author(shop), **named)

    assert first == again
    assert Review.objects.count() == 1
    assert WebhookMessage.objects.filter(event="review.created").count() == 1


@pytest.mark.parametrize(
    "other",
    [{"name": "eve"}, {"session_id": "ses_eve"}, {"agent_memory_key": "self:eve"}],
    ids=["agent", "session", "memory"],
)
def test_another_that_uses_the_same_id_writes_a_review_of_its_own(shop: Site, other: dict[str, str]) -> None:
    review(author(shop), reviewId="r1", summary="Mine")
    review(author(shop, **other), reviewId="r1", summary="Theirs")

    assert sorted(Review.objects.values_list("summary", flat=True)) == ["Mine", "Theirs"]


def test_another_site_has_a_review_of_its_own(shop: Site, bank: Site) -> None:
    review(author(shop), reviewId="r1")
    review(author(bank), reviewId="r1")

    assert {each.site for each in Review.objects.all()} == {shop, bank}


def test_a_derived_review_is_not_taken_from_outside(shop: Site) -> None:
    assert review_say(author(shop), words.read_review({"provenance": "derived"}), now=NOW) is None
    assert not Review.objects.exists()


def test_the_agents_own_review_takes_the_place_of_the_derived_one_of_its_visit(shop: Site) -> None:
    ada, eve = author(shop), author(shop, "eve")
    derived(shop, ada)
    derived(shop, eve)

    own = review(ada)

    assert set(Review.objects.values_list("id", flat=True)) == {own.pk, "review_vis_eve"}
    assert InterviewAnswer.objects.filter(visit_id="vis_ada").count() == 2, "answers are not reviews"


def test_personal_data_are_taken_out_before_a_review_is_kept(shop: Site) -> None:
    said = review(
        author(shop),
        summary="Write to ada@example.org",
        painPoints=["card 4111 1111 1111 1111"],
        suggestions="call +49 30 1234567",
    )

    assert (said.summary, said.pain_points, said.suggestions) == (
        "Write to [email]",
        ["card [card]"],
        ["call [phone]"],
    )


def test_one_visit_has_room_for_a_few_reviews_of_one_agent(shop: Site) -> None:
    for number in range(REVIEWS_PER_VISIT):
        review(author(shop), reviewId=str(number))

    with pytest.raises(TooManyWords) as caught:
        review(author(shop), reviewId="more")

    assert caught.value.data == {"limit": "reviews_per_visit", "maximum": REVIEWS_PER_VISIT}
    review(author(shop, visit_id="vis_next"), reviewId="more")


def test_an_agent_that_nothing_tells_apart_reviews_nothing(shop: Site) -> None:
    with pytest.raises(AgentUnknown):
        review(author(shop, agent_memory_key=""))


# --- answers ---


@pytest.mark.parametrize(
    "named",
    [
        {"questionId": QUESTION_IDS["hardest"]},
        {"question": HARDEST},
        {"question": HARDEST.upper()},
        {"question": "what was the hardest part of your visit"},
    ],
    ids=["id", "text", "case", "signs"],
)
def test_a_question_is_answered_by_its_id_or_its_words(shop: Site, named: dict[str, str]) -> None:
    (said,) = answers_say(author(shop), words.read_answers({**named, "answer": "The menu."}), now=NOW)

    assert (said.question_id, said.question, said.answer) == (QUESTION_IDS["hardest"], HARDEST, "The menu.")


def test_a_question_that_the_site_does_not_ask_is_refused_and_with_it_the_whole_interview(shop: Site) -> None:
    body = words.read_answers(
        {"answers": [{"question": HARDEST, "answer": "a"}, {"question": "Your password?", "answer": "b"}]}
    )

    with pytest.raises(QuestionNotFound) as caught:
        answers_say(author(shop), body, now=NOW)

    assert caught.value.data == {"question": "Your password?"}
    assert not InterviewAnswer.objects.exists()


def test_an_answer_that_is_given_again_replaces_the_first_one(shop: Site) -> None:
    answer(author(shop), text="The menu.")
    answer(author(shop), text="No: the cart.")

    assert InterviewAnswer.objects.get().answer == "No: the cart."


def test_an_own_answer_takes_the_place_of_the_derived_one_to_the_same_question(shop: Site) -> None:
    derived(shop, author(shop))

    own = answer(author(shop), HARDEST)

    assert set(InterviewAnswer.objects.values_list("id", flat=True)) == {own.pk, "answer_vis_ada_found"}
    assert Review.objects.count() == 1


@pytest.mark.parametrize(("text", "is_highlight"), [("x" * 60, False), ("x" * 61, True)])
def test_a_long_answer_is_a_highlight(shop: Site, text: str, is_highlight: bool) -> None:
    assert answer(author(shop), text=text).is_highlight is is_highlight


def test_one_visit_has_room_for_so_many_answers(shop: Site) -> None:
    NotificationSettings.objects.create(site=shop, has_own_questions=True, updated_at=NOW)
    for number in range(ANSWERS_PER_VISIT + 1):
        Question.objects.create(site=shop, question_id=f"q{number}", text=f"Q {number}?", created_at=NOW)
    for number in range(ANSWERS_PER_VISIT):
        answer(author(shop), f"Q {number}?")

    with pytest.raises(TooManyWords):
        answer(author(shop), f"Q {ANSWERS_PER_VISIT}?")

    assert InterviewAnswer.objects.count() == ANSWERS_PER_VISIT
    answer(author(shop), "Q 0?", "Another thought.")


# --- questions ---


def test_a_proposed_question_is_asked_of_nobody_and_can_be_answered_by_nobody(shop: Site) -> None:
    asked = question_propose(author(shop), words.read_question({"question": "Is it fast?"}), now=NOW)

    assert (asked.active, asked.provenance, asked.question_id) == (
        False,
        "agent_authored",
        "question_is_it_fast",
    )
    with pytest.raises(QuestionNotFound):
        answer(author(shop), "Is it fast?")


def test_a_question_that_is_asked_already_is_proposed_once(shop: Site) -> None:
    for name in ("ada", "eve"):
        question_propose(author(shop, name), words.read_question({"question": "Is it fast?"}), now=NOW)

    assert Question.objects.count() == 1


def test_a_proposed_question_does_not_take_the_id_of_one_that_is_asked(shop: Site) -> None:
    asked = question_propose(author(shop), words.read_question({"question": FOUND.upper()}), now=NOW)

    assert asked.question_id == f"{QUESTION_IDS['found']}_2"


def test_owners_have_to_read_only_so_many_proposed_questions(shop: Site) -> None:
    for number in range(QUESTIONS_PROPOSED):
        question_propose(author(shop), words.read_question({"question": f"Question {number}?"}), now=NOW)

    with pytest.raises(TooManyWords):
        question_propose(author(shop, "eve"), words.read_question({"question": "One more?"}), now=NOW)


# --- experiments ---


def test_an_exposure_is_kept_once_for_each_variant_of_a_visit(shop: Site) -> None:
    body = words.read_exposure(
        {"experimentId": "menu", "variantId": "b", "metadata": {"by": "ada@example.org"}}
    )

    first, again = (
        exposure_note(author(shop), body, now=NOW),
        exposure_note(author(shop), body, now=NOW + DAY),
    )
    exposure_note(author(shop, visit_id="vis_next"), body, now=NOW)

    assert first == again
    assert Exposure.objects.count() == 2
    assert (first.experiment_id, first.variant_id, first.metadata) == ("menu", "b", {"by": "[email]"})
