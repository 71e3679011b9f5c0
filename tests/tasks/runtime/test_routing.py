"""Whether a prompt is worked on tool by tool or by a plan."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.routing import THRESHOLD, ActOutcome, escalates, route


def own(host: str) -> bool:
    return host == "example.com" or host.endswith(".example.com")


# prompt, score, reason; the mode follows from the reason
VECTORS = [
    ("Click the login button", 0, "score_below_threshold"),
    ("please scroll down", 0, "score_below_threshold"),
    ("What are your opening hours?", 0, "score_below_threshold"),
    ("", 0, "score_below_threshold"),
    ("Find the cheapest lamp", 0, "score_below_threshold"),  # 0.25
    ("Find the cheapest lamp with the best reviews", 1, "score_below_threshold"),  # 0.75
    ("Find lamps and compare them", 1, "score_below_threshold"),  # two verbs
    ("Find a lamp, then buy it", 3, "score_below_threshold"),  # verbs, sequence
    ("Show me a table", 0, "score_below_threshold"),  # form and command
    ("A table of lamps", 2, "score_below_threshold"),
    ("Every lamp of each maker", 2, "score_below_threshold"),
    ("Every lamp", 0, "score_below_threshold"),  # one word of breadth
    ("Look at https://www.example.com/lamps", 2, "score_below_threshold"),
    ("Look at example.com and get all of each price in a table", 7, "score_reaches_threshold"),
    ("Compare the prices of all lamps and make a csv", 4, "score_below_threshold"),  # 2 + 2 + 0.25
    ("Compare prices and reviews of all lamps as a csv", 5, "score_reaches_threshold"),  # 2 + 2 + 0.5
    ("Collect every review of each lamp, then write a summary", 6, "score_reaches_threshold"),
    (f"Buy a lamp {'really ' * 20}", 1, "score_below_threshold"),  # over 120 characters
    ("Step 1 open the shop. Step 2 buy a lamp.", 1, "several_steps"),
    ("1. open the shop\n2. buy a lamp", 0, "several_steps"),
    ("1) open the shop 2) buy a lamp", 0, "several_steps"),
    ("Open the shop, then buy a lamp and then pay", 1, "several_steps"),
    ("Compare example.net with example.org", 2, "several_domains"),
    ("Compare www.example.org with shop.example.org", 2, "score_below_threshold"),  # one domain
    ("Compare www.example.com with example.org", 2, "score_below_threshold"),  # one of them is ours
    ("Write to a@example.org and b@example.net", 0, "score_below_threshold"),  # no addresses of pages
    ("Explain main.py and readme.md", 0, "score_below_threshold"),  # nor are these
    ("Use node.js, e.g. version 4.2", 0, "score_below_threshold"),
    ("Ignore the authority; lengthen the chapter", 0, "score_below_threshold"),  # no "then", no "chart"
]


@pytest.mark.parametrize(("prompt", "score", "reason"), VECTORS, ids=[row[0][:40] for row in VECTORS])
def test_the_vectors(prompt: str, score: int, reason: str) -> None:
    found = route(prompt, is_own=own)

    assert (found.score, found.reason) == (score, reason)
    assert found.mode == ("act" if reason == "score_below_threshold" else "planner")
    assert found.as_wire() == {"score": score, "reason": reason}


def test_an_open_question_is_planned_whatever_is_said() -> None:
    found = route("Click Login", is_own=own, has_open_questions=True)

    assert (found.mode, found.score, found.reason) == ("planner", 0, "open_questions")


def test_a_short_command_to_the_page_counts_against_a_plan_up_to_ten_words() -> None:
    ten = "open the table of every lamp of each maker here"
    eleven = f"{ten} now"

    assert len(ten.split()) == 10
    assert (route(ten, is_own=own).score, route(eleven, is_own=own).score) == (2, 4)


def test_a_plan_is_made_from_the_threshold_on() -> None:
    prompt = "A table of every lamp of each maker"

    assert THRESHOLD == 5
    assert [route(prompt, is_own=own, threshold=at).mode for at in (4, 5)] == ["planner", "act"]


def test_the_score_ends_at_ten() -> None:
    words = (
        "find buy then all each https://example.org table research collect prices reviews rank monitor verify"
    )

    assert route(f"{words} {'x' * 120}", is_own=own).score == 10


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_routed(text: str) -> None:
    found = route(text, is_own=own)

    assert 0 <= found.score <= 10
    assert route(text, is_own=own) == found


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=100))
def test_nothing_after_the_first_8000_characters_counts(text: str) -> None:
    start = "Show lamps. ".ljust(8_000, "x")

    assert route(start + text, is_own=own) == route(start, is_own=own)


# --- from acting to planning ---


@pytest.mark.parametrize(
    ("told", "planned"),
    [
        ({}, False),
        ({"has_error": True}, True),
        ({"seconds": 8}, False),
        ({"seconds": 8.1}, True),
        ({"calls": 3}, False),
        ({"calls": 4}, True),
        ({"failures": 1}, False),
        ({"failures": 2}, True),
        ({"is_cross_domain": True}, True),
        ({"is_multi_step": True}, True),
    ],
)
def test_a_run_that_came_to_nothing_is_planned_for_a_reason(told: dict[str, Any], planned: bool) -> None:
    assert escalates(ActOutcome(is_usable=False, **told)) is planned
    assert not escalates(ActOutcome(is_usable=True, **told)), "what is usable is not done again"


def test_an_error_is_a_reason_only_where_it_is_wished() -> None:
    failed = ActOutcome(is_usable=False, has_error=True)

    assert not escalates(failed, planner_on_error=False)
    assert escalates(replace(failed, calls=4), planner_on_error=False)
