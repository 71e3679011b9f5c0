"""What may happen to a task of any kind: cancel and prune. Running one is in `tasks.services.running`."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tasks.core.errors import TaskNotFound
from tasks.core.states import TERMINAL, TaskKind
from tasks.models import AgentTask, Task
from tasks.services.agents.acting import agent_task_cancel
from workspace.io.transactions import write_transaction


class CancelOutcome(StrEnum):
    """What a request to cancel found."""

    REQUESTED = "requested"
    ALREADY = "already_requested"
    ENDED = "ended"


def task_cancel(*, task_id: UUID, now: datetime) -> CancelOutcome:
    """Cancel a task that has not ended. An agent's ends at once, a workflow with all its tasks; of another
    kind the flag is raised, and its worker ends it.

    Raises:
        TaskNotFound: there is no such task.
    """
    kind = Task.objects.filter(pk=task_id).values_list("kind", flat=True).first()
    if kind in (TaskKind.AGENT, TaskKind.WORKFLOW):
        cancel = agent_task_cancel if kind == TaskKind.AGENT else _workflow_cancel
        return CancelOutcome.REQUESTED if cancel(task_id=task_id, now=now) else CancelOutcome.ENDED
    with write_transaction():
        live = Task.objects.filter(pk=task_id).exclude(status__in=TERMINAL)
        if live.filter(cancellation_requested=False).update(cancellation_requested=True, updated_at=now):
            return CancelOutcome.REQUESTED
        if live.exists():
            return CancelOutcome.ALREADY
    if Task.objects.filter(pk=task_id).exists():
        return CancelOutcome.ENDED
    raise TaskNotFound(f"there is no task {task_id}")


def _workflow_cancel(*, task_id: UUID, now: datetime) -> bool:
    """Cancel every task of a workflow; True when one was not over. Only a live task hands over, so none can
    be added behind the last."""
    live = AgentTask.objects.filter(workflow=task_id).exclude(task__status__in=TERMINAL).order_by("depth")
    cancelled = False
    while (member := live.values_list("pk", flat=True).first()) is not None:
        cancelled = agent_task_cancel(task_id=member, now=now) or cancelled
    return cancelled


def tasks_prune(*, older_than: datetime, limit: int = 100) -> int:
    """Remove up to `limit` tasks that ended before `older_than`, with their events; returns how many."""
    old = Task.objects.filter(status__in=TERMINAL, finished_at__lt=older_than).order_by("finished_at")
    old = old.exclude(kind__in=(TaskKind.AGENT, TaskKind.WORKFLOW))  # those go by workflows
    with write_transaction():
        chosen = list(old.values_list("pk", flat=True)[:limit])
        Task.objects.filter(pk__in=chosen).delete()
    return len(chosen)
