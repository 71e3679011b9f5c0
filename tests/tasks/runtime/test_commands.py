"""The body of a command: flat or nested, told or inferred, typed and bounded."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.commands import (
    ANSWERS_MAX,
    FILES_MAX,
    AskUserAnswer,
    RunControl,
    RunInput,
    RunProgress,
    TabEvent,
    read_command,
    read_credentials,
)
from tasks.core.runtime.errors import InvalidArgument
from tasks.core.runtime.fields import ADDRESS_MAX, ID_MAX, MESSAGE_MAX
from tasks.core.runtime.progress import EVENTS_MAX, Happened, Moved
from tests.tasks.runtime.strategies import NO_OBJECTS, json_values

NAMED = {"sessionId": "visitor-123", "clientEventId": "e1"}


def refused(body: object) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        read_command(body)
    return [error["field"] for error in caught.value.data["errors"]]


# --- the envelope ---

FLAT: list[tuple[dict[str, Any], type, dict[str, Any]]] = [
    (
        {
            "type": "RUN_INPUT",
            "message": "go",
            "forceNewRun": True,
            "requestedMode": "planner",
            "taskBoundaryId": "b1",
        },
        RunInput,
        {"message": "go", "force_new_run": True, "requested_mode": "planner", "task_boundary_id": "b1"},
    ),
    (
        {"type": "RUN_CONTROL", "action": "end_task", "runId": "A", "reason": "done\nwith it"},
        RunControl,
        {"action": "end_task", "run_id": "A", "reason": "done with it"},
    ),
    (
        {"type": "TAB_EVENT", "targetUrl": "https://a.example/", "logicalTabId": "2"},
        TabEvent,
        {"target_url": "https://a.example/", "logical_tab_id": "2"},
    ),
    (
        {"type": "ASK_USER_ANSWER", "runId": "A", "answers": {"size": " L "}, "rawText": "L"},
        AskUserAnswer,
        {"run_id": "A", "answers": {"size": "L"}, "raw_text": "L"},
    ),
    (
        {"type": "RUN_PROGRESS", "runId": "A", "transition": {"status": "completed"}},
        RunProgress,
        {"run_id": "A", "steps": (Moved(status="completed"),)},  # type: ignore[arg-type]
    ),
]


@pytest.mark.parametrize(("body", "model", "fields"), FLAT, ids=[str(row[0]["type"]) for row in FLAT])
@pytest.mark.parametrize("nested", [False, True])
def test_a_command_is_read_flat_and_nested(
    body: dict[str, Any], model: type, fields: dict[str, Any], nested: bool
) -> None:
    counted = {"expectedEpoch": 5, "expectedSeq": 3}
    own = {name: value for name, value in body.items() if name != "type"}
    sent = {"type": body["type"], "commandId": "e1", "sessionId": "visitor-123", "payload": own}

    command = read_command({**sent, **counted} if nested else {**NAMED, **body, **counted})

    assert type(command) is model
    assert (command.session_id, command.client_event_id) == ("visitor-123", "e1")
    assert (command.expected_epoch, command.expected_seq) == (5, 3)
    assert {name: getattr(command, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({"action": "cancel"}, RunControl),
        ({"action": "cancel", "message": "x"}, RunControl),
        ({"targetUrl": "https://a.example/", "message": "x"}, TabEvent),
        ({"url": "https://a.example/"}, TabEvent),
        ({"answers": {"a": "x"}, "message": "x"}, AskUserAnswer),
        ({"message": "x"}, RunInput),
        ({"message": "x", "type": None}, RunInput),
        ({"message": "x", "type": " "}, RunInput),
        ({"payload": {"message": "x"}}, RunInput),
        ({"payload": {"message": "x", "type": "ASK_USER_ANSWER"}}, AskUserAnswer),
        ({"payload": {"message": "x", "type": "RUN_CONTROL"}, "type": "RUN_INPUT"}, RunInput),
    ],
)
def test_without_a_type_the_fields_tell_it(fields: dict[str, Any], model: type) -> None:
    assert type(read_command({**NAMED, **fields})) is model


def test_what_stands_in_the_payload_comes_first() -> None:
    command = read_command(
        {
            **NAMED,
            "type": "RUN_INPUT",
            "message": "outer",
            "expectedEpoch": 1,
            "expectedSeq": 9,
            "payload": {"message": "inner", "expectedEpoch": 2, "expectedSeq": None},
        }
    )

    assert isinstance(command, RunInput)
    assert (command.message, command.expected_epoch, command.expected_seq) == ("inner", 2, 9)


def test_a_client_event_id_comes_before_a_command_id() -> None:
    body = {**NAMED, "commandId": "other", "message": "x"}

    assert read_command(body).client_event_id == "e1"
    assert read_command({**body, "clientEventId": " "}).client_event_id == "other"


@pytest.mark.parametrize("body", [{}, {"events": []}, {"sessionId": "s"}, {"message": None}])
def test_a_body_that_tells_no_type_is_refused(body: dict[str, Any]) -> None:
    assert refused(body) == ["type"]


@pytest.mark.parametrize("kind", ["NOTHING", "run_input", 7, ["RUN_INPUT"]])
def test_a_type_that_there_is_not_is_refused(kind: object) -> None:
    assert refused({**NAMED, "type": kind, "message": "x"}) == ["type"]


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_what_is_no_object_is_no_command(body: object) -> None:
    assert refused(body) == [""]


@pytest.mark.parametrize("payload", ["x", [], 7])
def test_a_payload_is_an_object(payload: object) -> None:
    assert refused({**NAMED, "type": "RUN_INPUT", "payload": payload}) == ["payload"]


# --- fields ---


@pytest.mark.parametrize("kind", ["RUN_INPUT", "RUN_CONTROL", "TAB_EVENT", "ASK_USER_ANSWER"])
def test_session_and_name_of_a_command_are_required(kind: str) -> None:
    fields = {"message": "x", "action": "cancel", "targetUrl": "https://a.example/"}

    assert refused({"type": kind, **fields}) == ["sessionId", "clientEventId"]


def test_a_report_needs_a_run_and_no_name() -> None:
    assert refused({"type": "RUN_PROGRESS", "sessionId": "s"}) == ["runId"]
    assert read_command({"type": "RUN_PROGRESS", "sessionId": "s", "runId": "A"}).client_event_id is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"message": ""}, "message"),
        ({"message": "   "}, "message"),
        ({"message": 7}, "message"),
        ({"message": "x" * (MESSAGE_MAX + 1)}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": "\ud800"}, "message"),
        ({"message": "x", "continueRun": "true"}, "continueRun"),
        ({"message": "x", "forceNewRun": 1}, "forceNewRun"),
        ({"message": "x", "continueRun": True, "forceNewRun": True}, "forceNewRun"),
        ({"message": "x", "requestedMode": "fast"}, "requestedMode"),
        ({"message": "x", "expectedEpoch": "5"}, "expectedEpoch"),
        ({"message": "x", "expectedEpoch": 1.5}, "expectedEpoch"),
        ({"message": "x", "expectedEpoch": -1}, "expectedEpoch"),
        ({"message": "x", "expectedEpoch": True}, "expectedEpoch"),
        ({"message": "x", "expectedSeq": 2**53}, "expectedSeq"),
        ({"message": "x", "expectedSeq": float("inf")}, "expectedSeq"),
        ({"message": "x", "clientEventId": "x" * (ID_MAX + 1)}, "clientEventId"),
        ({"message": "x", "clientEventId": "a\nb"}, "clientEventId"),
        ({"message": "x", "runId": 7}, "runId"),
        ({"message": "x", "files": {}}, "files"),
        ({"message": "x", "files": ["x"]}, "files[0]"),
        ({"message": "x", "files": [{}] * (FILES_MAX + 1)}, "files"),
        ({"message": "x", "files": [{"a": "x" * 9_000}]}, "files[0]"),
    ],
)
def test_a_prompt_with_a_wrong_field_is_refused(fields: dict[str, Any], named: str) -> None:
    assert refused({"type": "RUN_INPUT", **NAMED, **fields}) == [named]


def test_a_prompt_may_have_its_full_length_and_the_line_breaks_of_a_form() -> None:
    command = read_command({**NAMED, "message": f" a\r\nb{'x' * (MESSAGE_MAX - 3)} "})

    assert isinstance(command, RunInput)
    assert (command.message[:3], len(command.message)) == ("a\nb", MESSAGE_MAX)


@pytest.mark.parametrize("value", [5, 5.0])
def test_a_counter_is_a_whole_number_however_it_is_written(value: float) -> None:
    assert read_command({**NAMED, "message": "x", "expectedEpoch": value}).expected_epoch == 5


def test_null_and_blank_are_not_said() -> None:
    command = read_command(
        {
            **NAMED,
            "message": "x",
            "continueRun": None,
            "expectedSeq": None,
            "runId": "",
            "taskBoundaryId": " ",
            "requestedMode": None,
        }
    )

    assert command == RunInput(session_id="visitor-123", client_event_id="e1", message="x")


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("RUN_CONTROL", {}, "action"),
        ("RUN_CONTROL", {"action": "stop"}, "action"),
        ("TAB_EVENT", {}, "targetUrl"),
        ("TAB_EVENT", {"targetUrl": " "}, "targetUrl"),
        ("TAB_EVENT", {"targetUrl": 7}, "targetUrl"),
        ("TAB_EVENT", {"targetUrl": "x" * (ADDRESS_MAX + 1)}, "targetUrl"),
        ("ASK_USER_ANSWER", {}, "answers"),
        ("ASK_USER_ANSWER", {"answers": {}}, "answers"),
        ("ASK_USER_ANSWER", {"answers": {"a": " "}, "rawText": " "}, "answers"),
        ("ASK_USER_ANSWER", {"answers": ["x"]}, "answers"),
        ("ASK_USER_ANSWER", {"answers": {"a": 7}}, "answers.a"),
        ("ASK_USER_ANSWER", {"answers": {"a": "x" * (MESSAGE_MAX + 1)}}, "answers.a"),
        ("ASK_USER_ANSWER", {"answers": {str(n): "x" for n in range(ANSWERS_MAX + 1)}}, "answers"),
        ("RUN_PROGRESS", {"runId": "A", "events": {}}, "events"),
        ("RUN_PROGRESS", {"runId": "A", "events": [{}]}, "events[0].type"),
        ("RUN_PROGRESS", {"runId": "A", "events": [{"type": "run_started"}]}, "events[0].type"),
        ("RUN_PROGRESS", {"runId": "A", "events": [{"type": "error", "data": []}]}, "events[0].data"),
        ("RUN_PROGRESS", {"runId": "A", "events": [{"type": "error"}] * (EVENTS_MAX + 1)}, "events"),
        ("RUN_PROGRESS", {"runId": "A", "transition": {}}, "transition.status"),
        ("RUN_PROGRESS", {"runId": "A", "transition": {"status": "odd"}}, "transition.status"),
        (
            "RUN_PROGRESS",
            {"runId": "A", "transition": {"status": "running", "continuationReason": "odd"}},
            "transition.continuationReason",
        ),
    ],
)
def test_a_wrong_field_of_the_others_is_refused(kind: str, fields: dict[str, Any], named: str) -> None:
    assert refused({"type": kind, **NAMED, **fields}) == [named]


def test_a_reason_for_the_log_is_cut_and_never_refused() -> None:
    command = read_command({**NAMED, "action": "cancel", "reason": "\x1b[31m" + "x" * 5_000})

    assert isinstance(command, RunControl)
    assert command.reason == "x" * 200


@pytest.mark.parametrize("data", [{"deep": json.loads("[" * 40 + "]" * 40)}, {"text": "x" * 300_000}])
def test_an_event_that_is_too_deep_or_too_large_is_refused(data: dict[str, Any]) -> None:
    events = [{"type": "tool_result", "data": data}]

    assert refused({"type": "RUN_PROGRESS", **NAMED, "runId": "A", "events": events}) == ["events[0].data"]


def test_what_a_page_holds_is_made_storable_rather_than_refused() -> None:
    events = [{"type": "tool_result", "data": {"text": "a\x00\x0cb\ud800", "n": float("nan")}}]
    command = read_command({"type": "RUN_PROGRESS", **NAMED, "runId": "A", "events": events})

    assert isinstance(command, RunProgress)
    (step,) = command.steps
    assert isinstance(step, Happened)
    assert step.data == {"text": "a\ufffd\x0cb\ufffd", "n": None}


@pytest.mark.parametrize("ts", ["soon", None, True, float("nan"), -(2**60), []])
def test_a_time_that_is_none_is_left_out(ts: object) -> None:
    events = [{"type": "error", "ts": ts}]
    command = read_command({"type": "RUN_PROGRESS", **NAMED, "runId": "A", "events": events})

    assert isinstance(command, RunProgress)
    assert command.steps[0].at_ms is None


def test_a_refusal_does_not_grow_with_what_was_sent() -> None:
    body = {"type": "ASK_USER_ANSWER", **NAMED, "answers": {f"question {n}": 7 for n in range(10_000)}}
    with pytest.raises(InvalidArgument) as caught:
        read_command(body)

    assert len(json.dumps(caught.value.data)) < 40_000


# --- credentials ---


def test_the_session_is_known_before_the_rest_is_read() -> None:
    body = {"sessionId": "s", "sessionToken": "rvrsess_x.y", "requestNonce": "n", "type": "ODD", "message": 7}

    found = read_credentials(body)

    assert (found.session_id, found.session_token, found.request_nonce) == ("s", "rvrsess_x.y", "n")


def test_the_payload_cannot_speak_for_another_session_than_the_envelope_is_judged_by() -> None:
    body = {**NAMED, "type": "RUN_INPUT", "payload": {"message": "x", "sessionId": "another"}}

    assert read_credentials(body).session_id == read_command(body).session_id == "another"


def test_a_body_may_say_nothing_of_its_session() -> None:
    found = read_credentials({"sessionId": " ", "sessionToken": None})

    assert (found.session_id, found.session_token, found.request_nonce) == (None, None, None)


# --- anything at all ---

FIELDS = [
    *("type", "expectedEpoch", "continueRun", "runId", "message", "action", "targetUrl"),
    *("answers", "rawText", "events", "transition", "files", "reason", "payload", "adversarialScore"),
]
bodies = json_values | st.fixed_dictionaries(
    {"sessionId": st.just("s") | json_values, "clientEventId": st.just("e") | json_values},
    optional=dict.fromkeys(FIELDS, json_values)
    | {
        "type": st.sampled_from(["RUN_INPUT", "RUN_CONTROL", "TAB_EVENT", "ASK_USER_ANSWER", "RUN_PROGRESS"]),
        "events": st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["needs_input", "state_transition", "error"])},
                optional={"data": json_values, "id": json_values, "ts": json_values},
            ),
            max_size=3,
        ),
    },
)


@settings(max_examples=200, deadline=None)
@given(bodies)
def test_any_json_is_a_command_that_can_be_stored_or_a_refusal(body: object) -> None:
    try:
        command = read_command(body)
    except InvalidArgument as error:
        assert error.data["errors"]
        json.dumps(error.data, allow_nan=False)
    else:
        steps = command.steps if isinstance(command, RunProgress) else ()
        for step in steps:
            if isinstance(step, Happened):
                json.dumps(step.data, ensure_ascii=False, allow_nan=False).encode()
                assert all(isinstance(key, str) for key in step.required)
        assert command.session_id.strip() == command.session_id != ""
