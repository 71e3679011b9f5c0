"""One HTTP response: its header at once, its body while it arrives."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

import httpcore

from tasks.fetching.decoding import BodyDecoder, too_large
from tasks.fetching.errors import FetchError, ProtocolError, Truncated
from tasks.fetching.limits import Limits
from tasks.fetching.wire import Wire

DISCARD_BYTES = 64 * 1024  # reading this much costs less than a new TLS hand-shake
DISCARD_SECONDS = 0.5


@dataclass(slots=True, eq=False, kw_only=True)
class Link:
    """A connection with its HTTP state."""

    origin: str
    wire: Wire
    http: httpcore.AsyncHTTP11Connection


class Answer:
    """One response whose body is still on the wire. Close it; an unread body closes the connection."""

    def __init__(
        self, link: Link, response: httpcore.Response, limits: Limits, keep: Callable[[Link], None]
    ) -> None:
        self._link = link
        self._response = response
        self._limits = limits
        self._keep = keep
        self.status = response.status
        self.headers = tuple((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in response.headers)

    def values(self, name: str) -> list[str]:
        """The values of all fields called `name` (lower-case), in order."""
        return [value for key, value in self.headers if key == name]

    @property
    def wire_bytes(self) -> int:
        """Body bytes read so far, as sent: coded, with chunk framing."""
        return self._link.wire.meter.body_bytes

    @property
    def content_length(self) -> int | None:
        """The declared size in bytes; None if there is none, or if the body is chunked (RFC 9112 6.3)."""
        lengths = self.values("content-length")
        return int(lengths[0]) if lengths and not self.values("transfer-encoding") else None

    async def decoded(self) -> AsyncGenerator[bytes, None]:
        """The body in parts, without chunk framing and content coding.

        Raises: BodyTooLarge, before the first read if the declared size tells; DecodeFailed; Truncated;
        ProtocolError; FetchTimeout with phase idle.
        """
        decoder = BodyDecoder(self.values("content-encoding"), self._limits)
        declared = self.content_length
        if declared is not None and declared > self._limits.wire_bytes:
            raise too_large("wire", declared, self._limits.wire_bytes)
        async with aclosing(self._chunks()) as chunks:
            async for chunk in chunks:
                if part := decoder.feed(chunk):
                    yield part
        decoder.finish()

    async def discard(self) -> None:
        """Reads the rest of a body nobody wants, if it is small and comes at once, so that the connection can
        be used again; else it will be closed."""
        declared = self.content_length
        if declared is not None and declared > DISCARD_BYTES:
            return
        with contextlib.suppress(TimeoutError, FetchError):
            async with asyncio.timeout(DISCARD_SECONDS), aclosing(self._chunks()) as chunks:
                async for _ in chunks:
                    if self.wire_bytes > DISCARD_BYTES:
                        break

    async def aclose(self) -> None:
        """Ends the exchange, and keeps the connection if the body was read to a clean end."""
        try:
            await self._response.aclose()
        finally:
            is_clean = self._link.wire.meter.ends_cleanly(self.content_length)
            if self._link.http.is_idle() and is_clean:
                self._keep(self._link)
            else:
                self._link.wire.abort()

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        # The parser's stream is an async generator: closed here, it does not wait for the garbage collector.
        stream = cast(AsyncGenerator[bytes, None], aiter(cast(AsyncIterable[bytes], self._response.stream)))
        try:
            async with aclosing(stream):
                async for chunk in stream:
                    yield chunk
        except httpcore.RemoteProtocolError as exc:
            if self._link.wire.is_end_read:
                raise Truncated("the body ended early", bytes_seen=self.wire_bytes) from exc
            raise ProtocolError("the body is not valid HTTP") from exc
