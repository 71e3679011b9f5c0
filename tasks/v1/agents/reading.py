"""Reading one log, a task's or a workflow's: as it stands, as it happens, or once it is settled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks.core.negotiation import MediaType
from tasks.core.public_errors import PublicTaskNotFound
from tasks.core.public_ids import (
    TASK_PREFIX,
    WORKFLOW_PREFIX,
    read_cursor,
    read_name,
    task_name,
    workflow_name,
)
from tasks.core.states import TaskKind
from tasks.selectors.agents import task_url, workflow_url
from tasks.streaming.access import TaskTokenAccess
from tasks.streaming.endpoint import open_stream
from tasks.streaming.errors import TooManyStreams
from tasks.streaming.framing import Framings
from tasks.streaming.grants import Grant
from tasks.streaming.leaving import Response
from tasks.streaming.lifetime import Streams
from tasks.streaming.log import TaskHead
from tasks.streaming.public_framing import public_framings
from tasks.streaming.request import Receive, Send, StreamRequest
from tasks.streaming.settling import wait_until_settled
from tasks.streaming.stream import Stream
from tasks.v1.agents.exchange import REPLIES
from tasks.v1.agents.resources import Resource, read_task, read_workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What differs between tasks and workflows: whose tokens open them, their names, forms and addresses."""

    access: TaskTokenAccess
    prefix: str
    resource: Callable[[UUID], Resource]
    framings: Framings

    def read_name(self, name: str) -> UUID | None:
        """The key behind a name in a path."""
        return read_name(name, self.prefix)


TASKS = Kind(
    access=TaskTokenAccess(kind=TaskKind.AGENT),
    prefix=TASK_PREFIX,
    resource=read_task,
    framings=public_framings(name=task_name, url=task_url, member="taskId"),
)
WORKFLOWS = Kind(
    access=TaskTokenAccess(kind=TaskKind.WORKFLOW),
    prefix=WORKFLOW_PREFIX,
    resource=read_workflow,
    framings=public_framings(name=workflow_name, url=workflow_url, member="workflowId"),
)


class LogReader:
    """Reads logs of one kind, for this process."""

    def __init__(self, streams: Streams, kind: Kind) -> None:
        self._streams = streams
        self._kind = kind

    async def look_up(self, request: StreamRequest) -> tuple[TaskHead, Grant]:
        """The log that the path names, if the token opens it.

        Raises:
            PublicTaskNotFound: there is none, or the token is missing or another's: all look the same.
            InvalidRequest: the token is malformed.
        """
        return await self.find(request.task_id, self._kind.access.credential(request))

    async def find(self, log_id: UUID | None, token: str) -> tuple[TaskHead, Grant]:
        """The same for a log and a token that are known."""
        hub = self._streams.hub()
        grant = await hub.grant(self._kind.access, token)
        head = None if log_id is None else await hub.head(log_id)
        if head is None or not grant.reader.may_read(head):
            raise PublicTaskNotFound("There is no such task, or not with this token.")
        return head, grant

    async def wait(self, head: TaskHead, grant: Grant, seconds: int, receive: Receive) -> bool:
        """Wait until the log's task has ended or asks, at most `seconds`. False when the client has left
        meanwhile. A process that holds as many streams as it may does not wait."""
        waited = Response()
        is_over = False

        async def waiting() -> None:
            nonlocal is_over
            await wait_until_settled(self._streams.hub(), head, grant, seconds=seconds)
            is_over = True

        try:
            await waited.write(waiting(), receive)
        except TooManyStreams:
            return True
        return is_over

    async def resource(self, log_id: UUID) -> Resource:
        """The JSON form as it is now."""
        return await self._streams.database.run(self._kind.resource, log_id)

    async def stream(
        self,
        head: TaskHead,
        grant: Grant,
        media: MediaType,
        request: StreamRequest,
        send: Send,
        **answer: Any,
    ) -> Stream | None:
        """The events behind the cursor of the request; None when the answer is complete. `answer`: status and
        headers of its start."""
        cursor = read_cursor(request.headers.get("last-event-id"), request.query.get("after"))
        framing = self._kind.framings[media]
        return await open_stream(
            self._streams, head, grant, framing, cursor, request.method, send, REPLIES, **answer
        )
