"""What a task can be, and how it may change."""

from collections.abc import Mapping
from enum import StrEnum


class TaskKind(StrEnum):
    """What a background task does."""

    BATCH_FETCH = "batch_fetch"
    RETRY = "retry"
    REVALIDATE = "revalidate"
    SUMMARIZE = "summarize"
    AGENT = "agent"
    WORKFLOW = "workflow"
    WEBHOOK = "webhook"


class TaskStatus(StrEnum):
    """Where a task stands; the words are the wire's words. Only agents' tasks wait for a browser, ask, or
    expire."""

    PENDING = "pending"
    WAITING_BROWSER = "waiting_browser"
    RUNNING = "running"
    INPUT_REQUIRED = "input_required"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        """True when nothing may follow."""
        return self in TERMINAL

    @property
    def is_unclaimed(self) -> bool:
        """True while no browser and no server has taken the task up."""
        return self in UNCLAIMED


TERMINAL = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.EXPIRED})
UNCLAIMED = frozenset({TaskStatus.PENDING, TaskStatus.WAITING_BROWSER})
_CUT_SHORT = frozenset({TaskStatus.CANCELLED, TaskStatus.EXPIRED})
TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.WAITING_BROWSER, TaskStatus.RUNNING}) | _CUT_SHORT,
    TaskStatus.WAITING_BROWSER: frozenset({TaskStatus.RUNNING}) | _CUT_SHORT,
    TaskStatus.RUNNING: frozenset({TaskStatus.INPUT_REQUIRED, TaskStatus.COMPLETED, TaskStatus.FAILED})
    | _CUT_SHORT,
    TaskStatus.INPUT_REQUIRED: frozenset({TaskStatus.RUNNING}) | _CUT_SHORT,
    **dict.fromkeys(TERMINAL, frozenset[TaskStatus]()),
}


def may_follow(before: TaskStatus, after: TaskStatus) -> bool:
    """True when a task that is `before` may become `after`. Staying as it is counts as no change: False."""
    return after in TRANSITIONS[before]


class ItemStatus(StrEnum):
    """Where one URL of a batch stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


RESUMABLE = frozenset(
    {TaskKind.BATCH_FETCH, TaskKind.RETRY, TaskKind.REVALIDATE, TaskKind.AGENT, TaskKind.WEBHOOK}
)
"""Kinds that another worker can go on with: their progress is recorded step by step, or they can be begun
anew without doing anything twice."""
UNHINTED = frozenset({TaskKind.WEBHOOK})
"""Kinds that do not wait in the queue for a free worker process: a thread of `rover worker` looks for them
itself, many at a time, since they do little but wait for others' servers."""
