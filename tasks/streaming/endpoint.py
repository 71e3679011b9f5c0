"""One task as a JSON snapshot or as a stream, at one address, chosen by the Accept header.

A plain ASGI application in front of Django: a response of Django's that stays open holds a thread, and a
database connection if it has used one. A stream here is two coroutines. One writes; the other waits for the
client to leave, because a server says so only to who asks.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from tasks.core.cursors import START, parse_cursor
from tasks.core.errors import TaskNotFound
from tasks.core.negotiation import MediaType, negotiate
from tasks.streaming.access import Access
from tasks.streaming.errors import LogUnavailable
from tasks.streaming.framing import FRAMINGS, Framing
from tasks.streaming.grants import Grant
from tasks.streaming.lifetime import Streams
from tasks.streaming.log import TaskHead
from tasks.streaming.replies import (
    NO_CONTENT,
    PROBLEM,
    RETRY_AFTER_SECONDS,
    STREAM_HEADERS,
    Headers,
    Replies,
    content_type,
)
from tasks.streaming.request import Receive, Scope, Send, StreamRequest, read_request
from tasks.streaming.stream import Stream
from workspace.core.credentials import Unauthenticated
from workspace.core.errors import ErrorKind, RoverError

logger = logging.getLogger(__name__)

Snapshot = Callable[[UUID], dict[str, Any]]
Problem = Callable[[RoverError, str], tuple[int, dict[str, Any]]]
_ALWAYS = {
    "Vary": "Accept, Authorization",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


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
        self._replies = Replies(_ALWAYS)
        self._offers: Sequence[MediaType] = tuple(MediaType) if snapshot else (MediaType.SSE,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not await body_has_come(receive):
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

    async def _answer_or_open(self, request: StreamRequest, send: Send) -> Stream | None:
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
            await self._replies.json(200, snapshot, method=request.method, send=send)
            return None
        cursor = parse_cursor(request.headers.get("last-event-id"), request.query.get("after"))
        return await open_stream(
            self._streams, head, grant, FRAMINGS[media], cursor, request.method, send, self._replies
        )

    async def _look_up(self, request: StreamRequest) -> tuple[TaskHead, Grant]:
        """The task, if its reader may have it. A stranger's and one of another kind look like none."""
        hub = self._streams.hub()
        grant = await hub.grant(self._access, self._access.credential(request))
        head = None if request.task_id is None else await hub.head(request.task_id)
        if head is None or not grant.reader.may_read(head):
            raise TaskNotFound("there is no such task")
        return head, grant

    async def _refuse(self, error: RoverError, request: StreamRequest, send: Send) -> None:
        status, body = self._problem(error, request.path)
        await self._replies.json(
            status, body, method=request.method, send=send, media_type=PROBLEM, headers=refusal_headers(error)
        )


async def open_stream(
    streams: Streams,
    head: TaskHead,
    grant: Grant,
    framing: Framing,
    cursor: int,
    method: str,
    send: Send,
    replies: Replies,
    *,
    status: int = 200,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Stream | None:
    """A stream of the log behind `cursor`, ready to run; None when the answer is complete: nothing can
    follow, or only its headers were asked for.

    Raises:
        TooManyStreams: the process or the credential holds as many as it may.
    """
    opening = framing.begin(head, cursor, timezone.now())
    if head.ended and cursor == head.last_seq:
        at_end = framing.status_at_end
        body = b"" if at_end == NO_CONTENT else opening
        await replies.whole(at_end, framing.media_type, body, method=method, send=send, headers=headers)
        return None
    if method == "HEAD":
        await replies.start(status, [*content_type(framing.media_type), *STREAM_HEADERS, *headers], send=send)
        await send({"type": "http.response.body"})
        return None
    hub = streams.hub()
    position = START if cursor > head.last_seq else cursor
    follower = hub.follow(head=head, grant=grant, framing=framing, position=position)
    return Stream(
        hub=hub,
        follower=follower,
        framing=framing,
        opening=opening,
        replies=replies,
        status=status,
        headers=headers,
    )


def refusal_headers(error: RoverError) -> Headers:
    """What a refusal carries beside its body."""
    headers: Headers = []
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", error.challenge.encode()))
    if error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED):
        seconds = error.data.get("retry_after_s", RETRY_AFTER_SECONDS)
        headers.append((b"retry-after", str(seconds).encode()))
    return headers


async def body_has_come(receive: Receive) -> bool:
    """Pass over the body. False when the client left before its end."""
    while (message := await receive())["type"] == "http.request":
        if not message.get("more_body"):
            return True
    return False
