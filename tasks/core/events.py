"""The kinds of events in a task's log, and one event as readers see it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EventKind(StrEnum):
    """Event names; they are wire contract. From `status` on they are those of agents' tasks; `member_done`
    is how a workflow's log tells the end of one of its tasks, on the wire it is `done` too."""

    TASK_STARTED = "task_started"
    TASK_PROGRESS = "task_progress"
    TASK_COMPLETED = "task_completed"
    TASK_FAILED = "task_failed"
    TASK_CANCELLED = "task_cancelled"
    BATCH_START = "batch_start"
    ITEM_STARTED = "item_started"
    ITEM_DONE = "item_done"
    ITEM_FAILED = "item_failed"
    FINAL = "final"
    STATUS = "status"
    STEP = "step"
    TOOL = "tool"
    MESSAGE = "message"
    OBSERVATION = "observation"
    INPUT = "input"
    ERROR = "error"
    DONE = "done"
    MEMBER_DONE = "member_done"


TERMINAL_EVENTS = frozenset(
    {EventKind.TASK_COMPLETED, EventKind.TASK_FAILED, EventKind.TASK_CANCELLED, EventKind.DONE}
)
ENVELOPE_KEYS = frozenset({"ts", "kind", "event_id", "task_id", "seq"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event about to be written. `outcome_index` marks the one outcome of a batch item."""

    kind: EventKind
    payload: dict[str, Any] = field(default_factory=dict)
    outcome_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event as it stands in the log."""

    task_id: UUID
    seq: int
    kind: str
    ts: datetime
    payload: dict[str, Any]

    @property
    def is_terminal(self) -> bool:
        """True for the last event of a task."""
        return self.kind in TERMINAL_EVENTS
