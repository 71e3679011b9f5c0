"""What a page told the collector, as events of its visit. Of the contract's members any may be missing, and
none is believed for more than it is: a page's word."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roverbook.core.visits.events import EventType, Source, VisitEvent

Said = Mapping[str, Any]
_TYPES: Mapping[str, EventType] = {
    str(type_): type_
    for type_ in (
        EventType.TASK_STARTED,
        EventType.TASK_ENDED,
        EventType.RUN_STARTED,
        EventType.RUN_STATE,
        EventType.RUN_COMPLETED,
        EventType.TOOL_START,
        EventType.TOOL_RESULT,
        EventType.STATUS,
        EventType.ERROR,
        EventType.GUARDRAIL,
        EventType.EXPOSURE,
        EventType.VISIT,
    )
}
_EXTRAS = (
    "discoverySurface", "capabilityId", "pageId", "executionPath", "requestedResultModes", "userPresent",
)  # fmt: skip


def page_event(
    session_id: str,
    event_id: str,
    at: datetime,
    type_: str,
    data: Said,
    *,
    run_id: str = "",
    facts: Said | None = None,
) -> VisitEvent:
    """One event. `data`: as the page told it, with the contract's names. `facts`: what the server knows of
    it: session_id, host, agent (columns by their names)."""
    read = _read(data) | dict(facts or {})
    if type_ == EventType.VISIT:  # it tells of all of the visit: where it stood in the end is no page change
        read["url"] = None
    return VisitEvent(Source.PAGE, session_id, event_id, at, _TYPES.get(type_, EventType.OTHER), read, run_id)


def _read(data: Said) -> dict[str, Any]:
    payload = data.get("payload")
    more: Said = payload if isinstance(payload, Mapping) else {}

    def first(*names: str) -> Any:
        found = (source.get(name) for name in names for source in (data, more))
        return next((value for value in found if value not in (None, "")), None)

    error = first("errorDetail", "error")
    detail: Said = error if isinstance(error, Mapping) else {}
    return {
        "url": first("pageUrl", "url", "latestUrl", "entryUrl"),
        "text": first("summary", "latestSummary", "text"),
        "tool": first("toolName", "tool", "name", "action"),
        "call_id": first("callId", "stepId"),
        "args": first("args"),
        "target": first("target"),
        "duration_ms": first("durationMs"),
        "success": first("success", "ok"),
        "code": first("errorCode", "code") or detail.get("code"),
        "message": first("errorMessage", "latestError", "message")
        or detail.get("message")
        or (error if isinstance(error, str) else None),
        "prompt": first("prompt"),
        "shortcut": first("shortcut", "shortcutId"),
        "boundary": first("taskBoundaryId"),
        "launch_source": first("launchSource"),
        "entry_url": first("entryUrl"),
        "outcome": first("outcome"),
        "needs_input": first("needsUserInput"),
        "terminal": first("terminalState"),
        "complete": first("taskComplete"),
        "reason": first("continuationReason"),
        "extras": {name: data[name] for name in _EXTRAS if data.get(name) is not None},
    }
