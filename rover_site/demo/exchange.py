"""One request in the hands of a handler that writes its own bytes."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from rover_site.demo.page import Header, head
from rover_site.demo.request import Request


class ClientGone(Exception):
    """The client closed the connection; nothing is left to do for it."""


@dataclass(slots=True)
class Exchange:
    """A request, and raw access to its connection. `base_url` has no slash at its end."""

    request: Request
    transport: asyncio.Transport
    base_url: str
    writable: asyncio.Event
    hit: int  # how often this path was asked for so far, this request included
    closing: bool = field(default=False)

    def number(self, name: str, default: int, *, high: int) -> int:
        """A number from the query string, held within 0 and `high`; `default` when absent or no number."""
        text = self.request.query.get(name, "")
        return min(int(text), high) if text.isascii() and text.isdigit() else default

    async def write(self, data: bytes) -> None:
        """Writes raw bytes and waits until the client has room for more. Raises: ClientGone."""
        if self.transport.is_closing():
            raise ClientGone
        self.transport.write(data)
        await self.writable.wait()
        if self.transport.is_closing():
            raise ClientGone

    async def answer(
        self,
        body: bytes,
        *,
        status: int = 200,
        content_type: str = "text/html; charset=utf-8",
        headers: Sequence[Header] = (),
    ) -> None:
        """Writes a well-formed answer with a length. Raises: ClientGone."""
        fields = [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]
        await self.write(head(status, fields) + (b"" if self.request.method == "HEAD" else body))

    def close(self) -> None:
        """Ends the connection in good order once everything written is out."""
        self.closing = True

    def reset(self) -> None:
        """Ends the connection with a TCP reset: a zero linger time drops what is unsent."""
        sock = self.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        self.closing = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Code that answers by itself, and the status that it is going to send."""

    run: Callable[[Exchange], Awaitable[None]]
    status: int = 200
