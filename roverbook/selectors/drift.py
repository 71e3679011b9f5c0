"""How a site's tools fare by page, now and before, and the alerts that are open."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from roverbook.core.drift import BEFORE_DAYS, LEAST_VISITS, RECENT_DAYS, Tally
from roverbook.models import DriftAlert, Visit, VisitTool
from roverbook.selectors.counted import muted_keys
from workspace.models import Site

ANY_TOOL = ""
PAGES_MOST = 5_000

ALERTS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTool:
    """A tool on a page, in the last days and in those before. Its hits are the calls that failed; with `tool`
    '' it is any tool, and its hits are the calls that did not find their element. `missing`: of the last
    days."""

    path: str
    tool: str
    recent: Tally
    before: Tally
    missing: int


def page_tools(site: Site, now: datetime, *, also: Collection[str] = ()) -> dict[tuple[str, str], PageTool]:
    """By path and tool: what enough visits used in the last days, and all that was on the pages `also`."""
    recent_from = now - timedelta(days=RECENT_DAYS)
    calls = VisitTool.objects.filter(
        site=site, started_at__gte=recent_from - timedelta(days=BEFORE_DAYS), started_at__lt=now
    ).exclude(visit_id__in=_uncounted(site, now))
    by_tool = _tallied(calls.values("path", "tool"), "failures", recent_from, also)
    by_page = _tallied(calls.values("path"), "missing", recent_from, also)
    found = [_page_tool(row) for row in (*by_tool, *by_page)]
    return {(each.path, each.tool): each for each in found}


def open_alerts(site: Site) -> list[DriftAlert]:
    """The alerts of a site that are open and were not dismissed, those that got worse most first; not all."""
    rows = DriftAlert.objects.filter(site=site, ended_at__isnull=True, dismissed_at__isnull=True)
    return list(
        rows.annotate(rise=F("rate") - F("baseline")).order_by("-rise", "path", "tool")[:ALERTS_SHOWN]
    )


def _uncounted(site: Site, now: datetime) -> QuerySet[Visit, str]:
    """The owners' own trials and the visits of muted agents."""
    since = now - timedelta(days=RECENT_DAYS + BEFORE_DAYS)
    uncounted = Q(is_test=True) | Q(agent_key__in=muted_keys(site))
    return Visit.objects.filter(uncounted, site=site, started_at__gte=since).values_list("pk", flat=True)


def _tallied(
    rows: QuerySet[Any, Any], hits: str, recent_from: datetime, also: Collection[str]
) -> QuerySet[Any, Any]:
    is_recent, is_before = Q(started_at__gte=recent_from), Q(started_at__lt=recent_from)
    tallied = rows.annotate(
        recent_visits=Count("visit", filter=is_recent, distinct=True),
        recent_calls=Sum("calls", filter=is_recent, default=0),
        recent_hits=Sum(hits, filter=is_recent, default=0),
        recent_missing=Sum("missing", filter=is_recent, default=0),
        before_visits=Count("visit", filter=is_before, distinct=True),
        before_calls=Sum("calls", filter=is_before, default=0),
        before_hits=Sum(hits, filter=is_before, default=0),
    )
    wanted = Q(recent_visits__gte=LEAST_VISITS)
    if also:
        wanted |= Q(path__in=also)
    chosen: QuerySet[Any, Any] = tallied.filter(wanted).order_by("-recent_visits")[:PAGES_MOST]
    return chosen


def _page_tool(row: dict[str, Any]) -> PageTool:
    return PageTool(
        path=row["path"],
        tool=row.get("tool", ANY_TOOL),
        recent=Tally(visits=row["recent_visits"], calls=row["recent_calls"], hits=row["recent_hits"]),
        before=Tally(visits=row["before_visits"], calls=row["before_calls"], hits=row["before_hits"]),
        missing=row["recent_missing"],
    )
