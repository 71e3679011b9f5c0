"""Events of the public task resource: one envelope on every wire, cut into pieces when an event is large.

The envelope is {id, type, ts, data, chunked?, chunkIndex?, chunkCount?, artifactRef?}. `data` over
`INLINE_BYTES` of compact UTF-8 JSON travels as several records with the same id, type and ts, whose
`data.chunk` texts, in the order of `chunkIndex`, are that JSON. Over `ARTIFACT_BYTES` there is one record
with a summary, and the whole is fetched by `artifactRef`. Nothing is ever shortened without saying so.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeGuard

from tasks.core.wire import json_line, timestamp

INLINE_BYTES = 16_384
CHUNK_BYTES = 12_288
ARTIFACT_BYTES = 1024 * 1024
MAX_CHUNKS = -(-ARTIFACT_BYTES // (CHUNK_BYTES - 3))  # a piece may end 3 bytes early, before a character
MAX_OPEN_EVENTS = 16
SUMMARY_BYTES = 8_192
SUMMARY_MEMBER_BYTES = 1_024
SUMMARY_NAMES = 32
ARTIFACT_TYPE = "application/json"

Record = dict[str, Any]


class PublicEventType(StrEnum):
    """Event names; they are wire contract. `ready` is the first record of a connection, `done` the last."""

    READY = "ready"
    STATUS = "status"
    STEP = "step"
    TOOL = "tool"
    MESSAGE = "message"
    OBSERVATION = "observation"
    INPUT = "input"
    DONE = "done"
    ERROR = "error"


class UnwritableEvent(ValueError):
    """The event cannot be written: it is no JSON, or its id or name would break the framing."""


class BrokenEvent(ValueError):
    """The pieces of an event do not fit together, or are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEvent:
    """An event of a task. `id`: 1..128 ASCII letters, digits, hyphens, underscores. `data`: JSON values."""

    id: str
    type: PublicEventType
    ts: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRef:
    """Where the JSON of an event's `data` can be fetched, with the access token of the task."""

    id: str
    url: str
    mime_type: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, body: bytes, *, id: str, url: str) -> "ArtifactRef":
        """The reference to `body`, the bytes that `artifact_body` gave."""
        digest = hashlib.sha256(body).hexdigest()
        return cls(id=id, url=url, mime_type=ARTIFACT_TYPE, size_bytes=len(body), sha256=digest)

    def members(self) -> dict[str, Any]:
        """As it stands in the envelope."""
        return {
            "id": self.id,
            "url": self.url,
            "mimeType": self.mime_type,
            "sizeBytes": self.size_bytes,
            "sha256": self.sha256,
        }


def artifact_body(event: PublicEvent) -> bytes | None:
    """What is fetched in place of an event that does not fit into records, byte for byte as `json_line` has
    it; None for one that fits.

    Raises:
        UnwritableEvent: `data` is no JSON.
    """
    is_large = len(_json(event.data).encode()) > ARTIFACT_BYTES
    return json_line(dict(event.data)).encode() if is_large else None


def records(event: PublicEvent, *, artifact: ArtifactRef | None = None) -> list[Record]:
    """The event as the records that go over the wire, in order. With `artifact` it is one record whose `data`
    has the small members of the whole; `omitted` names others, `omittedCount` counts all of those.

    Half surrogate pairs become U+FFFD: no UTF-8 reader could take them.

    Raises:
        UnwritableEvent: `data` is no JSON, the id is none, or the event needs an artifact and has none.
    """
    head = _head(event)
    text = _json(event.data)
    body = text.encode()
    if artifact:
        return [head | {"data": _summary(json.loads(text)), "artifactRef": artifact.members()}]
    if len(body) <= INLINE_BYTES:
        return [head | {"data": json.loads(text)}]
    if len(body) > ARTIFACT_BYTES:
        raise UnwritableEvent(f"the event has {len(body)} bytes of data; store them and give the artifact")
    pieces = list(_pieces(body))
    return [
        head | {"data": {"chunk": piece}, "chunked": True, "chunkIndex": index, "chunkCount": len(pieces)}
        for index, piece in enumerate(pieces)
    ]


def ndjson(record: Record) -> bytes:
    """One line of ASCII JSON, LF-ended."""
    return json_line(record).encode() + b"\n"


def sse(record: Record, *, after: str | None = None) -> bytes:
    """One server-sent event with a single data line (WHATWG HTML §9.2.6).

    The `id:` line tells where a reader goes on after a break. A piece that is not the last of its event must
    not move that place, or the rest of the event is lost: it carries `after`, the id of the event before, or
    no id when there is none.

    Raises:
        UnwritableEvent: an id or the name of the event would break the framing.
    """
    is_last = record.get("chunkIndex", 0) == record.get("chunkCount", 1) - 1
    place = record["id"] if is_last else after
    name = record["type"]
    if not _is_type(name) or not (place is None or _is_id(place)):
        raise UnwritableEvent("the id or the name of the event is not one of ours")
    lead = "" if place is None else f"id: {place}\n"
    return f"{lead}event: {name}\ndata: {json_line(record)}\n\n".encode()


class Reassembler:
    """Puts events together again from records in any order; records of several events may be mixed.

    A reader goes on after the last event that `feed` gave, not after the last record it saw. At most
    `MAX_OPEN_EVENTS` events can be incomplete at a time.
    """

    def __init__(self) -> None:
        self._open: dict[str, _OpenEvent] = {}

    def feed(self, record: Mapping[str, Any]) -> Record | None:
        """The whole event, {id, type, ts, data, artifactRef?}, when this record completes it; else None. The
        same piece may come twice.

        Raises:
            BrokenEvent: the record is none of ours, or contradicts an earlier one; what was known of its
                event is forgotten.
        """
        event_id, name, ts = record.get("id"), record.get("type"), record.get("ts")
        if not (_is_id(event_id) and _is_type(name) and isinstance(ts, str)):
            raise BrokenEvent("the record has no id, type or ts")
        head = {"id": event_id, "type": name, "ts": ts}
        if not record.get("chunked"):
            return _whole(record, head)
        try:
            return self._piece(event_id, record, head)
        except BrokenEvent:
            self._open.pop(event_id, None)
            raise

    def _piece(self, event_id: str, record: Mapping[str, Any], head: Record) -> Record | None:
        index, count = record.get("chunkIndex"), record.get("chunkCount")
        if not (_is_number(count) and 1 <= count <= MAX_CHUNKS and _is_number(index) and 0 <= index < count):
            raise BrokenEvent("the piece has no place among its pieces")
        if event_id not in self._open and len(self._open) >= MAX_OPEN_EVENTS:
            raise BrokenEvent(f"more than {MAX_OPEN_EVENTS} events are incomplete")
        known = self._open.setdefault(event_id, _OpenEvent(head, count, {}))
        if (known.head, known.count) != (head, count):
            raise BrokenEvent("the pieces of one event contradict each other")
        text = _chunk_text(record.get("data"))
        if known.pieces.setdefault(index, text) != text:
            raise BrokenEvent("two different pieces have the same place")
        if len(known.pieces) < count:
            return None
        del self._open[event_id]
        return head | {"data": _object("".join(known.pieces[place] for place in range(count)))}


@dataclass(frozen=True, slots=True)
class _OpenEvent:
    head: Record
    count: int
    pieces: dict[int, str]


_SUMMARY_OWN = ("omitted", "omittedCount")
_TYPES = frozenset(PublicEventType)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_type(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value in _TYPES


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _head(event: PublicEvent) -> Record:
    if not _is_id(event.id):
        raise UnwritableEvent("an id is 1 to 128 ASCII letters, digits, hyphens and underscores")
    return {"id": event.id, "type": event.type.value, "ts": timestamp(event.ts)}


def _json(data: Mapping[str, Any]) -> str:
    """Compact JSON whose characters are all in UTF-8."""
    try:
        text = json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise UnwritableEvent(f"the data of the event is no JSON: {exc}") from exc
    if not _SURROGATE.search(text):
        return text
    # two halves that stand side by side are one character, as in every JSON parser
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _pieces(body: bytes) -> Iterator[str]:
    """`body`, UTF-8, in texts of at most `CHUNK_BYTES` bytes; no character is cut."""
    start = 0
    while start < len(body):
        end = min(start + CHUNK_BYTES, len(body))
        while end < len(body) and body[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        yield body[start:end].decode()
        start = end


def _summary(data: Mapping[str, Any]) -> Record:
    """The small members, so that a reader knows what the event is about, and the names of the others."""
    kept: Record = {}
    omitted = []
    room = SUMMARY_BYTES
    for name, value in data.items():
        size = len(_json({name: value}).encode())
        if size <= min(room, SUMMARY_MEMBER_BYTES) and name not in _SUMMARY_OWN:
            kept[name] = value
            room -= size
        else:
            omitted.append(name)
    names = [name for name in omitted if len(name.encode()) <= 128][:SUMMARY_NAMES]
    return kept | {"omitted": names, "omittedCount": len(omitted)}


def _whole(record: Mapping[str, Any], head: Record) -> Record:
    data, artifact = record.get("data"), record.get("artifactRef")
    if not isinstance(data, Mapping):
        raise BrokenEvent("the data of an event is an object")
    return head | {"data": data} | ({} if artifact is None else {"artifactRef": artifact})


def _chunk_text(data: object) -> str:
    text = data.get("chunk") if isinstance(data, Mapping) else None
    if not isinstance(text, str) or len(text.encode(errors="replace")) > CHUNK_BYTES:
        raise BrokenEvent("the piece holds no text, or too much")
    return text


def _object(text: str) -> Record:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BrokenEvent("the pieces do not make JSON") from exc
    if not isinstance(value, dict):
        raise BrokenEvent("the data of an event is an object")
    return value
