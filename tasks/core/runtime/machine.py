"""What a command does to its session: the one place where epoch, run and seq change.

Commands are judged in this order, and the first objection counts:

    it was applied before     the kept answer
    TAB_EVENT, RUN_PROGRESS   the run has ended or is not there: an answer that says so, and nothing happens
    epoch                     StaleEpoch
    active run                ActiveRunExists, RunNotFound
    seq                       StaleSeq
    policy                    what the circumstances object

The epoch starts at 1 and rises by one when an active run is cut short: by a control, or by a prompt that
replaces it. A run's seq is the number of its events; each command that changes a run appends one to it, a
worker's report one for each thing it tells. A report needs no seq, for it only appends, and no epoch.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tasks.core.runtime.checks import active_run_exists, check_epoch, check_seq
from tasks.core.runtime.commands import (
    AnyCommand,
    AskUserAnswer,
    RunControl,
    RunInput,
    RunProgress,
    TabEvent,
)
from tasks.core.runtime.errors import RunNotFound
from tasks.core.runtime.fields import refused
from tasks.core.runtime.reports import decide_progress, decide_tab
from tasks.core.runtime.routing import Routing, route
from tasks.core.runtime.states import Run, RunEventType, RunMode, RunStatus, SessionState
from tasks.core.runtime.verdicts import Circumstances, NewRunEvent, Verdict
from workspace.core.fields import FieldError
from workspace.core.scope import Scope

_CLOSING = frozenset({"end_task", "new_task"})
_STARTS = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})


def decide(state: SessionState, command: AnyCommand, given: Circumstances) -> Verdict:
    """The verdict on a command whose session and body are in order.

    Raises:
        StaleEpoch, StaleSeq, ActiveRunExists: a conflict; nothing has changed, and nothing is to be kept.
        RunNotFound: the run that is meant does not exist, or there is none to go on with.
        InvalidArgument: a question that must be answered is not, or a run cannot come to the reported status.
        ValueError: `given.new_run_id` or `given.starts_as` cannot be those of a new run.
        Whatever `given.objection` is.
    """
    if given.stored is not None:
        return Verdict(state=state, data=dict(given.stored), is_stored=False, is_replay=True)
    if isinstance(command, TabEvent):
        return decide_tab(state, command, given)
    if isinstance(command, RunProgress):
        return decide_progress(state, command, given)
    check_epoch(state, command, is_strict=given.is_strict)
    if isinstance(command, RunControl):
        return _control(state, command, given)
    if isinstance(command, RunInput) and not command.continue_run:
        return _start(state, command, given)
    return _answer(state, command, given)


# --- prompts ---


def _start(state: SessionState, command: RunInput, given: Circumstances) -> Verdict:
    active = state.active
    if active is not None:
        if not command.force_new_run:
            raise active_run_exists(active, continue_prompt=True)
        check_seq(state, active, command, is_strict=given.is_strict)
    _object(given)
    mode, routing = _mode(command, active, given)
    run = _new_run(state, mode, given)
    cleared, events = _replaced(state, active)
    after = replace(cleared.with_run(run), boundary=command.task_boundary_id)
    started = NewRunEvent(
        run_id=run.id, seq=run.seq, type=RunEventType.RUN_STARTED, data=_told(command, run, routing)
    )
    data = _input_data(after, run, requested=command.requested_mode)
    return Verdict(
        state=after,
        data=data | ({"routing": routing.as_wire()} if routing else {}),
        events=(*events, started),
    )


def _mode(command: RunInput, active: Run | None, given: Circumstances) -> tuple[RunMode, Routing | None]:
    """The mode that was asked for, or the one that the prompt suggests, and how it was found."""
    if command.requested_mode != "auto":
        return RunMode(command.requested_mode), None
    found = route(
        command.message,
        is_own=Scope.compile(given.rules.patterns, given.rules.mode).covers,
        has_open_questions=active is not None and active.status is RunStatus.AWAITING_USER,
    )
    return found.mode, found


def _new_run(state: SessionState, mode: RunMode, given: Circumstances) -> Run:
    if not given.new_run_id or state.known(given.new_run_id):
        raise ValueError("a new run needs an id of its own")
    if given.starts_as not in _STARTS:
        raise ValueError(f"a run does not start as {given.starts_as}")
    return Run(id=given.new_run_id, status=given.starts_as, mode=mode)


def _replaced(state: SessionState, active: Run | None) -> tuple[SessionState, tuple[NewRunEvent, ...]]:
    """The session without its active run, which is cancelled at once, whoever holds it."""
    if active is None:
        return state, ()
    ended = _moved(active, RunStatus.CANCELLED)
    event = NewRunEvent(
        run_id=ended.id,
        seq=ended.seq,
        type=RunEventType.RUN_TRANSITION,
        data={"runId": ended.id, "status": ended.status.value},
    )
    return replace(state.with_run(ended), epoch=state.epoch + 1), (event,)


def _told(command: RunInput, run: Run, routing: Routing | None) -> dict[str, Any]:
    """What a run's first event says of it."""
    told = {
        "runId": run.id,
        "message": command.message,
        "requestedMode": command.requested_mode,
        "acceptedMode": run.mode.value,
        "state": run.status.value,
        "taskBoundaryId": command.task_boundary_id,
        "files": command.files or None,
        "routing": routing.as_wire() if routing else None,
    }
    return {name: value for name, value in told.items() if value is not None}


# --- answers ---


def _answer(state: SessionState, command: RunInput | AskUserAnswer, given: Circumstances) -> Verdict:
    run = _waiting(state, command.run_id)
    check_seq(state, run, command, is_strict=given.is_strict)
    _object(given)
    if isinstance(command, RunInput):
        return _answered(state, run, {"text": command.message}, requested=command.requested_mode)
    _check_answers(run, command)
    said = {"answers": command.answers or None, "text": command.raw_text}
    return _answered(state, run, {name: value for name, value in said.items() if value is not None})


def _waiting(state: SessionState, run_id: str | None) -> Run:
    """The run that waits for an answer; never one that somebody else is asked about."""
    active = state.active
    if active is None or run_id not in {None, active.id}:
        raise RunNotFound("There is no such run to go on with.")
    if active.status is not RunStatus.AWAITING_USER:
        raise active_run_exists(active, continue_prompt=False)
    return active


def _check_answers(run: Run, command: AskUserAnswer) -> None:
    """Raises InvalidArgument for required questions without an answer. A free text answers a single one."""
    missing = [key for key in run.required if key not in command.answers]
    if missing and not (command.raw_text and not command.answers and len(missing) == 1):
        raise refused(
            FieldError(f"answers.{key}", "This question must be answered.", "required") for key in missing
        )


def _answered(
    state: SessionState, run: Run, said: Mapping[str, Any], *, requested: str | None = None
) -> Verdict:
    after = _moved(run, RunStatus.RUNNING)
    event = NewRunEvent(
        run_id=after.id,
        seq=after.seq,
        type=RunEventType.USER_ANSWER,
        data={"runId": after.id, "status": after.status.value, **said},
    )
    told = state.with_run(after)
    return Verdict(state=told, data=_input_data(told, after, requested=requested), events=(event,))


def _input_data(state: SessionState, run: Run, *, requested: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "runId": run.id,
        "acceptedMode": run.mode.value,
        "state": run.status.value,
        "continuePrompt": False,
    }
    return data | ({"requestedMode": requested} if requested else {}) | {"epoch": state.epoch, "seq": run.seq}


# --- controls ---


def _control(state: SessionState, command: RunControl, given: Circumstances) -> Verdict:
    active = state.active
    named = state.known(command.run_id) if command.run_id else active
    if command.run_id and named is None:
        raise RunNotFound("The session has no such run.")
    if named is None and command.action == "continue":
        raise RunNotFound("There is no run to go on with.")
    if active is None or named is not active:
        _object(given)
        is_closed = active is None and command.action in _CLOSING
        return _controlled(replace(state, boundary=None) if is_closed else state, command, named)
    check_seq(state, active, command, is_strict=given.is_strict)
    _object(given)
    return _resumed(state, command, active) if command.action == "continue" else _cut(state, command, active)


def _resumed(state: SessionState, command: RunControl, run: Run) -> Verdict:
    if run.status is not RunStatus.AWAITING_USER:
        return _controlled(state, command, run)
    after = _moved(run, RunStatus.RUNNING)
    return _controlled(state.with_run(after), command, after, changed=True)


def _cut(state: SessionState, command: RunControl, run: Run) -> Verdict:
    """Ends the run, or asks its worker to let go of it; who asks again only waits."""
    boundary = None if command.action in _CLOSING else state.boundary
    if run.status is RunStatus.CANCEL_REQUESTED:
        return _controlled(replace(state, boundary=boundary), command, run)
    after = _moved(run, RunStatus.CANCEL_REQUESTED if run.is_held else RunStatus.CANCELLED)
    cut = replace(state.with_run(after), epoch=state.epoch + 1, boundary=boundary)
    return _controlled(cut, command, after, changed=True)


def _controlled(
    state: SessionState, command: RunControl, run: Run | None, *, changed: bool = False
) -> Verdict:
    """`run`: the one that is meant, None without one; `changed`: it was, which its log tells."""
    data: dict[str, Any] = {"action": command.action}
    if run is None:
        return Verdict(state=state, data=data)
    told = {"action": command.action, "runId": run.id, "status": run.status.value}
    reason = {"reason": command.reason} if command.reason else {}
    event = NewRunEvent(run_id=run.id, seq=run.seq, type=RunEventType.CONTROL, data=told | reason)
    return Verdict(
        state=state,
        data=data | {"runId": run.id, "currentSeq": run.seq},
        events=(event,) if changed else (),
    )


def _moved(run: Run, status: RunStatus) -> Run:
    return replace(run.after(status), seq=run.seq + 1)


def _object(given: Circumstances) -> None:
    if given.objection is not None:
        raise given.objection
