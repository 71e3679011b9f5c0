"""The scores of a site, day by day."""

from datetime import UTC, date, datetime, timedelta

from roverbook.models import DailyScore
from workspace.models import Site


def score_days(site: Site, *, days: int, now: datetime) -> list[tuple[date, DailyScore | None]]:
    """The last `days` days (UTC), oldest first, each with its row or None."""
    today = now.astimezone(UTC).date()
    wanted = [today - timedelta(days=age) for age in range(days - 1, -1, -1)]
    rows = {row.day: row for row in DailyScore.objects.filter(site=site, day__gte=wanted[0], day__lte=today)}
    return [(day, rows.get(day)) for day in wanted]
