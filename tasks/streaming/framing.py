"""The two ways to write a log to a connection: server-sent events and NDJSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tasks.core import wire
from tasks.core.events import LoggedEvent
from tasks.core.negotiation import MediaType
from tasks.streaming.log import TaskHead

STREAM_RESET = "stream_reset"
SSE_OPENING = b"retry: 2000\n"

Begin = Callable[[TaskHead, int, datetime], bytes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Framing:
    """How events look on the wire, and what is written beside them: what `begin` gives at once, `heartbeat`
    now and then, `farewell` when the server ends a stream before the task has ended. No reader takes those
    two for an event.

    `begin` is told where the log stands and the place its reader asked for, which may lie behind its end:
    then everything follows again from the first event, and the reader has to learn that it was not
    understood.
    """

    media_type: MediaType
    encode: Callable[[LoggedEvent], bytes]
    begin: Begin
    heartbeat: bytes
    farewell: bytes
    status_at_end: int


Framings = Mapping[MediaType, Framing]


def framings(
    *, sse: Callable[[LoggedEvent], bytes], sse_begin: Begin, ndjson: Callable[[LoggedEvent], bytes],
    ndjson_begin: Begin,
) -> Framings:  # fmt: skip
    """Both ways for one kind of log.

    Lines beside events are never followed by a blank line: public clients dispatch an empty event there once
    they have seen an id (WHATWG HTML §9.2.6 does not).
    """
    return {
        MediaType.SSE: Framing(
            media_type=MediaType.SSE,
            encode=sse,
            begin=sse_begin,
            heartbeat=b":\n",
            farewell=b": the server ends this stream; go on after the last id\n",
            status_at_end=204,  # tells an EventSource to stop coming back (WHATWG HTML §9.2.3)
        ),
        MediaType.NDJSON: Framing(
            media_type=MediaType.NDJSON,
            encode=ndjson,
            begin=ndjson_begin,
            heartbeat=b"\n",
            farewell=b"\n",
            status_at_end=200,
        ),
    }


def _reset(encode: Callable[[LoggedEvent], bytes], head: TaskHead, cursor: int, now: datetime) -> bytes:
    """The record at position 0 for a reader whose cursor lies behind the end; else nothing."""
    if cursor <= head.last_seq:
        return b""
    gap = {"after": cursor, "first": 1, "last": head.last_seq}
    payload = {"resumed": False, "gap": gap}
    return encode(LoggedEvent(task_id=head.task_id, seq=0, kind=STREAM_RESET, ts=now, payload=payload))


FRAMINGS = framings(
    sse=wire.sse,
    sse_begin=lambda head, cursor, now: SSE_OPENING + _reset(wire.sse, head, cursor, now),
    ndjson=wire.ndjson,
    ndjson_begin=lambda head, cursor, now: _reset(wire.ndjson, head, cursor, now),
)
SSE, NDJSON = FRAMINGS[MediaType.SSE], FRAMINGS[MediaType.NDJSON]
