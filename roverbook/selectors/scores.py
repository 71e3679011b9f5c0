"""How agents fare on a site: its score now, the days behind it, and how its shortcuts do."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Avg, Count, Q, Sum

from roverbook.core.scoring import WEIGHTS, Tone, tone_of
from roverbook.models import DailyScore, Visit
from roverbook.selectors.counted import counted_visits
from roverbook.selectors.issues import IssueCluster, WhyFailed, top_issues, why_failed
from workspace.models import Site

__all__ = [
    "CurrentScore",
    "Dimension",
    "IssueCluster",
    "ShortcutHealth",
    "WhyFailed",
    "current_score",
    "score_days",
    "shortcut_health",
    "top_issues",
    "why_failed",
]
PERIOD_DAYS = 7
SHORTCUT_DAYS = 30
SHORTCUTS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """`name` as in `WEIGHTS`; `weight` is its share of the overall. `value` is None where nothing can be
    said, `change` where nothing can be compared."""

    name: str
    weight: float
    value: float | None
    change: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentScore:
    """`row`: the newest day, None for a site that was never visited. `change`: of the overall since the
    period before."""

    row: DailyScore | None
    tone: Tone
    overall: float | None
    change: float | None
    dimensions: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutHealth:
    """How visits by one shortcut went in the last days. `score`: their mean; `success_rate`: 0 to 1;
    `steps`, `duration_ms`: means. `last_failed`: the newest visit that failed, '' for none."""

    shortcut: str
    visits: int
    successes: int
    failures: int
    success_rate: float
    score: float | None
    tone: Tone
    steps: float
    duration_ms: float
    last_failed: str


def current_score(site: Site, *, period_days: int = PERIOD_DAYS) -> CurrentScore:
    """The site's score, against what it was `period_days` before."""
    row = DailyScore.objects.filter(site=site).order_by("-day").first()
    before = _day_before(site, row, period_days) if row else None
    overall = row.overall if row else None
    return CurrentScore(
        row=row,
        tone=tone_of(overall),
        overall=overall,
        change=_change(overall, before.overall if before else None),
        dimensions=tuple(_dimension(name, row, before) for name in WEIGHTS),
    )


def score_days(site: Site, *, days: int, now: datetime) -> list[tuple[date, DailyScore | None]]:
    """The last `days` days (UTC), oldest first, each with its row or None."""
    today = now.astimezone(UTC).date()
    wanted = [today - timedelta(days=age) for age in range(days - 1, -1, -1)]
    rows = {row.day: row for row in DailyScore.objects.filter(site=site, day__gte=wanted[0], day__lte=today)}
    return [(day, rows.get(day)) for day in wanted]


def shortcut_health(site: Site, now: datetime, *, days: int = SHORTCUT_DAYS) -> list[ShortcutHealth]:
    """The shortcuts that were used in the last days, the most used first."""
    since = now - timedelta(days=days)
    visits = counted_visits(site).filter(started_at__gte=since).exclude(shortcut="")
    rows = list(
        visits.values("shortcut")
        .annotate(
            n_visits=Count("pk"),
            n_successes=Count("pk", filter=Q(outcome=Visit.Outcome.SUCCESS)),
            n_failures=Count("pk", filter=Q(outcome=Visit.Outcome.FAILURE)),
            mean_score=Avg("score"),
            n_steps=Sum("total_steps"),
            n_ms=Sum("total_duration_ms"),
        )
        .order_by("-n_visits", "shortcut")[:SHORTCUTS_SHOWN]
    )
    failed = {
        row["shortcut"]: _last_failed(site, row["shortcut"], since) for row in rows if row["n_failures"]
    }
    return [
        ShortcutHealth(
            shortcut=row["shortcut"],
            visits=row["n_visits"],
            successes=row["n_successes"],
            failures=row["n_failures"],
            success_rate=row["n_successes"] / row["n_visits"],
            score=row["mean_score"],
            tone=tone_of(row["mean_score"]),
            steps=row["n_steps"] / row["n_visits"],
            duration_ms=row["n_ms"] / row["n_visits"],
            last_failed=failed.get(row["shortcut"], ""),
        )
        for row in rows
    ]


def _day_before(site: Site, row: DailyScore, period_days: int) -> DailyScore | None:
    until = row.day - timedelta(days=period_days)
    return DailyScore.objects.filter(site=site, day__lte=until).order_by("-day").first()


def _dimension(name: str, row: DailyScore | None, before: DailyScore | None) -> Dimension:
    value: float | None = getattr(row, name) if row else None
    was: float | None = getattr(before, name) if before else None
    return Dimension(name=name, weight=WEIGHTS[name], value=value, change=_change(value, was))


def _change(value: float | None, was: float | None) -> float | None:
    return None if value is None or was is None else value - was


def _last_failed(site: Site, shortcut: str, since: datetime) -> str:
    failed = counted_visits(site).filter(
        outcome=Visit.Outcome.FAILURE, shortcut=shortcut, started_at__gte=since
    )
    return failed.order_by("-started_at", "-id").values_list("pk", flat=True).first() or ""
