"""What time does to sessions: a run that stands still ends, and what nobody needs any more goes."""

from datetime import datetime, timedelta
from uuid import UUID

from tasks.core.runtime.commands import RunProgress
from tasks.core.runtime.machine import decide
from tasks.core.runtime.progress import ProgressEvent, Transition
from tasks.core.runtime.states import TERMINAL, RunStatus
from tasks.core.runtime.telemetry import RETENTION_DAYS
from tasks.core.runtime.verdicts import Circumstances
from tasks.core.states import TERMINAL as TASK_TERMINAL
from tasks.models import AppliedCommand, Checkpoint, RequestNonce, Run, RuntimeSession, TelemetryEvent
from tasks.services.runtime.bound import NOWHERE, run_cut, run_hold
from tasks.services.runtime.holding import events_write, session_hold, state_save
from tasks.services.runtime.mirroring import mirror
from workspace.io.transactions import write_transaction

SILENCE = timedelta(minutes=30)
"""A run whose page tells nothing for so long is given up."""
ANSWER_TIME = timedelta(hours=24)
"""So long a run waits for its user."""
COMMANDS_KEPT = timedelta(hours=24)
NONCES_KEPT = timedelta(minutes=15)
SESSIONS_KEPT = timedelta(days=90)
LIMIT = 200


def runs_sweep(*, now: datetime) -> int:
    """End runs that stand still, and those whose task has ended without them, up to `LIMIT` of each in one
    call; returns how many."""
    going = Run.objects.exclude(status__in=TERMINAL)
    silent = going.exclude(status=RunStatus.AWAITING_USER).filter(changed_at__lt=now - SILENCE)
    waiting = going.filter(status=RunStatus.AWAITING_USER, changed_at__lt=now - ANSWER_TIME)
    chosen = [*silent.values_list("session", "pk")[:LIMIT], *waiting.values_list("session", "pk")[:LIMIT]]
    given_up = sum(_give_up(session_id, str(run_id), now) for session_id, run_id in chosen)
    return given_up + sum(_let_go(task_id, now) for task_id in _orphans())


def runtime_prune(*, now: datetime, limit: int = 1_000) -> None:
    """Forget what is too old to be asked for."""
    with write_transaction():
        AppliedCommand.objects.filter(created_at__lt=now - COMMANDS_KEPT).delete()
        RequestNonce.objects.filter(created_at__lt=now - NONCES_KEPT).delete()
        Checkpoint.objects.filter(expires_at__lt=now).delete()
        TelemetryEvent.objects.filter(created_at__lt=now - timedelta(days=RETENTION_DAYS)).delete()
    with write_transaction():
        old = RuntimeSession.objects.filter(seen_at__lt=now - SESSIONS_KEPT).order_by("seen_at")
        RuntimeSession.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()


def _orphans() -> list[UUID]:
    """Tasks that ended in the moment in which a run took them on."""
    going = Run.objects.exclude(status__in=TERMINAL).filter(task__task__status__in=TASK_TERMINAL)
    return list(going.values_list("task", flat=True)[:LIMIT])


def _let_go(task_id: UUID, now: datetime) -> bool:
    with write_transaction():
        held = run_hold(task_id)
        run_cut(held, reason="the task has ended", now=now)
    return held is not None


def _give_up(session_id: str, run_id: str, now: datetime) -> bool:
    """Fail the run, and the task that it carries out."""
    error = {"code": "RUN_TIMEOUT", "message": "The page told nothing for too long."}
    with write_transaction():
        held = session_hold(session_id)
        active = held.state.active
        if active is None or active.id != run_id or held.runs[run_id].changed_at > now - SILENCE:
            return False
        command = RunProgress(
            session_id=session_id,
            run_id=run_id,
            events=[ProgressEvent(type="error", data=error)],
            transition=Transition(status=RunStatus.FAILED),
        )
        verdict = decide(held.state, command, Circumstances(rules=NOWHERE))
        state_save(held, verdict.state, now=now)
        events_write(verdict.events, now=now)
        mirror(held.runs, verdict.events, in_full=False, now=now)
    return True
