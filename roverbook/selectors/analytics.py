"""How the visits of a site went in a span of time: totals, groups, tools, pages, ways, issues, experiments.

Totals and days are exact. What is grouped is read from the newest visits of the span alone, as far as
`Sample.LOOKED_AT`, and the pages say so when there are more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Avg, Count, Max, OuterRef, Q, QuerySet, Subquery, Sum

from roverbook.core.filter_line import FilterLine
from roverbook.core.issues import CRITICAL_DAYS, is_critical
from roverbook.models import DailyScore, Exposure, Visit, VisitIssue, VisitMove, VisitTool
from roverbook.selectors.filtering import Span, filtered, visits_of_site
from roverbook.selectors.visits import visits_in_reach

if TYPE_CHECKING:
    from workspace.models import Site

GROUPS_SHOWN = 12
GROUPED_BY = ("agent_key", "agent_vendor", "agent_trust", "agent_source", "launch_source", "shortcut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over visits. `ended`: those that came to an outcome; `score` is the mean of the `scored`."""

    visits: int = 0
    success: int = 0
    failure: int = 0
    partial: int = 0
    abandoned: int = 0
    input_required: int = 0
    steps: int = 0
    duration_ms: int = 0
    score: float | None = None

    @property
    def ended(self) -> int:
        """Those that came to their end."""
        return self.success + self.failure + self.partial + self.abandoned

    @property
    def success_rate(self) -> float | None:
        """0 to 1, of those that came to their end; None for none."""
        return self.success / self.ended if self.ended else None

    @property
    def mean_steps(self) -> float | None:
        """Per visit; None for none."""
        return self.steps / self.visits if self.visits else None

    @property
    def mean_duration_ms(self) -> float | None:
        """Per visit; None for none."""
        return self.duration_ms / self.visits if self.visits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summing:
    """Visits of whatever time, what they come to in a span, and in the span before it; that is None when not
    all of it was looked at. `since`: where looking ended within the span itself, None when it did not."""

    rows: QuerySet[Visit]
    now: Totals
    before: Totals | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The visits that share one value. `score`: mean of those that have one; `name`: of an agent."""

    value: str
    visits: int
    success: int
    ended: int
    score: float | None
    steps: float
    name: str = ""

    @property
    def success_rate(self) -> float | None:
        """0 to 1; None while none came to its end."""
        return self.success / self.ended if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Calls of one tool. `missing`: failures that did not find their element."""

    tool: str
    calls: int
    failures: int
    missing: int

    @property
    def rate(self) -> float:
        """The share of calls that failed, 0 to 1."""
        return self.failures / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """A page, by its path: what became of the visits that did something on it, and what failed there most."""

    path: str
    visits: int
    success: int
    failure: int
    abandoned: int
    calls: int
    failures: int
    error: str = ""

    @property
    def other(self) -> int:
        """Visits that came to a part, or to no end yet."""
        return self.visits - self.success - self.failure - self.abandoned


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How often visits went from one page to another."""

    from_path: str
    to_path: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An error that visits share; `failed` of the `visits` that met it ended in failure."""

    fingerprint: str
    tool: str
    message: str
    path: str
    visits: int
    failed: int
    is_critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What became of the visits that were shown one variant of an experiment."""

    experiment: str
    variant: str
    visits: int
    success: int
    ended: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The newest visits of a span that a line wants, as far as LOOKED_AT; `is_cut`: there are more."""

    LOOKED_AT: ClassVar[int] = 5_000

    site: "Site"
    span: Span
    is_cut: bool
    rows: QuerySet[Visit] = field(repr=False)

    @property
    def ids(self) -> QuerySet[Visit, Any]:
        """Their ids, to ask other tables about them."""
        return self.rows.order_by().values("pk")


def counting(rows: QuerySet[Visit], line: FilterLine) -> QuerySet[Visit]:
    """Those of `rows` that count: not the owner's own trials, unless the line speaks of them."""
    return rows if line.of("test") else rows.filter(is_test=False)


def totals(rows: QuerySet[Visit]) -> Totals:
    """Sums over all of `rows`."""
    outcomes = ("success", "failure", "partial", "abandoned", "input_required")
    found = rows.order_by().aggregate(
        visits=Count("pk"),
        steps_sum=Sum("total_steps"),
        duration_sum=Sum("total_duration_ms"),
        mean_score=Avg("score"),
        **{name: Count("pk", filter=Q(outcome=name)) for name in outcomes},
    )
    return Totals(
        visits=found["visits"],
        steps=found["steps_sum"] or 0,
        duration_ms=found["duration_sum"] or 0,
        score=found["mean_score"],
        **{name: found[name] for name in outcomes},
    )


def summed_up(site: "Site", line: FilterLine, span: Span, *, now: datetime) -> Summing:
    """What the line wants in a span, whose times `span_of` has read from it, and in the span before."""
    of_any_time = line.without("after", "before", "day")
    reach = visits_in_reach(site, of_any_time, now=now)
    rows = counting(reach.rows, line)
    is_known = reach.since is None or reach.since <= span.before.since
    return Summing(
        rows=rows,
        now=totals(rows.filter(span.holds)),
        before=totals(rows.filter(span.before.holds)) if is_known else None,
        since=reach.since if reach.since and reach.since > span.since else None,
    )


def sample_of(site: "Site", line: FilterLine, span: Span, *, now: datetime) -> Sample:
    """The visits that groups are made of."""
    of_site = counting(visits_of_site(site).filter(span.holds), line)
    begins = of_site.order_by("-started_at", "-pk").values_list("started_at", flat=True)
    cut = next(iter(begins[Sample.LOOKED_AT : Sample.LOOKED_AT + 1]), None)
    if cut is not None:
        span = replace(span, since=cut)
    rows = filtered(counting(visits_of_site(site).filter(span.holds), line), line, now=now)
    return Sample(site=site, span=span, is_cut=cut is not None, rows=rows)


def groups(sample: Sample) -> dict[str, list[Group]]:
    """For each column of GROUPED_BY the most frequent values, '' for visits without one."""
    found = sample.rows.order_by().values(*GROUPED_BY).annotate(
        name=Max("agent_name"),
        visits=Count("pk"),
        success=Count("pk", filter=Q(outcome="success")),
        ended=Count("pk", filter=Q(outcome__in=("success", "failure", "partial", "abandoned"))),
        score_sum=Sum("score"),
        scored=Count("score"),
        steps=Sum("total_steps"),
    )  # fmt: skip
    rows = list(found)
    return {column: _rolled_up(rows, column) for column in GROUPED_BY}


def tools(sample: Sample, limit: int = GROUPS_SHOWN) -> list[Tool]:
    """The tools used most."""
    found = _of_sample(VisitTool.objects, sample).order_by().values("tool").annotate(**_CALLS)
    return [
        Tool(tool=row["tool"], calls=row["n_calls"], failures=row["n_failures"], missing=row["n_missing"])
        for row in found.order_by("-n_calls", "tool")[:limit]
    ]


def pages(sample: Sample, limit: int = GROUPS_SHOWN) -> list[PageRow]:
    """The pages where most failed, then where most was done; each with what failed there most."""
    by_outcome = (
        _of_sample(VisitTool.objects, sample)
        .order_by()
        .values("path", "visit__outcome")
        .annotate(visits=Count("visit", distinct=True), **_CALLS)
    )
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in by_outcome:
        own = sums[row["path"]]
        own.update(visits=row["visits"], calls=row["n_calls"], failures=row["n_failures"])
        own[row["visit__outcome"]] += row["visits"]
    shown = sorted(sums, key=lambda path: (-sums[path]["failures"], -sums[path]["visits"], path))[:limit]
    errors = _typical_errors(sample, shown)
    counts = ("visits", "success", "failure", "abandoned", "calls", "failures")
    return [
        PageRow(path=path, error=errors.get(path, ""), **{name: sums[path][name] for name in counts})
        for path in shown
    ]


def moves(sample: Sample, limit: int = GROUPS_SHOWN) -> list[Move]:
    """The ways between pages that were gone most."""
    found = _of_sample(VisitMove.objects, sample).order_by().values("from_path", "to_path")
    counted = found.annotate(times=Sum("count")).order_by("-times", "from_path", "to_path")
    return [
        Move(from_path=row["from_path"], to_path=row["to_path"], count=row["times"])
        for row in counted[:limit]
    ]


def top_issues(sample: Sample, *, now: datetime, limit: int = 5) -> list[IssueRow]:
    """The errors that most visits met."""
    recent = Q(started_at__gte=now - timedelta(days=CRITICAL_DAYS))
    failed = Q(visit__outcome="failure")
    found = (
        _of_sample(VisitIssue.objects, sample)
        .order_by()
        .values("fingerprint")
        .annotate(
            newest=Max("pk"),
            visits=Count("pk"),
            failed=Count("pk", filter=failed),
            lately=Count("pk", filter=recent),
            failed_lately=Count("pk", filter=recent & failed),
        )
        .order_by("-visits", "fingerprint")[:limit]
    )
    rows = list(found)
    told = VisitIssue.objects.in_bulk([row["newest"] for row in rows])
    return [
        IssueRow(
            fingerprint=row["fingerprint"],
            tool=told[row["newest"]].tool,
            message=told[row["newest"]].message,
            path=told[row["newest"]].path,
            visits=row["visits"],
            failed=row["failed"],
            is_critical=is_critical(row["lately"], row["failed_lately"]),
        )
        for row in rows
        if row["newest"] in told
    ]


def experiments(sample: Sample, limit: int = 4 * GROUPS_SHOWN) -> list[Variant]:
    """What was compared, the variants of one experiment together."""
    visit = Visit.objects.filter(pk=OuterRef("visit_id"), site=sample.site)
    shown = (
        Exposure.objects.filter(site=sample.site, visit_id__in=sample.ids)
        .order_by()
        .values("experiment_id", "variant_id", "visit_id")
        .distinct()
        .annotate(outcome=Subquery(visit.values("outcome")[:1]), score=Subquery(visit.values("score")[:1]))
    )
    tallies: dict[tuple[str, str], list[tuple[str, float | None]]] = defaultdict(list)
    for row in shown[: Sample.LOOKED_AT]:
        tallies[row["experiment_id"], row["variant_id"]].append((row["outcome"], row["score"]))
    return [_variant(*names, told) for names, told in sorted(tallies.items())[:limit]]


def scores_until(site: "Site", span: Span) -> list[DailyScore]:
    """The scores of the days of a span, oldest first, behind the last one of before, if there is one."""
    rows = DailyScore.objects.filter(site=site).defer("sums")
    since, until = span.since.date(), span.until.date()
    before = rows.filter(day__lt=since).order_by("-day").first()
    days = list(rows.filter(day__gte=since, day__lt=max(until, since + timedelta(days=1))).order_by("day"))
    return [before, *days] if before else days


_CALLS: Mapping[str, Any] = {
    "n_calls": Sum("calls"),
    "n_failures": Sum("failures"),
    "n_missing": Sum("missing"),
}


def _of_sample(rows: Any, sample: Sample) -> Any:
    """The rows of visits of the sample."""
    return rows.filter(sample.span.holds, site=sample.site, visit__in=sample.ids)


def _typical_errors(sample: Sample, paths: list[str]) -> dict[str, str]:
    rows = _of_sample(VisitIssue.objects, sample).filter(path__in=paths).order_by()
    found = rows.values("path", "message").annotate(times=Sum("count")).order_by("times")
    return {row["path"]: row["message"] for row in found}


def _rolled_up(rows: Iterable[Mapping[str, Any]], column: str) -> list[Group]:
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, str] = {}
    for row in rows:
        own = sums[row[column]]
        for name in ("visits", "success", "ended", "scored", "steps"):
            own[name] += row[name] or 0
        own["score"] += row["score_sum"] or 0.0
        names[row[column]] = row["name"]
    found = [
        Group(
            value=value,
            visits=own["visits"],
            success=own["success"],
            ended=own["ended"],
            score=own["score"] / own["scored"] if own["scored"] else None,
            steps=own["steps"] / own["visits"],
            name=names[value] if column == "agent_key" else "",
        )
        for value, own in sums.items()
    ]
    return sorted(found, key=lambda group: (-group.visits, group.value))[:GROUPS_SHOWN]


def _variant(experiment: str, variant: str, told: list[tuple[str, float | None]]) -> Variant:
    scores = [score for _, score in told if score is not None]
    ends = [outcome for outcome, _ in told if outcome not in ("", "input_required", None)]
    return Variant(
        experiment=experiment,
        variant=variant,
        visits=len(told),
        success=ends.count("success"),
        ended=len(ends),
        score=sum(scores) / len(scores) if scores else None,
    )
