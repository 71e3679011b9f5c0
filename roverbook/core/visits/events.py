"""What a visit is folded from: events of three kinds of logs in one form."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple


class Source(IntEnum):
    """Whose log an event is from; of events of one moment those of the first come first."""

    RUN = 0
    TASK = 1
    PAGE = 2


class EventType(StrEnum):
    """The contract's types, and what logs tell besides."""

    TASK_STARTED = "task_started"
    TASK_ENDED = "task_ended"
    RUN_STARTED = "run_started"
    RUN_STATE = "run_state_transition"
    RUN_COMPLETED = "run_completed"
    TOOL_START = "tool_start"
    TOOL_RESULT = "tool_result"
    STATUS = "status"
    ERROR = "error"
    GUARDRAIL = "navigation_guardrail"
    EXPOSURE = "experiment_exposure"
    PAGE = "page"
    MESSAGE = "message"
    INPUT = "input"
    VISIT = "visit"
    OTHER = "other"


OPENING = 0
"""The key of what a log is about; its lines are numbered from 1."""


class VisitEvent(NamedTuple):
    """One event. `log` and `key` name it within its source: a log's id and the line's number; of pages the
    session and the page's own id. `run_id`: '' for none. `data`: as `task_log`, `run_log`, `page_log` read
    it."""

    source: Source
    log: str
    key: int | str
    at: datetime
    type: EventType
    data: Mapping[str, Any]
    run_id: str = ""
