"""Waking a worker. The message is a hint, the task's row the truth: a lost or doubled hint does no harm."""

from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction


class Job(StrEnum):
    """What a worker can be told to run, as a dotted path; a test imports each."""

    RUN_TASK = "tasks.jobs.run_task"


def enqueue(job: Job, **kwargs: Any) -> None:
    """Ask a worker to run `job`. Inside a transaction the hint becomes visible with its commit: the database
    queue shares the transaction, Redis is told after it."""
    if settings.Q_CLUSTER.get("redis"):
        transaction.on_commit(lambda: _send(job, kwargs))
    else:
        _send(job, kwargs)


def waiting() -> int:
    """How many hints wait for a worker."""
    from django_q.brokers import get_broker

    return int(get_broker().queue_size())


def _send(job: Job, kwargs: dict[str, Any]) -> None:
    from django_q.tasks import async_task

    async_task(job.value, **kwargs)
