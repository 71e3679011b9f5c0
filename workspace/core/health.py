"""What an installation says of itself to its administrators.

The pages of the workspace know these shapes; who fills them in is named by the setting HEALTH_REPORT, because
the workspace knows neither the operation of the server nor its tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: `verdict` is ok, warn or fail; `fix` says what to do, '' where nothing is."""

    name: str
    verdict: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSeen:
    """A process that runs background work, `n_processes` tasks at a time, and when it last said so."""

    name: str
    n_processes: int
    seen_at: datetime
    is_alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSeen:
    """A task that failed. `error` is its code."""

    id: str
    kind: str
    owner: str
    error: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """All of it. `counts`: tasks by words (waiting, running, failed); `failed`: the newest of those."""

    version: str
    checks: Sequence[Check]
    workers: Sequence[WorkerSeen]
    counts: Sequence[tuple[str, int]]
    failed: Sequence[TaskSeen]


class HealthReporter(Protocol):
    """What the setting HEALTH_REPORT names."""

    def __call__(self, *, now: datetime) -> HealthReport: ...
