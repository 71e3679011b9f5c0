"""One GET through its redirects: screened, pinned, bounded, with one typed error for each way to fail."""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self

from tasks.fetching.answering import Answer
from tasks.fetching.decoding import ACCEPT_ENCODING
from tasks.fetching.errors import DecodeFailed, FetchError, FetchTimeout, Gone, HttpStatus, ProtocolError
from tasks.fetching.limits import Limits
from tasks.fetching.local_files import read_file
from tasks.fetching.redirecting import REDIRECT_STATUSES, Hop, Trip
from tasks.fetching.resolving import Resolver
from tasks.fetching.screening import Rejected, SsrfPolicy, denied, screen_url
from tasks.fetching.transport import GuardedTransport
from tasks.fetching.urls import Url

__all__ = ["Fetched", "Fetcher", "Gate", "Hop", "Limits"]

ACCEPT = "text/html,application/xhtml+xml,text/markdown;q=0.9,*/*;q=0.8"
IDENTITY = "identity"
MAX_HINT_CHARS = 100

RESET_CONTENT = 205  # has no body, whatever its framing says (RFC 9110 section 15.3.6)
PARTIAL_CONTENT = 206
NOT_MODIFIED = 304
GONE_STATUSES = frozenset({404, 410})
RETRYABLE_STATUSES = frozenset({408, 425, 429})

Gate = Callable[[Url, int], AbstractAsyncContextManager[None]]
"""Entered around the exchange of each hop (the first is 0), left before the next; waiting for it is free."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A final answer.

    `headers`: names in lower case, values read as latin-1, in order. `body`: without content coding.
    `wire_bytes`: the body as sent. `duration_ms`: without waiting for gates. `status`: 2xx, 304 if the caller
    sent a condition, or a redirect status without `Location`.
    """

    url: Url
    final_url: Url
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    wire_bytes: int
    redirects: tuple[Hop, ...]
    downgraded: bool
    duration_ms: int

    def header(self, name: str) -> str | None:
        """The value of a header field, several joined by ', ' (RFC 9110 section 5.3); None if absent."""
        wanted = name.lower()
        values = [value for key, value in self.headers if key == wanted]
        return ", ".join(values) if values else None


@dataclass(slots=True)
class _Visit:
    """What one hop gave: a place to go on to, or a body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    wire_bytes: int = 0
    target: Url | None = None


class _Clock:
    """Time left for one fetch; it runs only inside `running`."""

    def __init__(self, total_seconds: float) -> None:
        self._total_seconds = total_seconds
        self.spent_seconds = 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._total_seconds - self.spent_seconds):
                yield
        except TimeoutError as exc:
            raise FetchTimeout("the fetch took too long", phase="total") from exc
        finally:
            self.spent_seconds += time.monotonic() - started


class Fetcher:
    """Fetches for one batch: shares kept connections, never cookies. Use as an async context manager.

    Raises: ValueError for a user agent that is no header value, or an SSL context that does not verify.
    """

    def __init__(
        self,
        *,
        policy: SsrfPolicy,
        resolver: Resolver,
        user_agent: str,
        limits: Limits | None = None,
        keepalive: int = 64,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if not re.fullmatch(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", user_agent):
            raise ValueError("the user agent must be printable ASCII")
        self._policy = policy
        self._user_agent = user_agent
        self._limits = limits or Limits()
        self._transport = GuardedTransport(
            policy=policy,
            resolver=resolver,
            limits=self._limits,
            keepalive=keepalive,
            ssl_context=ssl_context,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._transport.aclose()

    async def fetch(
        self, url: Url, *, gate: Gate | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Fetched:
        """The final answer to a GET of `url`.

        `headers` go along, secrets among them only within the first origin; those that the transport sets
        itself and `Referer` are left out.

        Raises: FetchError subclasses only: InvalidUrl and SsrfDenied also for a redirect (`data.hop`),
        DnsFailed, ConnectFailed, TlsFailed, FetchTimeout, TooManyRedirects, RedirectLoop, HeaderTooLarge,
        BodyTooLarge, DecodeFailed, Truncated, ProtocolError; Gone and HttpStatus for other than success, with
        `data.http_status` and, if the server named one, `data.retry_after` and `data.date` as sent.
        """
        trip = Trip(url, headers)
        clock = _Clock(self._limits.total_seconds)
        enter = gate or _open_gate
        self._screen(url, 0)
        while True:
            async with enter(trip.url, trip.n_hops), clock.running():
                visit = await self._visit(trip)
            if visit.target is None:
                return _fetched(url, trip, visit, clock)
            self._screen(visit.target, trip.n_hops + 1)
            trip.follow(visit.target, visit.status, self._limits.redirects)

    def _screen(self, url: Url, hop: int) -> None:
        if url.scheme == "file" and hop == 0:
            return  # screened where it is read, in a thread: that looks at the disk
        verdict = screen_url(self._policy, url, hop)
        if isinstance(verdict, Rejected):
            raise denied(verdict, policy=self._policy, url=url, hop=hop)

    async def _visit(self, trip: Trip) -> _Visit:
        if trip.url.scheme == "file":
            return await self._read_file(trip.url)
        try:
            return await self._exchange(trip, ACCEPT_ENCODING)
        except DecodeFailed:
            # Some servers name a coding they did not apply; asked for none, most of them send none.
            return await self._exchange(trip, IDENTITY)

    async def _read_file(self, url: Url) -> _Visit:
        body, media_type = await asyncio.to_thread(read_file, self._policy, url, self._limits.wire_bytes)
        headers = (("content-type", media_type), ("content-length", str(len(body))))
        return _Visit(status=200, headers=headers, body=body, wire_bytes=len(body))

    async def _exchange(self, trip: Trip, accept_encoding: str) -> _Visit:
        headers = self._request_headers(trip, accept_encoding)
        answer = await self._transport.exchange(trip.url, headers, hop=trip.n_hops)
        async with contextlib.aclosing(answer):
            trip.note_cookies(answer)
            target = trip.next_url(answer)
            if target is not None:
                await answer.discard()
                return _Visit(status=answer.status, headers=answer.headers, target=target)
            if (failure := _status_failure(answer, trip)) is not None:
                await answer.discard()
                raise failure
            body = b"" if answer.status == RESET_CONTENT else await _read(answer)
        return _Visit(status=answer.status, headers=answer.headers, body=body, wire_bytes=answer.wire_bytes)

    def _request_headers(self, trip: Trip, accept_encoding: str) -> list[tuple[bytes, bytes]]:
        fields = {"accept": ACCEPT, **trip.headers()}
        own = {"host": trip.url.netloc, "user-agent": self._user_agent}
        try:
            return [
                (name.title().encode("ascii"), value.encode("latin-1"))
                for name, value in (*own.items(), *fields.items(), ("accept-encoding", accept_encoding))
            ]
        except UnicodeEncodeError as exc:
            raise ProtocolError("a request header cannot be written as HTTP") from exc


@contextlib.asynccontextmanager
async def _open_gate(url: Url, hop: int) -> AsyncIterator[None]:
    yield


async def _read(answer: Answer) -> bytes:
    async with contextlib.aclosing(answer.decoded()) as stream:
        parts = [part async for part in stream]
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _status_failure(answer: Answer, trip: Trip) -> FetchError | None:
    """The error that a final status means; None for one that gives a page."""
    status = answer.status
    if status == NOT_MODIFIED and not trip.is_conditional:
        return ProtocolError("the server answered 304 to a request without a condition", http_status=status)
    if status == PARTIAL_CONTENT and not trip.asks_for_range:
        return ProtocolError("the server sent a part of the page unasked", http_status=status)
    if 200 <= status < 300 or status == NOT_MODIFIED or status in REDIRECT_STATUSES:
        return None
    error = Gone if status in GONE_STATUSES else HttpStatus
    retryable = status in RETRYABLE_STATUSES or 500 <= status < 600
    hint = _retry_hint(answer)
    return error(f"the server answered {status}", retryable=retryable, http_status=status, **hint)


def _retry_hint(answer: Answer) -> dict[str, str]:
    """`Retry-After` as sent, with the `Date` that an HTTP-date in it is relative to (RFC 9110 10.2.3)."""
    hint = {"retry_after": answer.values("retry-after"), "date": answer.values("date")}
    if not hint["retry_after"]:
        return {}
    return {name: values[0][:MAX_HINT_CHARS] for name, values in hint.items() if values}


def _fetched(url: Url, trip: Trip, visit: _Visit, clock: _Clock) -> Fetched:
    return Fetched(
        url=url,
        final_url=trip.url,
        status=visit.status,
        headers=visit.headers,
        body=visit.body,
        wire_bytes=visit.wire_bytes,
        redirects=tuple(trip.hops),
        downgraded=trip.downgraded,
        duration_ms=round(clock.spent_seconds * 1000),
    )
