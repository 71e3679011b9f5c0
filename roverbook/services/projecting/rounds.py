"""One round of the projector: what is new in the logs becomes part of the visits.

A round reads, folds without holding anything, and writes visit after visit; only then do the cursors move. So
a crash anywhere loses nothing, and what was written already is written again, the same.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from roverbook.services.projecting.gathering import Wanted, gather
from roverbook.services.projecting.parting import parts_of
from roverbook.services.projecting.reading import Lines, LogReader, readers
from roverbook.services.projecting.turns import projector_turn
from roverbook.services.projecting.writing import Writer, ready

LINES = 5_000


class Projector:
    """Reads the logs and keeps the visits. One object for as long as a process works on them: it remembers
    what it has seen. `go_on` is asked between two writes."""

    def __init__(self, *, go_on: Callable[[], bool] = lambda: True) -> None:
        self._readers = readers()
        self._writer = Writer(go_on=go_on)

    def round(self, *, now: datetime, limit: int = LINES) -> int:
        """Take in up to `limit` new lines of each log; returns how many there were. 0 also while another
        process has the turn."""
        with projector_turn() as is_ours:
            return self._round(now, limit) if is_ours else 0

    def _round(self, now: datetime, limit: int) -> int:
        found = [(reader, reader.read(limit)) for reader in self._readers]
        for part in parts_of(_wanted(found)):
            if not self._writer.write(ready(gather(part), now=now), now=now):
                return 0
        for reader, lines in found:
            reader.done(lines, now)
        return sum(len(lines.numbers) for _, lines in found)


def projector_round(now: datetime, limit: int = LINES) -> int:
    """One round of a projector of its own; see `Projector.round`."""
    return Projector().round(now=now, limit=limit)


def _wanted(found: Iterable[tuple[LogReader, Lines]]) -> Wanted:
    abouts = {reader.name: set(lines.abouts) for reader, lines in found}
    return Wanted(tasks=abouts["tasks"], runs=abouts["runs"], visits=abouts["pages"])
