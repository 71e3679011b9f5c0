"""Signs of life of `rover worker`, so that any process on any machine can tell whether someone works."""

from datetime import datetime, timedelta

from tasks.io.ownership import is_gone, owner_name
from tasks.models import WorkerBeat
from workspace.io.transactions import write_transaction

FRESH = timedelta(seconds=15)
"""A worker not seen for this long counts as dead."""
FORGET = timedelta(days=1)


def workers_beat(*, name: str, n_processes: int, now: datetime) -> None:
    """Say that the worker `name` (see `worker_name`) lives, and forget those that died long ago."""
    with write_transaction():
        WorkerBeat.objects.update_or_create(name=name, defaults={"n_processes": n_processes, "seen_at": now})
        WorkerBeat.objects.filter(seen_at__lt=now - FORGET).delete()


def workers_leave(*, name: str) -> None:
    """Take back the sign of life after a clean stop."""
    with write_transaction():
        WorkerBeat.objects.filter(name=name).delete()


def workers_alive(*, now: datetime) -> int:
    """How many worker processes were seen in the last 15 seconds; those of this machine must still live."""
    fresh = WorkerBeat.objects.filter(seen_at__gt=now - FRESH).values_list("name", "n_processes")
    return sum(n_processes for name, n_processes in fresh if not is_gone(f"{name}|"))


def worker_name() -> str:
    """`host|pid namespace|pid|start time` of this process: unique among machines and in time."""
    return owner_name().rpartition("|")[0]
