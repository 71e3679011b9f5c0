"""How visits went in a span of time: by day, by agent and door, on which pages, with which tools, and how the
variants of experiments compare."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from roverbook.admin.charts import bar_of, columns
from roverbook.admin.filter_bar import USUAL_DAYS, FilterBar, filter_bar, query, visits_link
from roverbook.admin.numbers import FEW, figures, percent
from roverbook.admin.visit_rows import score_of
from roverbook.core.drift import interval
from roverbook.selectors import analytics as found
from roverbook.selectors.filtering import span_of
from roverbook.selectors.visits import buckets
from tasks.admin.texts import line
from tasks.admin.trust import trust_word
from tasks.core.attribution import Trust
from workspace.admin.frame import render_page, site_page

if TYPE_CHECKING:
    from workspace.models import Site

GROUPS = (
    ("agent_key", "agent", "By agent", "Agent"),
    ("agent_vendor", "vendor", "By vendor", "Vendor"),
    ("agent_trust", "trust", "By trust", "How far the name is proved"),
    ("agent_source", "source", "By source", "How it made itself known"),
    ("launch_source", "launch", "By door", "How it was started"),
    ("shortcut", "shortcut", "By shortcut", "Shortcut"),
)
"""(column, field of the filter line, heading, head of the first column)."""


@site_page()
@require_safe
def analytics(request: HttpRequest, site: "Site") -> HttpResponse:
    """The page."""
    now = timezone.now()
    bar = filter_bar(request, with_ranges=True)
    span = span_of(bar.line, now=now, days=bar.days or USUAL_DAYS)
    summing = found.summed_up(site, bar.line, span, now=now)
    summed, counted = summing.now, buckets(summing.rows, span)
    sample = found.sample_of(site, bar.line, span, now=now)
    return render_page(
        request,
        "workspace/roverbook/analytics.html",
        title="Analytics",
        section="roverbook-analytics",
        site=site,
        bar=bar,
        span=span,
        totals=summed,
        few=summed.visits < FEW,
        figures=figures(summed, summing.before),
        looked_since=summing.since,
        chart=columns(counted, [_day_link(site, bar, each.since) for each in counted]),
        sample=sample,
        looked_at=f"{found.Sample.LOOKED_AT:,}",
        groups=_groups(found.groups(sample), bar) if summed.visits else [],
        tools=[_tool(tool, site, bar) for tool in found.tools(sample)],
        pages=[_page(page, site, bar) for page in found.pages(sample)],
        moves=_moves(found.moves(sample)),
        experiments=[_variant(variant, site, bar) for variant in found.experiments(sample)],
    )


def _day_link(site: "Site", bar: FilterBar, since: datetime) -> str:
    return visits_link(site, bar.line.without("after", "before").having("day", since.date().isoformat()))


def _link(bar: FilterBar, field: str, value: str) -> str:
    """The same page with this value alone; visits that have none cannot be asked for."""
    return query(q=bar.line.having(field, value), days=bar.days or "") if value else ""


def _groups(groups: dict[str, list[found.Group]], bar: FilterBar) -> list[dict[str, Any]]:
    return [
        {
            "heading": heading,
            "head": head,
            "rows": [_group(group, column, bar, field) for group in groups[column]],
        }
        for column, field, heading, head in GROUPS
        if column != "shortcut" or any(group.value for group in groups[column])
    ]


def _group(group: found.Group, column: str, bar: FilterBar, field: str) -> dict[str, Any]:
    return {
        "name": _name(group, column),
        "key": line(group.value) if group.name and group.name != group.value else "",
        "href": _link(bar, field, group.value),
        "visits": group.visits,
        "rate": percent(group.success_rate),
        "width": bar_of(group.success_rate or 0, 1),
        "score": score_of(group.score),
        "steps": f"{group.steps:.1f}",
        "few": group.visits < FEW,
    }


def _name(group: found.Group, column: str) -> str:
    if column == "agent_trust" and group.value in set(Trust):
        return trust_word(Trust(group.value))
    if not group.value:
        return "none"
    if column in ("agent_source", "launch_source"):
        return line(group.value).replace("_", " ")
    return line(group.name or group.value)


def _tool(tool: found.Tool, site: "Site", bar: FilterBar) -> dict[str, Any]:
    return {
        "name": line(tool.tool),
        "href": visits_link(site, bar.line.having("tool", tool.tool)),
        "calls": tool.calls,
        "failures": tool.failures,
        "missing": tool.missing,
        "rate": percent(tool.rate),
        "width": bar_of(tool.rate, 1),
    }


def _page(page: found.PageRow, site: "Site", bar: FilterBar) -> dict[str, Any]:
    counts = (
        ("success", page.success, "succeeded"),
        ("other", page.other, "other"),
        ("abandoned", page.abandoned, "abandoned"),
        ("failure", page.failure, "failed"),
    )
    x, parts = 0.0, []
    for kind, count, word in counts:
        width = 100 * max(0, count) / page.visits if page.visits else 0
        parts.append({"kind": kind, "x": f"{x:.2f}%", "width": f"{width:.2f}%", "count": count, "word": word})
        x += width
    return {
        "path": line(page.path) or "no page",
        "href": visits_link(site, bar.line.having("page", page.path)) if page.path else "",
        "visits": page.visits,
        "parts": [part for part in parts if part["count"]],
        "calls": page.calls,
        "failures": page.failures,
        "error": line(page.error),
    }


def _moves(moves: list[found.Move]) -> list[dict[str, Any]]:
    most = max((move.count for move in moves), default=0)
    return [
        {
            "from": line(move.from_path),
            "to": line(move.to_path),
            "count": move.count,
            "width": bar_of(move.count, most),
        }
        for move in moves
    ]


def _variant(variant: found.Variant, site: "Site", bar: FilterBar) -> dict[str, Any]:
    rate = variant.success / variant.ended if variant.ended else None
    least, most = interval(rate or 0.0, variant.ended)
    wanted = bar.line.having("experiment", variant.experiment).having("variant", variant.variant)
    return {
        "experiment": line(variant.experiment),
        "variant": line(variant.variant),
        "href": visits_link(site, wanted),
        "visits": variant.visits,
        "rate": percent(rate),
        "between": f"{100 * least:.0f}–{100 * most:.0f} %" if variant.ended else "",
        "x": bar_of(least, 1),
        "width": bar_of(most - least, 1),
        "at": bar_of(rate or 0, 1),
        "score": score_of(variant.score),
    }
