"""How agents fare on a site: its score and why, how it moved, what stops them, and what needs the owner."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from roverbook.admin.charts import bar_of, columns, trend
from roverbook.admin.filter_bar import USUAL_DAYS, FilterBar, filter_bar, visits_link
from roverbook.admin.issue_rows import shown_issues
from roverbook.admin.numbers import FEW, figures, percent, score_change
from roverbook.admin.visit_rows import Score, score_of, visit_rows
from roverbook.core.filter_line import FilterLine
from roverbook.core.scoring import WEIGHTS
from roverbook.models import DailyScore, DriftAlert
from roverbook.selectors.analytics import (
    counting,
    sample_of,
    scores_until,
    summed_up,
    top_issues,
)
from roverbook.selectors.attention import waiting_for_owner
from roverbook.selectors.drift import open_alerts
from roverbook.selectors.filtering import Span, span_of
from roverbook.selectors.issues import why_failed
from roverbook.selectors.visits import buckets, latest_visits, visits_in_reach
from roverbook.services.drifting import drift_alert_dismiss
from tasks.admin.texts import line as one_line
from tasks.core.printable import printable
from workspace.admin.contributions import Card
from workspace.admin.frame import actor_of, render_page, say, site_page

if TYPE_CHECKING:
    from workspace.models import Site

RECENT = 8
DIMENSIONS = {
    "completion": ("Task completion", "whether they got what they came for"),
    "efficiency": ("Efficiency", "few steps, quick ones, no going back"),
    "recovery": ("Error recovery", "whether an error was the end of it"),
    "accessibility": ("Accessibility", "whether what they used has a role and a name"),
    "consistency": ("Consistency", "whether the same wish ends the same way"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionRow:
    """One part of the score. `width`: of its bar; `change`: since the beginning of the span."""

    name: str
    about: str
    weight: str
    score: Score
    width: str
    change: str
    sense: str
    is_lowest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something for the owner to do; `href` is '' where there is no page for it."""

    text: str
    href: str


@site_page()
@require_safe
def overview(request: HttpRequest, site: "Site") -> HttpResponse:
    """The page."""
    now = timezone.now()
    bar = filter_bar(request, with_ranges=True)
    span = span_of(bar.line, now=now, days=bar.days or USUAL_DAYS)
    reach = visits_in_reach(site, bar.line, now=now)
    latest = latest_visits(counting(reach.rows, bar.line), RECENT)
    frame: dict[str, Any] = {"title": "RoverBook", "section": "roverbook", "site": site, "bar": bar}
    if not latest and not bar.is_filtered:
        return render_page(request, "workspace/roverbook/empty.html", curl=_first_task(site), **frame)
    summing = summed_up(site, bar.line, span, now=now)
    counted = buckets(summing.rows, span)
    return render_page(
        request,
        "workspace/roverbook/overview.html",
        **frame,
        **_score(site, span),
        figures=figures(summing.now, summing.before),
        totals=summing.now,
        mean_score=score_of(summing.now.score),
        few=summing.now.visits < FEW,
        looked_since=reach.since,
        chart=columns(counted, [_day_link(site, bar, each.since) for each in counted]),
        issues=shown_issues(top_issues(sample_of(site, bar.line, span, now=now), now=now), site, bar.line),
        why="" if bar.is_filtered else _why_failed(site),
        alerts=[_alert(alert, site) for alert in open_alerts(site)],
        needs=_needs(site),
        visits=visit_rows(latest, now=now),
        span=span,
        ends_today=span.until > now,
        visits_href=visits_link(site, bar.line),
        failures_href=visits_link(site, bar.line.having("outcome", "failure")),
    )


def _why_failed(site: "Site") -> str:
    """One sentence about the last failed visits, '' when none has failed. It quotes strangers."""
    found = why_failed(site)
    return printable(found.sentence) if found.visits else ""


@site_page()
@require_POST
def alert_dismiss(request: HttpRequest, site: "Site", alert_id: int) -> HttpResponse:
    """The owner has seen it."""
    alert = DriftAlert.objects.filter(pk=alert_id, site=site).first()
    if alert is None:
        raise Http404("There is no such alert.")
    drift_alert_dismiss(actor=actor_of(request), alert=alert, now=timezone.now())
    say(request, "Put aside. It comes back when the page gets worse again.")
    return redirect("admin:roverbook", site.public_id)


def score_card(request: HttpRequest, site: "Site") -> Card | None:
    """The score on the site's own overview; None as long as there is none."""
    row = DailyScore.objects.filter(site=site).order_by("-day").first()
    if row is None or site.archived_at is not None:
        return None
    content = {
        "site": site,
        "score": score_of(row.overall),
        "width": bar_of(row.overall or 0, 100),
        "day": row.day,
        "visits": row.total_visits,
        "is_provisional": row.is_provisional,
        "critical": row.critical_issues,
    }
    return Card(template="workspace/roverbook/card.html", content=content)


def _first_task(site: "Site") -> str:
    wish = json.dumps({"url": f"https://{site.host}/", "prompt": "What can I do here?"}, ensure_ascii=False)
    address = f"{settings.ROVER.base_url}/v1/tasks"
    return f"curl {address} -H 'Content-Type: application/json' -d '{wish}'"


def _score(site: "Site", span: Span) -> dict[str, Any]:
    days = scores_until(site, span)
    row = days[-1] if days else None
    first = days[0] if len(days) > 1 else None
    change = score_change(row.overall if row else None, first.overall if first else None)
    since = span.since.date()
    length = max(1, (span.until.date() - since).days)
    in_span = [day for day in days if day.day >= since]
    return {
        "score": score_of(row.overall if row else None),
        "score_row": row,
        "score_change": change,
        "since_day": first.day if first else None,
        "dimensions": _dimensions(row, first),
        "trend": trend(
            [(day.day, day.overall, day.is_provisional) for day in in_span], since=since, days=length
        ),
    }


def _dimensions(row: DailyScore | None, first: DailyScore | None) -> list[DimensionRow]:
    if row is None:
        return []
    values = {name: getattr(row, name) for name in WEIGHTS}
    known = [value for value in values.values() if value is not None]
    return [
        DimensionRow(
            name=DIMENSIONS[name][0],
            about=DIMENSIONS[name][1],
            weight=percent(WEIGHTS[name]),
            score=score_of(value),
            width=bar_of(value or 0, 100),
            change=(moved := score_change(value, getattr(first, name) if first else None)).value,
            sense=moved.sense,
            is_lowest=value is not None and value == min(known) < max(known),
        )
        for name, value in values.items()
    ]


def _alert(alert: DriftAlert, site: "Site") -> dict[str, Any]:
    return {
        "id": alert.pk,
        "path": one_line(alert.path, 80),
        "tool": one_line(alert.tool, 40),
        "rate": percent(alert.rate),
        "baseline": percent(alert.baseline),
        "calls": alert.calls,
        "missing": alert.missing,
        "began_at": alert.began_at,
        "href": visits_link(site, _failing_on(alert.path)),
    }


def _failing_on(path: str) -> FilterLine:
    with_errors = FilterLine().having("errors", "0", op=">")
    return with_errors.having("page", path) if path else with_errors


def _day_link(site: "Site", bar: FilterBar, since: datetime) -> str:
    return visits_link(site, bar.line.without("after", "before").having("day", since.date().isoformat()))


def _needs(site: "Site") -> list[Need]:
    waiting = waiting_for_owner(site)
    told: Sequence[tuple[int, str, str, str, str]] = (
        (waiting.visits, "visit waits", "visits wait", "for an answer", "roverbook_visits"),
        (waiting.notes, "shared note waits", "shared notes wait", "for your yes or no", "roverbook_memory"),
        (waiting.posts, "new post", "new posts", "on the board", "roverbook_board"),
        (waiting.questions, "question", "questions", "that agents propose to ask", "roverbook_interviews"),
        (waiting.webhooks, "webhook was", "webhooks were", "switched off", "roverbook_webhooks"),
    )
    return [
        Need(
            text=f"{count:,} {one if count == 1 else many} {rest}",
            href=_href(page, site) + ("?q=outcome%3Ainput_required" if page == "roverbook_visits" else ""),
        )
        for count, one, many, rest, page in told
        if count
    ]


def _href(page: str, site: "Site") -> str:
    try:
        return reverse(f"admin:{page}", args=[site.public_id])
    except NoReverseMatch:
        return ""
