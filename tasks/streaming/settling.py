"""Waiting until a task has ended or asks, for callers that would rather hold a request than poll. No thread
waits: it is a stream that writes nothing."""

import asyncio
from datetime import datetime

from tasks.core.events import TERMINAL_EVENTS, EventKind, LoggedEvent
from tasks.core.negotiation import MediaType
from tasks.core.states import TaskStatus
from tasks.streaming.framing import Framing
from tasks.streaming.grants import Grant
from tasks.streaming.hub import Hub
from tasks.streaming.log import TaskHead

_MOVED, _SETTLED = b".", b"!"


def _sign(event: LoggedEvent) -> bytes:
    return _SETTLED if event.kind in TERMINAL_EVENTS or event.kind == EventKind.INPUT else _MOVED


def _nothing(head: TaskHead, cursor: int, now: datetime) -> bytes:
    return b""


SIGNS = Framing(
    media_type=MediaType.JSON,
    encode=_sign,
    begin=_nothing,
    heartbeat=_MOVED,
    farewell=_SETTLED,
    status_at_end=200,
)


def is_settled(head: TaskHead) -> bool:
    """Whether there is nothing to wait for."""
    return head.ended or head.status == TaskStatus.INPUT_REQUIRED


async def wait_until_settled(hub: Hub, head: TaskHead, grant: Grant, *, seconds: float) -> None:
    """Return when the task ends or asks, after `seconds`, or when the server stops. The caller ends it when
    its client leaves. Raises TooManyStreams: a waiting request counts as a stream."""
    if is_settled(head) or seconds <= 0:
        return
    follower = hub.follow(head=head, grant=grant, framing=SIGNS, position=head.last_seq)
    try:
        async with asyncio.timeout(seconds):
            while signs := await follower.read():
                if _SETTLED in signs:
                    return
    except TimeoutError:
        return
    finally:
        hub.leave(follower)
