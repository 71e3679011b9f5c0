"""Sessions of the browser runtime as the people of a site read them: that site's alone, last seen first.

Pages are cut where a session was seen last, never by counting.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from tasks.core.runtime.states import TERMINAL
from tasks.models import AgentTask, Run, RunEvent, RunStep, RuntimeSession, RuntimeTab

if TYPE_CHECKING:
    from workspace.models import Site

PAGE_SIZE = 50
LIVE = timedelta(minutes=2)
"""A session whose page has spoken within this time is live."""
RECENT = 1_000
"""So many of the sessions seen last are looked at for what the filters offer."""
HOSTS_OFFERED = 50
RUNS_SHOWN, STEPS_SHOWN, TABS_SHOWN = 20, 100, 50
OPEN, NONE = "open", "none"
"""As a status: a newest run that has not ended, and no run at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions are wanted; what is empty does not matter. `status`: of the newest run, or OPEN, or
    NONE; `host`: exactly; `task`: "with" for those whose newest run carries out an agent's task, "without"
    for the others."""

    live: bool = False
    host: str = ""
    status: str = ""
    task: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is wanted."""
        return not any(asdict(self).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of the list begins or ends: when that session was seen, and its id."""

    seen_at: datetime
    id: str

    def as_text(self) -> str:
        """For an address."""
        return base64.urlsafe_b64encode(f"{self.seen_at.isoformat()} {self.id}".encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """Sessions, the one seen last first. `n_runs`: by id. `newer` and `older`: where to go on from, None at
    an end."""

    sessions: list[RuntimeSession]
    n_runs: Mapping[str, int]
    newer: Place | None
    older: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSession:
    """When a site's first session, of those that are kept, was opened; `host`: where its page spoke last;
    `is_own`: that is the host of this server."""

    opened_at: datetime
    host: str
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """How many sessions are live, and how many runs began on this day (UTC)."""

    n_live: int
    n_runs: int


def read_place(text: str) -> Place | None:
    """The place that an address names; None for anything else."""
    try:
        padded = text + "=" * (-len(text) % 4)
        seen_at, _, name = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(" ")
        moment = datetime.fromisoformat(seen_at)
        is_good = moment.tzinfo is not None and name.isprintable() and name != ""
        return Place(seen_at=moment.astimezone(UTC), id=name) if is_good else None
    except (ValueError, OverflowError):
        return None


def sessions_of_site(site: "Site") -> QuerySet[RuntimeSession]:
    """The sessions of one site."""
    return RuntimeSession.objects.filter(site=site)


def session_of_site(site: "Site", session_id: str) -> RuntimeSession | None:
    """The session with this id, if it is this site's."""
    rows = sessions_of_site(site).select_related("run__task", "key")
    return rows.filter(pk=session_id).first()


def filtered(
    rows: QuerySet[RuntimeSession], wanted: SessionFilter, *, now: datetime
) -> QuerySet[RuntimeSession]:
    """The sessions that fit."""
    if wanted.live:
        rows = rows.filter(is_live(now))
    if wanted.host:
        rows = rows.filter(host=wanted.host)
    if wanted.status == NONE:
        rows = rows.filter(run=None)
    elif wanted.status == OPEN:
        rows = rows.exclude(run=None).exclude(run__status__in=TERMINAL)
    elif wanted.status:
        rows = rows.filter(run__status=wanted.status)
    if wanted.task:
        rows = rows.filter(run__task__isnull=wanted.task != "with")
    return rows


def is_live(now: datetime) -> Q:
    """The condition for a session to be live."""
    return Q(seen_at__gt=now - LIVE, revoked_at=None)


def session_page(
    rows: QuerySet[RuntimeSession],
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    size: int = PAGE_SIZE,
) -> SessionPage:
    """At most `size` sessions: those seen last, those seen before a place, or those seen after one."""
    rows = rows.select_related("run__task")
    if newer_than is not None and older_than is None:
        at = newer_than
        after = rows.filter(seen_at__gte=at.seen_at).exclude(seen_at=at.seen_at, pk__lte=at.id)
        found = list(after.order_by("seen_at", "pk")[: size + 1])
        shown = found[:size][::-1]
        has_newer, has_older = len(found) > size, True
    else:
        before = rows
        if older_than is not None:
            at = older_than
            before = rows.filter(seen_at__lte=at.seen_at).exclude(seen_at=at.seen_at, pk__gte=at.id)
        found = list(before.order_by("-seen_at", "-pk")[: size + 1])
        shown = found[:size]
        has_newer, has_older = older_than is not None, len(found) > size
    return SessionPage(
        sessions=shown,
        n_runs=runs_counted(session.pk for session in shown),
        newer=_place(shown[0]) if shown and has_newer else None,
        older=_place(shown[-1]) if shown and has_older else None,
    )


def runs_counted(session_ids: Iterable[str]) -> dict[str, int]:
    """How many runs each session has; those without any are left out."""
    rows = Run.objects.filter(session__in=list(session_ids)).values_list("session")
    return dict(rows.annotate(n=Count("pk")).order_by())


def hosts_seen(site: "Site") -> list[str]:
    """The hosts of the sessions seen last, to choose from."""
    rows = sessions_of_site(site).order_by("-seen_at").values_list("host", flat=True)[:RECENT]
    return sorted(set(rows))[:HOSTS_OFFERED]


def counts_now(site: "Site", *, now: datetime) -> Today:
    """What goes on."""
    today = datetime.combine(now.astimezone(UTC), time.min, UTC)
    sessions = sessions_of_site(site)
    # whoever began a run today was seen today, and that has an index
    runs = Run.objects.filter(session__site=site, session__seen_at__gte=today, started_at__gte=today)
    return Today(n_live=sessions.filter(is_live(now)).count(), n_runs=runs.count())


def first_session(site: "Site", *, own_host: str) -> FirstSession | None:
    """The first session of those that are kept, None without one. `own_host`: this server's; what was opened
    there counts only when nothing was opened elsewhere, since the sample page is there."""
    rows = sessions_of_site(site)
    elsewhere = rows.exclude(host=own_host)
    opened_at = _first(elsewhere) or _first(rows)
    found = rows.filter(created_at=opened_at).first() if opened_at else None
    if found is None:
        return None
    return FirstSession(opened_at=found.created_at, host=found.host, is_own=found.host == own_host)


def runs_of(session: RuntimeSession, *, older_than: UUID | None = None) -> list[Run]:
    """The newest runs, or those next older than one; one more than are shown when there are more."""
    rows = Run.objects.filter(session=session)
    if older_than is not None:
        rows = rows.filter(pk__lt=older_than)
    return list(rows.order_by("-pk")[: RUNS_SHOWN + 1])


def run_of_session(session: RuntimeSession, run_id: UUID) -> Run | None:
    """The session's run with this id."""
    return Run.objects.select_related("task").filter(session=session, pk=run_id).first()


def run_behind(task: AgentTask, site: "Site") -> Run | None:
    """The run of one of the site's sessions that carries the task out."""
    return Run.objects.filter(task=task, session__site=site).first()


def steps_of(run: Run) -> list[RunStep]:
    """The last steps, in order."""
    return list(RunStep.objects.filter(run=run).order_by("-number")[:STEPS_SHOWN])[::-1]


def run_events(run: Run, *, before: int | None, limit: int) -> list[RunEvent]:
    """The last `limit` events ahead of `before`, or of the log, in order, as far as it went when `run` was
    read."""
    rows = RunEvent.objects.filter(run=run, seq__lte=run.seq)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    return list(rows.order_by("-seq")[:limit])[::-1]


def tabs_of(session: RuntimeSession) -> list[RuntimeTab]:
    """The tabs, the one changed last first."""
    rows = RuntimeTab.objects.filter(session=session).order_by("-updated_at", "logical_tab_id")
    return list(rows[:TABS_SHOWN])


def _place(session: RuntimeSession) -> Place:
    return Place(seen_at=session.seen_at, id=session.pk)


def _first(rows: QuerySet[RuntimeSession]) -> datetime | None:
    found: datetime | None = rows.aggregate(first=Min("created_at"))["first"]
    return found
