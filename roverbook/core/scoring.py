"""Scores: how one visit fared, and what the visits of many days come to for a site. Pure arithmetic.

Every score is 0 to 100, None where nothing can be said. The formulas and their worked numbers are in
docs/scoring.md.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

COMPLETION = {"success": 100.0, "partial": 50.0, "input_required": 40.0, "abandoned": 15.0, "failure": 0.0}
STEPS_FREE, STEPS_SPAN = 8, 24
STEP_MS_FREE, STEP_MS_SPAN = 1_500, 8_500
BACKTRACK_FACTOR = 2
EFFICIENCY_WEIGHTS = {"steps": 0.5, "speed": 0.3, "backtracks": 0.2}
RECOVERY_SUCCESS_LEAST, RECOVERY_SUCCESS_PER_ERROR = 40, 15
RECOVERY_OTHER_MOST, RECOVERY_OTHER_PER_ERROR = 40, 10
MISSING_COSTS = 10
WEIGHTS = {
    "completion": 0.35,
    "efficiency": 0.20,
    "recovery": 0.20,
    "accessibility": 0.15,
    "consistency": 0.10,
}
HALF_LIFE_DAYS = 14
WINDOW_DAYS = 84
"""Days that count for a site's score: six half-lives; what is older would weigh under 1.6 %."""
FEW_VISITS = 5
"""With fewer visits a score is provisional and no consistency is told."""
MOVED = 5.0
"""A site's score that moved by so much is told, as is every change of tone."""


class Tone(StrEnum):
    """What a score comes to in a word."""

    EXCELLENT = "excellent"
    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    NO_DATA = "no data"


TONES = {Tone.EXCELLENT: 80, Tone.HEALTHY: 60, Tone.WARNING: 35, Tone.CRITICAL: 0}
"""The least score of each."""


def tone_of(overall: float | None) -> Tone:
    """The tone of a score; a site without any visit has no data, which is not a bad score."""
    if overall is None:
        return Tone.NO_DATA
    return next((tone for tone, least in TONES.items() if overall >= least), Tone.CRITICAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitScores:
    """The scores of one visit."""

    completion: float
    efficiency: float
    recovery: float
    accessibility: float | None
    overall: float


def visit_scores(
    *,
    outcome: str,
    steps: int,
    errors: int,
    backtracks: int,
    duration_ms: int,
    targeted: int,
    named: int,
    missing: int,
) -> VisitScores:
    """The scores of a visit that came to its end.

    `duration_ms`: over all runs. `targeted`: tool calls that aimed at an element; `named`: those of them that
    hit one with a role and a name; `missing`: those that found none, or no frame. No step counts as one.

    Raises:
        ValueError: for an outcome that is none of the contract's.
    """
    if outcome not in COMPLETION:
        raise ValueError(f"no such outcome: {outcome!r}")
    dimensions: dict[str, float | None] = {
        "completion": COMPLETION[outcome],
        "efficiency": _efficiency(max(1, steps), max(0, backtracks), max(0, duration_ms)),
        "recovery": _recovery(outcome, max(0, errors)),
        "accessibility": _accessibility(targeted, named, max(0, missing)),
    }
    return VisitScores(
        completion=COMPLETION[outcome],
        efficiency=dimensions["efficiency"] or 0.0,
        recovery=dimensions["recovery"] or 0.0,
        accessibility=dimensions["accessibility"],
        overall=overall_of(dimensions) or 0.0,
    )


def _efficiency(steps: int, backtracks: int, duration_ms: int) -> float:
    parts = {
        "steps": _clamp01(1 - max(0, steps - STEPS_FREE) / STEPS_SPAN),
        "speed": _clamp01(1 - max(0.0, duration_ms / steps - STEP_MS_FREE) / STEP_MS_SPAN),
        "backtracks": _clamp01(1 - BACKTRACK_FACTOR * backtracks / steps),
    }
    return 100 * sum(EFFICIENCY_WEIGHTS[name] * part for name, part in parts.items())


def _recovery(outcome: str, errors: int) -> float:
    if not errors:
        return 100.0
    if outcome == "success":
        return float(max(RECOVERY_SUCCESS_LEAST, 100 - RECOVERY_SUCCESS_PER_ERROR * errors))
    return float(max(0, RECOVERY_OTHER_MOST - RECOVERY_OTHER_PER_ERROR * errors))


def _accessibility(targeted: int, named: int, missing: int) -> float | None:
    if targeted <= 0:
        return None
    return max(0.0, 100 * _clamp01(named / targeted) - MISSING_COSTS * missing)


def _clamp01(value: float) -> float:
    return min(1.0, max(0.0, value))


def overall_of(dimensions: Mapping[str, float | None]) -> float | None:
    """The weighted mean of what there is; None when there is nothing."""
    known = [(WEIGHTS[name], value) for name, value in dimensions.items() if value is not None]
    if not known:
        return None
    return sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySums:
    """What the counted visits of one day add up to.

    `dimensions`: {name: (sum of scores, visits that have one)}. `intents`: {kind of wish: (visits,
    successes)}.
    """

    visits: int = 0
    dimensions: Mapping[str, tuple[float, int]]
    intents: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteScore:
    """A site's score. `total_visits`: those it was computed from."""

    completion: float | None = None
    efficiency: float | None = None
    recovery: float | None = None
    accessibility: float | None = None
    consistency: float | None = None
    overall: float | None = None
    total_visits: int = 0
    is_provisional: bool = True


def site_score(days: Iterable[tuple[int, DaySums]]) -> SiteScore:
    """The score of a site from its days, each with its age in days (0: the day the score is of).

    A visit weighs half of one that is HALF_LIFE_DAYS younger; days outside of the window do not count.
    """
    counted = [(0.5 ** (age / HALF_LIFE_DAYS), sums) for age, sums in days if 0 <= age < WINDOW_DAYS]
    total = sum(sums.visits for _, sums in counted)
    dimensions = {
        name: _weighted((weight, sums.dimensions.get(name, (0.0, 0))) for weight, sums in counted)
        for name in WEIGHTS
        if name != "consistency"
    }
    dimensions["consistency"] = consistency(_clusters(counted)) if total >= FEW_VISITS else None
    return SiteScore(
        **dimensions,
        overall=overall_of(dimensions),
        total_visits=total,
        is_provisional=total < FEW_VISITS,
    )


def _weighted(days: Iterable[tuple[float, tuple[float, int]]]) -> float | None:
    known = [(weight, total, count) for weight, (total, count) in days if count]
    if not known:
        return None
    mean = sum(weight * total for weight, total, _ in known) / sum(
        weight * count for weight, _, count in known
    )
    return min(100.0, max(0.0, mean))


def _clusters(days: Iterable[tuple[float, DaySums]]) -> list[tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for weight, sums in days:
        for intent, (visits, successes) in sums.intents.items():
            before = found.get(intent, (0.0, 0.0))
            found[intent] = (before[0] + weight * visits, before[1] + weight * successes)
    return list(found.values())


def consistency(clusters: Iterable[tuple[float, float]]) -> float | None:
    """Whether the same wish ends the same way, from clusters of (visits, successes), which may be weighted:
    100·(1 - 2·standard deviation of success), a cluster by its visits. None without visits."""
    known = [(visits, min(1.0, max(0.0, successes / visits))) for visits, successes in clusters if visits > 0]
    if not known:
        return None
    spread = sum(visits * math.sqrt(rate * (1 - rate)) for visits, rate in known)
    return min(100.0, max(0.0, 100 * (1 - 2 * spread / sum(visits for visits, _ in known))))


SENTIMENTS = ("positive", "neutral", "negative", "mixed")
SENTIMENT_DAYS = 30
LEANS = 0.25
"""How far positive and negative must be apart, as a share of all, for one of them to name the whole."""


def sentiment_summary(authored: Mapping[str, int], derived: Mapping[str, int]) -> dict[str, object]:
    """What agents' reviews come to: {label, provenance, positive, neutral, negative, mixed}.

    What agents wrote themselves counts alone when there is any; `provenance` says which it was.
    """
    provenance, counts = ("agent_authored", authored) if any(authored.values()) else ("derived", derived)
    told = {name: counts.get(name, 0) for name in SENTIMENTS}
    total = sum(told.values())
    if not total:
        return {"label": str(Tone.NO_DATA), "provenance": "", **told}
    lean = (told["positive"] - told["negative"]) / total
    if abs(lean) >= LEANS:
        label = "positive" if lean > 0 else "negative"
    else:
        label = "neutral" if told["neutral"] == total else "mixed"
    return {"label": label, "provenance": provenance, **told}


def is_news(before: float | None, now: float | None) -> bool:
    """Whether a score that went from one value to another is worth telling."""
    if tone_of(before) != tone_of(now):
        return True
    return before is not None and now is not None and abs(now - before) >= MOVED
