"""Figures of a span of time beside those of the span before it, as pages show them."""

from collections.abc import Callable
from dataclasses import dataclass

from roverbook.selectors.analytics import Totals
from tasks.core.quantities import duration

LEAST_CHANGE = 0.01
"""A smaller change, as a share of what it was, is none."""
FEW = 10
"""With fewer visits a figure says little, and that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number. `change`: against the span before, as text, '' where there is nothing to compare; `sense`:
    good or bad where more of it is, '' where that is neither."""

    name: str
    value: str
    change: str = ""
    sense: str = ""


def figures(now: Totals, before: Totals | None) -> list[Figure]:
    """Visits, success rate, steps and duration. `before`: None where it is not known."""
    before = before or Totals()
    steps, lasted = "{:.1f}".format, duration
    return [
        Figure(name="visits", value=f"{now.visits:,}", change=_relative(now.visits, before.visits)),
        _figure("success rate", now.success_rate, before.success_rate, percent, points, is_good=True),
        _figure("steps per visit", now.mean_steps, before.mean_steps, steps, _signed, is_good=False),
        _figure(
            "time per visit", now.mean_duration_ms, before.mean_duration_ms, lasted, _longer, is_good=False
        ),
    ]


def percent(share: float | None) -> str:
    """`62 %`; – for nothing."""
    return "–" if share is None else f"{100 * share:.0f} %"


def points(change: float) -> str:
    """A change of a share, in points of per cent; '' for none."""
    return _sign(round(100 * change), "points")


def score_change(now: float | None, before: float | None) -> Figure:
    """How a score has moved."""
    if now is None or before is None:
        return Figure(name="change", value="")
    moved = round(now) - round(before)
    return Figure(name="change", value=_sign(moved, ""), sense=_sense(moved, is_good=True))


def _figure(
    name: str,
    now: float | None,
    before: float | None,
    told: Callable[[float], str],
    difference: Callable[[float], str],
    *,
    is_good: bool,
) -> Figure:
    if now is None:
        return Figure(name=name, value="–")
    if before is None or told(now) == told(before) or abs(now - before) < LEAST_CHANGE * before:
        return Figure(name=name, value=told(now))
    return Figure(
        name=name,
        value=told(now),
        change=difference(now - before),
        sense=_sense(now - before, is_good=is_good),
    )


def _sense(moved: float, *, is_good: bool) -> str:
    if not moved:
        return ""
    return "good" if (moved > 0) == is_good else "bad"


def _relative(now: int, before: int) -> str:
    return _sign(round(100 * (now - before) / before), "%") if before else ""


def _signed(change: float) -> str:
    return f"{change:+.1f}".replace("-", "−")


def _longer(change: float) -> str:
    return f"{'+' if change > 0 else '−'}{duration(abs(change))}"


def _sign(number: int, unit: str) -> str:
    if not number:
        return ""
    return f"{'+' if number > 0 else '−'}{abs(number):,}" + (f" {unit}" if unit else "")
