"""One extraction child as its owner's event loop sees it: ask, and wait without blocking."""

import asyncio
import json
from typing import Any, cast

from tasks.fetching.extraction.wire import MAX_FRAME_BYTES, PREFIX, pack


class ChildLost(Exception):
    """The child ended, or said something that no child says, before it answered."""


class Channel(asyncio.Protocol):
    """Frames of one child. One question at a time; `pid` is known after `greeted`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid: int | None = None
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiter: asyncio.Future[tuple[dict[str, Any], bytes]] | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) < PREFIX.size:
            return
        head_length, body_length = PREFIX.unpack_from(self._received)
        end = PREFIX.size + head_length + body_length
        if end > MAX_FRAME_BYTES or len(self._received) > end:
            self.close()
        elif len(self._received) == end:
            self._deliver(PREFIX.size + head_length)

    def _deliver(self, body_start: int) -> None:
        try:
            head = json.loads(self._received[PREFIX.size : body_start])
        except (ValueError, RecursionError):
            self.close()
            return
        body = bytes(self._received[body_start:])
        self._received.clear()
        if self._waiter is None or self._waiter.done() or not isinstance(head, dict):
            self.close()
            return
        self._waiter.set_result((head, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._received.clear()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ChildLost())

    @property
    def usable(self) -> bool:
        """Whether a question can still be sent."""
        return not self._lost and self._transport is not None and not self._transport.is_closing()

    async def greeted(self) -> None:
        """Wait for the child's first words.

        Raises:
            ChildLost: it never came to life.
        """
        head, _ = await self._next()
        self.pid = int(head.get("pid", 0)) or None

    async def ask(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """The head and the body of the child's answer.

        Raises:
            ChildLost: the child ended first.
        """
        transport = self._transport
        if transport is None or not self.usable:
            raise ChildLost
        answer = self._next()
        transport.write(pack(head, len(body)))
        transport.write(body)
        return await answer

    def _next(self) -> "asyncio.Future[tuple[dict[str, Any], bytes]]":
        self._waiter = asyncio.get_running_loop().create_future()
        if self._lost:
            self._waiter.set_exception(ChildLost())
        return self._waiter

    def close(self) -> None:
        """Drop the connection at once, with whatever was still to be sent."""
        if self._transport is not None:
            self._transport.abort()
