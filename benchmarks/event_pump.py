"""Writes events through the real service, from a process of its own, at a steady rate.

Started with the server's environment as `event_pump.py OWNER TASKS`. It makes tasks that no worker touches,
prints their ids in one line, then obeys lines from its input: `pump RATE SECONDS TASK_ID …` writes that many
events per second, spread over those tasks, and prints how many it wrote.
"""

import os
import sys
import time
from uuid import UUID


def main() -> None:
    """Sets up Django, makes the tasks, then obeys."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "rover_site.settings"
    import django

    django.setup()
    tasks = [make_task(sys.argv[1]) for _ in range(int(sys.argv[2]))]
    say(" ".join(str(task) for task in tasks))
    for line in sys.stdin:
        match line.split():
            case ["pump", rate, seconds, *chosen]:
                say(str(pump(chosen, float(rate), float(seconds))))


def make_task(owner: str) -> UUID:
    """A batch without items that is no worker's job: the load under measure is the only one."""
    from django.utils import timezone

    from tasks.core.states import TaskKind, TaskStatus
    from tasks.models import Task
    from workspace.models import User

    now = timezone.now()
    task = Task.objects.create(
        owner=User.objects.get(username=owner),
        kind=TaskKind.BATCH_FETCH,
        by_worker=False,
        status=TaskStatus.PENDING,
        params={"total": 0, "force_refresh": False, "concurrency": 8, "per_domain_concurrency": 2},
        created_at=now,
        updated_at=now,
    )
    append(task.pk, "task_started")
    return task.pk


def pump(tasks: list[str], rate: float, seconds: float) -> int:
    """Appends events at `rate` per second for `seconds`; returns how many. It catches up when it was late."""
    start, count = time.monotonic(), 0
    total = int(rate * seconds)
    while count < total:
        wait = start + count / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)  # the pace of the load itself
        append(tasks[count % len(tasks)], "task_progress")
        count += 1
    return count


def append(task: UUID | str, kind: str) -> None:
    """One event; it carries the time just before the service was called."""
    from django.utils import timezone

    from tasks.core.events import EventKind, NewEvent
    from tasks.services.events import events_append

    payload = {"sent_at": time.time(), "note": "A line of a usual length, as a worker would write it."}
    events_append(
        task_id=UUID(str(task)),
        events=[NewEvent(kind=EventKind(kind), payload=payload)],
        now=timezone.now(),
    )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
