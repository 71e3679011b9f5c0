import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fetching.errors import DnsFailed, FetchTimeout
from tasks.fetching.resolving import CachingResolver, Resolver, SystemResolver
from tests.fetching.hostile_site import PATIENCE_SECONDS, Names, turns

FOREVER = 3600.0


@pytest.fixture
async def resolver() -> AsyncIterator[SystemResolver]:
    resolver = SystemResolver(timeout_seconds=PATIENCE_SECONDS)
    yield resolver
    resolver.close()


class NameServer:
    """Stands in for the C library's getaddrinfo: no test may ask a real name server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []
        self.answers: dict[str, list[Any] | Exception] = {}
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: bytes, *_: object, **__: object) -> list[Any]:
        self.asked.append(host.decode())
        if host.startswith(b"slow"):
            self.release.wait(PATIENCE_SECONDS)
        answer = self.answers.get(host.decode(), [v4("127.0.0.1")])
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Any:
    server = NameServer(monkeypatch)
    yield server
    server.release.set()


def v4(address: str) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))


def v6(address: str, scope: int = 0) -> tuple[Any, ...]:
    return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 0, 0, scope))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "app.localhost", "a.b.localhost."])
async def test_localhost_is_loopback_without_a_question(
    resolver: SystemResolver, name_server: NameServer, host: str
) -> None:
    assert await resolver.resolve(host) == ("127.0.0.1", "::1")
    assert name_server.asked == []


@pytest.mark.parametrize("host", ["x.invalid", "X.INVALID.", "site.onion"])
async def test_names_that_must_not_leave_the_machine_do_not(
    resolver: SystemResolver, name_server: NameServer, host: str
) -> None:
    with pytest.raises(DnsFailed):
        await resolver.resolve(host)
    assert name_server.asked == []


async def test_families_take_turns_after_the_systems_first_choice(
    resolver: SystemResolver, name_server: NameServer
) -> None:
    found = [
        v6("2001:db8::1"),
        v6("2001:db8::2"),
        v6("2001:db8::1"),
        v4("192.0.2.1"),
        v4("192.0.2.2"),
        v4("192.0.2.3"),
    ]
    name_server.answers["dual.example"] = found

    addresses = await resolver.resolve("dual.example")

    assert addresses == ("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3")


async def test_the_zone_of_an_address_stays_visible(
    resolver: SystemResolver, name_server: NameServer
) -> None:
    name_server.answers["zoned.example"] = [v6("fe80::1", scope=2)]

    assert await resolver.resolve("zoned.example") == ("fe80::1%2",)


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (OSError("broken"), False),
        ([], False),
    ],
)
async def test_a_name_without_an_answer_fails(
    resolver: SystemResolver, name_server: NameServer, answer: list[Any] | Exception, retryable: bool
) -> None:
    name_server.answers["broken.example"] = answer

    with pytest.raises(DnsFailed) as caught:
        await resolver.resolve("broken.example")

    assert caught.value.retryable is retryable


async def test_a_slow_name_times_out_while_the_loop_goes_on(name_server: NameServer) -> None:
    resolver = SystemResolver(timeout_seconds=0.1)
    task = asyncio.create_task(resolver.resolve("slow.example"))
    n_turns = 0
    while not task.done():
        await asyncio.sleep(0.001)
        n_turns += 1
    resolver.close()

    with pytest.raises(FetchTimeout) as caught:
        await task
    assert caught.value.data["phase"] == "dns"
    assert n_turns > 10


async def test_a_slow_name_does_not_hold_up_the_next(
    name_server: NameServer, resolver: SystemResolver
) -> None:
    slow = asyncio.create_task(resolver.resolve("slow.example"))

    assert await resolver.resolve("quick.example") == ("127.0.0.1",)
    assert not slow.done()
    name_server.release.set()
    await slow


async def test_a_name_given_up_does_not_keep_later_names_waiting(name_server: NameServer) -> None:
    resolver = SystemResolver(threads=2, timeout_seconds=0.05)
    with pytest.raises(FetchTimeout):
        await resolver.resolve("slow.example")

    assert await resolver.resolve("quick.example") == ("127.0.0.1",)
    resolver.close()


async def test_threads_are_reused_and_never_more_than_allowed(name_server: NameServer) -> None:
    resolver = SystemResolver(threads=3)
    before = threading.active_count()

    await asyncio.gather(*(resolver.resolve(f"h{number}.example") for number in range(50)))

    assert threading.active_count() - before <= 3
    assert len(name_server.asked) == 50
    resolver.close()


async def test_a_closed_resolver_answers_no_more_and_its_threads_end(name_server: NameServer) -> None:
    before = set(threading.enumerate())
    resolver = SystemResolver()
    await resolver.resolve("a.example")
    threads = set(threading.enumerate()) - before

    resolver.close()

    with pytest.raises(DnsFailed):
        await resolver.resolve("a.example")
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert threads
    assert not any(thread.is_alive() for thread in threads)


def test_a_hanging_name_server_does_not_hold_up_the_end_of_the_process(name_server: NameServer) -> None:
    async def run() -> None:
        with pytest.raises(FetchTimeout):
            await SystemResolver(timeout_seconds=0.05).resolve("slow.example")

    started = time.monotonic()
    asyncio.run(run())
    dns_threads = [thread for thread in threading.enumerate() if thread.name.startswith("rover-dns")]

    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert all(thread.daemon for thread in dns_threads)


# --- the cache of a batch ---


class Gated:
    """A resolver that answers when told to, and counts."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.n_asked = 0
        self.n_cancelled = 0
        self.error: Exception | None = None

    async def resolve(self, host: str) -> tuple[str, ...]:
        self.n_asked += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.n_cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return ("127.0.0.1",)


async def test_an_answer_is_remembered_until_it_is_too_old() -> None:
    now = [0.0]
    names = Names({"a.example": [("127.0.0.1",), ("127.0.0.2",)]})
    cached: Resolver = CachingResolver(names, ttl_seconds=60, clock=lambda: now[0])

    first = await cached.resolve("a.example")
    now[0] = 59.9
    second = await cached.resolve("a.example")
    now[0] = 60.0
    third = await cached.resolve("a.example")

    assert (first, second, third) == (("127.0.0.1",), ("127.0.0.1",), ("127.0.0.2",))


async def test_callers_at_once_share_one_question() -> None:
    inner = Gated()
    cached = CachingResolver(inner)
    tasks = [asyncio.create_task(cached.resolve("a.example")) for _ in range(20)]
    await turns()
    inner.may_answer.set()

    assert set(await asyncio.gather(*tasks)) == {("127.0.0.1",)}
    assert inner.n_asked == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered() -> None:
    inner = Gated()
    inner.error = DnsFailed("no")
    inner.may_answer.set()
    cached = CachingResolver(inner)

    outcomes = await asyncio.gather(*(cached.resolve("a.example") for _ in range(3)), return_exceptions=True)
    inner.error = None

    assert [type(outcome) for outcome in outcomes] == [DnsFailed] * 3
    assert await cached.resolve("a.example") == ("127.0.0.1",)


async def test_one_caller_who_leaves_does_not_spoil_it_for_the_others() -> None:
    inner = Gated()
    cached = CachingResolver(inner)
    first, second = (asyncio.create_task(cached.resolve("a.example")) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    inner.may_answer.set()

    assert await second == ("127.0.0.1",)
    assert first.cancelled()


async def test_a_question_nobody_waits_for_is_dropped_and_can_be_asked_again() -> None:
    inner = Gated()
    cached = CachingResolver(inner)
    task = asyncio.create_task(cached.resolve("a.example"))
    await turns()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    inner.may_answer.set()

    assert await cached.resolve("a.example") == ("127.0.0.1",)
    assert (inner.n_asked, inner.n_cancelled) == (2, 1)


@given(moves=st.lists(st.sampled_from(["join", "leave", "answer"]), max_size=15))
def test_no_caller_is_ever_cancelled_by_another(moves: list[str]) -> None:
    async def run() -> None:
        inner = Gated()
        cached = CachingResolver(inner, ttl_seconds=0)
        waiting: list[asyncio.Task[tuple[str, ...]]] = []
        stayed: list[asyncio.Task[tuple[str, ...]]] = []
        for move in moves:
            if move == "join":
                waiting.append(asyncio.create_task(cached.resolve("a.example")))
            elif move == "leave" and waiting:
                waiting.pop(0).cancel()
            else:
                inner.may_answer.set()
                stayed += waiting
                waiting = []
            await asyncio.sleep(0)
        inner.may_answer.set()
        assert set(await asyncio.gather(*stayed, *waiting)) <= {("127.0.0.1",)}

    asyncio.run(run())
