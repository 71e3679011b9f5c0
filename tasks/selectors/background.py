"""Reading tasks, their logs and their items; nothing here writes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from tasks.core.errors import TaskNotFound, TaskWrongKind
from tasks.core.events import EventKind, LoggedEvent
from tasks.core.states import ItemStatus, TaskKind, TaskStatus
from tasks.core.wire import timestamp
from tasks.fetching.urls import mask_secrets
from tasks.models import BatchItem, Event, Task, WorkerBeat

FAILURES_SHOWN = 10
OUTCOMES_FOR_ETA = 3
WORKER_SEEN = timedelta(seconds=15)


def task_get(*, task_id: UUID, owner_id: int | None = None, kind: TaskKind | None = None) -> Task:
    """The task. With `owner_id` only that owner's; a stranger's task looks like no task.

    Raises:
        TaskNotFound: no such task for this caller.
        TaskWrongKind: it is not a `kind`.
    """
    rows = Task.objects.filter(pk=task_id)
    if owner_id is not None:
        rows = rows.filter(owner_id=owner_id)
    task = rows.first()
    if task is None:
        raise TaskNotFound(f"there is no task {task_id}")
    if kind is not None and task.kind != kind:
        raise TaskWrongKind(
            f"task {task_id} is a {task.kind}, not a {kind}", task_kind=task.kind, expected=kind
        )
    return task


def events_after(*, task_id: UUID, after: int, limit: int = 1000) -> list[LoggedEvent]:
    """Up to `limit` events with seq > `after`, in order."""
    rows = Event.objects.filter(task_id=task_id, seq__gt=after).order_by("seq")[:limit]
    return [logged_event(row) for row in rows]


def logged_event(row: Event) -> LoggedEvent:
    """The row as readers know it."""
    return LoggedEvent(
        task_id=row.task_id, seq=row.seq, kind=row.kind, ts=row.created_at, payload=row.payload
    )


def task_snapshot(*, task_id: UUID, now: datetime) -> dict[str, Any]:
    """Where a task of any kind stands, as one JSON-ready object; the counters of a task without items are 0.

    Raises:
        TaskNotFound: there is no such task.
    """
    task = task_get(task_id=task_id)
    counts = _counts(task)
    last = Event.objects.filter(task=task).order_by("-seq").first()
    return {
        "ts": timestamp(now),
        "kind": "snapshot",
        "task_id": str(task.pk),
        "task_kind": task.kind,
        "status": task.status,
        "total": task.params.get("total", 0),
        "succeeded": counts["succeeded"],
        "failed": counts["failed"],
        "skipped": counts["skipped"],
        "in_flight": counts["in_flight"] if task.status == TaskStatus.RUNNING else 0,
        "completed": counts["succeeded"] + counts["failed"],
        "started_at": timestamp(task.created_at),
        "updated_at": timestamp(task.updated_at),
        "duration_ms": int(((task.finished_at or now) - task.created_at).total_seconds() * 1000),
        "last_event_id": None if last is None else last.seq,
        "last_event": None if last is None else _brief(last),
        "eta_s": _eta_seconds(task, counts, now),
        "cancellation_requested": task.cancellation_requested,
        "worker_alive": _is_worked_on(task, now),
        "error": task.error or None,
        "result": task.result,
        "failures": _failures(task),
    }


def _counts(task: Task) -> dict[str, int]:
    in_flight = Q(status=ItemStatus.PENDING, started_token=task.lease_token)
    return BatchItem.objects.filter(task=task).aggregate(
        succeeded=Count("pk", filter=Q(status=ItemStatus.DONE)),
        failed=Count("pk", filter=Q(status=ItemStatus.FAILED)),
        skipped=Count("pk", filter=Q(status=ItemStatus.SKIPPED)),
        in_flight=Count("pk", filter=in_flight),
    )


def _brief(row: Event) -> dict[str, Any]:
    brief = {"seq": row.seq, "kind": row.kind, "ts": timestamp(row.created_at)}
    return brief | ({"url": row.payload["url"]} if "url" in row.payload else {})


def _eta_seconds(task: Task, counts: dict[str, int], now: datetime) -> float | None:
    """Time left at the pace of the current run; None before a few outcomes are there."""
    if task.status != TaskStatus.RUNNING:
        return None
    run = Event.objects.filter(task=task, kind=EventKind.TASK_STARTED).order_by("-seq").first()
    if run is None:
        return None
    outcomes = Event.objects.filter(task=task, seq__gt=run.seq, outcome_index__isnull=False).count()
    if outcomes < OUTCOMES_FOR_ETA:
        return None
    left: int = task.params.get("total", 0) - counts["succeeded"] - counts["failed"]
    elapsed: float = (now - run.created_at).total_seconds()
    return round(elapsed / outcomes * left, 1)


def _is_worked_on(task: Task, now: datetime) -> bool:
    leased = task.lease_expires_at is not None and task.lease_expires_at > now
    return leased or WorkerBeat.objects.filter(seen_at__gt=now - WORKER_SEEN).exists()


def _failures(task: Task) -> list[dict[str, Any]]:
    rows = BatchItem.objects.filter(task=task, status=ItemStatus.FAILED).order_by("index")
    return [
        {"index": row.index, "url": mask_secrets(row.url), "code": row.code, "error": row.error}
        for row in rows[:FAILURES_SHOWN]
    ]


def batch_items(*, task_id: UUID, after: int = -1, limit: int = 1000) -> list[dict[str, Any]]:
    """One object for each position of a batch's list with index > `after`, in order."""
    rows = BatchItem.objects.filter(task_id=task_id, index__gt=after).select_related("task").order_by("index")
    return [_item(row) for row in rows[:limit]]


def _item(row: BatchItem) -> dict[str, Any]:
    in_flight = (
        row.status == ItemStatus.PENDING
        and row.task.status == TaskStatus.RUNNING
        and row.started_token == row.task.lease_token
    )
    return {
        "index": row.index,
        "url": mask_secrets(row.url),
        "status": "in_flight" if in_flight else row.status,
        "code": row.code or None,
        "error": row.error or None,
        "http_status": row.http_status,
        "tokens": row.tokens,
        "bytes": row.n_bytes,
        "cache_status": row.cache_status or None,
        "final_url": mask_secrets(row.final_url) or None,
        "stored": row.page_id is not None,
        "duration_ms": row.duration_ms,
    }


def tasks_recent(
    *,
    owner_id: int | None = None,
    status: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    before: UUID | None = None,
    limit: int = 20,
) -> list[dict[str, Any]]:
    """The newest tasks first; `before` is the last id of the page before (ids sort by time)."""
    rows = Task.objects.order_by("-id")
    conditions = {
        "owner_id": owner_id,
        "status": status,
        "kind": kind,
        "created_at__gte": since,
        "pk__lt": before,
    }
    rows = rows.filter(**{name: value for name, value in conditions.items() if value is not None})
    return [
        {
            "task_id": str(row.pk),
            "kind": row.kind,
            "status": row.status,
            "total": row.params.get("total", 0),
            "result": row.result,
            "error": row.error or None,
            "created_at": timestamp(row.created_at),
            "updated_at": timestamp(row.updated_at),
        }
        for row in rows[:limit]
    ]


def task_ids_matching(*, text: str, limit: int = 10) -> list[dict[str, Any]]:
    """Tasks whose id begins or ends with these hex digits, newest first. The first eight digits of an id are
    a clock of 65 s, so it is the end that people remember."""
    digits = text.replace("-", "").lower()
    rows = Task.objects.order_by("-id").values("pk", "kind", "status", "created_at")
    found = [row for row in rows[:SEARCHED_IDS] if _matches(row["pk"], digits)]
    return [{**row, "pk": str(row["pk"]), "task_id": str(row["pk"])} for row in found[:limit]]


SEARCHED_IDS = 10_000


def _matches(task_id: UUID, digits: str) -> bool:
    return task_id.hex.startswith(digits) or task_id.hex.endswith(digits)
