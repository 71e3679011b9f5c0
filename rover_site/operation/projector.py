"""The thread in `rover worker` that turns logs into RoverBook's visits."""

import logging

from django.db import connection

from rover_site.operation.worker_thread import WorkerThread
from roverbook.jobs import Bookkeeping

TURN_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 10.0
JOIN_SECONDS = 1.0

logger = logging.getLogger("rover_site.worker")


class ProjectorThread(WorkerThread):
    """Takes a turn twice a second, and at once while there is more to do, with a database connection of its
    own. Outlives every error; in many processes only one of these threads works at a time. At a stop, what is
    being written lands, and the rest is read again by whoever comes next."""

    def __init__(self) -> None:
        super().__init__(name="projector", join_seconds=JOIN_SECONDS)

    def run(self) -> None:
        """See the class."""
        work = Bookkeeping(go_on=lambda: not self.is_stopped)
        pause = backoff = TURN_SECONDS
        while not self.wait(pause):
            try:
                pause = 0.0 if work.turn() else TURN_SECONDS
                backoff = TURN_SECONDS
            except Exception as exc:  # noqa: BLE001 - databases fail in many ways, and this must never end
                if backoff == TURN_SECONDS:
                    logger.error("visits are not up to date, trying on: %s: %s", type(exc).__name__, exc)
                pause = backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
                connection.close()
        connection.close()
