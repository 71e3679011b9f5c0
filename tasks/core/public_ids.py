"""Names of agents' tasks, workflows and events as callers see them, and as the database keys them."""

import re
from uuid import UUID

from tasks.core.cursors import MAX_DIGITS, START

TASK_PREFIX = "agt_"
WORKFLOW_PREFIX = "wf_"
EVENT_PREFIX = "evt_"
ACCESS_PREFIX = "agt_access_"
WORKFLOW_ACCESS_PREFIX = "wf_access_"
RECEIPT_PREFIX = "rrc_"


def task_name(task_id: UUID) -> str:
    """`agt_` and 32 hex digits."""
    return TASK_PREFIX + task_id.hex


def workflow_name(workflow_id: UUID) -> str:
    """`wf_` and 32 hex digits."""
    return WORKFLOW_PREFIX + workflow_id.hex


def event_name(seq: int) -> str:
    """`evt_` and the place of the event in its log: unique in one task, and what a reader goes on after."""
    return f"{EVENT_PREFIX}{seq}"


def read_name(text: str, prefix: str) -> UUID | None:
    """The key behind a name with this prefix; None for anything else: a task has one address."""
    return UUID(text.removeprefix(prefix)) if re.fullmatch(rf"{prefix}[0-9a-f]{{32}}", text) else None


def read_event_name(text: str | None) -> int | None:
    """The place that `evt_7`, or the bare 7, names; None for anything else."""
    digits = (text or "").removeprefix(EVENT_PREFIX)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS else None


def read_cursor(last_event_id: str | None, after: str | None) -> int:
    """Where to go on, as `tasks.core.cursors.parse_cursor`, from names of events."""
    for text in (last_event_id, after):
        if (seq := read_event_name(text)) is not None:
            return seq
    return START
