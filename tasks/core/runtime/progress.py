"""What a worker, in a page or on the server, reports of its run: events, and the status it has come to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from tasks.core.runtime.fields import Body, Hint, Id, json_value
from tasks.core.runtime.states import RunEventType, RunStatus
from workspace.core.field_types import refusal

EVENTS_MAX = 40
EVENT_BYTES = 256 * 1024
QUESTIONS_MAX = 32
KEY_MAX = 120


class ContinuationReason(StrEnum):
    """Why a run goes on, or waits. Wire contract."""

    LOOP_CONTINUE = "loop_continue"
    SAME_TAB_NAVIGATION_HANDOFF = "same_tab_navigation_handoff"
    AWAITING_USER = "awaiting_user"


# The worker's name of an event -> the one in the log. `state_transition` is none: it changes the run.
_TYPES: Mapping[str, RunEventType] = {
    "status_update": RunEventType.STATUS,
    "tool_start": RunEventType.TOOL_START,
    "tool_result": RunEventType.TOOL_RESULT,
    "assistant_output": RunEventType.MESSAGE,
    "needs_input": RunEventType.ASK_USER,
    "page_observation": RunEventType.OBSERVATION,
    "error": RunEventType.ERROR,
}
_TRANSITION = "state_transition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of the log to be. `id`: the worker's, to tell a repetition; `at_ms`: the worker's clock."""

    type: RunEventType
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    at_ms: int | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Of an `ask_user` the keys of the questions that must be answered; malformed ones ask nothing."""
        questions = self.data.get("questions")
        asked = questions[:QUESTIONS_MAX] if isinstance(questions, list) else []
        keys = (_key(each) for each in asked if isinstance(each, Mapping) and each.get("required") is True)
        return tuple(dict.fromkeys(key for key in keys if key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The run has come to `status`; the same status with a `reason` tells that it goes on."""

    status: RunStatus
    reason: ContinuationReason | None = None
    id: str | None = None
    at_ms: int | None = None


Step = Happened | Moved


def _json(value: dict[str, Any]) -> Any:
    return json_value(value, max_bytes=EVENT_BYTES)


def _event_name(value: str) -> str:
    if value not in _TYPES and value != _TRANSITION:
        raise refusal("not_allowed", f"Must be {_TRANSITION} or one of {', '.join(_TYPES)}.")
    return value


class Transition(Body):
    """The status that a worker has brought its run to."""

    status: Annotated[RunStatus, Field(strict=False)]
    continuation_reason: Annotated[ContinuationReason, Field(strict=False)] | None = None


class ProgressEvent(Body):
    """One event as a worker names it. `data` is anything a JSON object may hold, up to 256 KiB."""

    type: Annotated[str, AfterValidator(_event_name)]
    id: Id | None = None
    ts: Hint = None
    data: Annotated[dict[str, Any], AfterValidator(_json)] = {}

    def step(self) -> Step:
        """What it says of the run. A transition to no status that there is, is told as a status."""
        if self.type != _TRANSITION:
            return Happened(type=_TYPES[self.type], data=self.data, id=self.id, at_ms=self.ts)
        status, reason = self.data.get("status", self.data.get("state")), self.data.get("continuationReason")
        if not (isinstance(status, str) and status in set(RunStatus)):
            return Happened(type=RunEventType.STATUS, data=self.data, id=self.id, at_ms=self.ts)
        return Moved(status=RunStatus(status), reason=_reason(reason), id=self.id, at_ms=self.ts)


ProgressEvents = Annotated[list[ProgressEvent], Field(max_length=EVENTS_MAX)]


def steps_of(events: list[ProgressEvent], transition: Transition | None = None) -> Iterator[Step]:
    """The events in their order, and the transition after them."""
    yield from (event.step() for event in events)
    if transition is not None:
        yield Moved(status=transition.status, reason=transition.continuation_reason)


def _reason(value: Any) -> ContinuationReason | None:
    is_known = isinstance(value, str) and value in set(ContinuationReason)
    return ContinuationReason(value) if is_known else None


def _key(question: Mapping[str, Any]) -> str:
    key = question.get("key")
    return key.strip()[:KEY_MAX] if isinstance(key, str) else ""
