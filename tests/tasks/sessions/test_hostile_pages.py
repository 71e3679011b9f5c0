"""Whatever is sent: a typed answer in the envelope, no fault of the server, and nothing kept of a refusal."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.models import RuntimeSession
from tasks.v2 import answers as answers_module
from tasks.v2.exchange import MAX_BODY_BYTES, MAX_PAGE_BYTES
from tests.tasks.runtime.strategies import json_values
from tests.tasks.sessions.steps import asked, stored
from tests.tasks.sessions.support import BASE, HOME, Page, Runtime, data, refused
from tests.tasks.streaming_fixtures import Exchange
from workspace.models import Site

POSTS = (
    "session/open",
    "session/close",
    "command",
    "state",
    "snapshot",
    "telemetry/ingest",
    "events/ingest",
    "agent/step",
    "context/external",
)
LARGE = {"snapshot", "agent/step"}
FIELDS = (
    *("type", "sessionId", "clientEventId", "commandId", "expectedEpoch", "expectedSeq", "runId", "payload"),
    *("message", "continueRun", "forceNewRun", "requestedMode", "taskBoundaryId", "shortcutId", "taskId"),
    *("files", "answers", "rawText", "action", "reason", "targetUrl", "url", "currentUrl", "logicalTabId"),
    *("adversarialScore", "events", "transition", "checkpoint", "visitorId", "updatedAt", "version"),
    *("ttlHours", "chatSummary", "compactedPrevSteps", "flushReason", "pageUrl", "sampleRate", "page"),
    *("results", "intent", "timeoutMs", "seqAfter", "includeSnapshot", "digest", "siteId", "host"),
)
TYPES = st.sampled_from(["RUN_INPUT", "RUN_CONTROL", "TAB_EVENT", "ASK_USER_ANSWER", "RUN_PROGRESS"])
plausible = st.sampled_from(
    [1, 0, -1, 2**53, 1e308, True, False, None, "", "x", HOME, "cancel", "act", "auto", "read_context"]
)
odd = st.sampled_from(
    ["\x00", "\ud800", "\u202e", "a" * 5_000, [[[[]]]], {"": ""}, "javascript:alert(1)", -0.0]
)
bodies = st.dictionaries(st.sampled_from(FIELDS), plausible | odd | json_values, max_size=8)
events = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["tool_start", "needs_input", "state_transition", "error", "x"])},
        optional={"id": odd | st.text(max_size=3), "ts": json_values, "data": json_values},
    ),
    max_size=3,
)


@pytest.fixture
async def page(runtime: Runtime, shop: Site) -> Page:
    return await runtime.page(shop)


def well_formed(answer: Exchange) -> None:
    assert 200 <= answer.status < 500, (answer.status, answer.body)
    if answer.status == 200:
        assert answer.json()["success"] is True
    else:
        refused(answer)


@pytest.fixture
def loop(transactional_db: None, settings: Any) -> Iterator[tuple[asyncio.Runner, Runtime]]:
    """A server in a loop of its own, which many examples share."""
    settings.ROVER = settings.ROVER.model_copy(update={"sessions_per_minute_ip": 0})

    async def start() -> Runtime:
        return Runtime.start()

    with asyncio.Runner() as runner:
        runtime = runner.run(start())
        yield runner, runtime
        runner.run(runtime.close())


def test_any_bytes_are_answered_and_nothing_is_kept(loop: tuple[asyncio.Runner, Runtime]) -> None:
    runner, runtime = loop

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(POSTS), st.binary(max_size=200) | json_values.map(_dumped), st.binary(max_size=20))
    def check(path: str, body: bytes, header: bytes) -> None:
        answer = runner.run(
            runtime.send(path, body, authorization=header.decode("latin-1"), origin=header.decode("latin-1"))
        )
        well_formed(answer)
        assert answer.status >= 400

    check()
    assert not any(runner.run(stored()).values())


def test_any_json_of_a_page_with_a_session_is_answered_and_a_refusal_leaves_nothing(
    loop: tuple[asyncio.Runner, Runtime], shop: Site
) -> None:
    runner, runtime = loop
    page = runner.run(runtime.page(shop))
    told = [path for path in POSTS if path not in ("session/open", "session/close")]

    async def send(path: str, body: dict[str, Any]) -> None:
        before = await stored()
        answer = await page.send(path, **body)
        well_formed(answer)
        if answer.status >= 400:
            assert await stored() == before

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(told), bodies, TYPES, events, st.booleans(), st.booleans())
    def check(
        path: str, body: dict[str, Any], kind: str, happened: list[Any], is_known: bool, has_run: bool
    ) -> None:
        if has_run:
            runner.run(_with_run(page))
        known = {"type": kind, "clientEventId": f"e{page.n_sent}", "expectedEpoch": page.epoch}
        known |= {
            "expectedSeq": page.seq,
            "runId": page.run_id,
            "events": happened,
            "sessionId": page.session_id,
        }
        runner.run(send(path, {**body, **(known if is_known else {})}))

    check()


async def _with_run(page: Page) -> None:
    state = await page.state()
    page.seq = state["events"][-1]["seq"] if state["events"] else 0
    if not state.get("activeRunId"):
        await page.ask()


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_over_its_bound_is_refused(runtime: Runtime, page: Page, path: str) -> None:
    maximum = MAX_PAGE_BYTES if path in LARGE else MAX_BODY_BYTES
    before = await stored()

    answer = await page.send(path, filler="x" * maximum)

    assert refused(answer) == (413, "PAYLOAD_TOO_LARGE")
    assert await stored() == before


@pytest.mark.parametrize("depth", [100, 100_000])
async def test_a_body_that_is_nested_without_end_is_refused(runtime: Runtime, page: Page, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    token = page.token.encode()
    body = b'{"sessionToken":"' + token + b'","sessionId":"' + page.session_id.encode()
    body += b'","type":"RUN_PROGRESS","runId":"x","events":[{"type":"error","data":{"a":' + deep + b"}}]}"

    assert refused(await runtime.send("command", body)) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "number", [b"1" * 5_000, b"1e999", b"-1e999", b"NaN", b"Infinity", b"9007199254740993", b"0.5", b"1e400"]
)
async def test_a_counter_that_is_no_number_is_refused(runtime: Runtime, page: Page, number: bytes) -> None:
    body = {"type": "RUN_INPUT", "message": "m", "clientEventId": "e", "sessionId": page.session_id}
    text = json.dumps(body | {"sessionToken": page.token, "expectedEpoch": 0.125}).encode()

    answer = await runtime.send("command", text.replace(b"0.125", number))

    assert refused(answer) == (400, "INVALID_ARGUMENT")


async def test_other_methods_are_refused(runtime: Runtime, shop: Site) -> None:
    for path in (*POSTS, "stream"):
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            answer = await runtime.call(method, f"{BASE}/{path}")
            assert refused(answer) == (405, "METHOD_NOT_ALLOWED"), (method, path)
            assert "OPTIONS" in answer.headers["allow"]


# --- sessions and faults ---


async def test_a_session_that_is_gone_is_not_found(runtime: Runtime, page: Page) -> None:
    await page.ask()
    await asked(RuntimeSession.objects.filter(pk=page.session_id).delete)

    for path in POSTS:
        if path != "session/open":
            assert refused(await page.send(path)) == (404, "SESSION_NOT_FOUND"), path
    assert refused(await runtime.get(f"{BASE}/stream?sessionToken={page.token}")) == (
        404,
        "SESSION_NOT_FOUND",
    )
    assert refused(await page.send("session/open")) == (401, "SESSION_TOKEN_INVALID")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (ZeroDivisionError, (500, "INTERNAL")),
        (OperationalError, (503, "log_unavailable")),
    ],
)
async def test_a_fault_of_the_server_is_typed_and_tells_nothing_of_it(
    page: Page,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[str], Exception],
    outcome: tuple[int, str],
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise fault("xyzzy")

    monkeypatch.setattr(answers_module, "command_apply", fail)

    answer = await page.command("RUN_INPUT", message="go")

    assert refused(answer) == outcome
    assert answer.json()["data"]["retryable"] is True
    assert b"xyzzy" not in answer.body
    assert page.token not in caplog.text


async def test_a_reader_that_leaves_in_the_middle_of_its_request_harms_nobody(
    runtime: Runtime, page: Page
) -> None:
    exchange, _ = runtime.request("POST", f"{BASE}/command")
    exchange._incoming.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
    exchange.leave()
    exchange.task = asyncio.create_task(
        exchange.application(exchange.scope, exchange._incoming.get, exchange._take)
    )
    await exchange.ended()

    assert (exchange.status, exchange.body) == (0, b"")
    assert data(await page.send("state"))["epoch"] == 1


async def test_markup_in_what_pages_say_comes_back_as_text(page: Page) -> None:
    words = "<script>alert(1)</script>\u2028]]>"
    await page.ask(words)

    answer = await page.send("state")

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert data(answer)["events"][0]["data"]["message"] == words
