"""The visits of a site: a line to filter them, a strip of bars to narrow them, and the list; and all of what
is filtered as a file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from roverbook.admin.charts import columns
from roverbook.admin.filter_bar import Choice, FilterBar, filter_bar, query
from roverbook.admin.issue_rows import ShownIssue, shown_issues
from roverbook.admin.visit_rows import visit_rows
from roverbook.core.filter_line import FilterLine
from roverbook.models import Visit
from roverbook.selectors.analytics import sample_of, top_issues
from roverbook.selectors.collections.rows import ROW_COLLECTIONS
from roverbook.selectors.collections.wanted import flat
from roverbook.selectors.filtering import span_of, visits_of_site
from roverbook.selectors.visits import (
    COUNT_MAX,
    Bucket,
    buckets,
    counted,
    read_place,
    visit_chunks,
    visit_page,
    visits_in_reach,
    visits_wanted,
)
from workspace.admin.frame import actor_of, render_page, site_page
from workspace.io.exporting import ExportFormat, Rows, export_response
from workspace.services.exports import export_noted

if TYPE_CHECKING:
    from workspace.models import Site

STRIP_DAYS = 30
EXPORTS = (
    (ExportFormat.CSV, "CSV"),
    (ExportFormat.CSV_BOM, "CSV for Excel"),
    (ExportFormat.JSON, "JSON"),
    (ExportFormat.NDJSON, "NDJSON"),
)
COLLECTION = ROW_COLLECTIONS["roverbook_visits"]
USUAL_FILTERS = (
    ("All", ""),
    ("Failed", "outcome:failure"),
    ("Waiting for an answer", "outcome:input_required"),
    ("Abandoned", "outcome:abandoned"),
    ("Score under 50", "score:<50"),
    ("Verified agents", "trust:verified_signed"),
    ("Last 24 hours", "after:-24h"),
)
FAILED = "failure"


@site_page()
@require_safe
def visits(request: HttpRequest, site: "Site") -> HttpResponse:
    """The list, newest first. `?before=` and `?after=` are places in it."""
    now = timezone.now()
    bar = filter_bar(request)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    older_than, newer_than = read_place(before), read_place(after)
    is_damaged = bool(before and older_than is None) or bool(after and newer_than is None)
    reach = visits_in_reach(site, bar.line, now=now)
    rows = reach.rows
    page = visit_page(rows.none() if is_damaged else rows, older_than=older_than, newer_than=newer_than)
    span = span_of(bar.line, now=now, days=STRIP_DAYS)
    strip = buckets(rows, span)
    is_bare = not (page.visits or bar.is_filtered or before or after)
    return render_page(
        request,
        "workspace/roverbook/visits.html",
        title="Visits",
        section="roverbook-visits",
        site=site,
        status=422 if is_damaged else 200,
        bar=bar,
        is_bare=is_bare and not visits_of_site(site).exists(),
        is_damaged=is_damaged,
        rows=visit_rows(page.visits, now=now),
        looked_since=reach.since,
        further=query(q=_before(bar.line, reach.since)) if reach.since else "",
        count=None if is_bare else _count(rows),
        chart=columns(strip, [_narrowed(bar.line, each) for each in strip], by_root=True),
        wider=query(q=bar.line.without("after", "before", "day")) if bar.line.of("after", "day") else "",
        shortcuts=[_shortcut(bar, text, q) for text, q in USUAL_FILTERS],
        why=_why(site, bar.line, now) if _is_about_failures(bar.line) else (),
        newer=query(q=bar.line, after=page.newer.as_text()) if page.newer else "",
        older=query(q=bar.line, before=page.older.as_text()) if page.older else "",
        exports=[(text, query(q=bar.line, format=form.value)) for form, text in EXPORTS],
        curl=_curl(site, bar.line),
        visit_query=query(q=bar.line) if bar.is_filtered else "",
    )


@site_page()
@require_safe
def visits_export(request: HttpRequest, site: "Site") -> HttpResponse:
    """What is filtered, all of it, as it was when the download began."""
    now = timezone.now()
    line = filter_bar(request).line
    forms = {form.value: form for form, _ in EXPORTS}
    form = forms.get(request.GET.get("format", ""))
    if form is None:
        page = visits(request, site.public_id)
        page.status_code = 422
        return page
    rows = visits_wanted(site, line, now=now).filter(started_at__lte=now)
    export_noted(
        actor=actor_of(request),
        what="roverbook_visits",
        form=form.value,
        filters={"filter": str(line)} if not line.is_empty else {},
        site=site,
        now=now,
    )
    return export_response(  # type: ignore[return-value]  # a stream is a response
        _records(rows, is_flat=form.extension == "csv"),
        columns=COLLECTION.columns,
        form=form,
        name=f"visits-{site.public_id}-{now:%Y-%m-%d}",
    )


def _records(rows: QuerySet[Visit], *, is_flat: bool) -> Iterator[Rows]:
    for chunk in visit_chunks(rows):
        records = [COLLECTION.record(visit) for visit in chunk]
        yield [flat(record, COLLECTION.columns) for record in records] if is_flat else records


def _count(rows: QuerySet[Visit]) -> str:
    found = counted(rows)
    return f"more than {COUNT_MAX:,} visits" if found > COUNT_MAX else f"{found:,} visit{'s' * (found != 1)}"


def _before(line: FilterLine, at: datetime) -> FilterLine:
    """The line for what began no later than in this minute."""
    until = at.astimezone(UTC) + timedelta(minutes=1)
    return line.without("before", "day").having("before", f"{until:%Y-%m-%dT%H:%M}")


def _narrowed(line: FilterLine, bucket: Bucket) -> str:
    rest = line.without("after", "before", "day")
    if (bucket.until - bucket.since).days:
        return query(q=rest.having("day", bucket.since.date().isoformat()))
    since, until = (f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}" for at in (bucket.since, bucket.until))
    return query(q=rest.having("after", since).having("before", until))


def _shortcut(bar: FilterBar, text: str, q: str) -> Choice:
    return Choice(text=text, href=query(q=q), is_chosen=str(bar.line) == q)


def _is_about_failures(line: FilterLine) -> bool:
    return any(term.values == (FAILED,) and not term.is_not for term in line.of("outcome"))


def _why(site: "Site", line: FilterLine, now: datetime) -> list[ShownIssue]:
    """What stopped the visits that failed, told by counting."""
    span = span_of(line, now=now, days=STRIP_DAYS)
    found = top_issues(sample_of(site, line, span, now=now), now=now, limit=3)
    return shown_issues(found, site, line)


def _curl(site: "Site", line: FilterLine) -> str:
    told = query(siteId=site.public_id, filter=line, format="csv")
    path = f"{settings.ROVER.base_url}/v1/roverbook/collections/roverbook_visits{told}"
    return f'curl -H "Authorization: Bearer $ROVER_TOKEN" "{path}"'
