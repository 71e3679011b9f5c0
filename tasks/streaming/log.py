"""Reading task logs for streams: a few queries, each for many tasks or for many events at once."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from tasks.core.events import LoggedEvent
from tasks.core.states import TaskStatus
from tasks.models import Event, Task

PAGE_EVENTS = 500
NEW_EVENTS_A_QUERY = 4000
WRITTEN_EVENTS = 5000

# `f` holds the followed tasks and their positions. A CROSS JOIN keeps SQLite from starting at the other end.
_HEADS = """
SELECT t.id, t.owner_id, t.site_id, t.kind, t.last_seq, t.status
FROM {followed} CROSS JOIN tasks_task t
WHERE t.id = f.task_id AND (t.last_seq > f.seq OR t.status IN ({ended}))
"""
_ENDED = [status.value for status in TaskStatus if status.is_terminal]
_NEW_EVENTS = """
SELECT e.id, e.task_id, e.seq, e.kind, e.created_at, e.payload
FROM {followed} CROSS JOIN tasks_event e
WHERE e.task_id = f.task_id AND e.seq > f.seq
ORDER BY e.task_id, e.seq LIMIT %s
"""


Mark = int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHead:
    """Whose task it is, which site's if it is about one, and where its log stood at one moment."""

    task_id: UUID
    owner_id: int | None
    kind: str
    last_seq: int
    ended: bool
    status: str = TaskStatus.RUNNING
    site_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Consecutive events of one log as bytes; `last_seq` is that of the last one."""

    data: bytes
    last_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Tasks whose logs were written to; None: it may have been any. `mark` is for the next question."""

    mark: Mark
    task_ids: frozenset[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvents:
    """Events of several logs, each log's in order. `unread` are tasks of which more may be there."""

    events: list[LoggedEvent]
    unread: frozenset[UUID]


def heads_read(task_ids: Collection[UUID]) -> dict[UUID, TaskHead]:
    """Where these logs stand; a task that is not there is left out."""
    return {head.task_id: head for head in _heads(dict.fromkeys(task_ids, -1))}


def longer_read(positions: Mapping[UUID, int]) -> list[TaskHead]:
    """The heads of those tasks whose logs reach behind these positions, or that have ended."""
    return _heads(positions)


def _heads(positions: Mapping[UUID, int]) -> list[TaskHead]:
    followed = _followed(positions)
    query = _HEADS.format(followed=followed.sql, ended=", ".join(["%s"] * len(_ENDED)))
    rows = Task.objects.raw(query, [*followed.parameters, *_ENDED])
    return [
        TaskHead(
            task_id=row.pk,
            owner_id=row.owner_id,
            kind=row.kind,
            last_seq=row.last_seq,
            ended=TaskStatus(row.status).is_terminal,
            status=row.status,
            site_id=row.site_id,
        )
        for row in rows
    ]


def written_since(mark: Mark) -> Written:
    """Which logs were written to since the call that returned `mark`: one small query."""
    if connection.vendor == "sqlite":
        return _numbered_since(mark if isinstance(mark, int) else None)
    return _committed_since(mark)


def _numbered_since(mark: int | None) -> Written:
    """On SQLite row numbers grow in the order of commits."""
    if mark is None:
        newest = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
        return Written(mark=newest or 0, task_ids=None)
    found = Event.objects.filter(pk__gt=mark).order_by("pk").values_list("pk", "task_id")
    rows = list(found[: WRITTEN_EVENTS + 1])
    if len(rows) > WRITTEN_EVENTS:  # nobody asked for long
        return _numbered_since(None)
    return Written(mark=rows[-1][0] if rows else mark, task_ids=frozenset(task_id for _, task_id in rows))


def _committed_since(mark: Mark) -> Written:
    """On PostgreSQL they do not, but while its snapshot (which transactions are over, which run) stays the
    same nothing at all was committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        snapshot: str = cursor.fetchone()[0]
    return Written(mark=snapshot, task_ids=frozenset() if snapshot == mark else None)


def new_events_read(positions: Mapping[UUID, int]) -> NewEvents:
    """What stands behind these positions."""
    followed = _followed(positions)
    rows = Event.objects.raw(
        _NEW_EVENTS.format(followed=followed.sql), [*followed.parameters, NEW_EVENTS_A_QUERY]
    )
    events = [
        LoggedEvent(task_id=row.task_id, seq=row.seq, kind=row.kind, ts=row.created_at, payload=row.payload)
        for row in rows
    ]
    unread = frozenset(positions) if len(events) == NEW_EVENTS_A_QUERY else frozenset[UUID]()
    return NewEvents(events=events, unread=unread)


def page_read(task_id: UUID, after: int, encode: Callable[[LoggedEvent], bytes]) -> Page:
    """Up to `PAGE_EVENTS` events with seq > `after`, encoded; empty, and at `after`, when there are none."""
    rows = _events(Event.objects.filter(task_id=task_id, seq__gt=after).order_by("seq"), PAGE_EVENTS)
    return Page(data=b"".join(map(encode, rows)), last_seq=rows[-1].seq if rows else after)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    """A table `f` of task ids and positions, made of one parameter: the text of a query is the same for one
    task and for thousands, and the framework has no tree of conditions to build."""

    sql: str
    parameters: list[Any]


def _followed(positions: Mapping[UUID, int]) -> _Followed:
    if connection.vendor == "sqlite":
        pairs = json.dumps({task_id.hex: seq for task_id, seq in positions.items()})
        return _Followed(sql="(SELECT key AS task_id, value AS seq FROM json_each(%s)) f", parameters=[pairs])
    return _Followed(
        sql="unnest(%s::uuid[], %s::bigint[]) AS f (task_id, seq)",
        parameters=[list(positions), list(positions.values())],
    )


def _events(rows: QuerySet[Event], limit: int) -> list[LoggedEvent]:
    columns = rows.values_list("task_id", "seq", "kind", "created_at", "payload")[:limit]
    return [
        LoggedEvent(task_id=task_id, seq=seq, kind=kind, ts=ts, payload=payload)
        for task_id, seq, kind, ts, payload in columns
    ]
