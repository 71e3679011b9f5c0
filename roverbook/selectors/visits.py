"""Visits as the people of a site read them: that site's alone, newest first; one visit with all that belongs
to it.

Pages are cut at a visit's beginning and id, never by counting; counts stop where nobody reads on.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Func, Q, QuerySet, TextField

from roverbook.core.filter_line import FilterLine
from roverbook.models import InterviewAnswer, Note, Post, Review, Visit, VisitMove, VisitStep
from roverbook.selectors.filtering import Span, filtered, is_costly, visits_of_site

if TYPE_CHECKING:
    from workspace.models import Site

PAGE_SIZE = 50
CHUNK_SIZE = 500
COUNT_MAX = 10_000
LOOKED_AT = 10_000
STEPS_SHOWN = 300
SAID_SHOWN = 20
HOURS_UP_TO = timedelta(days=2)
"""So long a span is counted by hours; a longer one by days."""
HEAVY = ("trajectory", "runs", "pages_visited", "tool_usage", "extras", "latest_url", "boundary")
"""Columns that no list shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of the list begins or ends: when that visit began, and its id."""

    started_at: datetime
    id: str

    def as_text(self) -> str:
        """For an address."""
        return (
            base64.urlsafe_b64encode(f"{self.started_at.isoformat()} {self.id}".encode()).decode().rstrip("=")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    """Visits, newest first. `newer` and `older`: where to go on from, None at an end."""

    visits: list[Visit]
    newer: Place | None
    older: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Visits, of which only those that began behind `since` were looked at; None: all were."""

    rows: QuerySet[Visit]
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The visits that began within an hour or a day from `since`: all, those that succeeded, and those that
    failed, were given up, or came to a part only."""

    since: datetime
    until: datetime
    total: int
    success: int
    failure: int
    partial: int
    abandoned: int

    @property
    def open(self) -> int:
        """Those without an end."""
        return self.total - self.success - self.failure - self.partial - self.abandoned


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said about one visit, newest first."""

    reviews: list[Review]
    answers: list[InterviewAnswer]
    notes: list[Note]
    posts: list[Post]

    @property
    def is_empty(self) -> bool:
        """Whether nobody said anything."""
        return not (self.reviews or self.answers or self.notes or self.posts)


def read_place(text: str) -> Place | None:
    """The place that an address names; None for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        started_at, _, name = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(" ")
        moment = datetime.fromisoformat(started_at)
        is_good = moment.tzinfo is not None and name.isprintable() and name != ""
        return Place(started_at=moment.astimezone(UTC), id=name) if is_good else None
    except (ValueError, OverflowError):
        return None


def visit_of_site(site: "Site", visit_id: str) -> Visit | None:
    """The visit with this id, if it is this site's."""
    return visits_of_site(site).filter(pk=visit_id).first()


def visit_page(
    rows: QuerySet[Visit],
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    size: int = PAGE_SIZE,
) -> VisitPage:
    """At most `size` visits: the newest, those before a place, or those after one."""
    if newer_than is not None and older_than is None:
        found = _ids(rows.filter(_after(newer_than)).order_by("started_at", "pk"), size + 1)
        shown = found[:size][::-1]
        has_newer, has_older = len(found) > size, True
    else:
        before = rows if older_than is None else rows.filter(_before(older_than))
        found = _ids(before.order_by("-started_at", "-pk"), size + 1)
        shown = found[:size]
        has_newer, has_older = older_than is not None, len(found) > size
    visits = _visits(shown)
    return VisitPage(
        visits=visits,
        newer=place_of(visits[0]) if visits and has_newer else None,
        older=place_of(visits[-1]) if visits and has_older else None,
    )


def place_of(visit: Visit) -> Place:
    """Where in a list the visit stands."""
    return Place(started_at=visit.started_at, id=visit.pk)


def latest_visits(rows: QuerySet[Visit], size: int) -> list[Visit]:
    """The newest ones."""
    return _visits(_ids(rows.order_by("-started_at", "-pk"), size))


def counted(rows: QuerySet[Visit], most: int = COUNT_MAX) -> int:
    """How many there are; `most` + 1 for more than that."""
    return rows.order_by()[: most + 1].count()


def newer_and_older(visit: Visit, rows: QuerySet[Visit]) -> tuple[str, str, int]:
    """The ids of the visits beside this one among `rows`, '' at an end; and how many are newer, counted up to
    the bound."""
    place = place_of(visit)
    above = rows.filter(_after(place))
    newer = above.order_by("started_at", "pk").values_list("pk", flat=True).first() or ""
    below = rows.filter(_before(place)).order_by("-started_at", "-pk")
    return newer, below.values_list("pk", flat=True).first() or "", counted(above)


def buckets(rows: QuerySet[Visit], span: Span) -> list[Bucket]:
    """How many of `rows` began in each day of the span, or in each hour of a short one; oldest first."""
    by_hour = span.length <= HOURS_UP_TO
    step, chars = (timedelta(hours=1), 13) if by_hour else (timedelta(days=1), 10)
    begun = _Beginning(F("started_at"), chars=chars)
    groups: Any = rows.filter(span.holds).order_by().annotate(begun=begun).values("begun")
    found: dict[str, Any] = {row["begun"]: row for row in groups.annotate(**outcome_counts())}
    since = span.since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    at = since if by_hour else since.replace(hour=0)
    made = []
    while at < span.until:
        row = found.get(at.isoformat(sep=" ")[:chars], {})
        counts = {name: row.get(name, 0) for name in outcome_counts()}
        made.append(Bucket(since=at, until=at + step, **counts))
        at += step
    return made


def outcome_counts() -> dict[str, Any]:
    """What to annotate for the number of visits, and of those that ended in each way."""
    return {
        "total": Count("pk"),
        **{
            name: Count("pk", filter=Q(outcome=name))
            for name in ("success", "failure", "partial", "abandoned")
        },
    }


def steps_of(visit: Visit, *, since: int = 1, limit: int = STEPS_SHOWN) -> list[VisitStep]:
    """The steps from number `since`, in order."""
    return list(VisitStep.objects.filter(visit=visit, number__gte=since).order_by("number")[:limit])


def moves_of(visit: Visit) -> list[VisitMove]:
    """From which page to which it went, the most frequent first."""
    return list(VisitMove.objects.filter(visit=visit).order_by("-count", "pk")[:SAID_SHOWN])


def said_about(visit: Visit) -> Said:
    """What agents, or RoverBook in their place, said about the visit."""

    def newest(model: Any) -> list[Any]:
        rows = model.objects.filter(site_id=visit.site_id, visit_id=visit.pk)
        return list(rows.order_by("-created_at", "-pk")[:SAID_SHOWN])

    return Said(
        reviews=newest(Review), answers=newest(InterviewAnswer), notes=newest(Note), posts=newest(Post)
    )


def visit_chunks(rows: QuerySet[Visit], *, size: int = CHUNK_SIZE) -> Iterator[list[Visit]]:
    """All of `rows`, newest first, a few at a time; each with its site selected. What begins meanwhile is
    left out."""
    at: Place | None = None
    while True:
        below = rows if at is None else rows.filter(_before(at))
        ids = _ids(below.order_by("-started_at", "-pk"), size)
        chunk = list(Visit.objects.filter(pk__in=ids).select_related("site").order_by("-started_at", "-pk"))
        if chunk:
            yield chunk
            at = place_of(chunk[-1])
        if len(ids) < size or not chunk:
            return


def visits_wanted(site: "Site", line: FilterLine, *, now: datetime) -> QuerySet[Visit]:
    """The site's visits that the line wants."""
    return filtered(visits_of_site(site), line, now=now)


def visits_in_reach(site: "Site", line: FilterLine, *, now: datetime) -> Reach:
    """The same for a page, which has to be quick: of a line that is costly to answer, only the newest
    LOOKED_AT visits of its time are looked at."""
    rows = visits_wanted(site, line, now=now)
    if not is_costly(line):
        return Reach(rows=rows)
    times = FilterLine(terms=tuple(line.of("after", "before", "day")))
    begins = visits_wanted(site, times, now=now).order_by("-started_at", "-pk")
    cut = next(iter(begins.values_list("started_at", flat=True)[LOOKED_AT : LOOKED_AT + 1]), None)
    return (
        Reach(rows=rows, since=cut) if cut is None else Reach(rows=rows.filter(started_at__gt=cut), since=cut)
    )


class _Beginning(Func):
    """The first characters of a time, in UTC: `2026-11-23 10` for its hour. Django's own truncation is a
    function of Python's on SQLite, and takes longer than all the rest."""

    output_field = TextField()

    def __init__(self, *expressions: Any, chars: int) -> None:
        super().__init__(*expressions)
        self.chars = chars

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        """From the text that SQLite stores."""
        return super().as_sql(compiler, connection, template=f"SUBSTR(%(expressions)s, 1, {self.chars})")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, Any]:
        """From a time with a zone."""
        form = "YYYY-MM-DD HH24"[: 15 if self.chars > 10 else 10]
        template = f"TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', '{form}')"
        return super().as_sql(compiler, connection, template=template)


def _ids(rows: QuerySet[Visit], size: int) -> list[str]:
    """Ids alone come from an index, without a look at the long rows."""
    return list(rows.values_list("pk", flat=True)[:size])


def _visits(ids: list[str]) -> list[Visit]:
    found = Visit.objects.filter(pk__in=ids).defer(*HEAVY)
    return sorted(found, key=lambda visit: ids.index(visit.pk))


def _before(place: Place) -> Q:
    return Q(started_at__lte=place.started_at) & ~Q(started_at=place.started_at, pk__gte=place.id)


def _after(place: Place) -> Q:
    return Q(started_at__gte=place.started_at) & ~Q(started_at=place.started_at, pk__lte=place.id)
