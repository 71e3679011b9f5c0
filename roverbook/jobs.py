"""What a worker does for RoverBook while it runs."""

import time
from collections.abc import Callable

from django.utils import timezone

from roverbook.services.projecting import visits_sweep
from roverbook.services.projecting.rounds import LINES, Projector
from roverbook.services.rounds import roverbook_round

SWEEP_SECONDS = 60.0
CLOCK_SECONDS = 5.0


class Bookkeeping:
    """Keeps the visits of this server, turn by turn. `go_on` is asked between two writes: False ends a turn
    early, and nothing is lost by that."""

    def __init__(self, *, go_on: Callable[[], bool]) -> None:
        self._go_on = go_on
        self._projector = Projector(go_on=go_on)
        self._due: dict[str, float] = {}

    def turn(self) -> bool:
        """Take in what is new, and do what is due by the clock; True when there may be more at once.

        Raises:
            DatabaseError: the next turn tries again.
        """
        n_lines = self._projector.round(now=timezone.now())
        if self._go_on() and self._is_due("sweep", SWEEP_SECONDS):
            visits_sweep(timezone.now(), go_on=self._go_on)
        if self._go_on() and self._is_due("clock", CLOCK_SECONDS):
            roverbook_round(timezone.now())
        return n_lines >= LINES

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True
