"""The public log of an agent's task, as events of its visit."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from roverbook.core.visits.events import OPENING, EventType, Source, VisitEvent
from tasks.core.events import EventKind

Said = Mapping[str, Any]


def task_opening(log: str, at: datetime, facts: Said) -> VisitEvent:
    """The task itself. `facts`: task_id, url, host, prompt, shortcut, launch_source, workflow_id, agent (the
    record as `tasks.core.attribution` writes it), envelope, by_worker."""
    return VisitEvent(Source.TASK, log, OPENING, at, EventType.TASK_STARTED, facts)


def task_event(log: str, seq: int, at: datetime, kind: str, payload: Said) -> VisitEvent:
    """One line of the log."""
    reading = _READING.get(kind)
    type_, data = reading(payload) if reading else (EventType.OTHER, {})
    return VisitEvent(Source.TASK, log, seq, at, type_, data)


def _status(said: Said) -> tuple[EventType, Said]:
    return EventType.RUN_STATE, {"state": said.get("status")}


def _tool(said: Said) -> tuple[EventType, Said]:
    started = said.get("status") == "started"
    is_good = said.get("status") != "failed"
    data = {
        "tool": said.get("name"),
        "args": said.get("args"),
        "is_good": is_good,
        "message": said.get("message"),
    }
    return EventType.TOOL_START if started else EventType.TOOL_RESULT, data


def _done(said: Said) -> tuple[EventType, Said]:
    result = said.get("result")
    told = result if isinstance(result, Mapping) else {}
    error = told.get("error")
    failed = error if isinstance(error, Mapping) else {}
    return EventType.TASK_ENDED, {
        "state": said.get("status"),
        "summary": told.get("summary") or told.get("text"),
        "message": failed.get("message"),
        "code": failed.get("code"),
    }


_READING: Mapping[str, Callable[[Said], tuple[EventType, Said]]] = {
    EventKind.STATUS: _status,
    EventKind.TOOL: _tool,
    EventKind.DONE: _done,
    EventKind.STEP: lambda said: (EventType.STATUS, {"text": said.get("text")}),
    EventKind.MESSAGE: lambda said: (
        EventType.MESSAGE,
        {"role": said.get("role"), "text": said.get("text")},
    ),
    EventKind.OBSERVATION: lambda said: (EventType.PAGE, {"url": said.get("url")}),
    EventKind.INPUT: lambda said: (EventType.INPUT, {"text": said.get("message")}),
    EventKind.ERROR: lambda said: (
        EventType.ERROR,
        {"code": said.get("code"), "message": said.get("message")},
    ),
}
