"""What is kept of telemetry, and what is not."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.runtime.telemetry import EVENT_BYTES, cleaned_text, kept_events
from tests.tasks.runtime.strategies import json_values


def kept(payload: Any, name: str = "x") -> Any:
    (event,) = kept_events([{"name": name, "payload": payload}]).events
    return event["payload"]


# --- how much ---


def test_an_event_is_a_name_a_time_a_number_and_a_payload() -> None:
    event = {"name": "tool_result", "ts": 1_771_484_403_000, "seq": 7, "payload": {"ok": True}, "more": 1}

    found = kept_events([event])

    assert found.events == (
        {"name": "tool_result", "ts": 1_771_484_403_000, "seq": 7, "payload": {"ok": True}},
    )
    assert found.as_wire() == {"accepted": 1, "dropped": 0}


def test_the_first_eighty_events_of_a_call_are_kept() -> None:
    found = kept_events({"name": f"e{n}"} for n in range(100))

    assert found.as_wire() == {"accepted": 80, "dropped": 20}
    assert [event["name"] for event in found.events] == [f"e{n}" for n in range(80)]


def test_a_call_is_kept_up_to_64_kib() -> None:
    found = kept_events({"name": "x", "payload": "y" * 8_000} for _ in range(20))

    assert found.as_wire() == {"accepted": 8, "dropped": 12}


@pytest.mark.parametrize(
    "value", [None, 7, "x", [], {}, {"name": 7}, {"name": " "}, {"name": "\x00"}, {"payload": {}}]
)
def test_what_is_no_event_is_dropped_and_no_other_with_it(value: object) -> None:
    assert kept_events([value, {"name": "x"}]).as_wire() == {"accepted": 1, "dropped": 1}


def test_an_event_that_is_nested_without_end_is_dropped() -> None:
    deep = json.loads("[" * 900 + "]" * 900)

    assert kept_events([{"name": "x", "payload": deep}]).as_wire() == {"accepted": 0, "dropped": 1}


@pytest.mark.parametrize("number", [True, "7", float("nan"), 2**60, [], {}])
def test_a_time_or_number_that_is_none_is_left_out(number: object) -> None:
    (event,) = kept_events([{"name": "x", "ts": number, "seq": number}]).events

    assert {name: value for name, value in event.items() if value is not None} == {"name": "x"}


def test_of_a_payload_over_four_kib_only_its_size_is_kept() -> None:
    found = kept({f"k{n}": "y" * 400 for n in range(20)})

    assert found["truncated"] is True
    assert found["bytes"] > EVENT_BYTES


def test_long_texts_many_members_and_deep_parts_are_cut() -> None:
    assert kept("y" * 600) == "y" * 499 + "…"
    assert kept(list(range(100))) == list(range(32))
    assert len(kept({str(n): n for n in range(100)})) == 32
    assert kept([[[[[[1]]]]]]) == [[[[["…"]]]]]


# --- what opens no door ---


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://a.example/x?token=1&q=2", "https://a.example/x"),
        ("https://a.example/x#rover_receipt=rrc_1", "https://a.example/x"),
        ("https://user:pw@a.example/x", "https://a.example/x"),
        ("at https://a.example/x?y, then wss://b.example/?z", "at https://a.example/x then wss://b.example/"),
        ("GET /basket?mail=a@b.example failed", "GET /basket failed"),
        ('{"url":"https://a.example/?q=1"}', '{"url":"https://a.example/"}'),
        ("why? and/or? a?b=c", "why? and/or? a?b=c"),
        ("rvrsess_abc.def", "***"),
        ("key pk_site_AbC-_9 and sk_site_x", "key *** and ***"),
        ("agt_access_1 wf_access_2 rrc_3 rvo_4", "*** *** *** ***"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: ***"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ***"),
        ("Basic settings, bearer of news", "Basic settings, bearer of news"),
        ("eyJhbGciOi.eyJzdWIi.c2ln", "***"),
        ("\x1b[31mred\x1b[0m a\x00b", "red ab"),
    ],
)
def test_addresses_lose_their_query_and_credentials_are_masked(text: str, left: str) -> None:
    assert cleaned_text(text) == left
    assert kept({"deep": [text]}) == {"deep": [left]}


@pytest.mark.parametrize(
    "name",
    [
        *("password", "newPassword", "access_token", "accessToken", "api-key", "apiKey", "Authorization"),
        *("cookie", "clientSecret", "session_key", "receipt", "cardNumber", "card_number", "cvc", "iban"),
        *("otp", "user-pin", "ssn"),
    ],
)
def test_what_stands_under_a_secret_name_is_masked_whatever_it_is(name: str) -> None:
    assert kept({name: "hunter2"}) == {name: "***"}
    assert kept([{name: {"value": ["hunter2"]}}]) == [{name: "***"}]


@pytest.mark.parametrize("name", ["opinion", "accessible", "author", "shopping", "title", "passive"])
def test_an_ordinary_name_hides_nothing(name: str) -> None:
    assert kept({name: "shown"}) == {name: "shown"}


def test_a_token_in_a_name_is_masked_too() -> None:
    (event,) = kept_events([{"name": "saw rvrsess_a.b", "payload": {"rrc_1": 1}}]).events

    assert event == {"name": "saw ***", "payload": {"***": 1}}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        json_values
        | st.fixed_dictionaries(
            {"name": st.text(min_size=1)},
            optional={"payload": json_values, "ts": json_values, "seq": json_values},
        ),
        max_size=6,
    )
)
def test_any_json_is_kept_or_counted(events: list[Any]) -> None:
    found = kept_events(events)

    assert len(found.events) + found.dropped == len(events)
    for event in found.events:
        text = json.dumps(event, ensure_ascii=False, allow_nan=False)
        assert len(text.encode()) <= EVENT_BYTES * 2
        assert "\x00" not in text
