"""Reading logs to their end, and never past a line that is still to come.

Rows are numbered when they are written and seen when their transaction ends. SQLite has one writer, so lines
are seen in the order of their numbers. On PostgreSQL a line with a lower number may be seen after one with a
higher one. So a cursor has two places there: up to `settled` nothing can come any more; between it and
`position` the numbers that were seen are known by heart, and the others are asked for again in every round.

How far is settled: whoever writes to a table holds a lock on it from before the number is given to after the
line can be seen. When all who held it at some moment have let go, every number up to the `position` of that
moment is there or never will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from roverbook.models import CollectedEvent, Cursor
from tasks.models import Event, RunEvent
from workspace.io.transactions import write_transaction

AGAIN_MAX = 20_000
"""More lines than this are not asked for again at once."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What was read: the numbers, and what each is about. `position`: how far that was. `settled`: up to
    where nothing can come any more, once this is in the visits."""

    numbers: tuple[int, ...]
    abouts: tuple[Any, ...]
    position: int
    settled: int


@dataclass(slots=True)
class _Mark:
    position: int
    writers: frozenset[str]


@dataclass(slots=True)
class LogReader:
    """One log. `about`: the column that says what a line is about."""

    name: str
    model: type[Model]
    about: str
    _seen: set[int] = field(default_factory=set)
    _mark: _Mark | None = None

    def read(self, limit: int) -> Lines:
        """Up to `limit` lines that were not read yet, in the order of their numbers."""
        cursor = Cursor.objects.filter(name=self.name).first()
        position, settled = (cursor.position, cursor.settled) if cursor else (0, 0)
        settles = max(settled, self._settling(position))  # before looking: what is settled then is seen now
        late = self._late(settled, position)
        rows: Sequence[tuple[int, Any]] = list(
            self.model._default_manager.filter(pk__gt=position)
            .order_by("pk")
            .values_list("pk", self.about)[: max(0, limit - len(late))]
        )
        found = [*late, *rows]
        return Lines(
            numbers=tuple(number for number, _ in found),
            abouts=tuple(dict.fromkeys(about for _, about in found)),
            position=rows[-1][0] if rows else position,
            settled=settles if len(late) < AGAIN_MAX else settled,
        )

    def done(self, lines: Lines, now: datetime) -> None:
        """What was read is in the visits: go on after it."""
        settled = lines.position
        if connection.vendor != "sqlite":
            self._seen.update(lines.numbers)
            settled = lines.settled
            self._remember(lines)
        known = Cursor.objects.filter(name=self.name).values_list("position", "settled").first()
        if known == (lines.position, settled):
            return
        with write_transaction():
            Cursor.objects.update_or_create(
                name=self.name,
                defaults={"position": lines.position, "settled": settled, "updated_at": now},
            )

    def _late(self, settled: int, position: int) -> list[tuple[int, Any]]:
        """Lines that were numbered before others that were read, and could only be seen after them."""
        if settled >= position:
            return []
        rows = self.model._default_manager.filter(pk__gt=settled, pk__lte=position).order_by("pk")
        numbers = [number for number in rows.values_list("pk", flat=True) if number not in self._seen]
        chosen = rows.filter(pk__in=numbers[:AGAIN_MAX])
        return list(chosen.values_list("pk", self.about)) if numbers else []

    def _settling(self, position: int) -> int:
        """Up to where every line is there by now, or never will be: all who wrote when that was the position
        have ended."""
        writers = _writers(self.model)
        if not writers:
            return position
        return self._mark.position if self._mark is not None and not self._mark.writers & writers else 0

    def _remember(self, lines: Lines) -> None:
        """What was seen beyond what is settled, and a mark to settle the next."""
        if self._mark is not None and self._mark.position <= lines.settled:
            self._mark = None
        self._seen = {number for number in self._seen if number > lines.settled}
        if self._mark is None and lines.settled < lines.position:
            self._mark = _Mark(lines.position, _writers(self.model))


def readers() -> tuple[LogReader, ...]:
    """One for each log."""
    return (
        LogReader("tasks", Event, "task_id"),
        LogReader("runs", RunEvent, "run_id"),
        LogReader("pages", CollectedEvent, "visit_id"),
    )


def _writers(model: type[Model]) -> frozenset[str]:
    """The transactions that write to a table now, by names that are not used again."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = %s::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()",
            [model._meta.db_table],
        )
        return frozenset(row[0] for row in cursor.fetchall())
