"""One event as bytes: an NDJSON line or a server-sent event. The human line is in `tasks.core.human`.

Both forms carry the same object: the envelope `ts`, `kind`, `event_id`, `seq`, `task_id`, then the payload's
keys at the same level; on a name clash the envelope wins. `event_id` and `seq` are the same number, the
position in the task's log counted from 1; it is what `--from-event`, `?after=` and `Last-Event-ID` take.
"""

import json
from datetime import UTC, datetime
from typing import Any

from tasks.core.events import LoggedEvent


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: 2026-01-31T12:04:07.251Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_object(event: LoggedEvent) -> dict[str, Any]:
    """The event as one flat, JSON-ready object."""
    envelope: dict[str, Any] = {
        "ts": timestamp(event.ts),
        "kind": event.kind,
        "event_id": event.seq,
        "seq": event.seq,
        "task_id": str(event.task_id),
    }
    return envelope | event.payload | envelope


def json_line(value: dict[str, Any]) -> str:
    """Compact JSON on one line. Non-ASCII is escaped: no reader can take U+2028 for a line end."""
    return _COMPACT.encode(value)


_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)
"""Made once: `json.dumps` makes another for each call that wants no spaces."""


def ndjson(event: LoggedEvent) -> bytes:
    """One line, LF-ended."""
    return json_line(event_object(event)).encode() + b"\n"


def sse(event: LoggedEvent) -> bytes:
    """One server-sent event (WHATWG HTML §9.2.6): id, event and a single data line, since public clients
    differ on anything less."""
    data = json_line(event_object(event))
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {data}\n\n".encode()
