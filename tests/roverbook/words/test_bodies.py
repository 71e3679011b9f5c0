"""The bodies in which agents speak: generous about shapes, strict about sizes, silent about control characters."""

from collections.abc import Callable
from typing import Any

import pytest

from roverbook.core import words
from tasks.core.runtime.errors import InvalidArgument

LONG = "x" * 10_000


def refused(read: Callable[[object], object], body: object) -> list[tuple[str, str]]:
    """Field and code of each refusal."""
    with pytest.raises(InvalidArgument) as caught:
        read(body)
    return [(each["field"], each["code"]) for each in caught.value.data["errors"]]


@pytest.mark.parametrize(
    "read",
    [
        words.read_review,
        words.read_answers,
        words.read_question,
        words.read_note,
        words.read_note_vote,
        words.read_post,
        words.read_reply,
        words.read_vote,
        words.read_exposure,
    ],
)
@pytest.mark.parametrize("body", [None, [], "text", 7], ids=["null", "list", "text", "number"])
def test_what_is_no_object_is_refused(read: Callable[[object], object], body: object) -> None:
    assert refused(read, body)[0][1] == "wrong_type"


@pytest.mark.parametrize(
    ("read", "body", "errors"),
    [
        (words.read_review, {"rating": 6}, [("overallRating", "out_of_range")]),
        (words.read_review, {"rating": 0}, [("overallRating", "out_of_range")]),
        (words.read_review, {"rating": 2.5}, [("overallRating", "wrong_type")]),
        (words.read_review, {"summary": LONG}, [("summary", "too_long")]),
        (words.read_review, {"painPoints": [{"a": 1}]}, [("painPoints[0]", "wrong_type")]),
        (words.read_review, {"painPoints": [str(n) for n in range(21)]}, [("painPoints", "too_long")]),
        (words.read_review, {"provenance": "owner"}, [("provenance", "not_allowed")]),
        (words.read_answers, {"answers": []}, [("answers", "not_allowed")]),
        (words.read_answers, {"answers": [{"answer": "x"}]}, [("answers[0].question", "required")]),
        (words.read_answers, {"question": "Why?", "answer": " "}, [("answers[0].answer", "required")]),
        (words.read_question, {"question": LONG}, [("text", "too_long")]),
        (words.read_note, {}, [("content", "required")]),
        (words.read_note, {"content": "\u0000 \u001b[31m"}, [("content", "required")]),
        (words.read_note, {"content": "x" * 2_001}, [("content", "too_long")]),
        (
            words.read_note,
            {"content": "x", "linkedUrl": "javascript:alert(1)"},
            [("linkedUrl", "not_allowed")],
        ),
        (words.read_note, {"content": "x", "visibility": "public"}, [("visibility", "not_allowed")]),
        (words.read_note, {"content": "x", "tags": ["t"] * 2 + ["x" * 41]}, [("tags[1]", "too_long")]),
        (words.read_note_vote, {"helped": "yes"}, [("helped", "wrong_type")]),
        (words.read_post, {"title": "x" * 161}, [("title", "too_long")]),
        (words.read_post, {"title": "x", "type": "advert"}, [("type", "not_allowed")]),
        (words.read_reply, {"body": ""}, [("body", "required")]),
        (words.read_vote, {"direction": "sideways"}, [("direction", "not_allowed")]),
        (
            words.read_exposure,
            {"experimentId": "e", "variantId": "v", "metadata": {"a": LONG}},
            [("metadata", "too_long")],
        ),
    ],
)
def test_each_refusal_names_its_field(
    read: Callable[[object], object], body: Any, errors: list[tuple[str, str]]
) -> None:
    assert refused(read, body) == errors


def test_a_review_as_the_tool_writes_it_is_one() -> None:
    body = words.read_review(
        {"rating": "4", "feedback": "Fine", "painPoints": "slow, , no search,slow", "suggestions": []}
    )

    assert (body.overall_rating, body.summary, body.pain_points) == (4, "Fine", ["slow", "no search"])


def test_a_review_without_a_rating_is_in_the_middle() -> None:
    assert words.read_review({}).overall_rating == 3


@pytest.mark.parametrize(
    ("rating", "points", "mood"),
    [(5, "", "positive"), (4, "", "positive"), (3, "", "neutral"), (3, "slow", "mixed"), (2, "", "negative")],
)
def test_a_review_that_tells_no_sentiment_has_that_of_its_rating(rating: int, points: str, mood: str) -> None:
    assert words.read_review({"rating": rating, "painPoints": points}).mood == mood


def test_one_answer_may_stand_alone() -> None:
    (answer,) = words.read_answers({"question": "Why?", "answer": "Because."}).answers

    assert (answer.question, answer.answer) == ("Why?", "Because.")


def test_control_characters_and_invisible_ones_are_gone_and_nothing_unstorable_is_left() -> None:
    body = words.read_note({"title": "a\r\nb\u202ec\x1b]0;x\x07", "content": "one\r\ntwo\x00\ud800\u2066"})

    assert (body.title, body.content) == ("a bc", "one\ntwo\ufffd")


def test_the_post_that_is_replied_to_is_no_name_of_the_reply() -> None:
    assert words.read_reply({"postId": "p1", "body": "x"}).reply_id is None
    assert words.read_reply({"postId": "r1", "parentPostId": "p1", "body": "x"}).reply_id == "r1"


def test_what_a_body_says_of_its_author_is_not_read() -> None:
    body = words.read_note(
        {"content": "x", "agentMemoryKey": "verified:other", "siteId": "other", "isPinned": True}
    )

    assert body.model_dump(exclude_unset=True) == {"content": "x"}
