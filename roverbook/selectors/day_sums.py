"""What single days of a site come to: the sums that its scores are made of."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from roverbook.core.scoring import SENTIMENT_DAYS, WINDOW_DAYS, DaySums, sentiment_summary
from roverbook.models import DailyScore, Review, Visit
from roverbook.models.shared import Provenance
from roverbook.selectors.counted import DAY, counted_visits, start_of
from workspace.models import Site

INTENTS_A_DAY = 200
OTHER_INTENTS = "other"
"""What the rarer kinds of wishes of a day are counted as: names of shortcuts are agents' words."""
_SCORES = ("completion", "efficiency", "recovery", "accessibility")


def day_sums(
    site: Site, days: Sequence[date], muted: frozenset[str]
) -> dict[date, tuple[dict[str, int], DaySums]]:
    """For the days on which counted visits started: their counts, and their sums."""
    visits: QuerySet[Any, Any] = counted_visits(site, muted).filter(
        started_at__gte=start_of(days[0]), started_at__lt=start_of(days[-1] + DAY)
    )
    visits = visits.annotate(day=TruncDate("started_at", tzinfo=UTC)).values("day", "intent")
    rows = visits.annotate(**_AGGREGATES).order_by("day", "-visits", "intent")
    return {day: _added_up(list(of_day)) for day, of_day in groupby(rows, key=itemgetter("day"))}


def _added_up(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, int], DaySums]:
    """The rows of one day, one for each kind of wish, the most frequent first."""
    counts = {name: sum(row[name] or 0 for row in rows) for name in _COUNTED}
    intents: dict[str, tuple[int, int]] = {}
    for place, row in enumerate(rows):
        intent = row["intent"] if place < INTENTS_A_DAY else OTHER_INTENTS
        before = intents.get(intent, (0, 0))
        intents[intent] = (before[0] + row["visits"], before[1] + row["successes"])
    dimensions = {
        name: (sum(row[f"sum_{name}"] or 0.0 for row in rows), sum(row[f"n_{name}"] for row in rows))
        for name in _SCORES
    }
    return counts, DaySums(visits=counts["visits"], dimensions=dimensions, intents=intents)


_OUTCOMES = {
    "successes": Visit.Outcome.SUCCESS,
    "failures": Visit.Outcome.FAILURE,
    "partial": Visit.Outcome.PARTIAL,
    "abandoned": Visit.Outcome.ABANDONED,
}
_COUNTED = ("visits", *_OUTCOMES, "steps", "duration_ms")
NO_VISITS: tuple[dict[str, int], DaySums] = (dict.fromkeys(_COUNTED, 0), DaySums(dimensions={}, intents={}))
_AGGREGATES: dict[str, Any] = {
    "visits": Count("pk"),
    **{name: Count("pk", filter=Q(outcome=outcome)) for name, outcome in _OUTCOMES.items()},
    "steps": Sum("total_steps"),
    "duration_ms": Sum("total_duration_ms"),
    **{f"sum_{name}": Sum(f"score_{name}") for name in _SCORES},
    **{f"n_{name}": Count(f"score_{name}") for name in _SCORES},
}


def sums_before(site: Site, day: date) -> list[tuple[date, DaySums]]:
    """The days before `day` that are in its window, the oldest first, as they are stored."""
    since = day - timedelta(days=WINDOW_DAYS)
    rows = DailyScore.objects.filter(site=site, day__gt=since, day__lt=day).order_by("day")
    return [(row.day, _read(row)) for row in rows.only("day", "sums", "visits")]


def _read(row: DailyScore) -> DaySums:
    dimensions = {name: (total, count) for name, (total, count) in row.sums.get("dimensions", {}).items()}
    intents = {name: (visits, successes) for name, (visits, successes) in row.sums.get("intents", {}).items()}
    return DaySums(visits=row.visits, dimensions=dimensions, intents=intents)


def day_sentiments(site: Site, days: Sequence[date], muted: frozenset[str]) -> dict[date, dict[str, object]]:
    """For each of these days: what the reviews of the SENTIMENT_DAYS that end with it come to."""
    since = start_of(days[0] - (SENTIMENT_DAYS - 1) * DAY)
    reviews = Review.objects.filter(site=site, created_at__gte=since, created_at__lt=start_of(days[-1] + DAY))
    tests = Visit.objects.filter(site=site, is_test=True).values("pk")
    said: QuerySet[Any, Any] = reviews.exclude(visit_id__in=tests).exclude(agent_key__in=muted)
    said = said.annotate(day=TruncDate("created_at", tzinfo=UTC)).values_list(
        "day", "provenance", "sentiment"
    )
    by_day: dict[date, Counter[tuple[str, str]]] = defaultdict(Counter)
    for day, provenance, sentiment, n_reviews in said.annotate(n_reviews=Count("pk")).order_by():
        by_day[day][provenance, sentiment] += n_reviews
    return {day: _sentiment_until(day, by_day) for day in days}


def _sentiment_until(day: date, by_day: Mapping[date, Mapping[tuple[str, str], int]]) -> dict[str, object]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for age in range(SENTIMENT_DAYS):
        for (provenance, sentiment), n_reviews in by_day.get(day - age * DAY, {}).items():
            counts[provenance][sentiment] += n_reviews
    return sentiment_summary(counts[Provenance.AGENT_AUTHORED], counts[Provenance.DERIVED])
