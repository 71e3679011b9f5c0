"""One client connection of the demo site: requests in, answers out, one at a time and in order."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from rover_site.demo.exchange import ClientGone, Exchange, Handler
from rover_site.demo.origin_log import OriginLog
from rover_site.demo.page import Wire, head
from rover_site.demo.request import BadRequest, Request, RequestReader


class Answers(Protocol):
    """What a connection needs to know of the site."""

    log: OriginLog
    delay: float

    def answer(self, request: Request, address: str) -> Wire | Handler: ...

    def base_url_of(self, address: str) -> str: ...


class Connection(asyncio.Protocol):
    """Stored pages are written without a task; a handler gets one, cancelled when its client leaves."""

    def __init__(self, site: Answers, on_close: Callable[["Connection"], None]) -> None:
        self._site = site
        self._on_close = on_close
        self._reader = RequestReader()
        self._waiting: deque[Request] = deque()
        self._busy = False
        self._ending = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._address: str = transport.get_extra_info("sockname")[0]
        self._site.log.connected()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        try:
            self._waiting.extend(self._reader.feed(data))
        except BadRequest:
            self._ending = True
            self.transport.write(head(400, [("Content-Length", "0"), ("Connection", "close")]))
            self.transport.close()
            return
        if not self._busy:
            self._next()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.clear()
        self._writable.set()
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()
        if self._busy:
            self._done()
        self._on_close(self)

    def _next(self) -> None:
        while self._waiting and not self._busy and not self._ending:
            self._start(self._waiting.popleft())

    def _start(self, request: Request) -> None:
        self._busy = True
        found = self._site.answer(request, self._address)
        self._site.log.arrived(
            address=self._address,
            host=request.headers.get("host", ""),
            method=request.method,
            path=request.path,
            status=found.status,
        )
        if self._site.delay:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._site.delay, self._give_late, request, found)
        else:
            self._give(request, found)

    def _give_late(self, request: Request, found: Wire | Handler) -> None:
        self._timer = None
        self._give(request, found)
        self._next()

    def _give(self, request: Request, found: Wire | Handler) -> None:
        if isinstance(found, Handler):
            self._task = asyncio.get_running_loop().create_task(self._handle(request, found))
            return
        self._done()
        self.transport.write(_bytes_of(found, request))
        if not request.keep_alive:
            self._ending = True
            self.transport.close()

    async def _handle(self, request: Request, handler: Handler) -> None:
        exchange = Exchange(
            request=request,
            transport=self.transport,
            base_url=self._site.base_url_of(self._address),
            writable=self._writable,
            hit=self._site.log.hits(request.path),
        )
        try:
            await handler.run(exchange)
        except ClientGone:
            return
        except BaseException:
            self.transport.abort()  # a handler that fails must not leave its client waiting
            raise
        self._task = None
        self._done()
        if exchange.closing or not request.keep_alive:
            self._ending = True
            self.transport.close()
        self._next()

    def _done(self) -> None:
        if self._busy:
            self._busy = False
            self._site.log.finished(self._address)


def _bytes_of(found: Wire, request: Request) -> bytes:
    squeeze = request.accepts_gzip
    if found.status == 200 and request.headers.get("if-none-match") == found.etag:
        return found.not_modified
    if request.method == "HEAD":
        return found.squeezed_head if squeeze else found.plain_head
    return found.squeezed if squeeze else found.plain
