"""Whether a page's tools fail more than they used to, so that chance does not look like a change.

Calls of one visit fail together, so they are no independent trials: the rate is that of the calls, but it is
only as certain as so many trials as there were visits. Two rates differ when their Wilson intervals (three
standard errors wide) do not overlap, and when they are LEAST_RISE apart.
"""

import math
from dataclasses import dataclass

RECENT_DAYS = 3
BEFORE_DAYS = 14
LEAST_VISITS, LEAST_VISITS_BEFORE = 8, 20
LEAST_RISE = 0.10
ENDS_WITHIN = 0.05
DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted in some days: `visits` that made `calls`, and how many of those were `hits`."""

    visits: int = 0
    calls: int = 0
    hits: int = 0

    @property
    def rate(self) -> float:
        """0 to 1; 0 without calls."""
        return min(1.0, self.hits / self.calls) if self.calls > 0 else 0.0


def has_drifted(recent: Tally, before: Tally) -> bool:
    """Whether the rate of the last days is worse than before by more than chance."""
    if recent.visits < LEAST_VISITS or before.visits < LEAST_VISITS_BEFORE:
        return False
    if recent.rate - before.rate < LEAST_RISE:
        return False
    return interval(recent.rate, recent.visits)[0] > interval(before.rate, before.visits)[1]


def has_recovered(recent: Tally, baseline: float) -> bool:
    """Whether the last days are as it was at first: visits enough, and a rate that is back at `baseline`."""
    return recent.visits >= LEAST_VISITS and recent.rate <= baseline + ENDS_WITHIN


def interval(rate: float, trials: int) -> tuple[float, float]:
    """The Wilson score interval of a rate seen in so many trials; (0, 1) without any."""
    if trials <= 0:
        return 0.0, 1.0
    square = DEVIATIONS**2
    middle = (rate + square / (2 * trials)) / (1 + square / trials)
    reach = (
        DEVIATIONS * math.sqrt(rate * (1 - rate) / trials + square / (4 * trials**2)) / (1 + square / trials)
    )
    return max(0.0, middle - reach), min(1.0, middle + reach)
