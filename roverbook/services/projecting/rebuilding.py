"""All visits anew, from the logs that are still there."""

from collections.abc import Iterator
from datetime import datetime
from time import sleep
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from roverbook.models import CollectedEvent, Visit
from roverbook.services.projecting.gathering import Wanted, gather
from roverbook.services.projecting.parting import parts_of
from roverbook.services.projecting.turns import projector_turn
from roverbook.services.projecting.writing import Writer, ready
from tasks.models import AgentTask, Run
from workspace.models import Site

PIECE = 500
PAUSE_SECONDS = 0.05


def rebuild(site: Site | None = None, *, now: datetime | None = None) -> int:
    """Fold every visit of a site, or of all, again from its logs; returns how many. Nobody is told anything.
    Visits whose logs are gone stay as they are. Others may read and write meanwhile."""
    moment, made = now or timezone.now(), set[str]()
    for wanted in _logs(site):
        made |= _when_ours(wanted, moment)
    return len(made)


def _when_ours(wanted: Wanted, now: datetime) -> set[str]:
    """Do a piece when the projector lets us; it goes on between two pieces."""
    while True:
        with projector_turn() as is_ours:
            if is_ours:
                return _again(wanted, now)
        sleep(PAUSE_SECONDS)


def _again(wanted: Wanted, now: datetime) -> set[str]:
    """Fold and write; the names of the visits."""
    writer, made = Writer(tells=False), set[str]()
    for part in parts_of(wanted):
        found = list(ready(gather(part), now=now))
        writer.write(found, now=now)
        made.update(each.gathered.visit_id for each in found)
    return made


def _logs(site: Site | None) -> Iterator[Wanted]:
    tasks: QuerySet[Any] = AgentTask.objects.filter(task__site__isnull=False)
    runs: QuerySet[Any] = Run.objects.filter(task__isnull=True)
    pages: QuerySet[Any] = CollectedEvent.objects.filter(task_id__isnull=True, run_id="")
    if site is not None:
        tasks = tasks.filter(task__site=site)
        runs = runs.filter(session__site=site)
        pages = pages.filter(site=site)
    for ids in _pieces(tasks, "pk"):
        yield Wanted(tasks=set(ids))
    for ids in _pieces(runs, "pk"):
        yield Wanted(runs=set(ids) - _of_pruned_tasks(ids))
    for ids in _pieces(pages, "visit_id"):
        yield Wanted(visits=set(ids))


def _pieces(rows: QuerySet[Any], column: str) -> Iterator[list[Any]]:
    """The values of a column, each once, in pieces."""
    last: Any = None
    while True:
        left = rows if last is None else rows.filter(**{f"{column}__gt": last})
        values = list(left.order_by(column).values_list(column, flat=True).distinct()[:PIECE])
        if not values:
            return
        yield values
        last = values[-1]


def _of_pruned_tasks(run_ids: list[UUID]) -> set[UUID]:
    """Runs that carried out tasks which are gone: their visits are the tasks'."""
    sessions = Run.objects.filter(pk__in=run_ids).values("session")
    told = Visit.objects.filter(session_id__in=sessions, task_id__isnull=False).values_list("runs", flat=True)
    names = {str(run.get("runId")) for runs in told for run in runs}
    return {run_id for run_id in run_ids if str(run_id) in names}
