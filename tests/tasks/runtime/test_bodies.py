"""The bodies of the runtime's other addresses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.bodies import (
    Bootstrap,
    read_external,
    read_ingest,
    read_open,
    read_snapshot,
    read_telemetry,
    read_view,
)
from tasks.core.runtime.errors import BootstrapRequired, InvalidArgument, SnapshotTooLarge
from tests.tasks.runtime.strategies import NO_OBJECTS, json_values
from workspace.core.errors import RoverError

OPEN = {"siteId": "acme-a1B2c3", "host": "www.acme.example", "publicKey": "pk_site_x"}
SNAPSHOT = {"sessionId": "s", "checkpoint": {"messages": []}}
EXTERNAL = {"sessionId": "s", "runId": "A", "url": "https://other.test/", "intent": "read_context"}
INGEST = {"taskId": "agt_1", "runId": "A", "events": [{"type": "error"}]}
READERS: list[Callable[[Any], object]] = [
    read_open,
    read_snapshot,
    read_external,
    read_telemetry,
    read_ingest,
]


def refused(reader: Callable[[Any], object], body: object) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        reader(body)
    return [error["field"] for error in caught.value.data["errors"]]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("body", NO_OBJECTS)
def test_what_is_no_object_is_refused(reader: Callable[[Any], object], body: object) -> None:
    assert refused(reader, body) == [""]


# --- session/open ---


def test_a_session_is_opened_with_a_site_a_page_and_a_key() -> None:
    assert read_open(OPEN).bootstrap() == Bootstrap(
        site_id="acme-a1B2c3", key="pk_site_x", page="www.acme.example"
    )


@pytest.mark.parametrize(
    ("body", "session", "key"),
    [
        ({"bootstrapToken": "pk_site_a", "publicKey": "pk_site_b"}, None, "pk_site_a"),
        ({"bootstrapToken": "", "publicKey": "pk_site_b"}, None, "pk_site_b"),
        ({"sessionId": "a", "requestedSessionId": "b"}, "a", None),
        ({"requestedSessionId": "b"}, "b", None),
        ({}, None, None),
    ],
)
def test_each_thing_may_have_either_of_its_names(
    body: dict[str, Any], session: str | None, key: str | None
) -> None:
    found = read_open(body)

    assert (found.session_id, found.bootstrap_token) == (session, key)


@pytest.mark.parametrize(
    ("pages", "page"),
    [
        ({"host": "a.example", "url": "https://a.example/x"}, "https://a.example/x"),
        ({"host": "a.example", "pageUrl": "https://b.example/"}, "a.example"),
        ({"pageUrl": "https://b.example/"}, "https://b.example/"),
    ],
)
def test_the_page_is_told_by_address_or_host(pages: dict[str, str], page: str) -> None:
    assert read_open({"siteId": "s", "publicKey": "k", **pages}).bootstrap().page == page


def test_address_and_host_of_one_page_name_one_host() -> None:
    assert refused(read_open, OPEN | {"url": "https://evil.test/"}) == ["url"]


def test_without_a_key_a_session_needs_a_token() -> None:
    with pytest.raises(BootstrapRequired):
        read_open({"siteId": "s", "host": "a.example"}).bootstrap()


@pytest.mark.parametrize(
    ("missing", "named"), [("siteId", ["siteId"]), ("host", ["host"]), ("publicKey", None)]
)
def test_a_key_alone_opens_nothing(missing: str, named: list[str] | None) -> None:
    body = {name: value for name, value in OPEN.items() if name != missing}
    if named is not None:
        assert refused(lambda sent: read_open(sent).bootstrap(), body) == named
    else:
        with pytest.raises(BootstrapRequired):
            read_open(body).bootstrap()


def test_a_refresh_needs_its_token_alone() -> None:
    assert read_open({"sessionToken": " rvrsess_x.y "}).session_token == "rvrsess_x.y"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("siteId", 7),
        ("sessionToken", "x" * 5_000),
        ("host", ["a"]),
        ("sessionId", "a\nb"),
        ("url", "\ud800"),
        ("pageUrl", "https://a.example/\x00"),
    ],
)
def test_a_wrong_field_of_an_opening_is_named(field: str, value: object) -> None:
    assert refused(read_open, {"siteId": "s", field: value}) == [field]


# --- state, stream ---


def test_a_look_has_its_cursor_and_its_token_by_either_name() -> None:
    found = read_view({"sessionId": "s", "cursor": "12", "streamToken": "rvrsess_a.b"})

    assert (found.session_id, found.seq_after, found.session_token) == ("s", 12, "rvrsess_a.b")
    assert read_view({"sessionId": "s", "seqAfter": "3", "cursor": "12"}).seq_after == 3


def test_a_look_without_wishes_begins_at_the_beginning() -> None:
    found = read_view({"sessionId": "s", "seqAfter": "", "includeSnapshot": ""})

    assert (found.seq_after, found.include_snapshot, found.digest) == (0, False, "")


@pytest.mark.parametrize("word", ["true", "1", "True", True])
def test_a_look_may_ask_for_the_snapshot(word: object) -> None:
    assert read_view({"includeSnapshot": word}).include_snapshot is True


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "²", str(2**53), "9" * 5_000, None, []])
def test_a_cursor_is_a_whole_number(value: object) -> None:
    if value is None:
        assert read_view({"seqAfter": None}).seq_after == 0
    else:
        assert refused(read_view, {"seqAfter": value}) == ["seqAfter"]


# --- snapshot ---


def test_a_snapshot_is_read_with_all_it_may_say() -> None:
    found = read_snapshot(
        {
            "sessionId": "s",
            "payload": {"messages": [{"text": "hi"}]},
            "visitorId": "v",
            "updatedAt": 1_771_484_403_000,
            "version": 2,
            "seq": 7,
            "compactedPrevSteps": [1, 2],
            "chatSummary": " sh\x00rt ",
            "ttlHours": 24,
        }
    )

    assert found.checkpoint == {"messages": [{"text": "hi"}]}
    assert (found.visitor_id, found.updated_at, found.version, found.seq) == ("v", 1_771_484_403_000, 2, 7)
    assert (found.compacted_prev_steps, found.chat_summary, found.ttl_hours) == ([1, 2], "sh\ufffdrt", 24)


@pytest.mark.parametrize(
    ("told", "hours"), [(None, 1), (0, 1), (1, 1), (168, 168), (9_999, 168), (2.9, 2), ("x", 1), (True, 1)]
)
def test_a_snapshot_lives_an_hour_to_a_week(told: object, hours: int) -> None:
    assert read_snapshot(SNAPSHOT | {"ttlHours": told}).ttl_hours == hours


def test_of_earlier_steps_the_last_eight_are_kept() -> None:
    found = read_snapshot(SNAPSHOT | {"compactedPrevSteps": list(range(20))})

    assert found.compacted_prev_steps == list(range(12, 20))


@pytest.mark.parametrize(
    ("field", "value"),
    [("checkpoint", []), ("checkpoint", "x"), ("version", 0), ("version", "1"), ("seq", -1)],
)
def test_a_wrong_field_of_a_snapshot_is_named(field: str, value: object) -> None:
    assert refused(read_snapshot, SNAPSHOT | {field: value}) == [field]


def test_a_snapshot_needs_its_session_and_its_checkpoint() -> None:
    assert refused(read_snapshot, {}) == ["sessionId", "checkpoint"]


@pytest.mark.parametrize("length", [1024 * 1024, 3 * 1024 * 1024])
def test_a_checkpoint_over_a_mebibyte_is_too_large(length: int) -> None:
    with pytest.raises(SnapshotTooLarge) as caught:
        read_snapshot({"sessionId": "s", "checkpoint": {"text": "x" * length}})
    assert caught.value.data["maximum"] == 1024 * 1024


# --- context/external ---


@pytest.mark.parametrize(
    ("intent", "told", "seconds"),
    [
        ("read_context", None, 60),
        ("read_context", 300_000, 60),
        ("read_context", 5_000, 5),
        ("act", 720_000, 300),
        ("act", None, 300),
        ("act", 0, 300),
        ("open_only", -7, 60),
        ("act", "soon", 300),
    ],
)
def test_external_context_takes_as_long_as_it_may(intent: str, told: object, seconds: float) -> None:
    assert read_external(EXTERNAL | {"intent": intent, "timeoutMs": told}).seconds == seconds


def test_the_prompt_of_external_context_has_two_names() -> None:
    assert read_external(EXTERNAL | {"userInput": "find it"}).message == "find it"
    assert read_external(EXTERNAL | {"message": "a", "userInput": "b"}).message == "a"


def test_external_context_needs_session_run_address_and_intent() -> None:
    assert refused(read_external, {}) == ["sessionId", "runId", "url", "intent"]


@pytest.mark.parametrize(
    ("field", "value"), [("intent", "steal"), ("url", 7), ("url", "a\x00b"), ("expectedSeq", "3")]
)
def test_a_wrong_field_of_external_context_is_named(field: str, value: object) -> None:
    assert refused(read_external, EXTERNAL | {field: value}) == [field]


# --- telemetry/ingest ---


def test_telemetry_needs_a_session_alone() -> None:
    assert refused(read_telemetry, {"events": []}) == ["sessionId"]
    found = read_telemetry(
        {
            "sessionId": "s",
            "events": "x",
            "runId": 7,
            "flushReason": None,
            "pageUrl": [],
            "sampleRate": 3,
            "sdkVersion": {},
        }
    )

    assert (found.events, found.run_id, found.flush_reason, found.page_url) == ((), "", "", "")
    assert (found.sample_rate, found.sdk_version) == (None, "")


def test_telemetry_says_where_it_comes_from_without_the_query_of_the_page() -> None:
    found = read_telemetry(
        {
            "sessionId": "s",
            "events": [{"name": "x"}, 7],
            "flushReason": "interval",
            "pageUrl": "https://u:p@www.acme.example/basket?token=1#rover_receipt=rrc_1",
            "sampleRate": 0.5,
            "sdkVersion": "1.2.3",
        }
    )

    assert found.page_url == "https://www.acme.example/basket"
    assert (found.flush_reason, found.sample_rate, found.sdk_version) == ("interval", 0.5, "1.2.3")
    assert found.kept.as_wire() == {"accepted": 1, "dropped": 1}


# --- events/ingest ---


@pytest.mark.parametrize("field", ["taskId", "launchRequestId"])
def test_progress_of_a_task_names_it_or_its_launch(field: str) -> None:
    found = read_ingest({field: "x", "events": [{"type": "error"}, {"type": "status_update"}]})

    assert {found.task_id, found.launch_request_id} == {"x", None}
    assert len(found.steps) == 2


def test_progress_of_no_task_is_refused() -> None:
    assert refused(read_ingest, {"events": []}) == ["taskId"]
    assert refused(read_ingest, {"taskId": "agt_1"}) == ["events"]


def test_progress_of_a_task_takes_forty_events() -> None:
    assert len(read_ingest(INGEST | {"events": [{"type": "error"}] * 40}).steps) == 40
    assert refused(read_ingest, INGEST | {"events": [{"type": "error"}] * 41}) == ["events"]


# --- anything at all ---


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=40, deadline=None)
@given(
    body=json_values
    | st.fixed_dictionaries(
        {"sessionId": st.just("s"), "taskId": st.just("t")},
        optional=dict.fromkeys(
            (
                *("siteId", "host", "url", "publicKey", "sessionToken", "checkpoint", "payload", "updatedAt"),
                *("version", "seq", "compactedPrevSteps", "chatSummary", "ttlHours", "runId", "intent"),
                *("timeoutMs", "events", "pageUrl", "sampleRate", "message", "adversarialScore"),
            ),
            json_values,
        ),
    )
)
def test_any_json_is_read_or_refused(reader: Callable[[Any], object], body: object) -> None:
    try:
        reader(body)
    except RoverError as error:
        json.dumps(error.data, allow_nan=False)
