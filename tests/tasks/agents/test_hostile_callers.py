"""Callers that mean no good, or do not know better: refused politely, never a fault, nothing left behind."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tasks.core.states import TaskStatus
from tasks.v1.agents.exchange import MAX_BODY_BYTES
from tests.tasks.agents.steps import (
    BODY,
    TASKS,
    URL,
    agent_row,
    bring,
    check_headers,
    limited,
    nothing_is_stored,
    refusal,
    session_token,
    stored,
)
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import Site

CLAIM = "/v1/tasks/claim-browser"
FULL = json.dumps(BODY).encode()
NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b'{"url":"https://shop.example/","prompt":"p"',
    b'{"url":"https://shop.example/","prompt":"p"}}',
    b"url=https%3A%2F%2Fshop.example%2F&prompt=p",
    b"{'url':'https://shop.example/','prompt':'p'}",
    b'{"url":"https://shop.example/","prompt":"p",}',
    b'{"url":"https://shop.example/","prompt":undefined}',
    b'{"url":"https://shop.example/","prompt":"p","n":NaN}',
    b'{"url":"https://shop.example/","prompt":"p","n":-Infinity}',
    b'{"url":"https://shop.example/","prompt":"p","n":' + b"9" * 5_000 + b"}",
    b'{"url":"https://shop.example/","prompt":"p","prompt":"q"}',
    b'{"url":"https://shop.example/","prompt":"p","args":{"a":1,"a":2}}',
    b'{"url":"https://shop.example/","prompt":"\x01"}',
    b'{"url":"https://shop.example/","prompt":"\xff"}',
    b"\xff\xfe\x00\x00",
    b"\x00" * 100,
    b"\x1f\x8b\x08\x00",
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    b'"\\ud800"',
]
NOT_OBJECTS = [b"null", b"true", b"7", b"1e400", b'"text"', b"[]", b"[{}]", b"{}"]


async def sent_in_pieces(agents: Agents, *pieces: bytes, leaves: bool = False) -> Exchange:
    """A creation whose body comes in several messages; with `leaves` the caller is gone after them."""
    exchange, _ = agents.request("POST", TASKS)
    for piece in pieces[: None if leaves else -1]:
        exchange._incoming.put_nowait({"type": "http.request", "body": piece, "more_body": True})
    if leaves:
        exchange.leave()
    exchange.start(pieces[-1])
    await exchange.ended()
    return exchange


# --- bodies ---


@pytest.mark.parametrize("body", [*NOT_JSON, *NOT_OBJECTS], ids=lambda body: repr(body[:40]))
async def test_a_body_that_is_no_json_object_makes_no_task(agents: Agents, shop: Site, body: bytes) -> None:
    answer = await agents.post(TASKS, body)

    assert refusal(answer) in {(400, "INVALID_REQUEST"), (400, "INVALID_URL")}
    assert len(answer.body) < 2_000
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:40]))
async def test_nor_does_it_with_an_idempotency_key(agents: Agents, shop: Site, body: bytes) -> None:
    assert refusal(await agents.post(TASKS, body, idempotency_key="k"))[0] == 400
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize("path", ["", "/handoffs"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"input":NaN}'])
async def test_nor_does_it_change_a_task(agents: Agents, shop: Site, path: str, body: bytes) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], TaskStatus.RUNNING, TaskStatus.INPUT_REQUIRED)
    address, _, query = created["task"].partition("?")
    before = await in_database(stored)()

    answer = await agents.post(f"{address}{path}?{query}", body)

    assert refusal(answer)[0] == 400
    assert await in_database(stored)() == before
    assert (await in_database(agent_row)(created["id"])).task.status == "input_required"


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"url":"https://shop.example/","prompt":"p"}',
        json.dumps(BODY).encode("utf-16"),
        b'{"url":"https:\\/\\/shop.example\\/","prompt":"\\u0070"}',
        b'\r\n\t {"prompt" : "p" , "url" : "https://shop.example/" } \n',
        b'{"url":"https://shop.example/","prompt":"p","n":1e400,"deep":' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"url":"https://shop.example/","prompt":"p","":"","__proto__":{"a":1},"unknown":"\\ud800\\u0000"}',
    ],
    ids=["byte order mark", "utf-16", "escapes", "white space", "unknown and odd", "unknown and unstorable"],
)
async def test_what_json_allows_is_allowed(agents: Agents, shop: Site, body: bytes) -> None:
    assert (await agents.post(TASKS, body)).status == 202


@pytest.mark.parametrize("more", [0, 1, 100_000])
async def test_a_body_has_at_most_256_kib(agents: Agents, shop: Site, more: int) -> None:
    padding = MAX_BODY_BYTES - len(FULL) - len(b',"x":""') + more
    body = FULL[:-1] + b',"x":"' + b"x" * padding + b'"}'
    assert len(body) == MAX_BODY_BYTES + more

    answer = await agents.post(TASKS, body)

    if not more:
        assert answer.status == 202
        return
    assert refusal(answer) == (413, "PAYLOAD_TOO_LARGE")
    assert answer.json()["maximum"] == MAX_BODY_BYTES
    assert await in_database(nothing_is_stored)()


async def test_a_body_without_end_is_refused_before_its_end(agents: Agents, shop: Site) -> None:
    exchange, _ = agents.request("POST", TASKS)
    for _ in range(5):
        exchange._incoming.put_nowait({"type": "http.request", "body": b"x" * 65_536, "more_body": True})
    exchange.start(b"")
    await exchange.ended()

    assert refusal(exchange) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_may_come_in_any_pieces(agents: Agents, shop: Site) -> None:
    answer = await sent_in_pieces(agents, *(FULL[n : n + 1] for n in range(len(FULL))), b"")

    assert answer.status == 202


async def test_a_caller_that_leaves_before_the_end_has_asked_for_nothing(agents: Agents, shop: Site) -> None:
    answer = await sent_in_pieces(agents, FULL, leaves=True)

    assert answer.status == 0
    assert await in_database(nothing_is_stored)()


# --- whatever comes ---

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from([URL, "latest", "\x00", "\ud800", "x" * 8_001, "https://unknown.example/"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
NAMES = ["targetUrl", "goal", "instruction", "shortcut", "shortcutId", "agent", "agentKey", "args", "accept"]
ALMOST = st.fixed_dictionaries(
    {"url": st.just(URL) | ANY_JSON, "prompt": st.just("p") | ANY_JSON},
    optional=dict.fromkeys(NAMES, ANY_JSON),
)
BODIES = (
    st.binary(max_size=300)
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
    | ALMOST.map(lambda value: json.dumps(value).encode())
)
WHATEVER = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@WHATEVER
@given(body=BODIES, key=st.none() | st.text(st.characters(max_codepoint=255), max_size=20))
async def test_whatever_comes_is_a_task_or_a_refusal(
    agents: Agents, shop: Site, settings: Any, body: bytes, key: str | None
) -> None:
    limited(settings)
    before = await in_database(stored)()

    answer = await agents.post(TASKS, body, **({} if key is None else {"idempotency_key": key}))

    after = await in_database(stored)()
    if answer.status == 202:
        assert after["AgentTask"] - before["AgentTask"] == ("idempotency-replayed" not in answer.headers)
        check_headers(answer)
    else:
        assert refusal(answer)[0] in (400, 403, 404, 409)
        assert after == before


@WHATEVER
@given(body=BODIES | st.dictionaries(st.sampled_from(["input", "answers"]), ANY_JSON).map(
    lambda value: json.dumps(value).encode()
))  # fmt: skip
async def test_whatever_comes_is_an_answer_or_a_refusal(
    agents: Agents, shop: Site, settings: Any, body: bytes
) -> None:
    limited(settings)
    created = await agents.create()
    await in_database(bring)(created["id"], TaskStatus.RUNNING, TaskStatus.INPUT_REQUIRED)

    answer = await agents.post(created["task"], body)

    row = await in_database(agent_row)(created["id"])
    if answer.status == 202:
        assert (row.task.status, row.input) == ("running", None)
        assert row.answers
    else:
        assert refusal(answer)[0] == 400
        assert (row.task.status, row.answers) == ("input_required", [])


@WHATEVER
@given(
    body=BODIES
    | st.fixed_dictionaries(
        {"receipt": ANY_JSON, "sessionToken": st.just("good") | ANY_JSON},
        optional=dict.fromkeys(("host", "sessionId", "requestNonce"), ANY_JSON),
    ).map(lambda value: json.dumps(value).encode())
)
async def test_whatever_comes_claims_nothing(agents: Agents, shop: Site, body: bytes) -> None:
    good = await in_database(session_token)(shop)

    answer = await agents.post(CLAIM, body.replace(b'"good"', json.dumps(good).encode()))

    assert answer.status in (400, 401, 403, 404)
    assert answer.json()["success"] is False
    check_headers(answer)
