"""What a task can be, and how it may change."""

from enum import StrEnum


class TaskKind(StrEnum):
    """What a background task does."""

    BATCH_FETCH = "batch_fetch"
    RETRY = "retry"
    REVALIDATE = "revalidate"
    SUMMARIZE = "summarize"


class TaskStatus(StrEnum):
    """Where a task stands; the words are the wire's words."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """True when nothing may follow."""
        return self in TERMINAL


TERMINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})
TRANSITIONS: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED}),
    TaskStatus.RUNNING: TERMINAL,
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}


class ItemStatus(StrEnum):
    """Where one URL of a batch stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


RESUMABLE = frozenset({TaskKind.BATCH_FETCH, TaskKind.RETRY, TaskKind.REVALIDATE})
"""Kinds whose progress is recorded step by step, so that another worker can go on."""
