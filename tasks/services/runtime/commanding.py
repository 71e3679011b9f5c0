"""A command of a page, applied: decided by the pure core while the session is ours, and written with its
events, its tab, its answer and what it means for the agent's task, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.core.public_errors import PublicShortcutNotFound
from tasks.core.public_ids import TASK_PREFIX, read_name
from tasks.core.runtime.commands import AnyCommand, RunControl, RunInput, RunProgress
from tasks.core.runtime.errors import PermissionDenied, ReplayedNonce
from tasks.core.runtime.machine import decide
from tasks.core.runtime.verdicts import Circumstances, Verdict
from tasks.core.states import TaskStatus
from tasks.core.storable import storable
from tasks.models import AgentTask, AppliedCommand, RequestNonce, Run, RunEvent
from tasks.selectors.runtime import session_projection
from tasks.services.runtime.holding import (
    Held,
    answers_note,
    events_write,
    session_hold,
    state_save,
    tab_write,
)
from tasks.services.runtime.mirroring import mirror
from tasks.services.runtime.sessions import Presented, session_revoke
from workspace.core.errors import RoverError
from workspace.core.ids import new_id
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import Reception
from workspace.selectors.simulation import rules_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The answer to a command. `is_replay`: the one that the same command got before."""

    data: Mapping[str, Any]
    is_replay: bool


def command_apply(presented: Presented, command: AnyCommand, *, token: str, now: datetime) -> Applied:
    """Apply a command to its session. `token`: the one that was shown, which no address may hold.

    Raises:
        PermissionDenied: the command is for another session, the site only watches, or the task that it names
        was not taken up by this session.
        PublicShortcutNotFound: the site has no such shortcut.
        What `tasks.core.runtime.machine.decide` raises.
    """
    if command.session_id != presented.session.id:
        raise PermissionDenied("The session token is another session's.")
    with write_transaction():
        held = session_hold(presented.session.id, run_id=command.run_id)
        stored = _stored(held, command)
        new_run = _new_run(held, command, presented, now)
        given = _circumstances(presented, held, command, stored, new_run, token)
        verdict = decide(held.state, command, given)
        is_new = (
            verdict.state.run is not None and new_run is not None and verdict.state.run.id == str(new_run.pk)
        )
        return _written(held, command, verdict, new_run if is_new else None, presented.reception, now)


def session_close(presented: Presented, *, token: str, now: datetime) -> None:
    """Let no token open the session any more. What it was doing ends: nobody could go on with it."""
    session_id = presented.session.id
    with write_transaction():
        active = (held := session_hold(session_id)).state.active
        if active is not None:
            cancel = RunControl(
                session_id=session_id,
                client_event_id=f"close:{active.id}",
                action="end_task",
                expected_epoch=held.state.epoch,
                expected_seq=active.seq,
                reason="the session was closed",
            )
            command_apply(presented, cancel, token=token, now=now)
        session_revoke(session_id=session_id, now=now)


def nonce_use(*, session_id: str, nonce: str | None, now: datetime) -> None:
    """Take a request's nonce, which is taken once.

    Raises:
        ReplayedNonce
    """
    if nonce is None:
        return
    with write_transaction():
        _, is_new = RequestNonce.objects.get_or_create(
            session_id=session_id, nonce=nonce, defaults={"created_at": now}
        )
    if not is_new:
        raise ReplayedNonce("This request was seen before; a repetition has a nonce of its own.")


def _circumstances(
    presented: Presented,
    held: Held,
    command: AnyCommand,
    stored: Mapping[str, Any] | None,
    new_run: Run | None,
    token: str,
) -> Circumstances:
    reception = presented.reception
    return Circumstances(
        rules=rules_of(reception.key),
        stored=stored,
        is_strict=reception.key.policy["strictMode"],
        new_run_id="" if new_run is None else str(new_run.pk),
        page=presented.claims.host,
        session_token=token,
        recorded=_recorded(held, command),
        objection=None if stored is not None else _objection(held, command, reception),
    )


def _stored(held: Held, command: AnyCommand) -> Mapping[str, Any] | None:
    """The answer that the same command got before."""
    if command.client_event_id is None:
        return None
    rows = AppliedCommand.objects.filter(session=held.session, type=command.type)
    found: Mapping[str, Any] | None = (
        rows.filter(client_event_id=command.client_event_id).values_list("answer", flat=True).first()
    )
    return found


def _recorded(held: Held, command: AnyCommand) -> frozenset[str]:
    """Which of a report's events are in the log."""
    if not isinstance(command, RunProgress) or command.run_id not in held.runs:
        return frozenset()
    named = [step.id for step in command.steps if step.id]
    rows = RunEvent.objects.filter(run=held.runs[command.run_id], event_id__in=named)
    return frozenset(rows.values_list("event_id", flat=True))


def _objection(held: Held, command: AnyCommand, reception: Reception) -> RoverError | None:
    """What speaks against a command that is in order by itself. Ending something is always allowed."""
    if isinstance(command, RunControl):
        return None
    if reception.key.policy["siteMode"] != "agent":
        return PermissionDenied("This site watches agents and runs none.")
    if isinstance(command, RunInput) and not command.continue_run:
        return _objection_to_prompt(held, command, reception)
    return None


def _objection_to_prompt(held: Held, command: RunInput, reception: Reception) -> RoverError | None:
    if command.shortcut_id and reception.shortcut(command.shortcut_id) is None:
        return PublicShortcutNotFound("The site has no such shortcut.")
    if command.task_id and _task(held, command) is None:
        return PermissionDenied("This session has not taken this task up, or it is under way.")
    return None


def _task(held: Held, command: RunInput) -> AgentTask | None:
    """The agent's task that the session took up and that no run carries out yet."""
    task_id = read_name(command.task_id or "", TASK_PREFIX)
    rows = AgentTask.objects.filter(pk=task_id, receipt__claimed_by=held.session.id, run=None)
    return rows.filter(task__status=TaskStatus.RUNNING).first()


def _new_run(held: Held, command: AnyCommand, presented: Presented, now: datetime) -> Run | None:
    """The row of the run that the prompt may begin."""
    if not isinstance(command, RunInput) or command.continue_run:
        return None
    return Run(
        id=new_id(),
        session=held.session,
        task=_task(held, command) if command.task_id else None,
        message=command.message,
        shortcut=command.shortcut_id or "",
        boundary=command.task_boundary_id or "",
        started_at=now,
        changed_at=now,
    )


def _written(
    held: Held,
    command: AnyCommand,
    verdict: Verdict,
    new_run: Run | None,
    reception: Reception,
    now: datetime,
) -> Applied:
    if verdict.is_replay:
        return Applied(data=verdict.data, is_replay=True)
    if new_run is not None and verdict.state.run is not None:
        new_run.mode = verdict.state.run.mode.value
    is_changed = verdict.state != held.state or verdict.tab is not None
    if is_changed:
        answers_note(held, verdict.events)  # while the run's row tells what was asked
        state_save(held, verdict.state, now=now, new_run=new_run)
        events_write(verdict.events, now=now)
        if verdict.tab is not None:
            tab_write(held.session, verdict.tab, now=now)
        runs = held.runs | ({} if new_run is None else {str(new_run.pk): new_run})
        mirror(runs, verdict.events, in_full=reception.access.debug_streaming, now=now)
    data = dict(verdict.data)
    if isinstance(command, RunControl):
        data["projection"] = session_projection(held.session.id, is_after_control=True)
    if verdict.is_stored and command.client_event_id is not None:
        AppliedCommand.objects.create(
            session=held.session,
            type=command.type,
            client_event_id=command.client_event_id,
            answer=storable(data),
            created_at=now,
        )
    return Applied(data=data, is_replay=False)
