"""Removing what visitors' pages did, because somebody asked to be forgotten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tasks.models import Run, RuntimeSession
from tasks.services.runtime.bound import run_cut
from tasks.services.runtime.holding import session_hold
from workspace.io.transactions import write_transaction

REASON = "the visit is being erased"


def runs_erase(*, run_ids: Sequence[UUID], now: datetime) -> int:
    """Remove runs with their logs and steps; returns how many. One that goes on is ended first, so that its
    page is told. They must carry out no task: that goes with its runs."""
    with write_transaction():
        rows = Run.objects.filter(pk__in=run_ids, task=None)
        for session_id in sorted(set(rows.values_list("session_id", flat=True))):
            held = session_hold(session_id)
            if held.state.active is not None and UUID(held.state.active.id) in set(run_ids):
                run_cut(held, reason=REASON, now=now)
        erased = list(rows.values_list("pk", flat=True))
        rows.filter(pk__in=erased).delete()
    return len(erased)


def sessions_erase(*, session_ids: Sequence[str]) -> int:
    """Remove sessions with all that hangs on them: runs, steps, tabs, snapshots, telemetry; returns how many.
    Their tokens open nothing from then on."""
    with write_transaction():
        rows = RuntimeSession.objects.filter(pk__in=session_ids)
        erased = list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
        rows.filter(pk__in=erased).delete()
    return len(erased)
