"""Working on a task, in a worker."""

from datetime import datetime
from uuid import UUID

from tasks.core.states import TaskKind
from tasks.models import Task
from tasks.services.batch_run import batch_run
from tasks.services.engines import Workshop
from tasks.services.leases import lease_claim, task_fail


def task_run(*, task_id: UUID, now: datetime, workshop: Workshop) -> None:
    """Work on a task if nobody else does, until it ends or must be given back."""
    lease = lease_claim(task_id=task_id, now=now)
    if lease is None:
        return
    kind = Task.objects.values_list("kind", flat=True).get(pk=task_id)
    if kind == TaskKind.BATCH_FETCH:
        batch_run(lease=lease, workshop=workshop)
    else:
        task_fail(
            lease=lease, now=now, error="unknown_kind", message=f"This server cannot run a {kind} task."
        )
