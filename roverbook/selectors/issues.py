"""Errors of visits, in clusters: the same tool, the same message, the same page."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate

from roverbook.core.issues import CRITICAL_DAYS, is_critical
from roverbook.core.reviewing import counted, quoted
from roverbook.models import Visit, VisitIssue
from roverbook.selectors.counted import DAY, counted_visits, only_counted, start_of
from workspace.models import Site

LAST_FAILED = 20
REASONS_TOLD = 3
_FAILED = Count("pk", filter=Q(visit__outcome=Visit.Outcome.FAILURE))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReason:
    """The error that so many of the last failed visits met most often; `message` '' for none."""

    visits: int
    tool: str
    message: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyFailed:
    """`visits`: how many failed visits were looked at. `sentence` quotes what pages and agents wrote."""

    visits: int
    reasons: tuple[FailureReason, ...]
    sentence: str


def issue_counts(site: Site, days: Sequence[date], muted: frozenset[str]) -> dict[date, tuple[int, int]]:
    """For each of these days in a row (UTC): how many clusters there were in the CRITICAL_DAYS that end with
    it, and how many of them are critical."""
    before = timedelta(days=CRITICAL_DAYS - 1)
    rows: QuerySet[Any, Any] = _issues(site, start_of(days[0] - before), start_of(days[-1] + DAY), muted)
    rows = rows.annotate(day=TruncDate("started_at", tzinfo=UTC)).values_list("day", "fingerprint")
    by_day: dict[date, list[tuple[str, int, int]]] = defaultdict(list)
    for day, fingerprint, n_visits, n_failed in rows.annotate(
        n_visits=Count("pk"), n_failed=_FAILED
    ).order_by():
        by_day[day].append((fingerprint, n_visits, n_failed))
    return {day: _counted_until(day, by_day) for day in days}


def _counted_until(day: date, by_day: Mapping[date, list[tuple[str, int, int]]]) -> tuple[int, int]:
    visits: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for age in range(CRITICAL_DAYS):
        for fingerprint, n_visits, n_failed in by_day.get(day - age * DAY, ()):
            visits[fingerprint] += n_visits
            failed[fingerprint] += n_failed
    return len(visits), sum(is_critical(visits[each], failed[each]) for each in visits)


def why_failed(site: Site, *, last: int = LAST_FAILED) -> WhyFailed:
    """Why the last failed visits failed, by counting the error that each of them met most often."""
    failed = counted_visits(site).filter(outcome=Visit.Outcome.FAILURE)
    visit_ids = list(failed.order_by("-started_at", "-id").values_list("pk", flat=True)[:last])
    met: dict[str, VisitIssue] = {}
    issues = VisitIssue.objects.filter(visit_id__in=visit_ids)
    for issue in issues.order_by("visit_id", "-count", "fingerprint"):
        met.setdefault(issue.visit_id, issue)
    by_cluster = Counter(issue.fingerprint for issue in met.values())
    example = {issue.fingerprint: issue for issue in met.values()}
    reasons = [
        FailureReason(
            visits=visits,
            tool=example[fingerprint].tool,
            message=example[fingerprint].message,
            path=example[fingerprint].path,
        )
        for fingerprint, visits in sorted(by_cluster.items(), key=lambda item: (-item[1], item[0]))
    ]
    silent = len(visit_ids) - len(met)
    if silent:
        reasons.append(FailureReason(visits=silent, tool="", message="", path=""))
    return WhyFailed(
        visits=len(visit_ids), reasons=tuple(reasons), sentence=_sentence(len(visit_ids), reasons)
    )


def _sentence(visits: int, reasons: list[FailureReason]) -> str:
    if not visits:
        return "No visit has failed."
    told = [_reason(reason) for reason in reasons[:REASONS_TOLD]]
    rest = sum(reason.visits for reason in reasons[REASONS_TOLD:])
    if rest:
        told.append(f"{rest} for other reasons")
    which = "The last failed visit" if visits == 1 else f"Of the last {counted(visits, 'failed visit')}"
    return f"{which}: {'; '.join(told)}."


def _reason(reason: FailureReason) -> str:
    if not reason.message:
        return f"{reason.visits} without an error that was told"
    where = f" on {reason.path}" if reason.path else ""
    tool = f"{reason.tool}, " if reason.tool else ""
    return f"{reason.visits} with {tool}{quoted(reason.message)}{where}"


def _issues(site: Site, since: datetime, until: datetime, muted: frozenset[str]) -> QuerySet[VisitIssue]:
    rows = VisitIssue.objects.filter(site=site, started_at__gte=since, started_at__lt=until)
    return rows.filter(only_counted(site, muted))
