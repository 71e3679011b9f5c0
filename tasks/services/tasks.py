"""What may happen to a task of any kind: cancel and prune. Running one is in `tasks.services.running`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tasks.core.errors import TaskNotFound
from tasks.core.states import TERMINAL
from tasks.models import Task
from workspace.io.transactions import write_transaction


class CancelOutcome(StrEnum):
    """What a request to cancel found."""

    REQUESTED = "requested"
    ALREADY = "already_requested"
    ENDED = "ended"


def task_cancel(*, task_id: UUID, now: datetime) -> CancelOutcome:
    """Raise the cancel flag of a task that still runs; nothing else is written.

    Raises:
        TaskNotFound: there is no such task.
    """
    with write_transaction():
        live = Task.objects.filter(pk=task_id).exclude(status__in=TERMINAL)
        if live.filter(cancellation_requested=False).update(cancellation_requested=True, updated_at=now):
            return CancelOutcome.REQUESTED
        if live.exists():
            return CancelOutcome.ALREADY
    if Task.objects.filter(pk=task_id).exists():
        return CancelOutcome.ENDED
    raise TaskNotFound(f"there is no task {task_id}")


def tasks_prune(*, older_than: datetime, limit: int = 100) -> int:
    """Remove up to `limit` tasks that ended before `older_than`, with their events; returns how many."""
    old = Task.objects.filter(status__in=TERMINAL, finished_at__lt=older_than).order_by("finished_at")
    with write_transaction():
        chosen = list(old.values_list("pk", flat=True)[:limit])
        Task.objects.filter(pk__in=chosen).delete()
    return len(chosen)
