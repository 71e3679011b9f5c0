"""One TCP or TLS connection as the HTTP parser reads it: metered, with one timer for all of its waits."""

import asyncio
import ssl
from collections import deque
from typing import Any, cast

import httpcore

from tasks.fetching.errors import ConnectFailed, FetchTimeout, Truncated
from tasks.fetching.limits import Limits
from tasks.fetching.metering import AnswerMeter

HIGH_WATER_BYTES = 256 * 1024  # reading pauses above, so that a slow consumer does not buffer a whole body
LOW_WATER_BYTES = 64 * 1024


class Wire(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """A connection that was dialled to a screened address.

    Time-outs come from `Limits`; those that the parser passes are ignored. Closing is always an abort: what a
    fetch leaves unread must not keep a socket open.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._n_buffered = 0
        self._is_reading_paused = False
        self._is_ended = False  # no more input will come
        self._broken_by: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._watchdog: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.meter = AnswerMeter(limits)
        self.n_exchanges = 0
        self.is_end_read = False

    def begin_exchange(self) -> None:
        """Starts counting anew; to be called before each request."""
        self.n_exchanges += 1
        self.meter = AnswerMeter(self._limits)

    @property
    def is_stale(self) -> bool:
        """Whether this is a reused connection that the server had given up: nothing answers the request, and
        it may be sent again elsewhere (RFC 9112 section 9.3.1)."""
        return self.n_exchanges > 1 and not self.meter.n_bytes

    # --- what the HTTP parser calls ---

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, b'' at a clean end.

        Raises: FetchTimeout with phase first_byte or idle; ConnectFailed when the connection ends within the
        header, Truncated when it breaks within the body; what `AnswerMeter.feed` raises.
        """
        if not self._chunks and not self._is_ended:
            await self._wait_for_input()
        if not self._chunks:
            return self._end_of_input()
        data = self._take(max_bytes)
        self.meter.feed(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends `buffer`.

        Raises: httpcore.WriteError, upon which the parser looks whether an answer came all the same.
        """
        if self._is_ended or self._transport is None:
            raise httpcore.WriteError("the connection is closed")
        if buffer:
            self._transport.write(buffer)
        if not self._writable.is_set():
            await self._wait_until_writable()

    async def aclose(self) -> None:
        """Closes at once; never waits for the peer."""
        self.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Wire":
        """This connection, now encrypted, with the certificate checked for `server_hostname`.

        Raises: ssl.SSLError, OSError, and ConnectionError when the peer spoke before the hand-shake: such
        bytes came in clear, and would be taken for the answer.
        """
        assert self._transport is not None  # noqa: S101  # dialled before it gets here
        if self._chunks or self._is_ended:
            raise ConnectionAbortedError("unexpected bytes before the TLS hand-shake")
        secured = await self._loop.start_tls(
            self._transport, self, ssl_context, server_hostname=server_hostname
        )
        self._transport = cast(asyncio.Transport, secured)
        return self

    def get_extra_info(self, info: str) -> Any:
        """`is_readable` (unasked input or the end has come), `server_addr`, `ssl_object`; None for others."""
        if info == "is_readable":
            return bool(self._chunks) or self._is_ended
        if self._transport is None:
            return None
        name = {"server_addr": "peername"}.get(info, info)
        return self._transport.get_extra_info(name)

    def abort(self) -> None:
        """Gives the connection up; `lost` is done once the socket is closed."""
        self._is_ended = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if self._transport is not None:
            self._transport.abort()

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._n_buffered += len(data)
        is_full = self._n_buffered > HIGH_WATER_BYTES and not self._is_reading_paused
        if is_full and self._transport is not None:
            self._is_reading_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._is_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_ended = True
        self._broken_by = self._broken_by or exc
        self._writable.set()
        if not self.lost.done():
            self.lost.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- inside ---

    def _take(self, max_bytes: int) -> bytes:
        data = self._chunks.popleft()
        if len(data) > max_bytes:
            self._chunks.appendleft(data[max_bytes:])
            data = data[:max_bytes]
        self._n_buffered -= len(data)
        if self._is_reading_paused and self._n_buffered <= LOW_WATER_BYTES and self._transport is not None:
            self._is_reading_paused = False
            self._transport.resume_reading()
        return data

    def _end_of_input(self) -> bytes:
        if not self.meter.is_head_complete:
            raise ConnectFailed("the connection was closed before an answer") from self._broken_by
        if self._broken_by is not None:
            raise Truncated("the connection broke within the body") from self._broken_by
        self.is_end_read = True
        return b""

    async def _wait_for_input(self) -> None:
        is_first = not self.meter.n_bytes
        self._waiter = self._loop.create_future()
        self._arm(self._limits.first_byte_seconds if is_first else self._limits.idle_seconds)
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _wait_until_writable(self) -> None:
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                await self._writable.wait()
        except TimeoutError as exc:
            raise FetchTimeout("the server did not take the request in time", phase="idle") from exc

    def _arm(self, seconds: float) -> None:
        """Sets the deadline of the wait. The timer is left running from wait to wait and only looks at the
        deadline when it fires, which spares a timer for each chunk."""
        self._deadline = self._loop.time() + seconds
        if self._watchdog is not None and self._watchdog.when() > self._deadline:
            self._watchdog.cancel()
            self._watchdog = None
        if self._watchdog is None:
            self._watchdog = self._loop.call_at(self._deadline, self._bark)

    def _bark(self) -> None:
        self._watchdog = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._watchdog = self._loop.call_at(self._deadline, self._bark)
            return
        phase = "idle" if self.meter.n_bytes else "first_byte"
        self._waiter.set_exception(FetchTimeout("the server did not answer in time", phase=phase))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
