"""Writing folded visits: few at a time, so that nobody else who writes waits long, each whole or not."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from roverbook.core.visits.fold import fold
from roverbook.core.visits.folded import FoldedVisit
from roverbook.core.visits.idling import closed_if_idle
from roverbook.models import Visit
from roverbook.services.finalising import visits_finalised
from roverbook.services.projecting.gathering import Gathered
from roverbook.services.projecting.leaving import derived_drop, derived_trim, words_move
from roverbook.services.projecting.rows import PARTS, part_rows, visit_of, visit_row
from roverbook.services.projecting.telling import Before, Teller
from roverbook.services.scoring import scores_due
from workspace.io.inserting import insert_rows
from workspace.io.transactions import write_transaction
from workspace.models import Site

AT_ONCE = 6
AT_ONCE_MOST = 64
HELD_SECONDS = 0.015
"""About so long one transaction is to take, as far as AT_ONCE visits take no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A folded visit on its way to its tables."""

    gathered: Gathered
    folded: FoldedVisit


def ready(found: Iterable[Gathered], *, now: datetime) -> Iterator[Ready]:
    """What the events of visits come to at this time."""
    for gathered in found:
        yield Ready(gathered=gathered, folded=closed_if_idle(fold(gathered.events), now=now))


class Writer:
    """Writes visits. `tells`: whether others are told what is new. How many go into one transaction follows
    from how long the last one took."""

    def __init__(self, *, tells: bool = True, go_on: Callable[[], bool] = lambda: True) -> None:
        self._tells = tells
        self._go_on = go_on
        self._at_once = AT_ONCE

    def write(self, visits: Iterable[Ready], *, now: datetime) -> bool:
        """Write them; False when told to stop before the last."""
        waiting = list(visits)
        sites = Site.objects.in_bulk({each.gathered.site_id for each in waiting})
        waiting = [each for each in waiting if each.gathered.site_id in sites]
        teller = Teller(sites.values() if self._tells else (), now)
        while waiting:
            if not self._go_on():
                return False
            group, waiting = waiting[: self._at_once], waiting[self._at_once :]
            began = time.perf_counter()
            with write_transaction():
                self._write(group, sites, teller, now)
            self._adapt(time.perf_counter() - began, len(group))
        return True

    def _adapt(self, took: float, count: int) -> None:
        fitting = int(count * HELD_SECONDS / max(took, 1e-6))
        self._at_once = max(AT_ONCE, min(AT_ONCE_MOST, fitting, 2 * self._at_once))

    def _write(
        self, group: Sequence[Ready], sites: Mapping[UUID, Site], teller: Teller, now: datetime
    ) -> None:
        before = _stored(each.gathered.visit_id for each in group)
        fresh = [each for each in group if not _is_pruned(each, before.get(each.gathered.visit_id))]
        if not fresh:
            return
        rows = [visit_row(each.gathered.visit_id, each.gathered.site_id, each.folded) for each in fresh]
        _replace(fresh, rows, before)
        self._adopt(fresh)
        visits = [visit_of(row, sites[row["site_id"]]) for row in rows]
        self._derive(visits, before, now)
        for each, visit in zip(fresh, visits, strict=True):
            teller.tell(visit, each.folded, before.get(visit.pk))

    def _adopt(self, group: Sequence[Ready]) -> None:
        """The visits by the names that pages gave them are these now."""
        for each in group:
            if each.gathered.adopted:
                Visit.objects.filter(pk__in=each.gathered.adopted).delete()
                words_move(each.gathered.adopted, each.gathered.visit_id)

    def _derive(self, visits: Sequence[Visit], before: Mapping[str, Before], now: datetime) -> None:
        """What the visits that are over leave behind. What those left whose end was another goes."""
        final = [visit for visit in visits if visit.finalized_at is not None]
        ends = {name: each.finalized_at for name, each in before.items() if each.finalized_at is not None}
        moved = [visit for visit in visits if visit.pk in ends and visit.finalized_at != ends[visit.pk]]
        derived_drop([visit.pk for visit in moved])
        scores_due([visit for visit in moved if visit.finalized_at is None], now)
        if final:
            visits_finalised(final, now, tells=self._tells)
            derived_trim([visit for visit in final if visit.pk in ends])


def _stored(visit_ids: Iterable[str]) -> dict[str, Before]:
    names = ("id", "n_events", "status", "outcome", "finalized_at", "is_swept")
    rows = Visit.objects.filter(pk__in=list(visit_ids)).values_list(*names)
    return {row[0]: Before(*row[1:]) for row in rows}


def _is_pruned(each: Ready, before: Before | None) -> bool:
    """Whether the visit was folded from more than there is now: its logs have gone, and it stays as it is."""
    return before is not None and each.folded.n_events < before.n_events


def _replace(group: Sequence[Ready], rows: Sequence[Mapping[str, Any]], before: Mapping[str, Before]) -> None:
    """Write all rows of the visits in place of those that are there."""
    stored = [each.gathered.visit_id for each in group if each.gathered.visit_id in before]
    if stored:
        for table in PARTS:
            old = table._default_manager.filter(visit__in=stored)
            old._raw_delete(old.db)
        visits = Visit.objects.filter(pk__in=stored)
        visits._raw_delete(visits.db)
    parts: dict[type[Any], list[Any]] = {table: [] for table in PARTS}
    for each in group:
        for table, new in part_rows(each.gathered.visit_id, each.gathered.site_id, each.folded).items():
            parts[table] += new
    insert_rows(Visit, rows)
    for table, new in parts.items():
        insert_rows(table, new)
