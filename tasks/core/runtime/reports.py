"""Commands of a page or worker that is at work on a run: where a tab is to go, and what has happened.

They may come late. One about a run that has ended is no error: it is told so, and nothing happens.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from tasks.core.runtime.checks import check_epoch, check_seq
from tasks.core.runtime.commands import RunProgress, TabEvent
from tasks.core.runtime.fields import refused
from tasks.core.runtime.masking import masked_credentials
from tasks.core.runtime.progress import Happened, Moved, Step
from tasks.core.runtime.projection import TabScope, TabStatus
from tasks.core.runtime.states import Run, RunEventType, RunStatus, SessionState
from tasks.core.runtime.verdicts import Circumstances, NewRunEvent, TabChange, Verdict
from tasks.core.storable import storable
from tasks.fetching.urls import mask_secrets
from workspace.core import navigation
from workspace.core.fields import FieldError
from workspace.core.navigation import Decision, NavigationClass, NavigationDecision

STALE_RUN = "stale_run"
SYNC_HINT = "sync_projection_and_ignore"
URL_SHOWN = 2_000
_REPORTABLE: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING}),
    RunStatus.RUNNING: frozenset({RunStatus.AWAITING_USER, RunStatus.COMPLETED, RunStatus.FAILED}),
    RunStatus.AWAITING_USER: frozenset({RunStatus.FAILED}),
    RunStatus.CANCEL_REQUESTED: frozenset({RunStatus.CANCELLED}),
}


class StaleRunReason(StrEnum):
    """Why nothing happens with a run. Wire contract; `run_not_active` is never sent, since a run that
    is known and not the active one has ended."""

    RUN_MISSING = "run_missing"
    RUN_TERMINAL = "run_terminal"
    NO_ACTIVE_RUN = "no_active_run"


def stale_run(state: SessionState, run_id: str | None) -> StaleRunReason | None:
    """Why a command about this run comes too late, None if it does not. Without an id the active run is
    meant."""
    if run_id is None:
        return StaleRunReason.NO_ACTIVE_RUN if state.active is None else None
    run = state.known(run_id)
    if run is None:
        return StaleRunReason.RUN_MISSING
    return StaleRunReason.RUN_TERMINAL if run.status.is_terminal else None


# --- tabs ---


def decide_tab(state: SessionState, command: TabEvent, given: Circumstances) -> Verdict:
    """The verdict on an address: what the tab is to do. Raises as `machine.decide` does."""
    reason, run = stale_run(state, command.run_id), state.active
    if reason is not None or run is None:
        return _stale(state, command, reason or StaleRunReason.NO_ACTIVE_RUN)
    check_epoch(state, command, is_strict=given.is_strict)
    check_seq(state, run, command, is_strict=given.is_strict)
    if given.objection is not None:
        raise given.objection
    found = navigation.decide(
        current_url=command.current_url or given.page,
        target_url=command.target_url,
        rules=given.rules,
        message=command.message,
        client_score=command.adversarial_score,
        session_token=given.session_token,
    )
    after = replace(run, seq=run.seq + 1)
    tab = _tab(command, found)
    event = NewRunEvent(
        run_id=after.id, seq=after.seq, type=RunEventType.TAB_EVENT, data=_logged(command, found)
    )
    told = state.with_run(after)
    return Verdict(state=told, data=_decision(told, after, command, found), events=(event,), tab=tab)


def _stale(state: SessionState, command: TabEvent | RunProgress, reason: StaleRunReason) -> Verdict:
    current = state.active.id if state.active else ""
    data = {
        "decision": STALE_RUN,
        "decisionReason": STALE_RUN,
        "decisionHint": SYNC_HINT,
        "staleRun": True,
        "staleRunReason": reason.value,
        "currentRunId": current,
        "currentActiveRunId": current,
        "sessionId": state.id,
        "sessionEpoch": state.epoch,
        "runId": command.run_id,
        "clientEventId": command.client_event_id,
    }
    return Verdict(state=state, data=_said(data), is_stored=False)


def _decision(state: SessionState, run: Run, command: TabEvent, found: NavigationDecision) -> dict[str, Any]:
    data = {
        "decision": found.decision.value,
        "decisionReason": found.decision_reason,
        "decisionHint": found.decision_hint,
        "notice": found.notice,
        "staleRun": False,
        "sessionId": state.id,
        "sessionEpoch": state.epoch,
        "runId": run.id,
        "currentSeq": run.seq,
        "clientEventId": command.client_event_id,
        "currentHost": found.current_host,
        "targetHost": found.target_host,
        "isCrossHost": found.is_cross_host,
        "crossDomain": found.cross_domain,
        "navigationClass": found.navigation_class.value if found.navigation_class else None,
        "adversarial": {"score": found.assessment.score, "reasons": found.assessment.reasons},
    }
    return _said(data)


def _tab(command: TabEvent, found: NavigationDecision) -> TabChange | None:
    """What is now known of the tab, if it has a name. What is no web address is of no site."""
    if command.logical_tab_id is None:
        return None
    is_own = found.navigation_class not in {None, NavigationClass.CROSS_REGISTRABLE_EXTERNAL}
    return TabChange(
        logical_tab_id=command.logical_tab_id,
        parent_logical_tab_id=command.parent_logical_tab_id,
        scope=TabScope.IN_SCOPE if is_own else TabScope.EXTERNAL,
        status=TabStatus.BLOCKED if found.decision is Decision.BLOCK else TabStatus.OPEN,
        url=_shown(command.target_url),
        reason=found.decision_reason,
    )


def _logged(command: TabEvent, found: NavigationDecision) -> dict[str, Any]:
    data = {
        "decision": found.decision.value,
        "decisionReason": found.decision_reason,
        "decisionHint": found.decision_hint,
        "url": _shown(command.target_url),
        "targetHost": found.target_host,
        "navigationClass": found.navigation_class.value if found.navigation_class else None,
        "logicalTabId": command.logical_tab_id,
        "clientEventId": command.client_event_id,
    }
    return _said(data)


def _shown(url: str) -> str:
    """An address as it may be kept: without the values of secret parameters and tokens, and not without
    end."""
    shown: str = storable(masked_credentials(mask_secrets(url[: 2 * URL_SHOWN])))
    return shown[:URL_SHOWN]


# --- progress ---


def decide_progress(state: SessionState, command: RunProgress, given: Circumstances) -> Verdict:
    """The verdict on a worker's report: all of it is appended or, when one thing is wrong, nothing. Raises
    as `machine.decide` does."""
    reason, run = stale_run(state, command.run_id), state.active
    if reason is not None or run is None:
        return _stale(state, command, reason or StaleRunReason.NO_ACTIVE_RUN)
    check_epoch(state, command, is_strict=False)
    if given.objection is not None:
        raise given.objection
    seen, events = set(given.recorded), list[NewRunEvent]()
    for place, step in enumerate(command.steps):
        if run.status.is_terminal or (step.id is not None and step.id in seen):
            continue
        if step.id is not None:
            seen.add(step.id)
        where = f"events[{place}].data.status" if place < len(command.events) else "transition.status"
        run, event = _stepped(run, step, where)
        events += [event] if event else []
    data = {"runId": run.id, "currentSeq": run.seq, "state": run.status.value, "epoch": state.epoch}
    return Verdict(
        state=state.with_run(run),
        data=data,
        events=tuple(events),
        is_stored=command.client_event_id is not None,
    )


def _stepped(run: Run, step: Step, where: str) -> tuple[Run, NewRunEvent | None]:
    """The run after one step, and what its log says of it."""
    if isinstance(step, Happened):
        return _happened(run, step)
    status = _status(run, step, where)
    if status is None or (status is run.status and step.reason is None):
        return run, None
    moved = run if status is run.status else run.after(status)
    reason = {"continuationReason": step.reason.value} if step.reason else {}
    data = {"runId": run.id, "status": status.value} | reason
    return _appended(moved, RunEventType.RUN_TRANSITION, data, step)


def _happened(run: Run, step: Happened) -> tuple[Run, NewRunEvent]:
    asks = step.type is RunEventType.ASK_USER
    return _appended(replace(run, required=step.required) if asks else run, step.type, step.data, step)


def _status(run: Run, step: Moved, where: str) -> RunStatus | None:
    """The status that a report brings the run to. While a cancellation is asked for, every end is that end
    and everything else is late. Raises InvalidArgument for what cannot follow."""
    if run.status is RunStatus.CANCEL_REQUESTED:
        return RunStatus.CANCELLED if step.status.is_terminal else None
    if step.status is run.status or step.status in _REPORTABLE[run.status]:
        return step.status
    raise refused(
        [FieldError(where, f"A run that is {run.status} cannot be reported as {step.status}.", "not_allowed")]
    )


def _appended(run: Run, type_: RunEventType, data: Mapping[str, Any], step: Step) -> tuple[Run, NewRunEvent]:
    after = replace(run, seq=run.seq + 1)
    event = NewRunEvent(run_id=run.id, seq=after.seq, type=type_, data=data, id=step.id, at_ms=step.at_ms)
    return after, event


def _said(data: Mapping[str, Any]) -> dict[str, Any]:
    """What there is something to say of."""
    return {name: value for name, value in data.items() if value is not None}
