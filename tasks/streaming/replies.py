"""Answers of the ASGI endpoints in front of Django: what every one of them carries, and how it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.core.negotiation import MediaType
from tasks.core.wire import json_line
from tasks.streaming.request import Send

Headers = list[tuple[bytes, bytes]]

RETRY_AFTER_SECONDS = 2
NO_CONTENT = 204
PROBLEM = "application/problem+json"
# Proxies must neither keep, nor collect, nor compress what is to arrive at once.
STREAM_HEADERS: Headers = [(b"x-accel-buffering", b"no"), (b"content-encoding", b"identity")]


def header_lines(headers: Mapping[str, str]) -> Headers:
    """The same as ASGI wants it."""
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]


class Replies:
    """How one endpoint answers; `always` goes with each answer."""

    def __init__(self, always: Mapping[str, str]) -> None:
        self._always = header_lines(always)

    async def json(
        self,
        status: int,
        body: Mapping[str, Any],
        *,
        method: str,
        send: Send,
        media_type: str = MediaType.JSON,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        """A whole answer as compact JSON."""
        data = json_line(dict(body)).encode()
        await self.whole(status, media_type, data, method=method, send=send, headers=headers)

    async def whole(
        self,
        status: int,
        media_type: str,
        body: bytes,
        *,
        method: str,
        send: Send,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        """A whole answer; HEAD gets its headers alone."""
        lines = [*content_type(media_type), *headers]
        if status != NO_CONTENT:  # which has no content and says so by its number (RFC 9110 §8.6)
            lines.append((b"content-length", str(len(body)).encode()))
        await self.start(status, lines, send=send)
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    async def start(self, status: int, headers: Headers, *, send: Send) -> None:
        """Status and headers of an answer whose body follows."""
        await send({"type": "http.response.start", "status": status, "headers": [*headers, *self._always]})


def content_type(media_type: str) -> Headers:
    """The Content-Type line; server-sent events are always UTF-8, and say so for old clients."""
    suffix = "; charset=utf-8" if media_type == MediaType.SSE else ""
    return [(b"content-type", f"{media_type}{suffix}".encode())]
