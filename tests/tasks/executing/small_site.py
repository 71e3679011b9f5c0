"""A web site of a few pages on loopback, with a record of what was asked of it."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

HTML = "text/html; charset=utf-8"
Page = tuple[int, str, str]
"""Status, content type (for a redirect: its target) and body."""
Maker = Callable[[dict[str, str]], str]
"""Makes a body for a query."""


class SmallSite:
    """Serves `pages` by path: a body, a `Maker`, or a `Page`. `delay` seconds go before each
    answer but that of robots.txt. `{base}` in a body stands for the site's address."""

    def __init__(self, pages: Mapping[str, Any], *, delay: float = 0.0) -> None:
        self._pages = pages
        self._delay = delay
        self._answering: set[asyncio.Task[Any]] = set()
        self.paths: list[str] = []
        self.base_url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for answering in self._answering:  # since Python 3.12 `wait_closed` waits for each of them
            answering.cancel()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.current_task()
        assert answering is not None
        self._answering.add(answering)
        try:
            line = await reader.readline()
            while (await reader.readline()).strip():
                pass
            target = line.split(b" ")[1].decode()
            self.paths.append(target)
            if self._delay and target != "/robots.txt":
                await asyncio.sleep(self._delay)
            writer.write(self._answer(target))
            await writer.drain()
        except (ConnectionError, IndexError):
            pass
        finally:
            self._answering.discard(answering)
            writer.close()

    def _answer(self, target: str) -> bytes:
        parts = urlsplit(target)
        found = self._pages.get(parts.path)
        status, kind, body = (404, HTML, "<h1>Missing</h1>") if found is None else (200, HTML, "")
        if callable(found):
            body = found({name: values[0] for name, values in parse_qs(parts.query).items()})
        elif isinstance(found, tuple):
            status, kind, body = found
        elif found is not None:
            body = found
        payload = body.replace("{base}", self.base_url).encode()
        where = (
            f"Location: {kind.replace('{base}', self.base_url)}"
            if 300 <= status < 400
            else f"Content-Type: {kind}"
        )
        head = (
            f"HTTP/1.1 {status} X\r\n{where}\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + payload
