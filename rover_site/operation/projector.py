"""The thread in `rover worker` that turns logs into RoverBook's visits."""

import logging
import threading

from django.db import connection

from roverbook.jobs import Bookkeeping

TURN_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 10.0
JOIN_SECONDS = 1.0

logger = logging.getLogger("rover_site.worker")


class ProjectorThread:
    """Takes a turn twice a second, and at once while there is more to do, with a database connection of its
    own. Outlives every error; in many processes only one of these threads works at a time."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self) -> None:
        """Begin; call it after the last fork of this process."""
        self._thread.start()

    def tell(self) -> None:
        """Say that nothing new is to be begun."""
        self._stopped.set()

    def stop(self) -> None:
        """End; what is being written lands, the rest is read again by whoever comes next."""
        self._stopped.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        work = Bookkeeping(go_on=lambda: not self._stopped.is_set())
        pause = backoff = TURN_SECONDS
        while not self._stopped.wait(pause):
            try:
                pause = 0.0 if work.turn() else TURN_SECONDS
                backoff = TURN_SECONDS
            except Exception as exc:  # noqa: BLE001 - databases fail in many ways, and this must never end
                if backoff == TURN_SECONDS:
                    logger.error("visits are not up to date, trying on: %s: %s", type(exc).__name__, exc)
                pause = backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
                connection.close()
        connection.close()
