"""A session as its tables hold it, read and written as the pure core sees it. One row is locked, that of the
session, and so its commands come one after the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tasks.core.runtime.errors import SessionNotFound
from tasks.core.runtime.states import Run as RunState
from tasks.core.runtime.states import RunEventType, RunMode, RunStatus, SessionState
from tasks.core.runtime.verdicts import NewRunEvent, TabChange
from tasks.core.storable import storable
from tasks.io.wakeups import poke
from tasks.models import Run, RunEvent, RuntimeSession, RuntimeTab


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A session that is ours until the transaction ends. `runs`: the rows that `state` was read from."""

    session: RuntimeSession
    state: SessionState
    runs: dict[str, Run]


def session_hold(session_id: str, *, run_id: str | None = None) -> Held:
    """Lock the session, inside a transaction. `run_id`: an earlier run that is to be known too, if there is
    one.

    Raises:
        SessionNotFound
    """
    session = RuntimeSession.objects.select_for_update().filter(pk=session_id).first()
    if session is None:
        raise SessionNotFound("There is no such session any more.")
    newest = session.run  # asked for behind the lock: a join would show the run as it was before the wait
    earlier = None if newest is None else _earlier(session, newest, run_id)
    found = [run for run in (newest, earlier) if run is not None]
    state = SessionState(
        id=session.id,
        epoch=session.epoch,
        boundary=session.boundary or None,
        run=None if newest is None else run_state(newest),
        ended={} if earlier is None else {str(earlier.pk): run_state(earlier)},
    )
    return Held(session=session, state=state, runs={str(run.pk): run for run in found})


def run_state(run: Run) -> RunState:
    """The run as the pure core sees it. A page works on it, never a worker who would have to let go."""
    return RunState(
        id=str(run.pk),
        status=RunStatus(run.status),
        mode=RunMode(run.mode),
        seq=run.seq,
        required=tuple(run.required),
    )


def state_save(held: Held, after: SessionState, *, now: datetime, new_run: Run | None = None) -> None:
    """Write what has become of the session. `new_run`: the row of the run that began, without its state."""
    for run in (*after.ended.values(), after.run):
        if run is not None and run.id in held.runs:
            _run_save(held.runs[run.id], run, now)
    if new_run is not None and after.run is not None:
        _apply(new_run, after.run, now)
        new_run.save(force_insert=True)
    changed = {
        "epoch": after.epoch,
        "boundary": after.boundary or "",
        "seen_at": now,
        "version": F("version") + 1,
    }
    newest = {"run": new_run} if new_run is not None else {}
    RuntimeSession.objects.filter(pk=held.session.pk).update(**changed, **newest)
    poke_session(held.session)


def events_write(events: Iterable[NewRunEvent], *, now: datetime) -> None:
    """Append to the logs of runs."""
    RunEvent.objects.bulk_create(
        RunEvent(
            run_id=UUID(event.run_id),
            seq=event.seq,
            type=event.type.value,
            data=storable(dict(event.data)),
            event_id=event.id or "",
            created_at=now,
        )
        for event in events
    )


def event_append(held: Held, type_: RunEventType, data: Mapping[str, Any], *, now: datetime) -> int:
    """Append one event to the log of the active run; returns its number."""
    active = held.state.active
    if active is None:
        raise ValueError("the session has no active run")
    after = replace(active, seq=active.seq + 1)
    state_save(held, held.state.with_run(after), now=now)
    events_write([NewRunEvent(run_id=active.id, seq=after.seq, type=type_, data=data)], now=now)
    return after.seq


def answers_note(held: Held, events: Iterable[NewRunEvent]) -> None:
    """Add what was answered to the run that asked, for the deciders. A text without a key answers the one
    question that must be answered."""
    for event in events:
        row = held.runs.get(event.run_id)
        if row is None or event.type is not RunEventType.USER_ANSWER:
            continue
        answers = [{"key": key, "text": text} for key, text in event.data.get("answers", {}).items()]
        if text := event.data.get("text"):
            only = row.required[0] if len(row.required) == 1 and not answers else None
            answers.append({"key": only, "text": text})
        row.answers = [*row.answers, *answers]
        row.save(update_fields=["answers"])


def tab_write(session: RuntimeSession, tab: TabChange, *, now: datetime) -> None:
    """Keep what is now known of a tab. Who its parent is stays known."""
    told = {
        "scope": tab.scope.value,
        "status": tab.status.value,
        "url": tab.url,
        "reason": tab.reason,
        "updated_at": now,
    }
    parent = {"parent_logical_tab_id": tab.parent_logical_tab_id} if tab.parent_logical_tab_id else {}
    RuntimeTab.objects.update_or_create(
        session=session, logical_tab_id=tab.logical_tab_id, defaults=told | parent
    )


def session_touch(session: RuntimeSession) -> None:
    """Let readers look again: something has changed that a projection shows, and that is no event."""
    RuntimeSession.objects.filter(pk=session.pk).update(version=F("version") + 1)
    poke_session(session)


def poke_session(session: RuntimeSession) -> None:
    """Wake the readers of the session once the transaction is through."""
    stream_id = session.stream_id
    transaction.on_commit(lambda: poke(stream_id))


def run_of(session_id: str, run_id: str) -> Run | None:
    """The session's run with this id, however it stands."""
    try:
        key = UUID(run_id)
    except ValueError:
        return None
    return Run.objects.filter(pk=key, session=session_id).first()


def _earlier(session: RuntimeSession, newest: Run, run_id: str | None) -> Run | None:
    return None if run_id in (None, str(newest.pk)) else run_of(session.id, run_id or "")


def _run_save(row: Run, run: RunState, now: datetime) -> None:
    """Write what has changed of a run, if something has."""
    if (row.status, row.seq) == (run.status.value, run.seq):
        return
    _apply(row, run, now)
    row.save(update_fields=["status", "seq", "required", "changed_at", "ended_at"])


def _apply(row: Run, run: RunState, now: datetime) -> None:
    row.status, row.seq, row.required = run.status.value, run.seq, list(run.required)
    row.changed_at = now
    if run.status.is_terminal and row.ended_at is None:
        row.ended_at = now
