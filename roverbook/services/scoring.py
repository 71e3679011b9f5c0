"""Scores of sites: one row a day, counted from the visits that started on it.

A row holds what its own day adds up to (`sums`), and the score that the days of the window come to. Changed
visits make a site's days due from theirs on (`scores_due`); the sweep counts those days anew, one site at
most once in DEBOUNCE, so that a thousand visits a minute are one computation. Days whose visits retention may
have taken already are never counted again: their sums stay.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef

from roverbook.core.happenings import Happening
from roverbook.core.scoring import WINDOW_DAYS, is_news, site_score, tone_of
from roverbook.models import DailyScore, ScoreDue, Visit
from roverbook.selectors.counted import DAY, muted_keys
from roverbook.selectors.day_sums import NO_VISITS, day_sentiments, day_sums, sums_before
from roverbook.selectors.issues import issue_counts
from roverbook.selectors.records import score_record
from roverbook.selectors.settings import settings_of
from roverbook.services.announcing import announce
from roverbook.services.each_site import each_site
from workspace.io.transactions import write_transaction
from workspace.models import Site

DEBOUNCE = timedelta(seconds=60)
SITES_A_SWEEP = 200
FILLED_DAYS = 400
"""At most so many days are written for a site whose last row is older."""


def scores_due(visits: Iterable[Visit], now: datetime) -> None:
    """Visits changed, in the caller's transaction: their sites' scores are due from the days they started."""
    days: dict[UUID, date] = {}
    for visit in visits:
        day = _day(visit.started_at)
        days[visit.site_id] = min(day, days.get(visit.site_id, day))
    for site_id in sorted(days):
        _mark(site_id, days[site_id], now)


def score_due(site: Site, now: datetime, *, since: datetime | None = None) -> None:
    """What counts for a site changed, in the caller's transaction: all its days are due from that of `since`
    (visits were erased), or all whose visits are still there (an agent was muted)."""
    _mark(site.pk, _day(since) if since else date.min, now)


def _mark(site_id: UUID, day: date, now: datetime) -> None:
    """A new mark in every case: a computation that goes on meanwhile knows it for another."""
    ScoreDue.objects.bulk_create(
        [ScoreDue(site_id=site_id, from_day=day, marked_at=now)],
        update_conflicts=True,
        unique_fields=["site"],
        update_fields=["mark", "marked_at"],
    )
    ScoreDue.objects.filter(site_id=site_id, from_day__gt=day).update(from_day=day)


def scores_sweep(now: datetime) -> int:
    """Compute the scores that are due, and those of sites without a row of today; how many there were."""
    return each_site(_due_sites(now), lambda site: site_scores_update(site, now))


def _due_sites(now: datetime) -> list[Site]:
    rows = DailyScore.objects.filter(site=OuterRef("pk"))
    fresh = rows.filter(day__gte=_day(now), computed_at__gt=now - DEBOUNCE)
    due = Site.objects.filter(~Exists(fresh), score_due__isnull=False).order_by("score_due__marked_at")
    yesterdays = Site.objects.filter(Exists(rows), ~Exists(rows.filter(day__gte=_day(now)))).order_by("pk")
    found = {site.pk: site for site in (*due[:SITES_A_SWEEP], *yesterdays[:SITES_A_SWEEP])}
    return list(found.values())[:SITES_A_SWEEP]


def site_scores_update(site: Site, now: datetime) -> DailyScore | None:
    """Write today's row, the days before it that are due, and those that are missing; today's row, None for
    a site that was never visited. A score that moved is told to others."""
    due = ScoreDue.objects.filter(site=site).first()
    rows = _update(site, due, due.from_day if due else _day(now), now, tells=True)
    return rows[-1] if rows else None


def scores_rebuild(site: Site, now: datetime) -> int:
    """Count anew every day whose visits are all still there; how many days that were. Tells nobody."""
    return len(_update(site, ScoreDue.objects.filter(site=site).first(), date.min, now, tells=False))


def _update(
    site: Site, due: ScoreDue | None, wanted: date, now: datetime, *, tells: bool
) -> list[DailyScore]:
    """Count the days from `wanted` on, and store them; those rows.

    Counting holds nobody up, so visits may change meanwhile: their mark is not that of `due`, and stays.
    What another process stored meanwhile was counted no earlier, and stays too.
    """
    last = _newest(site)
    first_day = _first_day(site, wanted, now)
    rows = _days_from(site, first_day, last, now) if first_day else []
    with write_transaction():
        Site.objects.select_for_update(no_key=True).only("pk").get(pk=site.pk)
        newest = _newest(site)
        if (newest and newest.computed_at) != (last and last.computed_at):
            return [newest] if newest else []
        if tells and rows:
            _tell(rows[-1], now)
        DailyScore.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["site", "day"], update_fields=_ALL, batch_size=100
        )
        if due:
            ScoreDue.objects.filter(site=site, mark=due.mark).delete()
    return rows


def _newest(site: Site) -> DailyScore | None:
    return DailyScore.objects.filter(site=site).order_by("-day").first()


def _first_day(site: Site, wanted: date, now: datetime) -> date | None:
    """The first day to write, if those from `wanted` on are due; None for a site without visits and rows."""
    today = _day(now)
    rows = DailyScore.objects.filter(site=site).aggregate(oldest=Min("day"), newest=Max("day"))
    ended = Visit.objects.filter(site=site, finalized_at__isnull=False)
    began = ended.order_by("started_at", "id").values_list("started_at", flat=True).first()
    if rows["oldest"] is None and began is None:
        return None
    oldest_visit = _day(began) if began else today
    if rows["oldest"] is None or wanted == date.min:
        first = oldest_visit  # sums of the days before it are all that is left of their visits
    else:
        first = max(wanted, min(rows["oldest"], oldest_visit))
    first = max(first, _kept_from(site, now))
    if rows["newest"] is not None:
        first = min(first, rows["newest"] + DAY)
    return max(min(first, today), today - timedelta(days=FILLED_DAYS))


def _kept_from(site: Site, now: datetime) -> date:
    """The first day of which no visit can have been deleted for its age."""
    return _day(now - timedelta(days=min(settings_of(site).visit_days, FILLED_DAYS))) + DAY


def _days_from(site: Site, first_day: date, last: DailyScore | None, now: datetime) -> list[DailyScore]:
    """The rows from `first_day` to today, not stored yet. As many queries for one day as for many."""
    days = [first_day + number * DAY for number in range((_day(now) - first_day).days + 1)]
    muted = muted_keys(site)
    window = deque(sums_before(site, first_day))
    counted = day_sums(site, days, muted)
    issues = issue_counts(site, days, muted)
    sentiments = day_sentiments(site, days, muted)
    rows = []
    for day in days:
        counts, sums = counted.get(day, NO_VISITS)
        window.append((day, sums))
        while (day - window[0][0]).days >= WINDOW_DAYS:
            window.popleft()
        score = site_score(((day - each).days, before) for each, before in window)
        rows.append(
            DailyScore(
                site=site,
                day=day,
                **{column.name: getattr(score, column.name) for column in fields(score)},
                **counts,
                sentiment=sentiments[day],
                top_issues=issues[day][0],
                critical_issues=issues[day][1],
                sums={"dimensions": dict(sums.dimensions), "intents": dict(sums.intents)},
                announced=last.announced if last else None,
                computed_at=now,
            )
        )
    return rows


_ALL = [
    column.name for column in DailyScore._meta.concrete_fields if column.name not in ("id", "site", "day")
]


def _tell(row: DailyScore, now: datetime) -> None:
    """Tell others if the score has moved since they were told last, and note it in the row."""
    before = row.announced
    if not is_news(before, row.overall):
        return
    row.announced = row.overall
    data = score_record(row) | {
        "tone": tone_of(row.overall),
        "previousOverall": before,
        "previousTone": tone_of(before),
    }
    key = f"{row.day}:{int(now.timestamp() * 1_000)}"
    announce(site=row.site, event=Happening.SCORE_CHANGED, key=key, data=data, now=now)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
