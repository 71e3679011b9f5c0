"""The steps of a visit: as a waterfall, and one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from roverbook.models import VisitStep
from tasks.admin.sessions_texts import masked, masked_block, masked_line, masked_link
from tasks.admin.texts import Link, as_json, line
from tasks.core.quantities import duration

TARGET = 160
ERROR = 4_000
LEAST_WIDTH = 0.4
_BADGES: Mapping[str, tuple[str, str]] = {
    VisitStep.Result.SUCCESS: ("done", "rv-good"),
    VisitStep.Result.ERROR: ("failed", "rv-bad"),
    VisitStep.Result.PENDING: ("no answer", "rv-warn"),
}
BACKTRACK = "backtrack"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of the waterfall. `x` and `width`: of its bar in the time of the visit, in per cent; `kind`:
    the colour; `took` and `offset` (since the beginning) are text, `took` '' for a step without an end."""

    number: int
    action: str
    target: str
    error: str
    result: str
    badge: str
    is_error: bool
    is_backtrack: bool
    is_shown: bool
    x: str
    width: str
    kind: str
    took: str
    offset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """One step, in full. `newer` and `older` are the numbers of those beside it, 0 for none."""

    row: StepRow
    page: Link | None
    target: str
    args: str
    error: str
    at: datetime
    type: str
    run_id: str
    older: int
    newer: int
    total: int


def waterfall(steps: Sequence[VisitStep], *, shown: int = 0) -> list[StepRow]:
    """The rows of steps in order; `shown` is the number of the one that is looked at."""
    if not steps:
        return []
    begin = steps[0].at
    length = max(_end(step, begin) for step in steps) or 1.0
    return [_row(step, begin, length, shown) for step in steps]


def step_shown(
    steps: Sequence[VisitStep], rows: Sequence[StepRow], number: int, *, total: int
) -> StepShown | None:
    """The step with this number, or the first one; None without any."""
    if not steps:
        return None
    at = next((index for index, step in enumerate(steps) if step.number == number), 0)
    step = steps[at]
    return StepShown(
        row=rows[at],
        page=masked_link(step.page_url),
        target=masked_block(step.target, ERROR),
        args=as_json(masked(step.args)) if step.args else "",
        error=masked_block(step.error, ERROR),
        at=step.at,
        type=line(step.type).replace("_", " "),
        run_id=line(step.run_id),
        older=step.number - 1 if step.number > 1 else 0,
        newer=step.number + 1 if step.number < total else 0,
        total=total,
    )


def _row(step: VisitStep, begin: datetime, length: float, shown: int) -> StepRow:
    offset = _ms(step.at, begin)
    result, badge = _BADGES.get(step.result, (line(step.result), ""))
    width = max(LEAST_WIDTH, 100 * (step.duration_ms or 0) / length)
    is_error = step.result == VisitStep.Result.ERROR
    return StepRow(
        number=step.number,
        action=masked_line(step.action, TARGET) or "step",
        target=masked_line(step.target, TARGET),
        error=masked_line(step.error, TARGET),
        result=result,
        badge=badge,
        is_error=is_error,
        is_backtrack=step.type == BACKTRACK,
        is_shown=step.number == shown,
        x=f"{min(100 - LEAST_WIDTH, 100 * offset / length):.2f}%",
        width=f"{width:.2f}%",
        kind="failure" if is_error else "partial" if step.type == BACKTRACK else "success",
        took="" if step.duration_ms is None else duration(step.duration_ms),
        offset=f"+{duration(offset)}",
    )


def _end(step: VisitStep, begin: datetime) -> float:
    return _ms(step.at, begin) + (step.duration_ms or 0)


def _ms(at: datetime, begin: datetime) -> float:
    return max(0.0, (at - begin).total_seconds() * 1000)


def runs_shown(runs: Any, most: int) -> list[dict[str, Any]]:
    """The summaries of runs, of which each part is what some log said, as text."""
    told = [run for run in runs if isinstance(run, Mapping)] if isinstance(runs, list) else []
    return [_run(run) for run in told[:most]]


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    took = run.get("totalDurationMs")
    return {
        "id": line(run.get("runId")),
        "prompt": masked_line(run.get("prompt"), TARGET),
        "state": line(run.get("terminalState")).replace("_", " "),
        "outcome": line(run.get("outcome")),
        "summary": masked_line(run.get("summary"), TARGET),
        "error": masked_line(run.get("error"), TARGET),
        "steps": line(run.get("stepCount")),
        "errors": line(run.get("errorCount")),
        "took": duration(took) if isinstance(took, int | float) else "",
    }
