"""Working on a task, in a worker."""

from datetime import datetime
from uuid import UUID

from tasks.core.states import TaskKind
from tasks.services.agents.running import agent_task_fail, agent_task_run
from tasks.services.batch_run import batch_run
from tasks.services.engines import Workshop
from tasks.services.leases import Lease, lease_claim, task_fail

_RUN = {TaskKind.BATCH_FETCH: batch_run, TaskKind.AGENT: agent_task_run}


def task_run(*, task_id: UUID, now: datetime, workshop: Workshop) -> None:
    """Work on a task if nobody else does, until it ends, asks, or must be given back. One that killed its
    workers too often fails."""
    lease = lease_claim(task_id=task_id, now=now)
    if lease is None:
        return
    if lease.verdict is not None:
        error, message = lease.verdict
        _fail(lease, error=error, message=message, now=now)
        return
    run = _RUN.get(TaskKind(lease.kind)) if lease.kind in set(TaskKind) else None
    if run is None:
        message = f"This server cannot run a {lease.kind} task."
        _fail(lease, error="unknown_kind", message=message, now=now)
        return
    run(lease=lease, workshop=workshop)


def _fail(lease: Lease, *, error: str, message: str, now: datetime) -> None:
    fail = agent_task_fail if lease.kind == TaskKind.AGENT else task_fail
    fail(lease=lease, error=error, message=message, now=now)
