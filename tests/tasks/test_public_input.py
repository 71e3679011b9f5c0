"""The bodies that answer a task, hand it over, or claim it for a browser."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.public_errors import (
    InvalidRequest,
    InvalidTargetUrl,
    MissingInput,
    MissingInstruction,
    PromptTooLong,
)
from tasks.core.public_input import (
    ANSWERS_MAX,
    CONTEXT_MAX,
    GOAL_MAX,
    INPUT_MAX,
    KEY_MAX,
    OUTPUT_MAX,
    Given,
    HandoffContext,
    read_claim,
    read_handoff,
    read_input,
)
from workspace.core.errors import RoverError

URL = "https://www.acme.example/"
NO_OBJECTS: list[Any] = [None, [], "text", 7, True, [{"input": "x"}]]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refused(reader: Any, body: object) -> list[str]:
    """The fields that a reader does not take."""
    with pytest.raises(InvalidRequest) as caught:
        reader(body)
    return [error["field"] for error in caught.value.data["errors"]]


# --- answers ---


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ({"input": "Use the newest post."}, (Given(text="Use the newest post."),)),
        ({"input": "  two\nlines\t "}, (Given(text="two\nlines"),)),
        ({"answers": {"size": "large"}}, (Given(key="size", text="large"),)),
        (
            {"answers": {"size": "large", "colour": " red "}},
            (Given(key="size", text="large"), Given(key="colour", text="red")),
        ),
        (
            {"answers": {"size": "large"}, "input": "soon"},
            (Given(key="size", text="large"), Given(text="soon")),
        ),
        ({"answers": {"size": "large", "colour": " "}, "input": ""}, (Given(key="size", text="large"),)),
        ({"answers": {}, "input": "x"}, (Given(text="x"),)),
        ({"input": "x", "whatever": [1]}, (Given(text="x"),)),
        ({"input": "x" * INPUT_MAX}, (Given(text="x" * INPUT_MAX),)),
        ({"answers": {"k" * KEY_MAX: "x" * INPUT_MAX}}, (Given(key="k" * KEY_MAX, text="x" * INPUT_MAX),)),
    ],
)
def test_an_answer_is_a_text_or_texts_by_the_key_of_their_question(
    body: dict[str, Any], given: tuple[Given, ...]
) -> None:
    assert read_input(body) == given


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": None},
        {"input": ""},
        {"input": " \n\t"},
        {"answers": {}},
        {"answers": {"a": " "}},
        {"prompt": "x"},
    ],
)
def test_an_answer_without_text_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(MissingInput):
        read_input(body)


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_what_is_no_object_answers_nothing(body: object) -> None:
    assert refused(read_input, body) == [""]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": 7}, "input"),
        ({"input": ["x"]}, "input"),
        ({"input": "a\x00b"}, "input"),
        ({"input": "\x1b[31m"}, "input"),
        ({"input": "\ud800"}, "input"),
        ({"input": "x" * (INPUT_MAX + 1)}, "input"),
        ({"answers": ["x"]}, "answers"),
        ({"answers": "x"}, "answers"),
        ({"answers": None}, "answers"),
        ({"answers": {"a": 7}}, "answers.a"),
        ({"answers": {"a": None}}, "answers.a"),
        ({"answers": {"a": "\x00"}}, "answers.a"),
        ({"answers": {"a": "x" * (INPUT_MAX + 1)}}, "answers.a"),
        ({"answers": {"": "x"}}, "answers..[key]"),
        ({"answers": {str(n): "x" for n in range(ANSWERS_MAX + 1)}}, "answers"),
    ],
)
def test_a_wrong_answer_is_named(body: dict[str, Any], field: str) -> None:
    assert refused(read_input, body) == [field]


@pytest.mark.parametrize("value", [7, "x\x00"])
def test_a_refusal_does_not_grow_with_what_was_sent(value: object) -> None:
    body = {"answers": {f"question {n}": value for n in range(10_000)}}
    with pytest.raises(InvalidRequest) as caught:
        read_input(body)

    assert len(json.dumps(caught.value.data)) < len(json.dumps(body)) / 5


@settings(max_examples=200, deadline=None)
@given(
    json_values
    | st.fixed_dictionaries({}, optional={"input": json_values, "answers": json_values})
    | st.fixed_dictionaries({"answers": st.dictionaries(st.text(), st.text(), max_size=40)})
)
def test_any_json_is_an_answer_or_a_refusal(body: object) -> None:
    try:
        given = read_input(body)
    except RoverError as error:
        json.dumps(error.data)
    else:
        assert given
        for each in given:
            assert each.text.strip() == each.text != ""
            (each.text + (each.key or "")).encode()


# --- handing over ---


def test_a_handoff_names_a_page_and_what_to_do_there() -> None:
    task, context = read_handoff({"url": "https://y.example", "instruction": "Continue the checkout flow."})

    assert (task.url, task.prompt, task.shortcut) == (
        "https://y.example/",
        "Continue the checkout flow.",
        None,
    )
    assert context == HandoffContext()
    assert context.as_wire() == {}


@pytest.mark.parametrize(
    ("body", "prompt", "shortcut"),
    [
        ({"instruction": "i", "prompt": "p"}, "i", None),
        ({"prompt": "p"}, "p", None),
        ({"instruction": " ", "prompt": "p"}, "p", None),
        ({"instruction": None, "goal": "g"}, "g", None),
        ({"instruction": "i", "shortcutId": "s"}, "i", "s"),
        ({"shortcut": "s"}, None, "s"),
    ],
)
def test_an_instruction_comes_before_a_prompt_and_both_are_context_to_a_shortcut(
    body: dict[str, Any], prompt: str | None, shortcut: str | None
) -> None:
    task, _ = read_handoff({"url": URL} | body)

    assert (task.prompt, task.shortcut) == (prompt, shortcut)


def test_summaries_travel_under_their_wire_names() -> None:
    told = {
        "contextSummary": "User already selected product.",
        "expectedOutput": "The cheapest valid shipping option.",
        "originalGoal": "Buy a lamp.",
        "lastObservation": {"url": URL, "title": "Basket"},
    }
    _, context = read_handoff({"url": URL, "instruction": "i", "transcript": ["secret"]} | told)

    assert context.as_wire() == told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contextSummary", "x" * (CONTEXT_MAX + 1)),
        ("expectedOutput", "x" * (OUTPUT_MAX + 1)),
        ("originalGoal", "x" * (GOAL_MAX + 1)),
        ("contextSummary", 7),
        ("contextSummary", "\x00"),
        ("lastObservation", "x"),
        ("lastObservation", [1]),
    ],
)
def test_a_summary_that_is_too_long_or_no_text_is_named(field: str, value: object) -> None:
    assert refused(read_handoff, {"url": URL, "instruction": "i", field: value}) == [field]


@pytest.mark.parametrize(
    "value",
    [
        {"title": "\x00"},
        {"title": "\ud800"},
        {"n": float("inf")},
        {"deep": json.loads("[" * 40 + "]" * 40)},
        {"title": "x" * 20_000},
    ],
    ids=["nul", "surrogate", "infinity", "deep", "long"],
)
def test_an_observation_that_no_database_can_hold_is_named(value: object) -> None:
    assert refused(read_handoff, {"url": URL, "instruction": "i", "lastObservation": value}) == [
        "lastObservation"
    ]


@pytest.mark.parametrize(
    ("field", "length"),
    [("contextSummary", CONTEXT_MAX), ("expectedOutput", OUTPUT_MAX), ("originalGoal", GOAL_MAX)],
)
def test_a_summary_of_the_longest_length_travels_whole(field: str, length: int) -> None:
    _, context = read_handoff({"url": URL, "instruction": "i", field: "x" * length})

    assert context.as_wire() == {field: "x" * length}


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (InvalidTargetUrl, {"instruction": "i"}),
        (MissingInstruction, {"url": URL}),
        (MissingInstruction, {"url": URL, "contextSummary": "x"}),
        (PromptTooLong, {"url": URL, "instruction": "x" * 8001}),
        *((InvalidRequest, body) for body in NO_OBJECTS),
    ],
)
def test_a_handoff_is_held_to_what_a_new_task_is(error: type[RoverError], body: object) -> None:
    with pytest.raises(error):
        read_handoff(body)


# --- claiming ---

CLAIM = {
    "receipt": "rrc_1",
    "requestNonce": "n",
    "sessionToken": "rvrsess_1",
    "sessionId": "s",
    "host": "acme.example",
}


def test_a_claim_is_a_receipt_and_a_session() -> None:
    claim = read_claim(CLAIM)

    assert (claim.receipt, claim.session_token, claim.session_id, claim.request_nonce, claim.host) == (
        "rrc_1",
        "rvrsess_1",
        "s",
        "n",
        "acme.example",
    )


def test_nonce_session_id_and_host_may_be_left_out() -> None:
    claim = read_claim({"receipt": "rrc_1", "sessionToken": "rvrsess_1", "more": 1})

    assert (claim.session_id, claim.request_nonce, claim.host) == ("", "", "")


@pytest.mark.parametrize("field", ["receipt", "sessionToken"])
@pytest.mark.parametrize("value", [None, "", 7, ["x"], "x" * 5_000, "\ud800"])
def test_a_claim_without_a_receipt_or_session_is_none(field: str, value: object) -> None:
    assert refused(read_claim, CLAIM | {field: value}) == [field]


@pytest.mark.parametrize("field", ["sessionId", "requestNonce", "host"])
@pytest.mark.parametrize("value", [None, 7, ["x"], "x" * 5_000, "\ud800"])
def test_the_rest_of_a_claim_is_short_text(field: str, value: object) -> None:
    assert refused(read_claim, CLAIM | {field: value}) == [field]


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_what_is_no_object_claims_nothing(body: object) -> None:
    assert refused(read_claim, body) == [""]
