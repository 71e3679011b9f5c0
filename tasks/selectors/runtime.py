"""Sessions of the browser runtime as pages read them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from tasks.core.runtime.projection import (
    EVENTS_MAX,
    ResyncReason,
    ShownEvent,
    StoredSnapshot,
    Tab,
    TabScope,
    TabStatus,
    projection,
)
from tasks.core.runtime.states import Run as RunState
from tasks.core.runtime.states import RunMode, RunStatus, SessionState
from tasks.models import Checkpoint, Run, RunEvent, RuntimeSession, RuntimeTab
from workspace.io.secretbox import Unreadable, unseal

TABS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a reader has not heard of. `run_id`, `seq`: how far it is then; `version`: of the session."""

    projection: dict[str, Any]
    version: int
    run_id: str
    seq: int


def session_news(
    session_id: str, *, run_id: str = "", seq_after: int = 0, resync: ResyncReason | None = None
) -> News:
    """The projection for a reader who knows the run `run_id` up to `seq_after`; '' stands for the newest."""
    session = _session(session_id)
    if session is None:
        return News(projection=_nothing(session_id), version=0, run_id="", seq=0)
    newest = str(session.run_id or "")
    after = _place(session, seq_after) if run_id == "" else seq_after if run_id == newest else 0
    told = _projection(session, seq_after=after, resync=resync)
    seq = told["events"][-1]["seq"] if told["events"] else after
    return News(projection=told, version=session.version, run_id=newest, seq=seq)


def session_projection(
    session_id: str,
    *,
    seq_after: int = 0,
    with_snapshot: bool = False,
    resync: ResyncReason | None = None,
    is_after_control: bool = False,
) -> dict[str, Any]:
    """What a page is shown of its session, as of `tasks.core.runtime.projection`. An empty one when the
    session is gone."""
    session = _session(session_id)
    if session is None:
        return _nothing(session_id)
    return _projection(
        session,
        seq_after=_place(session, seq_after),
        with_snapshot=with_snapshot,
        resync=resync,
        is_after_control=is_after_control,
    )


def session_versions(session_ids: list[str]) -> dict[str, int]:
    """Of each session a number that grows whenever its projection changes; those that are gone or revoked are
    left out."""
    rows = RuntimeSession.objects.filter(pk__in=session_ids, revoked_at=None)
    return dict(rows.values_list("pk", "version"))


def stored_snapshot(checkpoint: Checkpoint, *, with_checkpoint: bool) -> StoredSnapshot:
    """A snapshot as it is shown. One that a former secret sealed shows its marks alone."""
    content = None
    if with_checkpoint:
        try:
            content = json.loads(unseal(checkpoint.sealed))
        except Unreadable:
            content = {}
    return StoredSnapshot(updated_at=checkpoint.updated_at_ms, digest=checkpoint.digest, checkpoint=content)


def live_checkpoint(session_id: str, *, now: datetime) -> Checkpoint | None:
    """The session's snapshot, unless its time is over."""
    return Checkpoint.objects.filter(pk=session_id, expires_at__gt=now).first()


def _session(session_id: str) -> RuntimeSession | None:
    return RuntimeSession.objects.select_related("run").filter(pk=session_id).first()


def _place(session: RuntimeSession, seq_after: int) -> int:
    """How far a reader knows the newest run: a place beyond its end is one in the log of another run."""
    return seq_after if session.run is not None and seq_after <= session.run.seq else 0


def _nothing(session_id: str) -> dict[str, Any]:
    return {"sessionId": session_id, "epoch": 0, "events": [], "tabs": []}


def _projection(
    session: RuntimeSession,
    *,
    seq_after: int,
    with_snapshot: bool = False,
    resync: ResyncReason | None = None,
    is_after_control: bool = False,
) -> dict[str, Any]:
    return projection(
        _state(session),
        events=() if session.run is None else _events(session.run, seq_after),
        tabs=_tabs(session),
        seq_after=seq_after,
        snapshot=_snapshot(session.id, with_checkpoint=with_snapshot),
        resync_reason=resync,
        is_after_control=is_after_control,
    )


def _snapshot(session_id: str, *, with_checkpoint: bool) -> StoredSnapshot | None:
    found = live_checkpoint(session_id, now=timezone.now())
    return None if found is None else stored_snapshot(found, with_checkpoint=with_checkpoint)


def _state(session: RuntimeSession) -> SessionState:
    run = session.run
    return SessionState(
        id=session.id,
        epoch=session.epoch,
        boundary=session.boundary or None,
        run=None
        if run is None
        else RunState(id=str(run.pk), status=RunStatus(run.status), mode=RunMode(run.mode), seq=run.seq),
    )


def _events(run: Run, seq_after: int) -> list[ShownEvent]:
    rows = RunEvent.objects.filter(run=run, seq__gt=seq_after).order_by("seq")[:EVENTS_MAX]
    return [ShownEvent(seq=row.seq, type=row.type, ts=row.created_at, data=row.data) for row in rows]


def _tabs(session: RuntimeSession) -> list[Tab]:
    rows = RuntimeTab.objects.filter(session=session).order_by("-updated_at", "logical_tab_id")[:TABS_SHOWN]
    return [
        Tab(
            logical_tab_id=row.logical_tab_id,
            parent_logical_tab_id=row.parent_logical_tab_id or None,
            scope=TabScope(row.scope),
            status=TabStatus(row.status),
            url=row.url,
            reason=row.reason or None,
            updated_at=int(row.updated_at.timestamp() * 1_000),
        )
        for row in rows
    ]
