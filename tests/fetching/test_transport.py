import asyncio
import contextlib
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from typing import cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.fetching.answering import DISCARD_BYTES
from tasks.fetching.dialing import first_to_succeed
from tasks.fetching.errors import (
    BodyTooLarge,
    ConnectFailed,
    DnsFailed,
    FetchError,
    FetchTimeout,
    SsrfDenied,
)
from tasks.fetching.limits import Limits
from tasks.fetching.metering import AnswerMeter
from tasks.fetching.screening import Level, SsrfPolicy
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import parse
from tasks.fetching.wire import Wire
from tests.fetching.hostile_site import (
    PATIENCE_SECONDS,
    HostileSite,
    Names,
    Peer,
    answer,
    fetcher,
    raw,
    redirect,
    turns,
)

PRIVATE = "10.0.0.5"


@pytest.fixture
async def site() -> AsyncIterator[HostileSite]:
    async with HostileSite() as site:
        yield site.route("/", answer(b"page"))


# --- only screened addresses are dialled ---


async def test_the_address_is_dialled_and_the_name_is_sent(site: HostileSite) -> None:
    async with fetcher(Names({"site.example": [("127.0.0.1",)]})) as fetch:
        await fetch.fetch(site.url(host="site.example"))

    assert site.requests[0].headers["host"] == f"site.example:{site.port}"


@pytest.mark.parametrize(
    "addresses",
    [
        (PRIVATE,),
        ("127.0.0.1", PRIVATE),
        ("127.0.0.1", "169.254.169.254"),
        ("127.0.0.1", "fe80::1%2"),
        ("127.0.0.1", "::1%1"),
        ("127.0.0.1", "not-an-address"),
        (*(f"127.0.1.{number}" for number in range(63)), PRIVATE),
    ],
)
async def test_one_refused_address_refuses_the_name_without_a_dial(
    site: HostileSite, addresses: tuple[str, ...]
) -> None:
    async with fetcher(Names({"mixed.example": [addresses]})) as fetch:
        with pytest.raises((SsrfDenied, DnsFailed)):
            await fetch.fetch(site.url(host="mixed.example"))

    assert site.n_connections == 0


async def test_a_name_without_addresses_is_no_pass(site: HostileSite) -> None:
    async with fetcher(Names({"empty.example": [()]})) as fetch:
        with pytest.raises(DnsFailed):
            await fetch.fetch(site.url(host="empty.example"))

    assert site.n_connections == 0


async def test_a_name_is_looked_up_once_for_each_connection_and_not_for_each_request(
    site: HostileSite,
) -> None:
    names = Names({"site.example": [("127.0.0.1",)]})

    async with fetcher(names) as fetch:
        for _ in range(3):
            await fetch.fetch(site.url(host="site.example"))

    assert (names.asked["site.example"], site.n_connections) == (1, 1)


async def test_a_name_that_turns_private_is_refused_at_the_next_connection(site: HostileSite) -> None:
    names = Names({"rebound.example": [("127.0.0.1",), (PRIVATE,)]})
    site.route("/", answer(b"page", close=True))

    async with fetcher(names) as fetch:
        await fetch.fetch(site.url(host="rebound.example"))
        with pytest.raises(SsrfDenied) as caught:
            await fetch.fetch(site.url(host="rebound.example"))

    assert caught.value.data["reason"] == "private"
    assert site.n_connections == 1


async def test_a_request_sent_again_on_a_new_connection_is_screened_again(site: HostileSite) -> None:
    names = Names({"rebound.example": [("127.0.0.1",), (PRIVATE,)]})

    async def once_then_give_up(peer: Peer) -> None:
        if len(site.requests) == 1:
            await answer(b"page")(peer)
        else:
            peer.close()

    site.route("/", once_then_give_up)
    async with fetcher(names) as fetch:
        await fetch.fetch(site.url(host="rebound.example"))
        with pytest.raises(SsrfDenied):
            await fetch.fetch(site.url(host="rebound.example"))

    assert site.n_connections == 1


async def test_proxies_of_the_environment_are_ignored(
    site: HostileSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HostileSite(host="127.0.0.4") as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.href())
        async with fetcher() as fetch:
            page = await fetch.fetch(site.url())

    assert (page.body, proxy.n_connections) == (b"page", 0)


# --- reaching one of several addresses ---


async def test_a_dead_address_falls_over_to_the_next_checked_one(site: HostileSite) -> None:
    async with fetcher(Names({"site.example": [("127.0.0.8", "127.0.0.1")]})) as fetch:
        assert (await fetch.fetch(site.url(host="site.example"))).body == b"page"


@contextlib.contextmanager
def black_hole(host: str, port: int = 0) -> Iterator[int]:
    """An address that answers no hand-shake: its queue of connections is full. Gives the port."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_an_address_that_does_not_answer_is_overtaken_by_the_next() -> None:
    with black_hole("127.0.0.5") as port:
        site = HostileSite()
        site.port = port
        names = Names({"site.example": [("127.0.0.5", "127.0.0.1")]})
        async with site.route("/", answer(b"page")), fetcher(names) as fetch:
            page = await fetch.fetch(site.url(host="site.example"))

    assert page.body == b"page"
    assert page.duration_ms < 2000


async def test_an_address_that_does_not_answer_times_out_as_connect() -> None:
    with black_hole("127.0.0.5") as port:
        async with fetcher(
            Names({"hole.example": [("127.0.0.5",)]}), limits=Limits(connect_seconds=0.1)
        ) as fetch:
            with pytest.raises(FetchTimeout) as caught:
                await fetch.fetch(parse(f"http://hole.example:{port}/"))

    assert caught.value.data["phase"] == "connect"


async def test_when_every_address_is_dead_the_connection_fails() -> None:
    async with HostileSite() as site:
        url = site.url(host="dead.example")

    async with fetcher(Names({"dead.example": [("127.0.0.1", "127.0.0.8", "127.0.0.9")]})) as fetch:
        with pytest.raises(ConnectFailed):
            await fetch.fetch(url)


async def test_a_race_that_is_won_leaves_one_connection(site: HostileSite) -> None:
    async with fetcher(Names({"site.example": [("127.0.0.1", "127.0.0.1", "127.0.0.1")]})) as fetch:
        await fetch.fetch(site.url(host="site.example"))
        await site.until(lambda: site.n_open == 1)


class Connected:
    def __init__(self) -> None:
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


async def test_of_two_connections_made_at_the_same_moment_one_is_closed() -> None:
    wires = [Connected(), Connected()]
    may_connect = asyncio.Event()
    n_dials = 0

    async def dial(wire: Connected) -> Wire:
        nonlocal n_dials
        n_dials += 1
        if n_dials == len(wires):
            may_connect.set()
        await may_connect.wait()
        return cast(Wire, wire)

    winner = await first_to_succeed([dial(wire) for wire in wires])
    await turns()

    assert sorted(wire.is_aborted for wire in wires) == [False, True]
    assert not cast(Connected, winner).is_aborted


# --- one connection ---


@contextlib.asynccontextmanager
async def wire_to(site: HostileSite) -> AsyncIterator[Wire]:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(Limits()), "127.0.0.1", site.port)
    try:
        yield wire
    finally:
        wire.abort()
        await wire.lost


async def test_a_server_cannot_send_more_than_is_read(site: HostileSite) -> None:
    total = 64 * 1024 * 1024
    n_sent = 0

    async def flood(peer: Peer) -> None:
        nonlocal n_sent
        while n_sent < total:
            await peer.send(bytes(65536))
            n_sent += 65536
        await peer.until_gone()

    site.on_connect = flood
    async with wire_to(site):
        async with asyncio.timeout(PATIENCE_SECONDS):
            seen = -1
            while seen < n_sent:  # until it stalls
                seen = n_sent
                await turns(200)

    assert 0 < n_sent < total


async def test_bytes_in_clear_before_the_hand_shake_are_refused(site: HostileSite) -> None:
    site.on_connect = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    async with wire_to(site) as wire:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wire.get_extra_info("is_readable"):
                await turns()
        with pytest.raises(ConnectionAbortedError):
            await wire.start_tls(ssl.create_default_context(), "secure.example")


async def test_little_of_an_unwanted_body_is_read(site: HostileSite) -> None:
    async def endless(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 302 Found\r\n\r\n")
        while True:
            await peer.send(bytes(65536))

    site.route("/", endless)
    transport = GuardedTransport(policy=SsrfPolicy(level=Level.LOOPBACK), resolver=Names({}))
    unwanted = await transport.exchange(site.url(), [(b"Host", site.url().netloc.encode())])
    await unwanted.discard()

    assert unwanted.wire_bytes <= DISCARD_BYTES + 65536
    await unwanted.aclose()
    await transport.aclose()


# --- keeping connections ---


async def test_a_connection_is_used_again_for_the_same_origin_only(site: HostileSite) -> None:
    async with HostileSite() as other:
        other.route("/", answer(b"other"))
        async with fetcher() as fetch:
            for _ in range(2):
                await fetch.fetch(site.url())
                await fetch.fetch(other.url())

        assert (site.n_connections, other.n_connections) == (1, 1)


async def test_two_names_of_one_address_do_not_share_a_connection(site: HostileSite) -> None:
    async with fetcher(Names({"a.example": [("127.0.0.1",)], "b.example": [("127.0.0.1",)]})) as fetch:
        await fetch.fetch(site.url(host="a.example"))
        await fetch.fetch(site.url(host="b.example"))

    assert site.n_connections == 2


async def test_no_more_idle_connections_are_kept_than_allowed(site: HostileSite) -> None:
    async with fetcher(keepalive=2) as fetch:
        await asyncio.gather(*(fetch.fetch(site.url()) for _ in range(6)))
        await site.until(lambda: site.n_open == 2)


async def test_a_connection_that_the_server_gave_up_is_replaced(site: HostileSite) -> None:
    async def answer_once(peer: Peer) -> None:
        await answer(b"page")(peer)
        peer.close()

    site.route("/", answer_once)
    async with fetcher() as fetch:
        for _ in range(3):
            assert (await fetch.fetch(site.url())).body == b"page"


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_connection_that_breaks_when_it_is_used_again_is_replaced_once(
    site: HostileSite, end: str
) -> None:
    async def give_up_the_second_time(peer: Peer) -> None:
        if len(site.requests) == 2:
            getattr(peer, end)()
        else:
            await answer(b"page")(peer)

    site.route("/", give_up_the_second_time)
    async with fetcher() as fetch:
        await fetch.fetch(site.url())
        assert (await fetch.fetch(site.url())).body == b"page"

    assert [request.connection for request in site.requests] == [1, 1, 2]


async def test_a_new_connection_that_breaks_is_not_tried_again(site: HostileSite) -> None:
    site.route("/", raw(b"", close=True))

    async with fetcher() as fetch:
        with pytest.raises(ConnectFailed):
            await fetch.fetch(site.url())

    assert len(site.requests) == 1


SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage" + SMUGGLED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n" + SMUGGLED,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED + b"0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n" + SMUGGLED,
        b"HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + SMUGGLED[:20],
    ],
)
async def test_bytes_after_an_answer_are_never_the_answer_to_the_next_request(
    site: HostileSite, first: bytes
) -> None:
    site.route("/1", raw(first)).route("/2", answer(b"true"))

    async with fetcher() as fetch:
        await fetch.fetch(site.url("/1"))
        assert (await fetch.fetch(site.url("/2"))).body == b"true"


async def test_many_fetches_of_many_hosts_at_once_all_come_home() -> None:
    async with HostileSite() as site:
        names = {f"h{number}.example": [("127.0.0.1",)] for number in range(10)}
        for number in range(100):
            site.route(f"/{number}", answer(b"%d" % number))
        async with fetcher(Names(names)) as fetch:
            urls = [site.url(f"/{number}", host=f"h{number % 10}.example") for number in range(100)]
            pages = await asyncio.gather(*map(fetch.fetch, urls))

    assert [page.body for page in pages] == [b"%d" % number for number in range(100)]


async def test_a_large_body_passes_whole_through_a_slow_reader(site: HostileSite) -> None:
    body = bytes(range(256)) * 20_000
    site.route("/", answer(body))

    async with fetcher() as fetch:
        assert (await fetch.fetch(site.url())).body == body


# --- counting ---


@settings(max_examples=150, deadline=None)
@given(
    n_interim=st.integers(0, 3),
    body=st.binary(max_size=50),
    end=st.sampled_from([b"\r\n", b"\n"]),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_a_head_is_counted_alike_however_it_is_cut(
    n_interim: int, body: bytes, end: bytes, cuts: list[int]
) -> None:
    heads = [b"HTTP/1.1 103 Early Hints", b"Link: </a>", b""] * n_interim + [b"HTTP/1.1 200 OK", b"A: b", b""]
    head = b"".join(line + end for line in heads)
    stream = head + body
    meter = AnswerMeter(Limits())
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, stop in pairwise(edges):
        meter.feed(stream[start:stop])

    assert meter.is_head_complete
    assert (meter.head_bytes, meter.body_bytes, meter.n_bytes) == (len(head), len(body), len(stream))


@pytest.mark.parametrize(
    "field", ["connect_seconds", "total_seconds", "wire_bytes", "ratio", "header_fields"]
)
def test_a_limit_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(**{field: 0})


def test_a_header_bound_that_the_parser_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="header_bytes"):
        Limits(header_bytes=200_000)


# --- as the transport of an httpx client ---


def client(names: Names | None = None, **limits: int) -> httpx.AsyncClient:
    transport = GuardedTransport(
        policy=SsrfPolicy(level=Level.LOOPBACK), resolver=names or Names({}), limits=Limits(**limits)
    )
    return httpx.AsyncClient(transport=transport, trust_env=False)


async def test_an_httpx_client_gets_a_decoded_body(site: HostileSite) -> None:
    site.route("/", answer(gzip.compress(b"page"), "Content-Encoding: gzip"))

    async with client() as http:
        response = await http.get(site.href())

    assert (response.status_code, response.content) == (200, b"page")
    assert site.requests[0].headers["accept-encoding"] == "gzip, deflate"


async def test_an_httpx_client_can_post(site: HostileSite) -> None:
    async def echo(peer: Peer) -> None:
        await answer(await peer.reader.readexactly(300_000))(peer)

    site.route("/", echo)
    async with client() as http:
        response = await http.post(site.href(), content=b"x" * 300_000)

    assert response.content == b"x" * 300_000


async def test_an_httpx_client_cannot_choose_the_host_header(site: HostileSite) -> None:
    async with client() as http:
        await http.get(site.href(), headers={"Host": "evil.example"})

    assert site.requests[0].headers["host"] == f"127.0.0.1:{site.port}"


@pytest.mark.parametrize("href", ["http://10.0.0.5/", "http://private.example/", "http://127.0.0.1:22/"])
async def test_an_httpx_client_is_held_to_the_policy(href: str) -> None:
    async with client(Names({"private.example": [(PRIVATE,)]})) as http:
        with pytest.raises(SsrfDenied):
            await http.get(href)


async def test_redirects_of_an_httpx_client_are_held_to_the_policy(site: HostileSite) -> None:
    site.route("/", redirect("http://2852039166/latest/"))

    async with client() as http:
        with pytest.raises(SsrfDenied):
            await http.get(site.href(), follow_redirects=True)


async def test_an_httpx_client_is_held_to_the_size_limits(site: HostileSite) -> None:
    site.route("/", answer(gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"))

    async with client() as http:
        with pytest.raises(BodyTooLarge):
            await http.get(site.href())
    await site.until(lambda: site.n_open == 0)


async def test_a_post_does_not_use_a_connection_that_the_server_has_closed(site: HostileSite) -> None:
    async def answer_once(peer: Peer) -> None:
        await answer(b"page")(peer)
        peer.close()

    site.route("/", answer_once)
    async with client() as http:
        await http.get(site.href())
        await turns()
        assert (await http.post(site.href())).content == b"page"

    assert [request.connection for request in site.requests] == [1, 2]


async def test_a_post_on_a_connection_that_was_given_up_is_not_sent_twice(site: HostileSite) -> None:
    async def give_up_the_second_time(peer: Peer) -> None:
        if len(site.requests) == 2:
            peer.reset()
        else:
            await answer(b"page")(peer)

    site.route("/", give_up_the_second_time)
    async with client() as http:
        await http.get(site.href())
        with pytest.raises(FetchError):
            await http.post(site.href())

    assert len(site.requests) == 2
