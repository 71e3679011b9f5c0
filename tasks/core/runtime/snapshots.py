"""Snapshots: what a page knows of its session, kept for a short time so that another page can go on with it.

A checkpoint of version `VERSION` is an object with any of

    taskEpoch, task {id, status}, boundaryId, activeRunId, tabs [{logicalTabId, status, url}],
    messages, timeline, plannerSteps, prevSteps (lists of objects that may have an id)

and more that nobody here reads. One of a newer version is kept as it is.

The semantic digest tells whether two checkpoints stand at the same place, whenever they were made: `sd:` and
FNV-1a, 32 bits, in 8 hex digits, over the UTF-8 of what JSON.stringify makes of

    [sessionId, taskEpoch, task.id, task.status, activeRunId, boundaryId,
     [[logicalTabId, status, url] ... by id], [[list, length, id of the last] ... of the four lists]]

with null for what is not there.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.core.runtime.errors import SnapshotTooLarge
from tasks.core.runtime.projection import StoredSnapshot

BODY_MAX = 1024 * 1024
"""Bytes of a body; pages keep theirs to 262,144 unless they are configured otherwise."""
VERSION = 1
TTL_DEFAULT_HOURS = 1
TTL_MIN_HOURS = 1
TTL_MAX_HOURS = 168
TEXT_MAX = 8_000
KEPT: Mapping[str, int] = {"messages": 40, "timeline": 60, "plannerSteps": 16, "prevSteps": 8}
"""How many of each list stay: the newest, which stand last."""
ADOPTION_MARGIN_MS = 200
"""Clocks of two pages differ; so much newer, and no less, counts as newer."""

Tab = tuple[str | None, str | None, str | None]
Count = tuple[str, int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Where a checkpoint stands. None for what it does not say; `counts`: of each list its name, its length
    and the id of its last entry."""

    session_id: str
    task_epoch: int | None = None
    task_id: str | None = None
    task_status: str | None = None
    active_run_id: str | None = None
    boundary_id: str | None = None
    tabs: tuple[Tab, ...] = ()
    counts: tuple[Count, ...] = ()

    @property
    def digest(self) -> str:
        """The semantic digest."""
        named = [self.session_id, self.task_epoch, self.task_id, self.task_status, self.active_run_id]
        return f"sd:{fnv1a(_stringified([*named, self.boundary_id, self.tabs, self.counts])):08x}"

    @property
    def richness(self) -> int:
        """How much has been done, in entries of all lists."""
        return sum(length for _, length, _ in self.counts)

    @property
    def has_identity(self) -> bool:
        """Whether it is of some task at all."""
        return any((self.task_id, self.active_run_id, self.boundary_id))


def check_size(size: int) -> None:
    """Raises SnapshotTooLarge for a body, or a checkpoint, of more than 1 MiB. `size` in bytes."""
    if size > BODY_MAX:
        raise SnapshotTooLarge(
            f"The snapshot has {size:,} bytes; at most {BODY_MAX:,} are kept.", size=size, maximum=BODY_MAX
        )


def capped(checkpoint: Mapping[str, Any], *, version: int = VERSION) -> dict[str, Any]:
    """The checkpoint as it is kept: of each list the newest entries, of each text 8,000 characters. One of a
    version that is not known comes back as it is."""
    if version != VERSION:
        return dict(checkpoint)
    kept: dict[str, Any] = _short({name: _newest(name, value) for name, value in checkpoint.items()})
    return kept


def marks_of(session_id: str, checkpoint: Mapping[str, Any]) -> Marks:
    """Where a checkpoint stands; what is malformed counts as not said. Never raises."""
    task = checkpoint.get("task")
    task = task if isinstance(task, Mapping) else {}
    return Marks(
        session_id=session_id,
        task_epoch=_whole(checkpoint.get("taskEpoch")),
        task_id=_name(task.get("id")),
        task_status=_name(task.get("status")),
        active_run_id=_name(checkpoint.get("activeRunId")),
        boundary_id=_name(checkpoint.get("boundaryId")),
        tabs=tuple(sorted(map(_tab, _objects(checkpoint.get("tabs"))), key=_by_id)),
        counts=tuple(_count(name, checkpoint.get(name)) for name in KEPT),
    )


def settled_time(claimed: int | None, *, now_ms: int) -> int:
    """The time of a snapshot in milliseconds: what the page says, but never the future, which would keep out
    every later one."""
    return now_ms if claimed is None else max(0, min(claimed, now_ms))


def own(
    stored: StoredSnapshot | None, *, stored_for: str | None, visitor_id: str | None
) -> StoredSnapshot | None:
    """What is stored, if it is this visitor's: nobody gets another's."""
    return stored if stored_for == visitor_id else None


def save_data(stored: StoredSnapshot | None, *, updated_at: int, digest: str) -> dict[str, Any]:
    """The answer to a snapshot: {saved, updatedAt, digest}, or {saved, stale, checkpoint, updatedAt} when the
    visitor's stored one is newer and stays."""
    if stored is None or stored.updated_at <= updated_at:
        return {"saved": True, "updatedAt": updated_at, "digest": digest}
    checkpoint = dict(stored.checkpoint or {})
    return {"saved": False, "stale": True, "checkpoint": checkpoint, "updatedAt": stored.updated_at}


def adopts(
    local: Marks, incoming: Marks, *, local_at: int, incoming_at: int, is_resuming: bool = False
) -> bool:
    """Whether a page that stands at `local` goes on from `incoming`; times in milliseconds.

    A clearly newer one wins. While a page resumes what began on another host, an older one may win too: if it
    holds more, and is of the same run or boundary or the page is of no task yet; but never one of an earlier
    task epoch and another boundary.
    """
    if incoming_at - local_at > ADOPTION_MARGIN_MS:
        return True
    if not is_resuming or incoming.richness <= local.richness:
        return False
    return (not local.has_identity or _same_task(local, incoming)) and not _is_superseded(local, incoming)


def _same_task(local: Marks, incoming: Marks) -> bool:
    same_run = local.active_run_id is not None and local.active_run_id == incoming.active_run_id
    return same_run or (local.boundary_id is not None and local.boundary_id == incoming.boundary_id)


def _is_superseded(local: Marks, incoming: Marks) -> bool:
    if local.task_epoch is None or incoming.task_epoch is None:
        return False
    return incoming.task_epoch < local.task_epoch and incoming.boundary_id != local.boundary_id


def _newest(name: str, value: Any) -> Any:
    return value[-KEPT[name] :] if name in KEPT and isinstance(value, list) else value


def _short(value: Any) -> Any:
    """A copy in which no text is over `TEXT_MAX`."""
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if isinstance(value, Mapping):
        return {name: _short(item) for name, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _tab(tab: Mapping[str, Any]) -> Tab:
    return _name(tab.get("logicalTabId")), _name(tab.get("status")), _name(tab.get("url"))


def _by_id(tab: Tab) -> bytes:
    """By the id as a page sorts texts: by UTF-16 units; then by the rest."""
    return "\0".join(part or "" for part in tab).encode("utf-16-be", "surrogatepass")


def _count(name: str, value: Any) -> Count:
    entries = value if isinstance(value, list) else []
    last = entries[-1] if entries else None
    return name, len(entries), _name(last.get("id")) if isinstance(last, Mapping) else None


def _name(value: Any) -> str | None:
    """An id, whether it was told as a text or as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_SURROGATE = re.compile("[\ud800-\udfff]")


def _stringified(value: Any) -> bytes:
    """JSON as browsers write it: compact, in UTF-8, half a character as an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda half: f"\\u{ord(half.group()):04x}", text).encode()


def fnv1a(data: bytes) -> int:
    """FNV-1a of 32 bits (Fowler, Noll, Vo)."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
