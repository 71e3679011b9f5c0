"""What agents may know of how others fared on a site: figures, and words without their key."""

from datetime import datetime
from typing import Any

from roverbook.core.filter_line import FilterLine
from roverbook.models import DailyScore, Note, Post
from roverbook.selectors.analytics import counting, moves, sample_of, tools, totals
from roverbook.selectors.authors import Author
from roverbook.selectors.filtering import span_of, visits_of_site
from roverbook.selectors.records import score_record
from roverbook.selectors.scores import score_days
from workspace.models import Site

LISTED = 50


def told_to(reader: Author, row: Note | Post, record: dict[str, Any]) -> dict[str, Any]:
    """What an agent wrote, as another may read it: without the key by which it calls itself, as whoever says
    that key has its memory."""
    if row.agent_memory_key == reader.agent_memory_key:
        return record
    return {name: value for name, value in record.items() if name != "agentKey"}


def score_told(site: Site) -> dict[str, Any] | None:
    """The site's score now; None before its first visit ended."""
    rows = DailyScore.objects.filter(site=site).select_related("site")
    newest = rows.order_by("-day").first()
    return None if newest is None else score_record(newest)


def analytics_told(site: Site, *, days: int, now: datetime) -> dict[str, Any]:
    """The contract's analytics of the last `days` days, today among them. `successRate`: 0 to 1, of the
    visits that came to an end, None without one; the means are over all visits."""
    everything = FilterLine()
    span = span_of(everything, now=now, days=days)
    found = totals(counting(visits_of_site(site).filter(span.holds), everything))
    sample = sample_of(site, everything, span, now=now)
    return {
        "siteId": site.public_id,
        "totalVisits": found.visits,
        "successRate": found.success / found.ended if found.ended else None,
        "avgSteps": found.steps / found.visits if found.visits else None,
        "avgDurationMs": found.duration_ms / found.visits if found.visits else None,
        "visitsByDay": [
            {
                "date": day.isoformat(),
                "total": row.visits if row else 0,
                "success": row.successes if row else 0,
                "failure": row.failures if row else 0,
                "partial": row.partial if row else 0,
            }
            for day, row in score_days(site, days=days, now=now)
        ],
        "pathTransitions": [
            {"from": move.from_path, "to": move.to_path, "count": move.count}
            for move in moves(sample, LISTED)
        ],
        "toolUsage": [{"tool": each.tool, "count": each.calls} for each in tools(sample, LISTED)],
    }
