"""The log of a run as a timeline, and its steps: what was thought, what was done to what, and what came of
it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.admin.sessions_rows import run_words
from tasks.admin.sessions_texts import masked, masked_block, masked_line, masked_link
from tasks.admin.telling import Says, Told, told
from tasks.admin.texts import Link, as_json, block, line, rest
from tasks.core.events import EventKind, LoggedEvent
from tasks.core.quantities import duration
from tasks.core.runtime.states import RunEventType, RunStatus
from tasks.core.wire import timestamp
from tasks.models import Run, RunEvent, RunStep

TEXT = 2_000
ARGS = 1_000
_NIL = UUID(int=0)
_DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A tool that was to be used on `target`. `outcome` and `badge`: what came of it; `message`: why; `args`
    is JSON."""

    name: str
    target: str
    outcome: str
    badge: str
    message: str
    args: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One step. `at`: the moment in UTC; `offset`: how long after the run began."""

    number: int
    at: str
    offset: str
    page: Link | None
    thought: str
    calls: list[ShownCall]


def shown_event(event: RunEvent, run: Run) -> Told:
    """One line of the run's log."""
    data = masked(event.data) if isinstance(event.data, Mapping) else {}
    public = _AS_TASKS_DO.get(event.type)
    if public is not None:
        logged = LoggedEvent(task_id=_NIL, seq=event.seq, kind=public, ts=event.created_at, payload=data)
        return told(logged, since=run.started_at)
    form, kind = _FORMS.get(event.type, (_unknown(event.type), "other"))
    return Told(
        seq=event.seq,
        kind=kind,
        at=timestamp(event.created_at),
        offset=_offset(event.created_at, run),
        says=form(data),
    )


def shown_step(step: RunStep, run: Run, *, is_last: bool) -> ShownStep:
    """One step of the run. `is_last`: what came of it may still be told."""
    decided = step.decided if isinstance(step.decided, Mapping) else {}
    results = step.results if isinstance(step.results, Mapping) else {}
    calls = decided.get("calls")
    is_open = is_last and run.ended_at is None
    return ShownStep(
        number=step.number,
        at=timestamp(step.created_at),
        offset=_offset(step.created_at, run),
        page=masked_link(decided.get("url")),
        thought=masked_block(decided.get("thought"), TEXT),
        calls=[
            _call(each, results.get(str(each.get("id"))), is_open=is_open)
            for each in (calls if isinstance(calls, list) else [])
            if isinstance(each, Mapping)
        ],
    )


def _offset(moment: datetime, run: Run) -> str:
    return f"+{duration((moment - run.started_at).total_seconds() * 1000)}"


# --- steps ---


def _call(call: Mapping[str, Any], result: object, *, is_open: bool) -> ShownCall:
    found = result if isinstance(result, Mapping) else None
    outcome, badge = _outcome(call, found, is_open=is_open)
    args = masked(call.get("args"))
    return ShownCall(
        name=line(call.get("name")),
        target=masked_line(call.get("target"), 400),
        outcome=outcome,
        badge=badge,
        message=_message(found),
        args=as_json(args, ARGS) if args else "",
    )


def _outcome(call: Mapping[str, Any], result: Mapping[str, Any] | None, *, is_open: bool) -> tuple[str, str]:
    """What came of a call, as a word and the class of its badge."""
    if result is None:
        if call.get("held"):
            return "the visitor was asked first", ""
        return ("under way", "rv-running") if is_open else ("not carried out", "")
    if result.get("success") is True:
        return "done", "rv-good"
    error = result.get("error")
    code = error.get("code") if isinstance(error, Mapping) else None
    return ("declined by the visitor", "rv-warn") if code == _DECLINED else ("failed", "rv-bad")


def _message(result: Mapping[str, Any] | None) -> str:
    """Why it failed, or what a tool gave back as text, and where it led."""
    if result is None:
        return ""
    error, output, went = result.get("error"), result.get("output"), result.get("navigation")
    parts = []
    if isinstance(error, Mapping):
        parts.append(f"{error.get('code') or ''} {error.get('message') or ''}".strip())
    if isinstance(output, str):
        parts.append(output)
    if isinstance(went, Mapping) and (to := masked_link(went.get("url"))):
        parts.append(f"→ {to.text}")
    return masked_block("\n".join(filter(None, parts)), TEXT)


# --- the log ---


def _started(data: Mapping[str, Any]) -> Says:
    return Says(
        word="Asked",
        symbol="“",
        text=block(data.get("message"), TEXT),
        other=rest(data, "message", "runId", "state"),
    )


def _tool_started(data: Mapping[str, Any]) -> Says:
    return Says(
        word="Tool",
        symbol="⚒",
        text=f"{line(data.get('name'))} {line(data.get('target'), 400)}".strip(),
        other=rest(data, "name", "target", "callId"),
    )


def _tool_result(data: Mapping[str, Any]) -> Says:
    outcome, _ = _outcome({}, data, is_open=False)
    return Says(
        word="Tool",
        symbol="⚒",
        text=f"{line(data.get('name'))} {outcome}".strip(),
        more=_message(data),
        other=rest(data, "name", "callId", "success", "error", "navigation"),
        is_bad=data.get("success") is not True,
    )


def _answered(data: Mapping[str, Any]) -> Says:
    answers = data.get("answers")
    keyed = [f"{key}: {text}" for key, text in answers.items()] if isinstance(answers, Mapping) else []
    return Says(
        word="The visitor answers",
        symbol="“",
        text=block(data.get("text") or "\n".join(keyed), TEXT),
        other=rest(data, "text", "answers", "runId", "status"),
    )


def _tab(data: Mapping[str, Any]) -> Says:
    decision = line(data.get("decision")).replace("_", " ")
    reason = line(data.get("decisionReason")).replace("_", " ")
    return Says(
        word="Address",
        symbol="↗",
        text=decision,
        link=masked_link(data.get("url")),
        more="" if reason == decision else reason,
        other=rest(data, "decision", "decisionReason", "url", "clientEventId"),
        is_bad=decision == "block",
    )


def _external(data: Mapping[str, Any]) -> Says:
    return Says(
        word="Another site’s page",
        symbol="↗",
        text=line(data.get("intent")).replace("_", " "),
        link=masked_link(data.get("url")),
        more=line(data.get("error")),
        other=rest(data, "intent", "url", "host", "error"),
        is_bad=bool(data.get("error")),
    )


def _control(data: Mapping[str, Any]) -> Says:
    return Says(
        word="Control",
        symbol="■",
        text=f"{line(data.get('action')).replace('_', ' ')}: {run_words(data.get('status')).word}",
        more=line(data.get("reason"), TEXT),
        other=rest(data, "action", "status", "reason", "runId"),
    )


def _moved(data: Mapping[str, Any]) -> Says:
    return Says(
        word="Status",
        symbol="●",
        text=run_words(data.get("status")).word,
        other=rest(data, "status", "runId"),
        is_bad=data.get("status") == RunStatus.FAILED,
    )


def _unknown(kind: str) -> Callable[[Mapping[str, Any]], Says]:
    def says(data: Mapping[str, Any]) -> Says:
        return Says(word=line(kind).replace("_", " "), symbol="·", other=rest(data))

    return says


_AS_TASKS_DO: Mapping[str, EventKind] = {
    RunEventType.STATUS: EventKind.STEP,
    RunEventType.MESSAGE: EventKind.MESSAGE,
    RunEventType.OBSERVATION: EventKind.OBSERVATION,
    RunEventType.ASK_USER: EventKind.INPUT,
    RunEventType.ERROR: EventKind.ERROR,
}
_FORMS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Says], str]] = {
    RunEventType.RUN_STARTED: (_started, "message"),
    RunEventType.TOOL_START: (_tool_started, "tool"),
    RunEventType.TOOL_RESULT: (_tool_result, "tool"),
    RunEventType.USER_ANSWER: (_answered, "message"),
    RunEventType.TAB_EVENT: (_tab, "observation"),
    RunEventType.EXTERNAL_CONTEXT: (_external, "observation"),
    RunEventType.CONTROL: (_control, "status"),
    RunEventType.RUN_TRANSITION: (_moved, "status"),
}
