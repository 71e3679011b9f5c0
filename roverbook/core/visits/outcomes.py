"""What a visit came to: the outcome that events tell, and how it decides the visit's status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from roverbook.core.visits.events import Source

SUCCESS, FAILURE, PARTIAL = "success", "failure", "partial"
ABANDONED, INPUT_REQUIRED = "abandoned", "input_required"
OUTCOMES = frozenset({SUCCESS, FAILURE, PARTIAL, ABANDONED, INPUT_REQUIRED})
STATUSES: Mapping[str, str] = {
    SUCCESS: "completed",
    FAILURE: "failed",
    ABANDONED: "abandoned",
    INPUT_REQUIRED: "input_required",
    PARTIAL: "active",
}
"""Of a visit that goes on; one that ended half done is completed."""
WAITING, IN_PROGRESS, COMPLETED, FAILED = "waiting_input", "in_progress", "completed", "failed"
"""The contract's terminal states of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What an event says of how things stand. None: nothing. `terminal`: a terminal state of a run."""

    outcome: str | None = None
    needs_input: bool = False
    terminal: str | None = None
    is_good: bool | None = None
    is_complete: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """What the data of an event say."""
        outcome, terminal, good = data.get("outcome"), data.get("terminal"), data.get("success")
        return cls(
            outcome=outcome if isinstance(outcome, str) and outcome in OUTCOMES else None,
            needs_input=data.get("needs_input") is True,
            terminal=terminal if terminal in (WAITING, IN_PROGRESS, COMPLETED, FAILED) else None,
            is_good=good if isinstance(good, bool) else None,
            is_complete=data.get("complete") is True,
        )

    @property
    def says_something(self) -> bool:
        """Whether there is anything to go by."""
        return bool(self.outcome or self.needs_input or self.terminal or self.is_complete) or (
            self.is_good is not None
        )


def outcome_of(said: Lifecycle) -> str:
    """The outcome that a lifecycle event tells."""
    if said.outcome in OUTCOMES:
        return str(said.outcome)
    if said.needs_input or said.terminal == WAITING:
        return INPUT_REQUIRED
    if said.terminal == FAILED or said.is_good is False:
        return FAILURE
    return SUCCESS if said.is_complete or said.terminal == COMPLETED else PARTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a visit ended, when, and by whose word. One that nobody took to its end is not `is_real`."""

    outcome: str
    at: datetime
    source: Source
    run_id: str

    @property
    def is_real(self) -> bool:
        """False for an end that any outcome may still replace."""
        return self.outcome != ABANDONED


class Standing:
    """How a visit stands while its events are read in their order.

    An end that counts stays, but the outcome of a later run of the same visit replaces that of an earlier
    one, the word of the task's own log any other, and every outcome an abandonment.
    """

    def __init__(self) -> None:
        self.outcome = ""
        self.end: End | None = None
        self.asked_at: datetime | None = None

    @property
    def status(self) -> str:
        """As `Visit.status`."""
        if self.end is None:
            return STATUSES.get(self.outcome, "active")
        return "completed" if self.end.outcome == PARTIAL else STATUSES[self.end.outcome]

    def active(self) -> None:
        """It goes on."""
        if self.end is None:
            self.outcome, self.asked_at = "", None

    def waiting(self, at: datetime) -> None:
        """It waits for an answer."""
        if self.end is None and self.outcome != INPUT_REQUIRED:
            self.outcome, self.asked_at = INPUT_REQUIRED, at

    def partial(self) -> None:
        """Something is done, and it goes on."""
        if self.end is None:
            self.outcome, self.asked_at = PARTIAL, None

    def finish(self, outcome: str, *, at: datetime, source: Source, run_id: str) -> None:
        """It comes to its end, if that still counts."""
        new = End(outcome=outcome, at=at, source=source, run_id=run_id)
        if self._counts(new):
            self.end, self.outcome, self.asked_at = new, outcome, None

    def _counts(self, new: End) -> bool:
        old = self.end
        if old is None or (new.is_real and not old.is_real):
            return True
        if not new.is_real or old.source is Source.TASK:
            return False
        return new.source is Source.TASK or new.run_id != old.run_id
