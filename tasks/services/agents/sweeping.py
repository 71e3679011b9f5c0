"""What time does to agents' tasks: those that waited long enough for a browser go to the cloud, those that
nobody took, answered or carried on end, and those that ended long ago go."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from tasks.core.events import EventKind, NewEvent
from tasks.core.public_task import RETENTION, SILENCE_LIMIT
from tasks.core.states import UNCLAIMED, TaskKind, TaskStatus
from tasks.models import AgentTask, Receipt, Task
from tasks.services.agents.callers import nonces_prune
from tasks.services.agents.limits import rates_prune
from tasks.services.agents.log import Logs, change
from tasks.services.agents.replays import keys_prune
from tasks.services.runtime.bound import run_cut, run_hold
from workspace.io.queue import Job, enqueue
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import reception_of

SWEEP_LIMIT = 200


def agent_tasks_sweep(*, now: datetime) -> int:
    """Change every task whose time has come, up to `SWEEP_LIMIT` in one call; returns how many. Any number
    of sweepers may run: each change is conditional."""
    due = Task.objects.filter(due_at__lte=now, kind=TaskKind.AGENT).order_by("due_at")
    chosen = list(due.values_list("pk", flat=True)[:SWEEP_LIMIT])
    return sum(_overdue(task_id, now) for task_id in chosen)


def agent_tasks_prune(*, now: datetime, limit: int = 100) -> int:
    """Remove up to `limit` workflows that ended more than seven days ago, with their tasks and logs."""
    rates_prune(now=now)
    keys_prune(now=now)
    nonces_prune(now=now)
    old = Task.objects.filter(kind=TaskKind.WORKFLOW, finished_at__lt=now - RETENTION).order_by("finished_at")
    with write_transaction():
        chosen = list(old.values_list("pk", flat=True)[:limit])
        members = AgentTask.objects.filter(workflow__in=chosen).values_list("pk", flat=True)
        Task.objects.filter(pk__in=[*members, *chosen]).delete()
    return len(chosen)


def _overdue(task_id: UUID, now: datetime) -> bool:
    with write_transaction():
        run = run_hold(task_id)
        Task.objects.select_for_update().filter(pk=task_id).values_list("pk").first()
        rows = AgentTask.objects.select_related("task", "key__site__config")
        found = rows.filter(pk=task_id, task__due_at__lte=now).first()
        if found is None:
            return False
        if found.promote_at is not None and found.promote_at <= now < found.expires_at:
            return _promote(found, now)
        run_cut(run, reason="the task's time was over", now=now)
        return _expire(found, now)


def _promote(agent_task: AgentTask, now: datetime) -> bool:
    """No browser came: a worker takes the task, and its receipt counts for nothing any more. Where the owner
    has meanwhile ruled that out, the task goes on waiting."""
    if agent_task.key is None or not reception_of(agent_task.key).allows_cloud:
        AgentTask.objects.filter(pk=agent_task.pk).update(promote_at=None)
        Task.objects.filter(pk=agent_task.pk).update(due_at=agent_task.expires_at)
        return False
    step = NewEvent(kind=EventKind.STEP, payload={"text": "No browser took the task; it runs on the server."})
    promoted = change(
        Logs.of(agent_task),
        after=TaskStatus.RUNNING,
        only_from=[TaskStatus.WAITING_BROWSER],
        now=now,
        events=[step],
        by_worker=True,
    )
    if promoted:
        Receipt.objects.filter(task=agent_task).delete()
        enqueue(Job.RUN_TASK, task_id=str(agent_task.pk))
    return promoted


def _expire(agent_task: AgentTask, now: datetime) -> bool:
    status = TaskStatus(agent_task.task.status)
    logs = Logs.of(agent_task)
    if status is TaskStatus.RUNNING:
        minutes = int(SILENCE_LIMIT.total_seconds() // 60)
        error = {"code": "timeout", "message": f"Nothing happened for {minutes} minutes."}
        told = NewEvent(kind=EventKind.ERROR, payload=error)
        return change(
            logs, after=TaskStatus.FAILED, now=now, events=[told], result={"error": error}, error="timeout"
        )
    if status in UNCLAIMED or status is TaskStatus.INPUT_REQUIRED:
        return change(logs, after=TaskStatus.EXPIRED, now=now, error="expired")
    return bool(Task.objects.filter(pk=agent_task.pk).update(due_at=None, last_seq=F("last_seq")))
