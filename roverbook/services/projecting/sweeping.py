"""Visits that nobody took to their end."""

from collections.abc import Callable
from datetime import datetime
from itertools import chain

from django.db.models import Q, QuerySet

from roverbook.core.visits.idling import ANSWER_TIME, IDLE
from roverbook.core.visits.outcomes import ABANDONED
from roverbook.models import Visit
from roverbook.services.finalising import visits_finalised
from roverbook.services.projecting.gathering import Wanted, gather
from roverbook.services.projecting.parting import parts_of
from roverbook.services.projecting.rows import swept_scores
from roverbook.services.projecting.turns import projector_turn
from roverbook.services.projecting.writing import Writer, ready
from tasks.models import Run
from workspace.io.transactions import write_transaction

SWEEP_LIMIT = 500
LONG_GONE = 2 * ANSWER_TIME
"""A visit that is open for so long has no log any more that could end it."""


def visits_sweep(now: datetime, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Close visits in which nothing happened for 30 minutes, or that waited 24 hours for an answer; returns
    how many were looked at. 0 also while another process has the turn."""
    with projector_turn() as is_ours:
        if not is_ours:
            return 0
        idle = list(_idle(now).order_by("last_event_at")[:SWEEP_LIMIT])
        writer = Writer(go_on=go_on)
        for part in parts_of(wanted_of(idle)):
            if not writer.write(ready(gather(part), now=now), now=now):
                break
        _close_pruned([visit.pk for visit in idle], now)
        return len(idle)


def wanted_of(visits: list[Visit]) -> Wanted:
    """The logs that these visits are made from."""
    bound = [visit for visit in visits if visit.task_id is None and visit.session_id]
    runs = Run.objects.filter(session__in={visit.session_id for visit in bound}, task__isnull=True)
    by_boundary: dict[tuple[str, str], list[object]] = {}
    for pk, session_id, boundary in runs.values_list("pk", "session_id", "boundary") if bound else ():
        by_boundary.setdefault((session_id, boundary or str(pk)), []).append(pk)
    keys = chain.from_iterable(
        ((visit.session_id, name) for name in (visit.boundary, *_run_ids(visit)) if name) for visit in bound
    )
    return Wanted(
        tasks={visit.task_id for visit in visits if visit.task_id is not None},
        runs={pk for key in keys for pk in by_boundary.get(key, ())},  # type: ignore[misc]
        visits={visit.pk for visit in visits},
    )


def _run_ids(visit: Visit) -> list[str]:
    return [str(run.get("runId")) for run in visit.runs]


def _idle(now: datetime) -> QuerySet[Visit]:
    waits = Q(outcome=Visit.Outcome.INPUT_REQUIRED)
    return Visit.objects.filter(finalized_at__isnull=True).filter(
        Q(~waits, last_event_at__lt=now - IDLE) | Q(waits, last_event_at__lt=now - ANSWER_TIME)
    )


def _close_pruned(visit_ids: list[str], now: datetime) -> None:
    """Close those that their logs can close no more, by their rows."""
    for visit_id in visit_ids:
        with write_transaction():
            rows = Visit.objects.filter(pk=visit_id, finalized_at__isnull=True)
            visit = rows.filter(last_event_at__lt=now - LONG_GONE).select_related("site").first()
            if visit is None:
                continue
            limit = ANSWER_TIME if visit.outcome == Visit.Outcome.INPUT_REQUIRED else IDLE
            visit.status, visit.outcome, visit.is_swept = Visit.Status.ABANDONED, ABANDONED, True
            visit.ended_at = visit.finalized_at = visit.last_event_at + limit
            for name, value in swept_scores(visit, ABANDONED).items():
                setattr(visit, name, value)
            visit.save()
            visits_finalised([visit], now)
