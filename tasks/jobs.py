"""What the queue calls. Each function may be called twice, or never: the task's row decides what happens."""

from uuid import UUID

from django.utils import timezone

from tasks.io.draining import is_draining
from tasks.services.engines import process_workshop
from tasks.services.running import task_run


def run_task(*, task_id: str) -> None:
    """Work on the task, unless this worker is about to stop: then the hint is sent again by a sweep."""
    if not is_draining():
        task_run(task_id=UUID(task_id), now=timezone.now(), workshop=process_workshop())
