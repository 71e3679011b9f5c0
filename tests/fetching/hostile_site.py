"""A raw socket server on loopback that says whatever a test tells it to, and names that point at it.

A handler gets a `Peer` and writes bytes; after it returns, the next request of the connection is read, unless
it closed or reset the connection. A path without a handler answers 404.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from tasks.fetching.errors import DnsFailed
from tasks.fetching.fetcher import Fetcher
from tasks.fetching.limits import Limits
from tasks.fetching.screening import Level, SsrfPolicy
from tasks.fetching.urls import Url, parse

PATIENCE_SECONDS = 5.0
CRLF = b"\r\n"
# Cancelled as well: asyncio.streams of Python 3.11 logs a cancelled conversation as an error.
_ENDINGS = (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came: `raw` is everything up to and including the blank line."""

    target: str
    headers: Mapping[str, str]
    raw: bytes
    connection: int


@dataclass(slots=True, eq=False)
class Peer:
    """The connection of one client, as a handler sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    request: Received = field(init=False)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data: bytes, every_seconds: float) -> None:
        """One byte at a time, for ever slower than patience allows."""
        for position in range(len(data)):
            await self.send(data[position : position + 1])
            await asyncio.sleep(every_seconds)

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Until the client has closed its end."""
        with contextlib.suppress(ConnectionError):
            await self.reader.read()


Handler = Callable[[Peer], Awaitable[None]]


def answer(
    body: bytes = b"", *fields: str, status: str = "200 OK", length: int | None = None, close: bool = False
) -> Handler:
    """A handler for one whole response; `length` replaces the true Content-Length."""
    declared = f"Content-Length: {len(body) if length is None else length}"
    lines = (f"HTTP/1.1 {status}", declared, *fields, *(["Connection: close"] if close else []))
    return raw("".join(f"{line}\r\n" for line in lines).encode("latin-1") + CRLF + body, close=close)


def redirect(location: str | bytes, *fields: str, status: str = "302 Found") -> Handler:
    """A handler that answers with `Location`."""
    value = location if isinstance(location, bytes) else location.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n" + "".join(f"{line}\r\n" for line in fields)
    return raw(head.encode("latin-1") + b"Location: " + value + CRLF + CRLF)


def raw(data: bytes, *, close: bool = False, reset: bool = False) -> Handler:
    """A handler that sends `data` as it is, and then closes or resets."""

    async def handle(peer: Peer) -> None:
        await peer.send(data)
        if reset:
            peer.reset()
        elif close:
            peer.close()

    return handle


class HostileSite:
    """Listens on `host` at a free port; use as an async context manager. Counts everything it sees."""

    def __init__(self, *, host: str = "127.0.0.1", ssl_context: ssl.SSLContext | None = None) -> None:
        self._host = host
        self._ssl_context = ssl_context
        self._routes: dict[str, Handler] = {}
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.on_connect: Handler | None = None
        self.requests: list[Received] = []
        self.n_connections = 0
        self.n_open = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._converse, self._host, self.port, ssl=self._ssl_context
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def route(self, path: str, handler: Handler) -> Self:
        """Answers requests for exactly `path` (with query) by `handler`."""
        self._routes[path] = handler
        return self

    def href(self, path: str = "/", host: str | None = None) -> str:
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://{host or self._host}:{self.port}{path}"

    def url(self, path: str = "/", host: str | None = None) -> Url:
        return parse(self.href(path, host))

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns once `holds()`; it is looked at whenever a connection or request comes or goes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        self.n_connections += 1
        self.n_open += 1
        peer = Peer(reader, writer, self.n_connections)
        try:
            with contextlib.suppress(*_ENDINGS):
                await self._serve(peer)
        finally:
            writer.transport.abort()
            self.n_open -= 1
            self._conversations.discard(task)
            self._changed.set()

    async def _serve(self, peer: Peer) -> None:
        self._changed.set()
        if self.on_connect is not None:
            await self.on_connect(peer)
        while not peer.writer.is_closing():
            head = await peer.reader.readuntil(CRLF + CRLF)
            peer.request = _received(head, peer.number)
            self.requests.append(peer.request)
            self._changed.set()
            await self._routes.get(peer.request.target, answer(b"not here", status="404 Not Found"))(peer)
        await peer.until_gone()


def _received(head: bytes, connection: int) -> Received:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Received(target=first.split(" ")[1], headers=headers, raw=head, connection=connection)


class Names:
    """A resolver whose names change their minds: each look-up takes the next answer, the last one stays."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._answers = answers
        self.asked: Counter[str] = Counter()

    async def resolve(self, host: str) -> tuple[str, ...]:
        answers = self._answers.get(host)
        if answers is None:
            raise DnsFailed("no such name", retryable=False)
        n_asked = self.asked[host]
        self.asked[host] += 1
        return tuple(answers[min(n_asked, len(answers) - 1)])


async def turns(count: int = 10) -> None:
    """Lets everything that is ready in this event loop happen, `count` times."""
    for _ in range(count):
        await asyncio.sleep(0)


def fetcher(
    names: Names | None = None,
    *,
    level: Level = Level.LOOPBACK,
    keepalive: int = 64,
    ssl_context: ssl.SSLContext | None = None,
    limits: Limits | None = None,
) -> Fetcher:
    """A fetcher that may reach loopback."""
    return Fetcher(
        policy=SsrfPolicy(level=level),
        resolver=names or Names({}),
        user_agent="RoverTest/1.0 (+https://rover.example/bot)",
        limits=limits,
        keepalive=keepalive,
        ssl_context=ssl_context,
    )
