"""The thread in `rover worker` that finds tasks nobody works on, and notices when the queue stands still."""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, connection
from django.utils import timezone

from rover_site.conf import RoverConf
from rover_site.operation.forkstate import BusyBoard, ForkFlag
from tasks.services.agents.sweeping import agent_tasks_prune, agent_tasks_sweep
from tasks.services.leases import leases_sweep
from tasks.services.runtime.sweeping import runs_sweep, runtime_prune
from tasks.services.tasks import tasks_prune
from tasks.services.workers import worker_name, workers_beat, workers_leave
from workspace.io.queue import waiting

SWEEP_SECONDS = 0.5
BEAT_SECONDS = 3.0
RUNS_SECONDS = 15.0
PRUNE_SECONDS = 3600.0
PRUNE_LIMIT = 100
WATCHDOG_SECONDS = 1.0
WEDGED_SECONDS = 15.0
"""django-q2's pusher pauses 10 s after a database error; less than that would be a false alarm."""
LONGEST_BACKOFF_SECONDS = 10.0
JOIN_SECONDS = 1.0

logger = logging.getLogger("rover_site.worker")


@dataclass(slots=True)
class Watchdog:
    """Tells a queue that stands still from workers that have much to do.

    `is_wedged` is true once hints have waited for 15 s without a pause, while a worker was idle and none
    began a job.
    """

    board: BusyBoard
    n_workers: int
    since: float | None = None

    def is_wedged(self, *, n_waiting: int, clock: float) -> bool:
        """Look once; `clock` is the monotonic clock in seconds."""
        if n_waiting == 0 or self.board.n_busy() >= self.n_workers:
            self.since = None
            return False
        if self.since is None or self.board.last_begin() > self.since:
            self.since = clock
        return clock - self.since > WEDGED_SECONDS


class Sweeper:
    """Sweeps twice a second with a database connection of its own, outliving every database error."""

    def __init__(self, *, conf: RoverConf, board: BusyBoard) -> None:
        self._conf = conf
        self._watchdog = Watchdog(board=board, n_workers=conf.workers)
        self._alarm = ForkFlag()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._name = worker_name()
        self._due: dict[str, float] = {}

    @property
    def alarm(self) -> int:
        """A descriptor that becomes readable when the queue stands still."""
        return self._alarm.fileno()

    def alarmed(self) -> bool:
        """True when the queue stands still."""
        return self._alarm.is_set()

    def start(self) -> None:
        """Begin; call it after the last fork of this process."""
        self._thread.start()

    def stop(self) -> None:
        """End and take back the sign of life; a database that does not answer is not waited for."""
        self._stopped.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        pause = SWEEP_SECONDS
        while not self._stopped.wait(pause):
            try:
                self._round()
                pause = SWEEP_SECONDS
            except Exception as exc:  # noqa: BLE001 - Redis has errors of its own, and sweeping must never end
                if pause == SWEEP_SECONDS:
                    logger.error("sweeping failed, trying on: %s: %s", type(exc).__name__, exc)
                pause = min(pause * 2, LONGEST_BACKOFF_SECONDS)
                connection.close()
        self._leave()

    def _round(self) -> None:
        if self._is_due("beat", BEAT_SECONDS):
            workers_beat(name=self._name, n_processes=self._conf.workers, now=timezone.now())
        leases_sweep(now=timezone.now())
        agent_tasks_sweep(now=timezone.now())
        if self._is_due("runs", RUNS_SECONDS):
            runs_sweep(now=timezone.now())
        if self._is_due("watchdog", WATCHDOG_SECONDS) and not self.alarmed():
            self._look_after_queue()
        if self._is_due("prune", PRUNE_SECONDS):
            self._prune()

    def _look_after_queue(self) -> None:
        if self._watchdog.is_wedged(n_waiting=waiting(), clock=time.monotonic()):
            logger.error("the queue stands still although workers are idle; starting anew")
            self._alarm.set()

    def _prune(self) -> None:
        """Old tasks go in small bites: a long transaction would make every other writer wait."""
        older_than = timezone.now() - timedelta(days=self._conf.retention_days)
        while not self._stopped.is_set() and tasks_prune(older_than=older_than, limit=PRUNE_LIMIT):
            self._stopped.wait(SWEEP_SECONDS / 5)
        while not self._stopped.is_set() and agent_tasks_prune(now=timezone.now(), limit=PRUNE_LIMIT):
            self._stopped.wait(SWEEP_SECONDS / 5)
        runtime_prune(now=timezone.now())

    def _leave(self) -> None:
        try:
            workers_leave(name=self._name)
        except Error:
            logger.warning("could not take back the sign of life; it expires by itself")
        connection.close()

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True
