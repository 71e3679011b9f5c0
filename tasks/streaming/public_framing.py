"""Logs of agents' tasks and of workflows on a connection: the public envelope, a `ready` record first."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.core.events import EventKind, LoggedEvent
from tasks.core.public_events import (
    ArtifactRef,
    PublicEvent,
    PublicEventType,
    Record,
    artifact_body,
    ndjson,
    records,
    sse,
)
from tasks.core.public_ids import event_name
from tasks.streaming.framing import SSE_OPENING, Framings, framings
from tasks.streaming.log import TaskHead


def public_framings(*, name: Callable[[UUID], str], url: Callable[[UUID], str], member: str) -> Framings:
    """The two ways. `name` is a log's public name, told as `member` of `ready`; `url` where it is read, below
    which the data of events is found that are too large for a stream."""

    def told(event: LoggedEvent) -> list[Record]:
        public = PublicEvent(
            id=event_name(event.seq), type=_type(event.kind), ts=event.ts, data=event.payload
        )
        body = artifact_body(public)
        if body is None:
            return records(public)
        place = f"{url(event.task_id)}/artifacts/{public.id}"
        return records(public, artifact=ArtifactRef.of(body, id=public.id, url=place))

    def ready(head: TaskHead, cursor: int, now: datetime) -> Record:
        data: dict[str, Any] = {member: name(head.task_id), "status": head.status}
        at = cursor
        if cursor > head.last_seq:
            data |= {"resumed": False, "gap": {"after": event_name(cursor), "first": event_name(1)}}
            at = 0
        [record] = records(PublicEvent(id=event_name(at), type=PublicEventType.READY, ts=now, data=data))
        return record

    def encode_sse(event: LoggedEvent) -> bytes:
        before = event_name(event.seq - 1)
        return b"".join(sse(record, after=before) for record in told(event))

    return framings(
        sse=encode_sse,
        sse_begin=lambda head, cursor, now: SSE_OPENING + sse(ready(head, cursor, now)),
        ndjson=lambda event: b"".join(map(ndjson, told(event))),
        ndjson_begin=lambda head, cursor, now: ndjson(ready(head, cursor, now)),
    )


def _type(kind: str) -> PublicEventType:
    return PublicEventType.DONE if kind == EventKind.MEMBER_DONE else PublicEventType(kind)
