"""The filter line as conditions on visits."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, Lookup, OuterRef, Q, QuerySet

from roverbook.core.filter_line import WORDS, FilterLine, Term
from roverbook.core.filter_values import day, milliseconds, moment
from roverbook.models import Exposure, Visit, VisitIssue, VisitMove, VisitTool

if TYPE_CHECKING:
    from workspace.models import Site

    AnyLookup = Lookup[Any]
else:  # Django's class takes no type argument at run time
    AnyLookup = Lookup

_COLUMNS = {
    "outcome": ("outcome",),
    "status": ("status",),
    "agent": ("agent_name", "agent_key"),
    "vendor": ("agent_vendor",),
    "model": ("agent_model",),
    "trust": ("agent_trust",),
    "source": ("agent_source",),
    "launch": ("launch_source",),
    "shortcut": ("shortcut",),
    "intent": ("intent",),
    "host": ("host",),
}
_CHOICES = frozenset({"outcome", "status", "trust", "source", "launch"})
_NUMBERS = {
    "steps": "total_steps",
    "errors": "error_count",
    "backtracks": "backtrack_count",
    "runs": "total_runs",
    "score": "score",
    "duration": "total_duration_ms",
}
_LOOKUPS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_TIMES = ("after", "before", "day")
OUTSIDE_THE_INDEX = frozenset({WORDS, "status", "model", "intent", "host", "runs"})
"""Fields that are read from the visit's row itself, which is long."""


class Like(AnyLookup):
    """Whether a text is as a pattern of LIKE, in which a backslash goes before what stands for itself; upper
    and lower case are the same."""

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """As SQLite has it, and others."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        sign = "ILIKE" if connection.vendor == "postgresql" else "LIKE"
        return f"{left} {sign} {right} ESCAPE '\\'", (*left_params, *right_params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Times from `since`, included, to `until`, excluded."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def before(self) -> "Span":
        """As long, up to where this begins."""
        return Span(since=self.since - self.length, until=self.since)

    @property
    def holds(self) -> Q:
        """The condition for rows with `started_at`."""
        return Q(started_at__gte=self.since, started_at__lt=self.until)


def visits_of_site(site: "Site") -> QuerySet[Visit]:
    """The visits of one site."""
    return Visit.objects.filter(site=site)


def filtered(rows: QuerySet[Visit], line: FilterLine, *, now: datetime) -> QuerySet[Visit]:
    """The visits that fit. What is cheap to look at comes first."""
    for term in sorted(line.terms, key=_cost):
        found = _condition(term, now)
        rows = rows.filter(~found if term.is_not else found)
    return rows


def span_of(line: FilterLine, *, now: datetime, days: int, most: int = 366) -> Span:
    """From when to when the line wants visits; where it says nothing, the last `days` days up to tomorrow. At
    most `most` days before its end."""
    wanted = [found for term in line.of(*_TIMES) if not term.is_not for found in [_times(term, now)]]
    tomorrow = _midnight(now) + timedelta(days=1)
    until = min((until for _, until in wanted if until), default=tomorrow)
    since = max((since for since, _ in wanted if since), default=until - timedelta(days=days))
    since = max(since, until - timedelta(days=most))
    return Span(since=min(since, until), until=until)


def is_costly(line: FilterLine) -> bool:
    """Whether something is wanted that the index of a site's visits does not tell."""
    return any(_cost(term) for term in line.terms)


def pattern(text: str) -> str:
    """`text` with `*` for anything, as a pattern of LIKE."""
    safe = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return safe.replace("*", "%")


def _cost(term: Term) -> int:
    if term.field == WORDS or term.field in _BY_OTHER_ROWS:
        return 2
    return 1 if term.field in OUTSIDE_THE_INDEX else 0


def _condition(term: Term, now: datetime) -> Q:
    if term.field in _TIMES:
        since, until = _times(term, now)
        return (Q(started_at__gte=since) if since else Q()) & (Q(started_at__lt=until) if until else Q())
    return reduce(operator.or_, (_one(term, value) for value in term.values))


def _one(term: Term, value: str) -> Q:
    if term.field == WORDS:
        told = (Q(**{f"{column}__icontains": value}) for column in ("prompt", "summary", "error"))
        return reduce(operator.or_, told, Q(pk=value))
    if term.field in _NUMBERS:
        return _number(term, value)
    if term.field in _CHOICES:
        return Q(**{_COLUMNS[term.field][0]: "" if value == "none" else value})
    if term.field == "test":
        return Q(is_test=value == "yes")
    if term.field in _BY_OTHER_ROWS:
        return _BY_OTHER_ROWS[term.field](pattern(value))
    return reduce(operator.or_, (Q(Like(F(column), pattern(value))) for column in _COLUMNS[term.field]))


def _number(term: Term, value: str) -> Q:
    column = _NUMBERS[term.field]
    number = (milliseconds(value) or 0.0) if term.field == "duration" else int(value)
    if term.field == "score" and not term.op:  # as the pages round it
        return Q(score__gte=number - 0.5, score__lt=number + 0.5)
    lookup = _LOOKUPS.get(term.op, "exact")
    return Q(**{f"{column}__{lookup}": number if term.field == "score" else int(number)})


def _times(term: Term, now: datetime) -> tuple[datetime | None, datetime | None]:
    value = term.values[0]
    if term.field == "day":
        found = day(value, now)
        begin = datetime.combine(found, time(), UTC) if found else None
        return begin, begin + timedelta(days=1) if begin else None
    at = moment(value, now)
    return (at, None) if term.field == "after" else (None, at)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _on_page(like: str) -> Q:
    tools = VisitTool.objects.filter(Q(Like(F("path"), like)), visit=OuterRef("pk"))
    moves = VisitMove.objects.filter(
        Q(Like(F("from_path"), like)) | Q(Like(F("to_path"), like)), visit=OuterRef("pk")
    )
    return Q(Exists(tools)) | Q(Exists(moves))


def _with_tool(like: str) -> Q:
    return Q(Exists(VisitTool.objects.filter(Q(Like(F("tool"), like)), visit=OuterRef("pk"))))


def _with_issue(like: str) -> Q:
    return Q(Exists(VisitIssue.objects.filter(Q(Like(F("fingerprint"), like)), visit=OuterRef("pk"))))


def _exposed(column: str) -> Callable[[str], Q]:
    def condition(like: str) -> Q:
        rows = Exposure.objects.filter(
            Q(Like(F(column), like)), visit_id=OuterRef("pk"), site_id=OuterRef("site_id")
        )
        return Q(Exists(rows))

    return condition


_BY_OTHER_ROWS: Mapping[str, Callable[[str], Q]] = {
    "page": _on_page,
    "tool": _with_tool,
    "issue": _with_issue,
    "experiment": _exposed("experiment_id"),
    "variant": _exposed("variant_id"),
}
