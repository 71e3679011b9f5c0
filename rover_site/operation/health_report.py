"""What the administrators' page "Health" shows: the findings of `rover doctor`, the workers, the tasks.

The setting HEALTH_REPORT names `report`.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from rover_site import __version__
from rover_site.operation.diagnosis import Finding, examine
from tasks.core.states import TaskKind, TaskStatus
from tasks.io.ownership import is_gone
from tasks.models import Task, WorkerBeat
from tasks.services.workers import FRESH
from workspace.core.health import Check, HealthReport, TaskSeen, WorkerSeen

FAILED_SHOWN = 20
LITTLE_DISK = 1_000_000_000
"""Bytes; below it, the database may soon be unable to grow."""


def report(*, now: datetime) -> HealthReport:
    """The state of this installation. Nothing is changed."""
    return HealthReport(
        version=__version__,
        checks=[*map(_check, examine()), _disk()],
        workers=list(_workers(now)),
        counts=_counts(now),
        failed=list(_failed()),
    )


def _check(finding: Finding) -> Check:
    return Check(
        name=finding.check, verdict=finding.verdict.value.lower(), message=finding.message, fix=finding.fix
    )


def _disk() -> Check:
    free = shutil.disk_usage(settings.ROVER.data_dir).free
    message = f"{free / 1e9:.1f} GB free for the data directory"
    if free < LITTLE_DISK:
        return Check(name="disk", verdict="warn", message=message, fix="Make room, or move ROVER_DATA_DIR.")
    return Check(name="disk", verdict="ok", message=message)


def _workers(now: datetime) -> Iterator[WorkerSeen]:
    for beat in WorkerBeat.objects.order_by("name"):
        host, _, pid, *_ = beat.name.split("|")
        yield WorkerSeen(
            name=f"{host}, process {pid}",
            n_processes=beat.n_processes,
            seen_at=beat.seen_at,
            is_alive=beat.seen_at > now - FRESH and not is_gone(f"{beat.name}|"),
        )


def _counts(now: datetime) -> list[tuple[str, int]]:
    """Tasks that nobody works on at present count as waiting, also those that were begun before. What is no
    worker's does not wait for one."""
    open_ = _tasks().filter(by_worker=True, status__in=[TaskStatus.PENDING, TaskStatus.RUNNING])
    n_running = open_.filter(lease_expires_at__gte=now).exclude(lease_owner="").count()
    n_open = open_.count()
    return [
        ("waiting", n_open - n_running),
        ("running", n_running),
        ("failed", _tasks().filter(status=TaskStatus.FAILED).count()),
    ]


def _tasks() -> QuerySet[Task]:
    """Without workflows, which are the sums of others, and webhooks, whose failures are their receivers'."""
    return Task.objects.exclude(kind__in=(TaskKind.WORKFLOW, TaskKind.WEBHOOK))


def _failed() -> Iterator[TaskSeen]:
    rows = _tasks().filter(status=TaskStatus.FAILED).select_related("owner").order_by("-id")
    for task in rows[:FAILED_SHOWN]:
        yield TaskSeen(
            id=str(task.pk),
            kind=task.kind,
            owner=task.owner.username if task.owner else "",
            error=task.error,
            ended_at=task.finished_at or task.updated_at,
        )
