"""Idempotency keys: their grammar, whose they are, and when two bodies are the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.idempotency import caller_of, fingerprint, network_of, parse_key, scope
from tasks.core.public_errors import InvalidIdempotencyKey, InvalidRequest

UUID_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BODY = {"url": "https://a.example/", "prompt": "p", "args": {"n": 1, "list": [1, 2]}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ([], None),
        (["k"], "k"),
        ([UUID_KEY], UUID_KEY),
        ([f'"{UUID_KEY}"'], UUID_KEY),
        ([" \tabc "], "abc"),
        (['"a\\"b\\\\c"'], 'a"b\\c'),
        (["~!#$%&'()*+-./:;<=>?@[]^_`{|}"], "~!#$%&'()*+-./:;<=>?@[]^_`{|}"),
        (["x" * 128], "x" * 128),
        (['"' + "x" * 128 + '"'], "x" * 128),
    ],
)
def test_a_key_is_bare_or_a_quoted_string(values: list[str], key: str | None) -> None:
    assert parse_key(values) == key


@pytest.mark.parametrize(
    "values",
    [
        [""],
        [" "],
        ['""'],
        ["x" * 129],
        ["a,b"],
        ['"a,b"'],
        ["a b"],
        ['"a b"'],
        ["a\x00"],
        ["é"],
        ["a\x7f"],
        ['"abc'],
        ['"abc"x'],
        ['"a\\b"'],
        ['"'],
        ["a", "a"],
        ["a", "b"],
        ["a\n"],
    ],
)
def test_any_other_key_is_refused(values: list[str]) -> None:
    with pytest.raises(InvalidIdempotencyKey):
        parse_key(values)


@pytest.mark.parametrize(
    "text",
    [
        '{"args":{"list":[1,2],"n":1},"prompt":"p","url":"https://a.example/"}',
        '{ "url" : "https:\\/\\/a.example/",\n "prompt":"\\u0070", "args":{"n":1.0,"list":[1e0, 2]}}',
    ],
)
def test_the_same_body_written_differently_has_the_same_fingerprint(text: str) -> None:
    assert fingerprint(json.loads(text), execution="auto") == fingerprint(BODY, execution="auto")


@pytest.mark.parametrize(
    "other",
    [
        BODY | {"prompt": "q"},
        BODY | {"agent": None},
        BODY | {"args": {"n": "1", "list": [1, 2]}},
        BODY | {"args": {"n": True, "list": [1, 2]}},
        BODY | {"args": {"n": 1, "list": [2, 1]}},
        BODY | {"args": {"n": 1.5, "list": [1, 2]}},
        [BODY],
    ],
)
def test_another_body_has_another_fingerprint(other: object) -> None:
    assert fingerprint(other, execution="auto") != fingerprint(BODY, execution="auto")


def test_another_execution_mode_is_another_request() -> None:
    assert fingerprint(BODY, execution="cloud") != fingerprint(BODY, execution="auto")


@settings(max_examples=100)
@given(json_values)
def test_a_body_sent_over_the_wire_keeps_its_fingerprint(body: object) -> None:
    sent = json.loads(json.dumps(body, indent=2))

    assert fingerprint(sent, execution="auto") == fingerprint(body, execution="auto")


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "body",
    [float("nan"), {"a": float("inf")}, {"a": object()}, deep(100_000)],
    ids=["nan", "inf", "object", "deep"],
)
def test_what_is_no_json_has_no_fingerprint(body: object) -> None:
    with pytest.raises(InvalidRequest):
        fingerprint(body, execution="auto")


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "handoff:agt_1", "caller": "network:a", "key": "k"},
        {"operation": "create", "caller": "network:b", "key": "k"},
        {"operation": "create", "caller": "network:a", "key": "K"},
        {"operation": "create", "caller": "network:ak", "key": ""},
        {"operation": "createnetwork:a", "caller": "", "key": "k"},
    ],
)
def test_a_key_is_remembered_by_operation_caller_and_text(other: dict[str, str]) -> None:
    mine = scope(operation="create", caller="network:a", key="k")

    assert scope(**other) != mine == scope(operation="create", caller="network:a", key="k")


def test_neither_key_nor_address_can_be_read_from_the_scope() -> None:
    found = scope(operation="create", caller="network:203.0.113.7", key="order-17")

    assert len(found) == 64
    assert set(found) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        ("unix:/run/x", "unknown"),
        ("203.0.113.07", "unknown"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_subscriber(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("agent_key", "is_verified", "key", "caller"),
    [
        (None, False, UUID_KEY, "network:203.0.113.7"),
        ("bot", False, UUID_KEY, "agent:bot"),
        ("bot", False, "x" * 22, "agent:bot"),
        ("bot", False, "x" * 21, "network:203.0.113.7"),
        ("bot", True, "k", "verified:bot"),
        (None, True, "k", "network:203.0.113.7"),
    ],
)
def test_an_unproved_agent_key_counts_only_with_a_key_nobody_guesses(
    agent_key: str | None, is_verified: bool, key: str, caller: str
) -> None:
    found = caller_of(address="203.0.113.7", agent_key=agent_key, is_verified=is_verified, key=key)

    assert found == caller


def test_an_agent_cannot_name_itself_into_the_place_of_a_verified_one_or_of_a_network() -> None:
    claimed = caller_of(address="203.0.113.9", agent_key="verified:bot", is_verified=False, key=UUID_KEY)

    assert claimed == "agent:verified:bot"
