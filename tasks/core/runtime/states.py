"""Sessions and their runs: what they are, and how a run may change.

    queued -> running -> awaiting_user -> running ...     and at the end completed, failed or cancelled

A session has one newest run, and every other run of it has ended: there is no place for a second one that has
not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self


class RunStatus(StrEnum):
    """Where a run stands. Wire contract."""

    QUEUED = "queued"
    RUNNING = "running"
    AWAITING_USER = "awaiting_user"
    CANCEL_REQUESTED = "cancel_requested"
    """A worker holds the run and has not let go of it yet."""
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """True when nothing may follow."""
        return self in TERMINAL


TERMINAL = frozenset({RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.FAILED})
_CANCELS = frozenset({RunStatus.CANCEL_REQUESTED, RunStatus.CANCELLED})
TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING}) | _CANCELS,
    RunStatus.RUNNING: frozenset({RunStatus.AWAITING_USER, RunStatus.COMPLETED, RunStatus.FAILED}) | _CANCELS,
    RunStatus.AWAITING_USER: frozenset({RunStatus.RUNNING, RunStatus.FAILED}) | _CANCELS,
    RunStatus.CANCEL_REQUESTED: frozenset({RunStatus.CANCELLED}),
    **dict.fromkeys(TERMINAL, frozenset[RunStatus]()),
}


class RunMode(StrEnum):
    """How a run works: tool by tool, or by a plan. Wire contract."""

    ACT = "act"
    PLANNER = "planner"


class RunEventType(StrEnum):
    """The types of a run's events, as projections show them. Wire contract."""

    RUN_STARTED = "run_started"
    STATUS = "status"
    TOOL_START = "tool_start"
    TOOL_RESULT = "tool_result"
    MESSAGE = "message"
    OBSERVATION = "observation"
    ASK_USER = "ask_user"
    USER_ANSWER = "user_answer"
    TAB_EVENT = "tab_event"
    EXTERNAL_CONTEXT = "external_context"
    SNAPSHOT_SAVED = "snapshot_saved"
    CONTROL = "control"
    RUN_TRANSITION = "run_transition"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `seq`: the number of its last event, 1 for `run_started`. `is_held`: a worker has it, so that
    it ends only when that lets go. `required`: keys of the questions it asked that must be answered."""

    id: str
    status: RunStatus
    mode: RunMode
    seq: int = 1
    is_held: bool = False
    required: tuple[str, ...] = ()

    def after(self, status: RunStatus) -> Self:
        """The run in another status. What it asked is settled once it waits no longer.

        Raises:
            ValueError: a run in this status cannot come to that one.
        """
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"a run that is {self.status} cannot become {status}")
        asked = self.required if status is RunStatus.AWAITING_USER else ()
        return replace(self, status=status, required=asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """A session as commands find it. `run`: its newest run. `ended`: earlier runs as far as they are known,
    by id. `boundary`: the task boundary that the last prompt opened, None once it is closed.

    Raises ValueError for a state in which two runs could be going.
    """

    id: str
    epoch: int = 1
    run: Run | None = None
    ended: Mapping[str, Run] = field(default_factory=dict)
    boundary: str | None = None

    def __post_init__(self) -> None:
        if any(not run.status.is_terminal for run in self.ended.values()):
            raise ValueError("of a session's runs only the newest may not have ended")
        if self.run is not None and self.run.id in self.ended:
            raise ValueError("a session's newest run is not one of its earlier ones")

    @property
    def active(self) -> Run | None:
        """The one run that has not ended."""
        return None if self.run is None or self.run.status.is_terminal else self.run

    def known(self, run_id: str) -> Run | None:
        """The run with this id."""
        return self.run if self.run is not None and self.run.id == run_id else self.ended.get(run_id)

    def with_run(self, run: Run) -> Self:
        """The state in which the newest run is `run`: the same one changed, or another that comes after.

        Raises:
            ValueError: the newest run has not ended and is another one, or `run` is an earlier one.
        """
        if self.run is None or self.run.id == run.id:
            return replace(self, run=run)
        return replace(self, run=run, ended={**self.ended, self.run.id: self.run})
