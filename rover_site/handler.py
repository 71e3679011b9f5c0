"""Django's requests on a few lasting threads.

Django's own ASGI handler gives every request a fresh thread, and so a fresh database connection, and passes
each synchronous middleware through the event loop. Here the whole chain is synchronous and runs in one step
in one of a fixed number of threads that keep their connections. The price: a view that is slow holds one of
them, and a client that leaves does not stop its view, only the stream that the view returned. So views that
wait for somebody else's server are marked (`workspace.io.waiting.waits_for_others`) and have threads of their
own: a host that never answers must not stop this server.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from contextvars import Context, copy_context
from threading import get_ident
from typing import Any, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_resolver, resolve, set_script_prefix

from tasks.io.database_threads import DatabaseThreads
from tasks.streaming.leaving import Response
from workspace.io.waiting import is_waiting

SQLITE_THREADS = 1  # SQLite has one writer; more threads only wait for its lock, unfairly
POSTGRES_THREADS = 4
WAITING_THREADS = 4


def default_threads() -> int:
    """How many threads serve Django: the setting, or what suits the database."""
    suited = SQLITE_THREADS if connection.vendor == "sqlite" else POSTGRES_THREADS
    return settings.ROVER.web_threads or suited


class LeanHandler(ASGIHandler):
    """An ASGI application for HTTP. Replaces the methods of Django's handler that choose threads."""

    def __init__(self, *, n_threads: int) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        _ = get_resolver().url_patterns  # imports the views now: a broken one stops the start, not a request
        self.threads = DatabaseThreads(name="rover-django", size=n_threads)
        self.waiting_threads = DatabaseThreads(name="rover-waiting", size=WAITING_THREADS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        context = copy_context()  # what a view leaves behind, a language say, must not reach the next request
        with closing(body):
            known = _with_length(scope, body)
            threads = self.waiting_threads if _waits_for_others(scope) else self.threads
            thread, response = await threads.submit(lambda: context.run(self._respond, known, body))
            if not response.streaming:
                await self.send_response(response, send)
                return
            try:
                streaming = cast("StreamingHttpResponse", response)
                await Response().write(self._send_stream(streaming, send, context, threads, thread), receive)
            finally:
                # shielded: the file or cursor behind the response is closed even if the server cancels us
                await asyncio.shield(threads.submit(lambda: context.run(response.close), thread=thread))

    def _respond(self, scope: Any, body: Any) -> tuple[int, HttpResponseBase]:
        """The response and the thread that made it. One that is complete is closed here already: its content
        stays, and the signal that hands back the connection is sent where the connection is."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, error = self.create_request(scope, body)
        response = cast("HttpResponseBase", error if request is None else self.get_response(request))
        response._handler_class = self.__class__  # type: ignore[attr-defined]  # the sender of its closing signal
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.streaming:
            response.close()
        return get_ident(), response

    async def _send_stream(
        self,
        response: StreamingHttpResponse,
        send: Any,
        context: Context,
        threads: DatabaseThreads,
        thread: int,
    ) -> None:
        """An asynchronous iterator is read here; a synchronous one where the response was made, a part at a
        time, so that a slow client does not hold the thread."""
        if not response.is_async:

            def step(call: Callable[[], bytes | None]) -> Awaitable[bytes | None]:
                return threads.submit(lambda: context.run(call), thread=thread)

            parts = iter(cast("Iterator[bytes]", response.streaming_content))
            response.streaming_content = _parts_by_steps(parts, step)
        await self.send_response(response, send)


def _waits_for_others(scope: Any) -> bool:
    """Whether the request starts such a view. Only forms do, so that other requests pay for no second look at
    their path."""
    if scope["method"] != "POST" or not scope["path"].startswith("/workspace/"):
        return False
    try:
        return is_waiting(resolve(scope["path"]).func)
    except Resolver404:
        return False


def _with_length(scope: Any, body: Any) -> Any:
    """A request sent in chunks says nothing of its length, and without one Django and the REST framework take
    the body for empty. It is here in full, so its length is known."""
    if any(name.lower() == b"content-length" for name, _ in scope["headers"]):
        return scope
    length = body.seek(0, os.SEEK_END)
    body.seek(0)
    return (
        scope | {"headers": [*scope["headers"], (b"content-length", str(length).encode())]}
        if length
        else scope
    )


async def _parts_by_steps(
    parts: Iterator[bytes], step: Callable[[Callable[[], bytes | None]], Awaitable[bytes | None]]
) -> AsyncIterator[bytes]:
    while (part := await step(lambda: next(parts, None))) is not None:
        yield part
