"""Endpoints that are down, slow, overloaded, strict or strange: what is tried again, and how it is told."""

import asyncio
import email.utils
import json
import socket
import time

import pytest

from tasks.executing.model import ModelEndpoint, ModelLimits
from tasks.executing.protocol import Failed, Stopped, Wish
from tests.tasks.executing.journeys import Notes
from tests.tasks.executing.model_runs import KEY, run, run_at
from tests.tasks.executing.model_server import ModelServer, Reply, Sent, calls, message, reads, refuses
from tests.tasks.executing.small_site import SmallSite

SITE = "http://127.0.0.1:9"  # never asked in these tests
GIVES_UP = calls(("give_up", {"reason": "-"}))
CUT = Reply(is_cut=True)


@pytest.mark.parametrize(
    "failure", [refuses(500), refuses(502), refuses(503), refuses(408), refuses(429), CUT]
)
async def test_what_may_pass_is_tried_again(failure: Reply) -> None:
    ran = await run(SITE, failure, GIVES_UP, retries=1)
    assert ran.failed.code == "no_evidence"
    assert ran.sent[0].body == ran.sent[1].body


async def test_three_failures_in_a_row_end_the_run_with_growing_pauses_between() -> None:
    ran = await run(SITE, refuses(500), retries=2)
    assert ran.outcome == Failed(
        code="model_unavailable",
        message="The model endpoint cannot answer now (HTTP 500).",
        data={"http_status": 500},
    )
    first, second, third = (sent.at for sent in ran.sent)
    assert second - first >= 0.5
    assert third - second >= 1.0


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 409, 422])
async def test_a_refusal_is_never_tried_again(status: int) -> None:
    async with SmallSite({"/": "stolen"}) as elsewhere:
        ran = await run(SITE, refuses(status, location=f"{elsewhere.base_url}/"), retries=3)
        assert elsewhere.paths == []
    assert len(ran.sent) == 1
    assert ran.outcome == Failed(
        code="model_refused",
        message=f"The model endpoint refused the request (HTTP {status}).",
        data={"http_status": status},
    )


async def test_retry_after_is_followed() -> None:
    ran = await run(SITE, refuses(429, Retry_After="2"), GIVES_UP, retries=1)
    assert ran.sent[1].at - ran.sent[0].at >= 2


async def test_retry_after_may_be_a_date() -> None:
    def later(sent: Sent) -> Reply:
        return refuses(503, Retry_After=email.utils.formatdate(time.time() + 3, usegmt=True))

    ran = await run(SITE, later, GIVES_UP, retries=1)
    assert ran.sent[1].at - ran.sent[0].at >= 1.5


@pytest.mark.parametrize("asked", ["3600", "9" * 40, "Fri, 31 Dec 2199 23:59:59 GMT"])
async def test_an_endpoint_that_asks_for_too_long_a_pause_is_not_asked_again(asked: str) -> None:
    ran = await run(SITE, refuses(429, Retry_After=asked), retries=5)
    assert len(ran.sent) == 1
    assert (ran.failed.code, ran.failed.data) == ("model_unavailable", {"http_status": 429})


@pytest.mark.parametrize("asked", ["soon", "-5", "", "1e3", "Fri, 31 Dec 1999 23:59:59 GMT"])
async def test_a_pause_that_means_nothing_is_an_ordinary_pause(asked: str) -> None:
    ran = await run(SITE, refuses(429, Retry_After=asked), GIVES_UP, retries=1)
    assert len(ran.sent) == 2


async def test_an_endpoint_that_is_down_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        endpoint = ModelEndpoint(
            base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", model="tiny", retries=1
        )
        outcome = await run_at(endpoint, Wish(url=SITE, prompt="x"), in_scope=bool, notes=Notes())
    assert outcome == Failed(
        code="model_unavailable", message="The model endpoint could not be reached.", data={}
    )


async def test_an_endpoint_that_does_not_speak_http_is_told() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        endpoint = ModelEndpoint(base_url=f"http://127.0.0.1:{port}", model="tiny", retries=0)
        outcome = await run_at(endpoint, Wish(url=SITE, prompt="x"), in_scope=bool, notes=Notes())
    assert isinstance(outcome, Failed)
    assert outcome.code == "model_unavailable"


async def test_an_endpoint_that_is_too_slow_is_asked_once() -> None:
    began = time.monotonic()
    ran = await run(SITE, Reply(delay=30), timeout=1.0, retries=3)
    assert time.monotonic() - began < 10
    assert len(ran.sent) == 1
    assert ran.outcome == Failed(
        code="model_unavailable", message="The model did not answer in time.", data={}
    )


async def test_a_stop_while_the_model_thinks_ends_the_run_and_hangs_up() -> None:
    stop = asyncio.Event()

    def thinks(sent: Sent) -> Reply:
        asyncio.get_running_loop().call_later(0.1, stop.set)
        return Reply(delay=30)

    async with ModelServer(thinks) as server:
        began = time.monotonic()
        outcome = await run_at(
            ModelEndpoint(base_url=server.base_url, model="tiny"),
            Wish(url=SITE, prompt="x"),
            in_scope=bool,
            notes=Notes(),
            stop=stop,
        )
        assert time.monotonic() - began < 5
        await _until(lambda: server.n_left_early == 1)
    assert outcome == Stopped()


async def test_a_stop_during_a_pause_between_tries_ends_the_run() -> None:
    stop = asyncio.Event()

    def asks_for_patience(sent: Sent) -> Reply:
        asyncio.get_running_loop().call_later(0.3, stop.set)
        return refuses(429, Retry_After="25")

    began = time.monotonic()
    ran = await run(SITE, asks_for_patience, retries=1, stop=stop)
    assert time.monotonic() - began < 10
    assert ran.outcome == Stopped()


async def test_a_cancelled_run_hangs_up() -> None:
    async with ModelServer(Reply(delay=30)) as server:
        endpoint = ModelEndpoint(base_url=server.base_url, model="tiny")
        running = asyncio.ensure_future(
            run_at(endpoint, Wish(url=SITE, prompt="x"), in_scope=bool, notes=Notes())
        )
        await _until(lambda: bool(server.sent))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await _until(lambda: server.n_left_early == 1)


async def test_an_answer_in_a_coding_that_is_broken_is_no_answer() -> None:
    ran = await run(SITE, Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))
    assert (ran.failed.code, ran.failed.data) == ("model_invalid", {"reason": "unreadable"})


async def test_a_long_complaint_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    ran = await run(SITE, Reply(status=400, body=b"x" * 500_000))
    assert ran.failed.code == "model_refused"
    assert "HTTP 400: (a long answer)" in caplog.text


@pytest.mark.parametrize(
    ("body", "logged"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "does not support tools"}', "does not support tools"),
        (b'{"detail": "not here"}', "not here"),
        (b'{"message": "busy"}', "busy"),
        (b"<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        (b"", ""),
    ],
)
async def test_complaints_are_found_wherever_servers_put_them(
    body: bytes, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    await run(SITE, Reply(status=404, body=body))
    assert f"model endpoint: HTTP 404: {logged}" in [record.getMessage() for record in caplog.records]


async def test_an_answer_that_never_ends_is_cut_off() -> None:
    ran = await run(SITE, Reply(body=b" " * 3_000_000), limits=ModelLimits(answer_bytes=10_000))
    assert ran.failed.code == "model_invalid"


async def test_the_endpoint_s_complaint_is_logged_without_the_key_and_told_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    complaint = f"Incorrect API key provided: {KEY}\x1b[2J\nsee http://internal.example/keys " + "x" * 1_000
    ran = await run(SITE, refuses(401, complaint))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith(
        "model endpoint: HTTP 401: Incorrect API key provided: [key] see http://internal.example/keys xxx"
    )
    assert len(warnings[0]) < 350
    assert KEY not in caplog.text + repr(ran.outcome) + repr(ran.notes.entries)
    assert "internal.example" not in repr(ran.outcome) + repr(ran.notes.entries)


async def test_a_failure_names_neither_the_endpoint_nor_the_model() -> None:
    ran = await run(SITE, refuses(503))
    assert "127.0.0.1" not in ran.failed.message
    assert "tiny" not in ran.failed.message


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with SmallSite({}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("ALL_PROXY", proxy.base_url)
        ran = await run(SITE, GIVES_UP)
        assert proxy.paths == []
    assert len(ran.sent) == 1


@pytest.mark.parametrize("path", ["/v1", "/v1/", "", "/deep/er/"])
async def test_requests_go_below_the_base_url(path: str) -> None:
    async with ModelServer(GIVES_UP) as server:
        base_url = server.base_url.removesuffix("/v1") + path
        endpoint = ModelEndpoint(base_url=base_url, model="tiny")
        await run_at(endpoint, Wish(url=SITE, prompt="x"), in_scope=bool, notes=Notes())
    assert server.sent[0].target == f"{path.rstrip('/')}/chat/completions"
    assert "authorization" not in server.sent[0].headers


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ftp://models.example"},
        {"base_url": "models.example/v1"},
        {"base_url": "http://"},
        {"base_url": "http://user:secret@models.example"},
        {"base_url": "http://models.example/?key=1"},
        {"base_url": "http://models.example/#x"},
        {"model": " "},
        {"api_key": "two\nlines"},
        {"api_key": "schlüssel"},
        {"timeout": 0},
        {"retries": -1},
    ],
)
def test_an_endpoint_that_cannot_work_is_refused_without_naming_its_key(wrong: dict[str, object]) -> None:
    known: dict[str, object] = {"base_url": "http://127.0.0.1:1/v1", "model": "tiny"}
    with pytest.raises(ValueError, match=r"model|key|timeout") as caught:
        ModelEndpoint(**(known | wrong))  # type: ignore[arg-type]
    assert "secret" not in str(caught.value) and "two" not in str(caught.value)


def test_the_key_is_not_shown_with_the_endpoint() -> None:
    assert KEY not in repr(ModelEndpoint(base_url="http://127.0.0.1:1/v1", model="tiny", api_key=KEY))


@pytest.mark.parametrize(
    "usage",
    [
        {"total_tokens": 900},
        {"prompt_tokens": 800, "completion_tokens": 100},
        {"prompt_tokens": 800, "completion_tokens": 100, "total_tokens": 0},
        {"total_tokens": 900, "prompt_tokens": "many", "completion_tokens": True},
    ],
)
async def test_tokens_are_counted_as_the_endpoint_says(usage: object) -> None:
    async with SmallSite({"/": "<p>Text</p>"}) as site:
        script = calls(("read_page", {"url": "/"}), usage=usage)
        ran = await run(site.base_url, script, limits=ModelLimits(tokens=1_500 + 3 * 900))
    assert ran.failed.data == {"budget": "tokens"}
    # Each request is estimated at 1,000 to 1,500 tokens and must fit into what is left.
    assert 3 <= len(ran.sent) <= 4


@pytest.mark.parametrize(
    "usage", [None, {}, [], {"total_tokens": -5}, {"total_tokens": "9"}, {"total_tokens": None}]
)
async def test_tokens_are_estimated_where_the_endpoint_does_not_say(usage: object) -> None:
    async with SmallSite({"/": "<p>Text</p>"}) as site:
        script = calls(("read_page", {"url": "/"}), usage=usage)
        ran = await run(site.base_url, script, limits=ModelLimits(tokens=6_000))
    assert (ran.failed.code, ran.failed.data) == ("budget_exhausted", {"budget": "tokens"})
    assert 3 <= len(ran.sent) <= 6


async def test_a_request_that_would_pass_the_token_budget_is_not_sent() -> None:
    ran = await run(SITE, GIVES_UP, limits=ModelLimits(tokens=200))
    assert ran.sent == []
    assert ran.failed.data == {"budget": "tokens"}


async def test_a_model_that_thinks_aloud_is_heard_to_a_bounded_length() -> None:
    aloud = {
        "content": "<think>" + "hm " * 5_000,
        "tool_calls": json.loads(reads("/").body)["choices"][0]["message"]["tool_calls"],
    }
    async with SmallSite({"/": "<p>Text</p>"}) as site:
        ran = await run(site.base_url, message(aloud), GIVES_UP)
    assert len(ran.sent[1].body["messages"][2]["content"]) == 2_000


async def _until(holds: object) -> None:
    assert callable(holds)
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")
