"""One task as a JSON snapshot or as a stream, at one address, chosen by the Accept header.

A plain ASGI application in front of Django: a response of Django's that stays open holds a thread, and a
database connection if it has used one. A stream here is two coroutines. One writes; the other waits for the
client to leave, because a server says so only to who asks.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from tasks.core.cursors import START, parse_cursor
from tasks.core.errors import TaskNotFound
from tasks.core.negotiation import MediaType, negotiate
from tasks.streaming.access import Access
from tasks.streaming.errors import LogUnavailable
from tasks.streaming.follower import Follower
from tasks.streaming.framing import FRAMINGS, Framing
from tasks.streaming.grants import Grant
from tasks.streaming.hub import Hub
from tasks.streaming.leaving import Response
from tasks.streaming.lifetime import Streams
from tasks.streaming.log import TaskHead
from tasks.streaming.request import Receive, Scope, Send, StreamRequest, read_request
from workspace.core.credentials import Unauthenticated
from workspace.core.errors import ErrorKind, RoverError

logger = logging.getLogger(__name__)

Snapshot = Callable[[UUID], dict[str, Any]]
Problem = Callable[[RoverError, str], tuple[int, dict[str, Any]]]
Headers = list[tuple[bytes, bytes]]

RETRY_AFTER_SECONDS = 2
# Proxies must neither keep, nor collect, nor compress what is to arrive at once.
STREAM_HEADERS: Headers = [(b"x-accel-buffering", b"no"), (b"content-encoding", b"identity")]


class TaskEndpoint:
    """GET and HEAD of a task.

    `access` says who may read what; `snapshot` gives the JSON form, in a database thread, and without it
    there is none; `problem` renders an error as status and body.
    """

    def __init__(
        self, *, streams: Streams, access: Access, problem: Problem, snapshot: Snapshot | None = None
    ) -> None:
        self._streams = streams
        self._access = access
        self._snapshot = snapshot
        self._problem = problem
        self._offers: Sequence[MediaType] = tuple(MediaType) if snapshot else (MediaType.SSE,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not await _body_has_come(receive):
            return
        request = read_request(scope)
        scope.clear()  # the router made it for this call, which may last for long
        try:
            stream = await self._answer_or_open(request, send)
        except RoverError as error:
            await self._refuse(error, request, send)
            return
        del request  # an open stream keeps what it needs and no more
        if stream is not None:
            await stream.run(receive, send)

    async def _answer_or_open(self, request: StreamRequest, send: Send) -> "_Stream | None":
        """The stream that was asked for, or None when the answer is complete."""
        media = negotiate(request.headers.get("accept"), offers=self._offers)
        snapshot: dict[str, Any] | None = None
        try:
            head, grant = await self._look_up(request)
            if media is MediaType.JSON and self._snapshot:
                snapshot = await self._streams.database.run(self._snapshot, head.task_id)
        except DatabaseError as exc:
            logger.exception("a task could not be looked up")
            raise LogUnavailable("the database cannot be read just now") from exc
        if snapshot is not None:
            await _answer(200, MediaType.JSON, snapshot, request, send)
            return None
        return await self._open(head, grant, FRAMINGS[media], request, send)

    async def _look_up(self, request: StreamRequest) -> tuple[TaskHead, Grant]:
        """The task, if its reader may have it. A stranger's and one of another kind look like none."""
        hub = self._streams.hub()
        grant = await hub.grant(self._access, self._access.credential(request))
        head = None if request.task_id is None else await hub.head(request.task_id)
        if head is None or not grant.reader.may_read(head):
            raise TaskNotFound("there is no such task")
        return head, grant

    async def _open(
        self, head: TaskHead, grant: Grant, framing: Framing, request: StreamRequest, send: Send
    ) -> "_Stream | None":
        cursor = parse_cursor(request.headers.get("last-event-id"), request.query.get("after"))
        if head.ended and cursor == head.last_seq:
            await _send_whole(framing.status_at_end, _content_type(framing.media_type), b"", request, send)
            return None
        opening = framing.opening
        if cursor > head.last_seq:
            opening += framing.reset(head, cursor=cursor, now=timezone.now())
            cursor = START
        if request.method == "HEAD":
            await _start(200, _content_type(framing.media_type) + STREAM_HEADERS, send)
            await send({"type": "http.response.body"})
            return None
        hub = self._streams.hub()
        follower = hub.follow(head=head, grant=grant, framing=framing, position=cursor)
        return _Stream(hub=hub, follower=follower, framing=framing, opening=opening)

    async def _refuse(self, error: RoverError, request: StreamRequest, send: Send) -> None:
        status, body = self._problem(error, request.path)
        headers: Headers = []
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", error.challenge.encode()))
        if error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED):
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        await _answer(status, "application/problem+json", body, request, send, headers)


async def _body_has_come(receive: Receive) -> bool:
    """Pass over the body. False when the client left before its end."""
    while (message := await receive())["type"] == "http.request":
        if not message.get("more_body"):
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """An accepted stream, before its first byte."""

    hub: Hub
    follower: Follower
    framing: Framing
    opening: bytes

    async def run(self, receive: Receive, send: Send) -> None:
        """Write until the task has ended, the stream's time is over, or the client is gone."""
        try:
            self.follower.response = Response()
            await self.follower.response.write(self._write(send), receive)
        finally:
            self.hub.leave(self.follower)

    async def _write(self, send: Send) -> None:
        """Everything there is to say. Each message holds all that is ready."""
        await _start(200, _content_type(self.framing.media_type) + STREAM_HEADERS, send)
        await send({"type": "http.response.body", "body": self.opening, "more_body": True})
        try:
            while data := await self.follower.read():
                await send({"type": "http.response.body", "body": data, "more_body": True})
                del data  # until there is more, which may be long
        except DatabaseError:
            logger.exception("a log could not be read; its stream ends and the client comes back")
        except asyncio.CancelledError:
            # a server that stops may cancel what has just been told to end, before that could say so
            if farewell := self.follower.farewell():
                await send({"type": "http.response.body", "body": farewell})
                await _loop_has_come_round()
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.hub.is_closed:
            await _loop_has_come_round()


async def _loop_has_come_round() -> None:
    """Daphne hands bytes to the kernel when its loop comes round again, and drops them if by then it stops
    and no application is at work any more."""
    for _ in range(2):
        await asyncio.sleep(0)


def _content_type(media_type: str) -> Headers:
    suffix = "; charset=utf-8" if media_type == MediaType.SSE else ""
    return [(b"content-type", f"{media_type}{suffix}".encode())]


async def _answer(
    status: int,
    media_type: str,
    body: dict[str, Any],
    request: StreamRequest,
    send: Send,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    data = json.dumps(body, separators=(",", ":")).encode()
    await _send_whole(status, [*_content_type(media_type), *headers], data, request, send)


async def _send_whole(status: int, headers: Headers, body: bytes, request: StreamRequest, send: Send) -> None:
    if status != 204:  # which has no content and says so by its number (RFC 9110 §8.6)
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await _start(status, headers, send)
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def _start(status: int, headers: Headers, send: Send) -> None:
    always: Headers = [
        (b"vary", b"Accept, Authorization"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *always]})
