"""The two ways to write a log to a connection: server-sent events and NDJSON."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tasks.core import wire
from tasks.core.events import LoggedEvent
from tasks.core.negotiation import MediaType
from tasks.streaming.log import TaskHead

STREAM_RESET = "stream_reset"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Framing:
    """How events look on the wire, and what is written beside them: `opening` at once, `heartbeat` now and
    then, `farewell` when the server ends a stream before the task has ended. No reader takes those three for
    an event."""

    media_type: MediaType
    encode: Callable[[LoggedEvent], bytes]
    opening: bytes
    heartbeat: bytes
    farewell: bytes
    status_at_end: int

    def reset(self, head: TaskHead, *, cursor: int, now: datetime) -> bytes:
        """The first record of a reader whose cursor lies behind the end of the log, so that it knows that it
        was not understood. It stands at position 0: everything follows again from the first event."""
        gap = {"after": cursor, "first": 1, "last": head.last_seq}
        payload = {"resumed": False, "gap": gap}
        return self.encode(
            LoggedEvent(task_id=head.task_id, seq=0, kind=STREAM_RESET, ts=now, payload=payload)
        )


# Lines beside events are never followed by a blank line: public clients dispatch an empty event there once
# they have seen an id (WHATWG HTML §9.2.6 does not).
SSE = Framing(
    media_type=MediaType.SSE,
    encode=wire.sse,
    opening=b"retry: 2000\n",
    heartbeat=b":\n",
    farewell=b": the server ends this stream; go on after the last id\n",
    status_at_end=204,  # tells an EventSource to stop coming back (WHATWG HTML §9.2.3)
)
NDJSON = Framing(
    media_type=MediaType.NDJSON,
    encode=wire.ndjson,
    opening=b"",
    heartbeat=b"\n",
    farewell=b"\n",
    status_at_end=200,
)
FRAMINGS = {framing.media_type: framing for framing in (SSE, NDJSON)}
