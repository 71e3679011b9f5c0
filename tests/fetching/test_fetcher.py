import asyncio
import contextlib
import gzip
import os
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.fetching.errors import (
    BodyTooLarge,
    ConnectFailed,
    DecodeFailed,
    DnsFailed,
    FetchError,
    FetchTimeout,
    Gone,
    HeaderTooLarge,
    HttpStatus,
    ProtocolError,
    SsrfDenied,
    Truncated,
)
from tasks.fetching.fetcher import Fetcher, Limits
from tasks.fetching.local_files import read_below
from tasks.fetching.screening import Level, SsrfPolicy
from tasks.fetching.urls import Url, parse
from tests.fetching.hostile_site import (
    CRLF,
    Handler,
    HostileSite,
    Names,
    Peer,
    answer,
    fetcher,
    raw,
    redirect,
    turns,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
FOREVER = 3600.0
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with HostileSite() as site:
        yield site


async def failure(site: HostileSite, handler: Handler, limits: Limits | None = None) -> FetchError:
    site.route("/", handler)
    async with fetcher(limits=limits) as fetch:
        with pytest.raises(FetchError) as caught:
            await fetch.fetch(site.url())
    return caught.value


async def body_of(site: HostileSite, handler: Handler, limits: Limits | None = None) -> bytes:
    site.route("/", handler)
    async with fetcher(limits=limits) as fetch:
        return (await fetch.fetch(site.url())).body


# --- an ordinary page ---


async def test_a_page_comes_back_with_all_that_is_known_about_it(site: HostileSite) -> None:
    packed = gzip.compress(b"<h1>Hello</h1>")
    site.route(
        "/a?b=1",
        answer(packed, "Content-Type: text/html", "Content-Encoding: gzip", "X-Twice: a", "x-twice: b"),
    )

    async with fetcher() as fetch:
        url = site.url("/a?b=1#part")
        page = await fetch.fetch(url)

    assert (page.url, page.final_url, page.status) == (url, url, 200)
    assert (page.body, page.wire_bytes) == (b"<h1>Hello</h1>", len(packed))
    assert (page.header("Content-Type"), page.header("X-TWICE"), page.header("absent")) == (
        "text/html",
        "a, b",
        None,
    )
    assert (page.redirects, page.downgraded) == ((), False)
    assert page.duration_ms >= 0


async def test_a_request_says_who_asks_and_what_can_be_read_and_nothing_else(site: HostileSite) -> None:
    site.route("/", answer(b"x"))

    async with fetcher() as fetch:
        await fetch.fetch(site.url())

    assert site.requests[0].headers == {
        "host": f"127.0.0.1:{site.port}",
        "user-agent": "RoverTest/1.0 (+https://rover.example/bot)",
        "accept": "text/html,application/xhtml+xml,text/markdown;q=0.9,*/*;q=0.8",
        "accept-encoding": "gzip, deflate",
    }


async def test_headers_of_the_caller_go_along_except_those_of_the_transport(site: HostileSite) -> None:
    site.route("/", answer(b"x"))
    headers = {
        "If-None-Match": '"v1"',
        "accept": "text/plain",
        "Host": "evil.example",
        "Referer": "http://a/",
    }

    async with fetcher() as fetch:
        await fetch.fetch(site.url(), headers={**headers, "Connection": "close", "User-Agent": "Mozilla"})

    sent = site.requests[0].headers
    assert (sent["if-none-match"], sent["accept"]) == ('"v1"', "text/plain")
    assert sent["host"] == f"127.0.0.1:{site.port}"
    assert sent["user-agent"].startswith("RoverTest")
    assert not {"referer", "connection"} & set(sent)


async def test_userinfo_of_a_url_is_never_sent(site: HostileSite) -> None:
    site.route("/", answer(b"x"))

    async with fetcher() as fetch:
        await fetch.fetch(parse(f"http://user:secret@127.0.0.1:{site.port}/"))

    assert b"authorization" not in site.requests[0].raw.lower()
    assert b"secret" not in site.requests[0].raw


async def test_a_page_that_ends_with_its_connection_is_whole(site: HostileSite) -> None:
    assert await body_of(site, raw(OK + CRLF + b"to the end", close=True)) == b"to the end"


async def test_header_lines_that_end_in_a_bare_line_feed_are_read(site: HostileSite) -> None:
    assert await body_of(site, raw(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok")) == b"ok"


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "200 OK"])
async def test_an_answer_without_a_body_is_an_empty_page(site: HostileSite, status: str) -> None:
    assert await body_of(site, answer(b"", "Content-Encoding: gzip", status=status)) == b""


async def test_a_205_is_over_even_if_the_connection_stays_open(site: HostileSite) -> None:
    assert await body_of(site, raw(b"HTTP/1.1 205 Reset Content\r\n\r\n")) == b""


# --- statuses ---


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_not_there_is_gone(site: HostileSite, status: int) -> None:
    error = await failure(site, answer(b"<h1>nice</h1>", status=f"{status} Not Here"))

    assert (type(error), error.retryable, error.data) == (Gone, False, {"http_status": status})


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        *((status, False) for status in (300, 400, 401, 403, 418, 600)),
        *((status, True) for status in (408, 425, 429, 500, 503, 599)),
    ],
)
async def test_a_status_that_is_no_success_says_whether_to_try_again(
    site: HostileSite, status: int, retryable: bool
) -> None:
    error = await failure(site, answer(b"no", status=f"{status} No"))

    assert (type(error), error.retryable, error.data) == (HttpStatus, retryable, {"http_status": status})


async def test_a_retry_hint_is_handed_on_as_sent(site: HostileSite) -> None:
    fields = ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", "Date: Fri, 31 Dec 1999 23:59:57 GMT")

    error = await failure(site, answer(b"", *fields, status="429 Slow Down"))

    assert error.data["retry_after"] == "Fri, 31 Dec 1999 23:59:59 GMT"
    assert error.data["date"] == "Fri, 31 Dec 1999 23:59:57 GMT"


async def test_304_answers_a_condition(site: HostileSite) -> None:
    site.route("/", raw(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nContent-Length: 99\r\n\r\n'))

    async with fetcher() as fetch:
        page = await fetch.fetch(site.url(), headers={"If-None-Match": '"v1"'})

    assert (page.status, page.body, page.header("etag")) == (304, b"", '"v1"')


@pytest.mark.parametrize("status", ["304 Not Modified", "206 Partial Content"])
async def test_an_answer_to_what_was_not_asked_is_no_page(site: HostileSite, status: str) -> None:
    assert isinstance(await failure(site, answer(b"", status=status)), ProtocolError)


# --- codings ---


async def test_a_plain_body_called_gzip_is_asked_for_once_more_without_coding(site: HostileSite) -> None:
    async def confused(peer: Peer) -> None:
        wants_plain = peer.request.headers["accept-encoding"] == "identity"
        await answer(b"plain", *([] if wants_plain else ["Content-Encoding: gzip"]))(peer)

    assert await body_of(site, confused) == b"plain"
    assert [r.headers["accept-encoding"] for r in site.requests] == ["gzip, deflate", "identity"]


@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip"])
async def test_a_body_that_cannot_be_decoded_fails_after_the_second_attempt(
    site: HostileSite, coding: str
) -> None:
    error = await failure(site, answer(b"plain", f"Content-Encoding: {coding}"))

    assert isinstance(error, DecodeFailed)
    assert len(site.requests) == 2


async def test_a_compressed_body_cut_short_is_truncated_and_not_asked_for_again(site: HostileSite) -> None:
    cut = gzip.compress(os.urandom(5000))[:-20]

    assert isinstance(await failure(site, answer(cut, "Content-Encoding: gzip")), Truncated)
    assert len(site.requests) == 1


# --- framing ---


async def test_a_body_shorter_than_declared_is_truncated(site: HostileSite) -> None:
    assert isinstance(await failure(site, answer(b"short", length=50, close=True)), Truncated)


async def test_a_chunk_cut_short_is_truncated(site: HostileSite) -> None:
    assert isinstance(await failure(site, raw(CHUNKED + b"40\r\nonly this", close=True)), Truncated)


async def test_a_chunked_body_without_its_last_chunk_is_truncated(site: HostileSite) -> None:
    assert isinstance(await failure(site, raw(CHUNKED + b"4\r\nthis\r\n", close=True)), Truncated)


@pytest.mark.parametrize("field", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_a_reset_within_the_body_is_truncated(site: HostileSite, field: bytes) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(OK + field + b"\r\n4\r\npart")
        await turns()  # the client lives in this loop: let it read what was sent
        peer.reset()

    assert isinstance(await failure(site, handle), Truncated)


@pytest.mark.parametrize("end", [{"close": True}, {"close": False}])
@pytest.mark.parametrize(
    "chunk", [b"xyz\r\nbody\r\n0\r\n\r\n", b"-4\r\nbody\r\n0\r\n\r\n", b"4\r\nbodyXX0\r\n\r\n"]
)
async def test_a_bad_chunk_is_a_protocol_error(site: HostileSite, chunk: bytes, end: dict[str, bool]) -> None:
    assert isinstance(await failure(site, raw(CHUNKED + chunk, **end)), ProtocolError)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 twohundred OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"<html>HTTP/0.9 knows no header</html>",
        b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_answer_is_a_protocol_error(site: HostileSite, head: bytes) -> None:
    assert isinstance(await failure(site, raw(head)), ProtocolError)


@pytest.mark.parametrize("start", [b"", b"HTT", b"HTTP/1.1 200 OK\r\nContent-Le"])
@pytest.mark.parametrize("end", [{"close": True}, {"reset": True}])
async def test_a_connection_that_ends_before_the_header_does_is_a_connect_failure(
    site: HostileSite, start: bytes, end: dict[str, bool]
) -> None:
    error = await failure(site, raw(start, **end))

    assert (type(error), error.retryable) == (ConnectFailed, True)


async def test_nobody_listening_is_a_connect_failure_without_the_address_in_it() -> None:
    async with HostileSite(host="127.0.0.9") as site:
        url = site.url(host="there.example")

    async with fetcher(Names({"there.example": [("127.0.0.9",)]})) as fetch:
        with pytest.raises(ConnectFailed) as caught:
            await fetch.fetch(url)

    assert "there.example" in caught.value.message
    assert "127.0.0.9" not in f"{caught.value.message} {caught.value.data}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from([b"", b"HTTP/1.1 ", OK, OK + CRLF, CHUNKED, OK + b"Content-Length: 10\r\n\r\n"]),
    rest=st.binary(max_size=80),
)
def test_any_bytes_end_in_a_page_or_a_fetch_error(head: bytes, rest: bytes) -> None:
    async def run() -> None:
        async with HostileSite() as site, fetcher() as fetch:
            site.route("/", raw(head + rest, close=True))
            with contextlib.suppress(FetchError):
                assert isinstance((await fetch.fetch(site.url())).body, bytes)

    asyncio.run(run())


# --- bounds of the header ---


def head_of(*, n_bytes: int = 0, n_fields: int = 0) -> bytes:
    fields = b"".join(b"X-%d: y\r\n" % number for number in range(n_fields))
    start = OK + b"Content-Length: 2\r\n" + fields
    filler = n_bytes - len(start) - len(b"F: \r\n\r\n")
    return start + (b"F: " + b"f" * filler + CRLF if n_bytes else b"") + CRLF + b"ok"


async def test_a_header_of_just_the_bounds_is_read(site: HostileSite) -> None:
    assert await body_of(site, raw(head_of(n_bytes=65536))) == b"ok"
    assert await body_of(site, raw(head_of(n_fields=99))) == b"ok"


@pytest.mark.parametrize(
    "head", [head_of(n_bytes=65537), head_of(n_bytes=200_000), head_of(n_fields=100), head_of(n_fields=5000)]
)
async def test_a_header_over_a_bound_is_too_large(site: HostileSite, head: bytes) -> None:
    assert isinstance(await failure(site, raw(head)), HeaderTooLarge)


async def test_an_answer_that_is_refused_after_its_header_closes_its_connection(site: HostileSite) -> None:
    site.route("/", raw(head_of(n_fields=100)))

    async with fetcher() as fetch:
        with pytest.raises(HeaderTooLarge):
            await fetch.fetch(site.url())
        await site.until(lambda: site.n_open == 0)


async def test_an_endless_header_line_is_too_large(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(OK + b"X: ")
        while True:
            await peer.send(b"y" * 10_000)

    assert isinstance(await failure(site, handle), HeaderTooLarge)


async def test_ten_interim_answers_are_passed_over(site: HostileSite) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 10

    assert await body_of(site, raw(interim + OK + b"Content-Length: 2\r\n\r\nok")) == b"ok"


@pytest.mark.parametrize("n_interim", [11, 200])
async def test_more_interim_answers_are_a_protocol_error(site: HostileSite, n_interim: int) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * n_interim

    assert isinstance(await failure(site, raw(interim + OK + b"Content-Length: 2\r\n\r\nok")), ProtocolError)


# --- bounds of the body ---


async def test_a_declared_size_over_the_bound_is_refused_before_reading(site: HostileSite) -> None:
    limits = Limits(wire_bytes=1000, idle_seconds=FOREVER)

    error = await failure(site, raw(OK + b"Content-Length: 1001\r\n\r\n"), limits)

    assert isinstance(error, BodyTooLarge)
    assert error.data == {"bytes_seen": 1001, "limit_bytes": 1000, "what": "wire"}


async def test_an_endless_body_stops_at_the_bound_and_the_connection_is_closed(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(OK + CRLF)
        while True:
            await peer.send(b"x" * 65536)

    error = await failure(site, handle, limits=Limits(wire_bytes=1_000_000))

    assert isinstance(error, BodyTooLarge)
    assert error.data["bytes_seen"] <= 1_000_000 + 65536
    await site.until(lambda: site.n_open == 0)


async def test_chunk_framing_counts_as_bytes_on_the_wire(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(CHUNKED)
        while True:
            await peer.send(b"1;" + b"e" * 5000 + b"\r\nx\r\n")

    error = await failure(site, handle, limits=Limits(wire_bytes=100_000))

    assert isinstance(error, BodyTooLarge)
    assert error.data["what"] == "wire"


async def test_a_body_of_just_the_bound_is_whole(site: HostileSite) -> None:
    assert (
        await body_of(site, answer(b"x" * 1000), limits=Limits(wire_bytes=1000, decoded_bytes=1000))
        == b"x" * 1000
    )


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_is_refused(site: HostileSite, coding: str) -> None:
    bomb = (gzip if coding == "gzip" else zlib).compress(bytes(50_000_000))

    error = await failure(site, answer(bomb, f"Content-Encoding: {coding}"))

    assert isinstance(error, BodyTooLarge)
    assert error.data["what"] == "ratio"


BOMB_SCRIPT = """
import asyncio, resource, sys
from tasks.fetching.errors import BodyTooLarge
from tests.fetching.hostile_site import Limits, fetcher, parse

async def main(href):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with fetcher(limits=Limits(ratio=10**6)) as fetch:
        try:
            await fetch.fetch(parse(href))
        except BodyTooLarge as error:
            print(error.data["what"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(main(sys.argv[1]))
"""


async def test_a_bomb_costs_no_more_memory_than_the_bound_and_a_bit(site: HostileSite) -> None:
    site.route("/", answer(gzip.compress(bytes(300_000_000), 6), "Content-Encoding: gzip"))

    script = [sys.executable, "-c", BOMB_SCRIPT, site.href()]
    run = await asyncio.to_thread(
        subprocess.run, script, capture_output=True, text=True, timeout=60, check=True, cwd=REPOSITORY
    )

    what, grown_kib = run.stdout.split()
    assert what == "decoded"
    assert int(grown_kib) * 1024 < Limits().decoded_bytes + 32 * 1024 * 1024


# --- time ---


async def phase_of(site: HostileSite, handler: Handler, limits: Limits | None = None) -> str:
    error = await failure(site, handler, limits)
    assert isinstance(error, FetchTimeout)
    await site.until(lambda: site.n_open == 0)
    return str(error.data["phase"])


async def test_a_server_that_says_nothing_times_out_at_the_first_byte(site: HostileSite) -> None:
    assert await phase_of(site, Peer.until_gone, limits=Limits(first_byte_seconds=0.1)) == "first_byte"


@pytest.mark.parametrize(
    "start", [OK, OK + b"Content-Length: 10\r\n\r\n", OK + b"Content-Length: 10\r\n\r\nsome"]
)
async def test_a_server_that_falls_silent_times_out_as_idle(site: HostileSite, start: bytes) -> None:
    assert (
        await phase_of(site, raw(start), limits=Limits(idle_seconds=0.1, first_byte_seconds=FOREVER))
        == "idle"
    )


@pytest.mark.parametrize("start", [b"", OK + b"X: ", OK + CRLF])
async def test_dripping_cannot_outlast_the_total(site: HostileSite, start: bytes) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(start)
        await peer.drip(OK + b"x" * 10_000, every_seconds=0.02)

    assert await phase_of(site, handle, limits=Limits(total_seconds=0.3)) == "total"


async def test_the_total_runs_over_all_hops(site: HostileSite) -> None:
    async def slow_redirect(peer: Peer) -> None:
        await asyncio.sleep(0.05)
        await redirect(peer.request.target + "x")(peer)

    for length in range(30):
        site.route("/" + "x" * length, slow_redirect)

    assert await phase_of(site, slow_redirect, limits=Limits(total_seconds=0.3, redirects=29)) == "total"
    assert 2 <= len(site.requests) <= 7


async def test_a_slow_but_steady_body_is_no_idle_one(site: HostileSite) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(OK + b"Content-Length: 10\r\n\r\n")
        await peer.drip(b"0123456789", every_seconds=0.03)

    assert await body_of(site, handle, limits=Limits(idle_seconds=0.15)) == b"0123456789"


async def test_waiting_for_the_gate_is_not_timed(site: HostileSite) -> None:
    @contextlib.asynccontextmanager
    async def gate(url: Url, hop: int) -> AsyncIterator[None]:
        await asyncio.sleep(0.4)
        yield

    site.route("/", answer(b"x"))
    async with fetcher(limits=Limits(total_seconds=0.3)) as fetch:
        page = await fetch.fetch(site.url(), gate=gate)

    assert page.duration_ms < 300


# --- gates and cancelling ---


async def test_each_hop_passes_the_gate_alone_with_its_number(site: HostileSite) -> None:
    passed: list[tuple[str, int, str]] = []

    @contextlib.asynccontextmanager
    async def gate(url: Url, hop: int) -> AsyncIterator[None]:
        passed.append((url.target, hop, "in"))
        yield
        passed.append((url.target, hop, "out"))

    site.route("/", redirect("/next")).route("/next", answer(b"x"))
    async with fetcher() as fetch:
        await fetch.fetch(site.url(), gate=gate)

    assert passed == [("/", 0, "in"), ("/", 0, "out"), ("/next", 1, "in"), ("/next", 1, "out")]


async def test_a_failed_fetch_leaves_the_gate(site: HostileSite) -> None:
    slots = asyncio.Semaphore(1)

    @contextlib.asynccontextmanager
    async def gate(url: Url, hop: int) -> AsyncIterator[None]:
        async with slots:
            yield

    async with fetcher() as fetch:
        for _ in range(3):
            with pytest.raises(Gone):
                await fetch.fetch(site.url("/missing"), gate=gate)

    assert not slots.locked()


@pytest.mark.parametrize("start", [b"", OK, OK + b"Content-Length: 100\r\n\r\nsome"])
async def test_a_cancelled_fetch_leaves_no_connection_open(site: HostileSite, start: bytes) -> None:
    async def handle(peer: Peer) -> None:
        await peer.send(start)
        await peer.until_gone()

    site.route("/", handle)
    async with fetcher() as fetch:
        task = asyncio.create_task(fetch.fetch(site.url()))
        await site.until(lambda: len(site.requests) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await site.until(lambda: site.n_open == 0)


async def test_fetches_cancelled_at_any_moment_leave_the_fetcher_usable(site: HostileSite) -> None:
    site.route("/", answer(b"x" * 100_000))

    async with fetcher() as fetch:
        for n_turns in range(25):
            task = asyncio.create_task(fetch.fetch(site.url()))
            for _ in range(n_turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        pages = await asyncio.gather(*(fetch.fetch(site.url()) for _ in range(10)))
        assert all(len(page.body) == 100_000 for page in pages)

    await site.until(lambda: site.n_open == 0)


async def test_closing_the_fetcher_closes_its_kept_connections(site: HostileSite) -> None:
    site.route("/", answer(b"x"))

    async with fetcher() as fetch:
        await fetch.fetch(site.url())
        assert site.n_open == 1

    await site.until(lambda: site.n_open == 0)


# --- what must never reach the wire ---


@settings(max_examples=100, deadline=None)
@given(
    name=st.text(st.sampled_from("Xab-\r\n\0: é"), min_size=1, max_size=8),
    value=st.text(st.sampled_from("xy\r\n\0 é€"), max_size=8),
)
def test_a_caller_cannot_smuggle_a_line_into_the_request(name: str, value: str) -> None:
    async def run() -> list[bytes]:
        async with HostileSite() as site, fetcher() as fetch:
            site.route("/", answer(b"x"))
            with contextlib.suppress(ProtocolError):
                await fetch.fetch(site.url(), headers={name: value})
            return [request.raw for request in site.requests]

    for sent in asyncio.run(run()):
        assert sent.count(b"\r\n") == sent.count(b"\n") == 7
        assert b"\0" not in sent


@pytest.mark.parametrize("agent", ["", "a\r\nX: y", "a\0", "Röver", " a"])
def test_a_user_agent_that_is_no_header_value_is_refused_at_once(agent: str) -> None:
    with pytest.raises(ValueError, match="user agent"):
        Fetcher(policy=SsrfPolicy(), resolver=Names({}), user_agent=agent)


# --- names ---


async def test_an_unknown_name_fails_as_dns() -> None:
    async with fetcher() as fetch:
        with pytest.raises(DnsFailed):
            await fetch.fetch(parse("http://nowhere.example/"))


# --- local files ---


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "page.html").write_bytes(b"<h1>local</h1>")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return root


def file_fetcher(root: Path, level: Level = Level.PROJECT, **limits: int) -> Fetcher:
    policy = SsrfPolicy(level=level, project_root=root)
    return Fetcher(policy=policy, resolver=Names({}), user_agent="x", limits=Limits(**limits))


async def test_a_file_of_the_project_is_a_page(root: Path) -> None:
    async with file_fetcher(root) as fetch:
        page = await fetch.fetch(parse((root / "docs" / "page.html").as_uri()))

    assert (page.status, page.body, page.header("content-type")) == (200, b"<h1>local</h1>", "text/html")


async def test_a_file_is_refused_below_the_project_level(root: Path) -> None:
    async with file_fetcher(root, Level.LOOPBACK) as fetch:
        with pytest.raises(SsrfDenied) as caught:
            await fetch.fetch(parse((root / "docs" / "page.html").as_uri()))

    assert caught.value.data["reason"] == "file_not_allowed"


async def test_a_link_out_of_the_project_is_refused(root: Path) -> None:
    (root / "link").symlink_to(root.parent / "secret.txt")

    async with file_fetcher(root) as fetch:
        with pytest.raises(SsrfDenied) as caught:
            await fetch.fetch(parse((root / "link").as_uri()))

    assert caught.value.data["reason"] == "file_outside_root"


async def test_a_named_pipe_is_refused_without_waiting_for_a_writer(root: Path) -> None:
    os.mkfifo(root / "pipe")

    async with file_fetcher(root) as fetch:
        with pytest.raises(SsrfDenied):
            await fetch.fetch(parse((root / "pipe").as_uri()))


def test_a_link_put_in_place_after_the_check_is_not_followed(root: Path) -> None:
    (root / "page.html").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)
    os.mkfifo(root / "pipe")

    for name in ("page.html", "folder/secret.txt", "pipe"):
        with pytest.raises(OSError, match=r"link|directory|regular"):
            read_below(root, Path(name), 100)
    assert read_below(root, Path("docs/page.html"), 4) == b"<h1>"


async def test_a_large_file_is_refused(root: Path) -> None:
    async with file_fetcher(root, wire_bytes=13) as fetch:
        with pytest.raises(BodyTooLarge):
            await fetch.fetch(parse((root / "docs" / "page.html").as_uri()))
