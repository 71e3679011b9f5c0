"""The log of a run in a page, as events of its visit."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from roverbook.core.visits.events import OPENING, EventType, Source, VisitEvent
from tasks.core.runtime.states import RunEventType
from workspace.core.navigation import Decision

Said = Mapping[str, Any]


def run_opening(run_id: str, at: datetime, facts: Said) -> VisitEvent:
    """The run itself. `facts`: session_id, host, prompt, shortcut, boundary, is_test."""
    return VisitEvent(Source.RUN, run_id, OPENING, at, EventType.TASK_STARTED, facts, run_id)


def run_event(
    run_id: str, seq: int, at: datetime, type_: str, said: Said, calls: Mapping[str, Said]
) -> VisitEvent:
    """One line of the log. `calls`: what was decided of the run's calls, by their id; a result without a
    start is understood by it."""
    if type_ == RunEventType.TOOL_RESULT:
        return VisitEvent(
            Source.RUN, run_id, seq, at, EventType.TOOL_RESULT, _tool_result(said, calls), run_id
        )
    reading = _READING.get(type_)
    event_type, data = reading(said) if reading else (EventType.OTHER, {})
    return VisitEvent(Source.RUN, run_id, seq, at, event_type, data, run_id)


def needs_calls(type_: str, said: Said) -> bool:
    """Whether a line can be understood better by what was decided: one that tells no arguments."""
    return type_ == RunEventType.TOOL_RESULT and bool(said.get("callId"))


def _tool_start(said: Said) -> tuple[EventType, Said]:
    return EventType.TOOL_START, {
        "tool": said.get("name") or said.get("tool"),
        "call_id": said.get("callId"),
        "args": said.get("args"),
        "target": said.get("target"),
    }


def _tool_result(said: Said, calls: Mapping[str, Said]) -> Said:
    error = said.get("error")
    failed = error if isinstance(error, Mapping) else {}
    decided = calls.get(str(said.get("callId")), {})
    return {
        "tool": said.get("name") or said.get("tool") or decided.get("name"),
        "call_id": said.get("callId"),
        "args": decided.get("args"),
        "target": decided.get("target"),
        "is_good": said.get("success") is not False and not error,
        "code": failed.get("code"),
        "message": failed.get("message") or (error if isinstance(error, str) else None),
    }


def _started(said: Said) -> tuple[EventType, Said]:
    return EventType.RUN_STARTED, {"prompt": said.get("message"), "boundary": said.get("taskBoundaryId")}


def _state(said: Said) -> tuple[EventType, Said]:
    return EventType.RUN_STATE, {"state": said.get("status"), "reason": said.get("continuationReason")}


def _tab(said: Said) -> tuple[EventType, Said]:
    is_blocked = said.get("decision") == Decision.BLOCK
    return EventType.GUARDRAIL if is_blocked else EventType.OTHER, {}


def _message(said: Said) -> tuple[EventType, Said]:
    return EventType.MESSAGE, {"role": said.get("role"), "text": said.get("summary") or said.get("text")}


def _asked(said: Said) -> tuple[EventType, Said]:
    return EventType.INPUT, {"text": said.get("message") or said.get("text")}


def _text(said: Said) -> tuple[EventType, Said]:
    return EventType.STATUS, {"text": said.get("text") or said.get("message") or said.get("thought")}


def _error(said: Said) -> tuple[EventType, Said]:
    return EventType.ERROR, {"code": said.get("code"), "message": said.get("message")}


_READING: Mapping[str, Callable[[Said], tuple[EventType, Said]]] = {
    RunEventType.RUN_STARTED: _started,
    RunEventType.STATUS: _text,
    RunEventType.TOOL_START: _tool_start,
    RunEventType.MESSAGE: _message,
    RunEventType.OBSERVATION: lambda said: (EventType.PAGE, {"url": said.get("url")}),
    RunEventType.ASK_USER: _asked,
    RunEventType.USER_ANSWER: _state,
    RunEventType.RUN_TRANSITION: _state,
    RunEventType.CONTROL: _state,
    RunEventType.TAB_EVENT: _tab,
    RunEventType.ERROR: _error,
}
