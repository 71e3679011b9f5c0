"""The fold: what a set of events comes to as a visit.

A pure function of the set: in which order, in how many pieces and how often they came makes no difference.
Where this server keeps a log itself, that counts before what a page tells of the same: tools, pages, errors
and outcomes are taken from one source each, and so counted once. A run's log is richer than the public log of
its task, which repeats it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from roverbook.core.visits.errors import Failure, issues_of
from roverbook.core.visits.events import OPENING, EventType, Source, VisitEvent
from roverbook.core.visits.folded import TRAJECTORY_MAX, FoldedVisit
from roverbook.core.visits.opening import Opening
from roverbook.core.visits.ordering import in_order
from roverbook.core.visits.outcomes import (
    ABANDONED,
    COMPLETED,
    FAILURE,
    INPUT_REQUIRED,
    PARTIAL,
    SUCCESS,
    Lifecycle,
    Standing,
    outcome_of,
)
from roverbook.core.visits.paths import page_path, page_url
from roverbook.core.visits.runs import RunBook
from roverbook.core.visits.steps import Call, StepLog, call_of
from roverbook.core.visits.texts import ERROR_MAX, SUMMARY_MAX, clean
from roverbook.core.visits.walk import Walk

SILENCE = timedelta(minutes=30)
"""A page that told nothing for so long is left; a run that this server then gives up did not fail."""
_GIVEN_UP = "RUN_TIMEOUT"
_MIRRORED = frozenset(
    {
        EventType.TOOL_START,
        EventType.TOOL_RESULT,
        EventType.STATUS,
        EventType.MESSAGE,
        EventType.PAGE,
        EventType.INPUT,
        EventType.RUN_STATE,
    }
)
_TASK_ENDS = {"completed": SUCCESS, "failed": FAILURE, "cancelled": ABANDONED, "expired": ABANDONED}
_RUN_ENDS = {"completed": SUCCESS, "failed": FAILURE, "cancelled": ABANDONED}


def fold(events: Iterable[VisitEvent]) -> FoldedVisit:
    """The visit.

    Raises:
        ValueError: there is no event.
    """
    ordered = in_order(events)
    if not ordered:
        raise ValueError("a visit has at least one event")
    return _Fold(ordered).folded()


class _Fold:
    """One visit while its events are read."""

    def __init__(self, events: list[VisitEvent]) -> None:
        self._events = events
        self._runs_told = {event.run_id for event in events if event.source is Source.RUN}
        self._has_task = any(event.source is Source.TASK for event in events)
        self._is_watched = bool(self._runs_told) or self._has_task
        self._sees_pages = any(
            event.type is EventType.PAGE for event in events if event.source is not Source.PAGE
        )
        self._told_errors = {
            _message(event)
            for event in events
            if event.source is Source.RUN and event.type in (EventType.ERROR, EventType.TOOL_RESULT)
        }
        self._opening = Opening()
        self._standing = Standing()
        self._walk = Walk()
        self._steps = StepLog()
        self._runs = RunBook()
        self._guardrails = 0
        self._errors: list[Failure] = []
        self._summary = self._said = self._error = ""
        self._left: set[str] = set()
        self._before: dict[tuple[Source, str], datetime] = {}

    def folded(self) -> FoldedVisit:
        """Read all of them, and say what they come to."""
        for event in self._events:
            if event.source is Source.PAGE:
                self._opening.read(event)
            if not self._is_repeated(event):
                self._READ[event.type](self, event)
            self._before[event.source, event.log] = event.at
        return self._result()

    def _is_repeated(self, event: VisitEvent) -> bool:
        """Whether another log tells this better."""
        if event.source is Source.RUN or event.key == OPENING:
            return False
        if event.source is Source.TASK:
            is_mirrored = event.type in _MIRRORED or event.type is EventType.ERROR
            return bool(self._runs_told) and is_mirrored and not self._is_new_error(event)
        if event.run_id in self._runs_told:
            return event.type is not EventType.EXPOSURE and not self._is_new_error(event)
        return False

    def _is_new_error(self, event: VisitEvent) -> bool:
        return event.type is EventType.ERROR and _message(event) not in self._told_errors

    # --- one event of each type ---

    def _task_started(self, event: VisitEvent) -> None:
        if event.source is Source.PAGE:
            self._page(event)
        else:
            self._opening.read(event)

    def _task_ended(self, event: VisitEvent) -> None:
        if event.source is not Source.TASK:
            self._page(event)
            said = Lifecycle.of(event.data)
            outcome = outcome_of(said) if said.says_something else ABANDONED
            self._finish(event, outcome if outcome in (SUCCESS, FAILURE) else ABANDONED)
            return
        data, outcome = event.data, _TASK_ENDS.get(str(event.data.get("state")), ABANDONED)
        self._summary = _text(data, "summary") or self._summary
        message = _message(event)
        is_told = any(message == clean(error, ERROR_MAX) for _, error, _ in self._errors)
        if outcome == FAILURE and message and not is_told:
            self._err(event)
        self._attempt_ends(event, outcome)
        self._finish(event, outcome)

    def _run_started(self, event: VisitEvent) -> None:
        data = event.data
        self._runs.at_work(
            event.run_id, event.at, prompt=_text(data, "prompt"), boundary=_text(data, "boundary")
        )
        self._standing.active()
        self._page(event)

    def _run_state(self, event: VisitEvent) -> None:
        if event.source is Source.PAGE:
            self._lifecycle(event)
        elif event.source is Source.TASK:
            self._task_state(event)
        else:
            self._own_run_state(event)

    def _own_run_state(self, event: VisitEvent) -> None:
        state, reason = str(event.data.get("state")), _text(event.data, "reason")
        if (outcome := _RUN_ENDS.get(state)) is not None:
            outcome = ABANDONED if outcome == FAILURE and event.log in self._left else outcome
            self._runs.ends(event.run_id, event.at, outcome)
            self._finish(event, outcome)
        elif state == "awaiting_user":
            self._runs.waits(event.run_id, event.at, reason)
            self._standing.waiting(event.at)
        elif state == "running":
            self._runs.goes_on(event.run_id, event.at, reason)
            self._standing.active()

    def _task_state(self, event: VisitEvent) -> None:
        """Of a task that runs without a page: its time at work is one run."""
        state = event.data.get("state")
        if state == "running":
            self._runs.goes_on(event.log, event.at)
            self._standing.active()
        elif state == "input_required":
            self._runs.waits(event.log, event.at)
            self._standing.waiting(event.at)

    def _attempt_ends(self, event: VisitEvent, outcome: str) -> None:
        if not self._runs_told and self._runs.knows(event.log):
            self._runs.says(event.log, summary=_text(event.data, "summary"), error=_message(event))
            self._runs.ends(event.log, event.at, outcome)

    def _run_completed(self, event: VisitEvent) -> None:
        said = Lifecycle.of(event.data)
        self._lifecycle(event, said if said.says_something else Lifecycle(terminal=COMPLETED))

    def _lifecycle(self, event: VisitEvent, said: Lifecycle | None = None) -> None:
        """What a page says of how things stand."""
        said = said or Lifecycle.of(event.data)
        self._page(event)
        self._status(event)
        if not said.says_something:
            return
        outcome = outcome_of(said)
        is_run_over = event.type is EventType.RUN_COMPLETED and said.terminal == COMPLETED
        is_over = outcome in (SUCCESS, FAILURE) or (is_run_over and outcome != INPUT_REQUIRED)
        self._run_stands(event, outcome, is_over=is_over)
        if is_over:
            self._finish(event, outcome)
        elif self._is_watched:
            return
        elif outcome == INPUT_REQUIRED:
            self._standing.waiting(event.at)
        elif outcome == ABANDONED:
            self._finish(event, ABANDONED)
        elif outcome == PARTIAL:
            self._standing.partial()

    def _run_stands(self, event: VisitEvent, outcome: str, *, is_over: bool) -> None:
        if not event.run_id:
            return
        if is_over or outcome == ABANDONED:
            self._runs.ends(event.run_id, event.at, outcome)
        elif outcome == INPUT_REQUIRED:
            self._runs.waits(event.run_id, event.at, _text(event.data, "reason"))
        else:
            self._runs.goes_on(event.run_id, event.at, _text(event.data, "reason"))
        self._runs.says(event.run_id, summary=_text(event.data, "text"), error=_message(event))

    def _tool_start(self, event: VisitEvent) -> None:
        self._page(event)
        self._steps.start(self._call(event), self._walk.current)
        self._work(event)

    def _tool_result(self, event: VisitEvent) -> None:
        self._page(event)
        error = self._steps.result(self._call(event), self._walk.current)
        if error:
            self._error = error
            self._runs.says(self._run_of(event), error=error)
        self._work(event)

    def _status(self, event: VisitEvent) -> None:
        self._page(event)
        self._said = _text(event.data, "text") or self._said
        self._work(event)

    def _status_told(self, event: VisitEvent) -> None:
        if event.source is Source.PAGE:
            self._lifecycle(event)
        else:
            self._status(event)

    def _message_told(self, event: VisitEvent) -> None:
        if event.data.get("role") in (None, "assistant"):
            self._summary = _text(event.data, "text") or self._summary
            self._runs.says(self._run_of(event), summary=_text(event.data, "text"))
        self._work(event)

    def _page(self, event: VisitEvent) -> None:
        """A page change, which any event of a page can tell by its address."""
        if event.source is not Source.PAGE or not self._sees_pages:
            self._walk.see(event.data.get("url"))

    def _page_seen(self, event: VisitEvent) -> None:
        self._page(event)
        self._work(event)

    def _error_told(self, event: VisitEvent) -> None:
        self._page(event)
        if event.data.get("code") == _GIVEN_UP and self._is_silent(event):
            self._left.add(event.log)
            return
        self._err(event)
        self._work(event)

    def _err(self, event: VisitEvent) -> None:
        tool = _text(event.data, "tool")
        message = _message(event) or "It failed."
        self._errors.append((tool, message, page_path(self._walk.current)))
        self._error = message
        self._runs.says(self._run_of(event), error=message)

    def _guardrail(self, event: VisitEvent) -> None:
        self._guardrails += 1
        self._work(event)

    def _work(self, event: VisitEvent) -> None:
        """Something happens in a run: it is at work until then, unless it waits."""
        if run_id := self._run_of(event):
            self._runs.at_work(run_id, event.at)

    # --- shared ---

    def _run_of(self, event: VisitEvent) -> str:
        """The run of an event; a task that runs without a page is a run by itself."""
        if event.source is Source.TASK:
            return "" if self._runs_told else event.log
        return event.run_id

    def _finish(self, event: VisitEvent, outcome: str) -> None:
        if event.source is Source.PAGE and self._is_watched:
            return
        self._standing.finish(outcome, at=event.at, source=event.source, run_id=event.run_id)

    def _is_silent(self, event: VisitEvent) -> bool:
        """Whether nothing was told for long before this."""
        before = self._before.get((event.source, event.log))
        return before is not None and event.at - before >= SILENCE

    def _call(self, event: VisitEvent) -> Call:
        return call_of(event.data, run_id=self._run_of(event), at=event.at)

    # --- what they come to ---

    def _result(self) -> FoldedVisit:
        opening, standing, walk = self._opening, self._standing, self._walk
        own = [event for event in self._events if event.source is not Source.PAGE] or self._events
        steps = self._steps.folded()
        failures = list(self._steps.failures())
        entry = page_url(opening.url) or (walk.pages[0] if walk.pages else "")
        targeted, named, missing = self._steps.aimed()
        return FoldedVisit(
            task_id=opening.task_id,
            session_id=opening.session_id,
            workflow_id=opening.workflow_id,
            boundary=opening.boundary,
            launch_source=opening.launch_source,
            host=opening.host_of(entry),
            entry_url=entry,
            latest_url=walk.current or entry,
            prompt=opening.prompt,
            shortcut=opening.shortcut,
            agent=opening.agent,
            status=standing.status,
            outcome=standing.outcome,
            summary=clean(self._summary or self._said, SUMMARY_MAX),
            error=clean(self._error, ERROR_MAX),
            started_at=own[0].at,
            last_event_at=own[-1].at,
            ended_at=standing.end.at if standing.end else None,
            is_test=opening.is_test or opening.is_trial(walk.pages),
            n_events=sum(event.key != OPENING for event in self._events),
            total_runs=len(self._runs),
            total_steps=len(self._steps),
            total_duration_ms=self._runs.total_ms(),
            error_count=len(failures) + len(self._errors),
            backtrack_count=walk.backtracks + self._guardrails,
            pages_visited=walk.pages,
            runs=self._runs.folded(self._steps.by_run()),
            trajectory=[step.previewed() for step in steps[:TRAJECTORY_MAX]],
            tool_usage=self._steps.usage(),
            extras=opening.extras,
            steps=steps,
            tools=self._steps.tools(),
            moves=walk.moves(),
            issues=issues_of([*failures, *self._errors]),
            targeted=targeted,
            named=named,
            missing=missing,
            asked_at=standing.asked_at,
            has_task=self._has_task,
            is_watched=self._is_watched,
        )

    _READ: Mapping[EventType, Callable[["_Fold", VisitEvent], None]] = {
        EventType.TASK_STARTED: _task_started,
        EventType.TASK_ENDED: _task_ended,
        EventType.RUN_STARTED: _run_started,
        EventType.RUN_STATE: _run_state,
        EventType.RUN_COMPLETED: _run_completed,
        EventType.TOOL_START: _tool_start,
        EventType.TOOL_RESULT: _tool_result,
        EventType.STATUS: _status_told,
        EventType.ERROR: _error_told,
        EventType.GUARDRAIL: _guardrail,
        EventType.EXPOSURE: _page,
        EventType.PAGE: _page_seen,
        EventType.MESSAGE: _message_told,
        EventType.INPUT: _work,
        EventType.VISIT: _lifecycle,
        EventType.OTHER: _work,
    }


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _message(event: VisitEvent) -> str:
    return clean(_text(event.data, "message") or _text(event.data, "code"), ERROR_MAX)
