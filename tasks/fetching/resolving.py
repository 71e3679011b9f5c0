"""Host names to numeric addresses: the system resolver off the event loop, and a cache for one batch."""

import asyncio
import contextlib
import errno
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Protocol

from tasks.fetching.errors import DnsFailed, FetchTimeout

DNS_SECONDS = 5.0
DNS_THREADS = 32  # the loop's default pool has 6 threads on 2 cores: 6 slow names would stall every fetch
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
CACHE_HOSTS = 4096  # a batch with redirects meets hundreds of hosts, not thousands


class Resolver(Protocol):
    """Names to addresses; the answer is not screened."""

    async def resolve(self, host: str) -> tuple[str, ...]:
        """The numeric addresses of `host` in dial order, at least one.

        Raises: DnsFailed, FetchTimeout with phase dns.
        """


@dataclass(slots=True)
class _Question:
    host: str
    answer: asyncio.Future[tuple[str, ...]]


_Questions = queue.SimpleQueue[_Question | None]


class SystemResolver:
    """getaddrinfo in a pool of daemon threads.

    The threads are daemons because getaddrinfo cannot be interrupted, and a dead name server must not hold up
    the end of the process. `timeout_seconds` covers the wait for a thread too.
    """

    def __init__(self, *, threads: int = DNS_THREADS, timeout_seconds: float = DNS_SECONDS) -> None:
        self._max_threads = threads
        self._timeout_seconds = timeout_seconds
        self._questions: _Questions = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._n_idle = threading.Semaphore(0)
        self._is_closed = False

    async def resolve(self, host: str) -> tuple[str, ...]:
        """See `Resolver.resolve`. `localhost` and names below it are loopback without a query (RFC 6761
        section 6.3), IPv4 and IPv6 addresses alternate (RFC 8305 section 4)."""
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return LOOPBACK_ADDRESSES
        if self._is_closed or name.endswith((".invalid", ".onion")):  # RFC 6761 section 6.4, RFC 7686
            raise _no_answer(retryable=False)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._ask(host)
        except TimeoutError as exc:
            raise FetchTimeout("the name server did not answer in time", phase="dns") from exc

    def close(self) -> None:
        """Lets the threads end once they are idle; later questions fail."""
        self._is_closed = True
        for _ in self._threads:
            self._questions.put(None)

    async def _ask(self, host: str) -> tuple[str, ...]:
        question = _Question(host, asyncio.get_running_loop().create_future())
        self._questions.put(question)
        # A thread that hangs in an abandoned look-up is not idle, so its place is filled by a new one.
        if not self._n_idle.acquire(blocking=False) and len(self._threads) < self._max_threads:
            self._start_thread()
        return await question.answer

    def _start_thread(self) -> None:
        name = f"rover-dns-{len(self._threads)}"
        args = (self._questions, self._n_idle)
        thread = threading.Thread(target=_answer_questions, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


class CachingResolver:
    """Remembers answers for `ttl_seconds`, and asks `inner` once for callers that want the same host at once.

    Failures are not remembered. An answer from the cache is screened like a fresh one at each new connection.
    """

    def __init__(
        self, inner: Resolver, *, ttl_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._ttl_seconds = ttl_seconds
        self._clock = clock
        self._answers: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._flights: dict[str, _Flight] = {}

    async def resolve(self, host: str) -> tuple[str, ...]:
        """See `Resolver.resolve`."""
        known = self._answers.get(host)
        if known is not None and self._clock() < known[0]:
            return known[1]
        flight = self._flights.get(host)
        if flight is None:
            flight = self._flights[host] = _Flight(asyncio.create_task(self._fly(host)))
        flight.n_passengers += 1
        try:
            # The task must outlive one cancelled caller, but not the last.
            return await asyncio.shield(flight.task)
        finally:
            flight.n_passengers -= 1
            if not flight.n_passengers:
                self._abandon(host, flight)

    def _abandon(self, host: str, flight: "_Flight") -> None:
        flight.task.cancel()  # does nothing to a task that is done
        if self._flights.get(host) is flight:
            del self._flights[host]

    async def _fly(self, host: str) -> tuple[str, ...]:
        addresses = await self._inner.resolve(host)
        if len(self._answers) >= CACHE_HOSTS:
            self._answers.clear()
        self._answers[host] = (self._clock() + self._ttl_seconds, addresses)
        return addresses


@dataclass(slots=True)
class _Flight:
    """One question under way, with the number of callers that wait for it."""

    task: asyncio.Task[tuple[str, ...]]
    n_passengers: int = 0


def _answer_questions(questions: _Questions, n_idle: threading.Semaphore) -> None:
    while (question := _next_question(questions, n_idle)) is not None:
        if question.answer.cancelled():  # nobody waits any more
            continue
        outcome = _look_up(question.host)
        with contextlib.suppress(RuntimeError):  # a closed loop took the question with it
            question.answer.get_loop().call_soon_threadsafe(_settle, question.answer, outcome)


def _next_question(questions: _Questions, n_idle: threading.Semaphore) -> _Question | None:
    try:
        return questions.get_nowait()
    except queue.Empty:
        n_idle.release()
        return questions.get()


def _settle(answer: asyncio.Future[tuple[str, ...]], outcome: tuple[str, ...] | DnsFailed) -> None:
    if answer.done():
        return
    if isinstance(outcome, DnsFailed):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)


def _look_up(host: str) -> tuple[str, ...] | DnsFailed:
    try:
        # As bytes: a str would go through Python's own IDNA codec, a second reading of the name.
        found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        return _no_answer(retryable=exc.errno != socket.EAI_NONAME)
    except (OSError, UnicodeError) as exc:
        return _no_answer(retryable=getattr(exc, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM))
    addresses = _in_dial_order(_numeric(family, sockaddr) for family, *_, sockaddr in found)
    return addresses or _no_answer(retryable=False)


def _numeric(family: int, sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    address = str(sockaddr[0])
    if family == socket.AF_INET6 and len(sockaddr) == 4 and sockaddr[3] and "%" not in address:
        return f"{address}%{sockaddr[3]}"  # keep the zone visible: the screen refuses scoped addresses
    return address


def _in_dial_order(addresses: Iterable[str]) -> tuple[str, ...]:
    """Without repetitions, families taking turns, the system's first choice (RFC 6724) first."""
    unique = list(dict.fromkeys(addresses))
    first = [address for address in unique if (":" in address) == (":" in unique[0])]
    second = [address for address in unique if (":" in address) != (":" in unique[0])]
    return tuple(address for address in chain.from_iterable(zip_longest(first, second)) if address)


def _no_answer(*, retryable: bool) -> DnsFailed:
    return DnsFailed("the host name could not be resolved", retryable=retryable)
