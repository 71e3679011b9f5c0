"""The runs of a visit: attempts, with the time in which they were at work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from roverbook.core.visits.folded import RUNS_MAX, millis
from roverbook.core.visits.outcomes import ABANDONED, COMPLETED, FAILED, IN_PROGRESS, SUCCESS, WAITING
from roverbook.core.visits.texts import ERROR_MAX, PROMPT_MAX, SUMMARY_MAX, clean

_TERMINAL = {SUCCESS: COMPLETED, ABANDONED: FAILED, "failure": FAILED}


@dataclass(slots=True)
class _Run:
    run_id: str
    started_at: datetime
    last_at: datetime
    boundary: str = ""
    prompt: str = ""
    terminal: str = IN_PROGRESS
    reason: str = ""
    outcome: str = ""
    summary: str = ""
    error: str = ""
    ended_at: datetime | None = None
    works_since: datetime | None = None
    worked: timedelta = timedelta()

    @property
    def duration_ms(self) -> int:
        since = self.works_since
        more = max(timedelta(), self.last_at - since) if since is not None else timedelta()
        return round((self.worked + more).total_seconds() * 1_000)


class RunBook:
    """Runs by their id, in the order in which they began. Time spent waiting for the visitor does not
    count."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def at_work(self, run_id: str, at: datetime, *, prompt: str = "", boundary: str = "") -> None:
        """A run begins, or something happens in it."""
        run = self._runs.get(run_id)
        if run is None:
            run = _Run(run_id=run_id, started_at=at, last_at=at, works_since=at)
            self._runs[run_id] = run
        run.last_at = max(run.last_at, at)
        run.prompt = run.prompt or clean(prompt, PROMPT_MAX)
        run.boundary = run.boundary or boundary[:200]

    def knows(self, run_id: str) -> bool:
        """Whether it began."""
        return run_id in self._runs

    def goes_on(self, run_id: str, at: datetime, reason: str = "") -> None:
        """It works on, after waiting perhaps."""
        self.at_work(run_id, at)
        run = self._runs[run_id]
        if run.ended_at is None:
            run.terminal, run.reason, run.outcome = IN_PROGRESS, reason[:64], ""
            run.works_since = run.works_since or at

    def waits(self, run_id: str, at: datetime, reason: str = "") -> None:
        """It asked something."""
        self.at_work(run_id, at)
        run = self._runs[run_id]
        if run.ended_at is None:
            _rest(run, at)
            run.terminal, run.reason, run.outcome = WAITING, reason[:64], "input_required"

    def ends(self, run_id: str, at: datetime, outcome: str) -> None:
        """It comes to its end; the first counts."""
        self.at_work(run_id, at)
        run = self._runs[run_id]
        if run.ended_at is None:
            _rest(run, at)
            run.ended_at, run.outcome, run.terminal = at, outcome, _TERMINAL.get(outcome, COMPLETED)

    def says(self, run_id: str, *, summary: str = "", error: str = "") -> None:
        """What was said last of it."""
        if run := self._runs.get(run_id):
            run.summary, run.error = summary or run.summary, error or run.error

    def total_ms(self) -> int:
        """The time at work, of all of them."""
        return sum(run.duration_ms for run in self._runs.values())

    def folded(self, steps: Mapping[str, tuple[int, int, list[str]]]) -> list[dict[str, Any]]:
        """Run summaries; `steps`: by run the number of steps, of failed ones, and the tools."""
        none: tuple[int, int, list[str]] = (0, 0, [])
        shown = list(self._runs.values())[:RUNS_MAX]
        return [_summary(run, *steps.get(run.run_id, none)) for run in shown]


def _rest(run: _Run, at: datetime) -> None:
    if run.works_since is not None:
        run.worked += max(timedelta(), at - run.works_since)
        run.works_since = None


def _summary(run: _Run, n_steps: int, n_errors: int, tools: list[str]) -> dict[str, Any]:
    return {
        "runId": run.run_id,
        "taskBoundaryId": run.boundary or None,
        "prompt": run.prompt,
        "startedAt": millis(run.started_at),
        "endedAt": None if run.ended_at is None else millis(run.ended_at),
        "terminalState": run.terminal,
        "continuationReason": run.reason or None,
        "outcome": run.outcome or None,
        "taskComplete": run.outcome == SUCCESS,
        "needsUserInput": run.terminal == WAITING,
        "summary": clean(run.summary, SUMMARY_MAX),
        "error": clean(run.error, ERROR_MAX) or None,
        "stepCount": n_steps,
        "errorCount": n_errors,
        "totalDurationMs": run.duration_ms,
        "toolsUsed": tools,
    }
