"""Agents on a site. There is no table of them: visits are counted by the key of their agent, or by the key
that the owners said is the same agent's (`AgentProfile.alias_of`). Owners' own trials count for nobody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, F, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate

from roverbook.models import AgentProfile, Visit
from roverbook.selectors.records import AgentSummary
from workspace.models import Site

PAGE_SIZE = 50
VENDORS_SHOWN = 12
WEEK = timedelta(days=7)
ENDED = (Visit.Outcome.SUCCESS, Visit.Outcome.FAILURE, Visit.Outcome.PARTIAL, Visit.Outcome.ABANDONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFilter:
    """Which visits are counted; what is empty does not matter. `q` is looked for in names, keys and
    nicknames; `since` is included, `until` is not; `access`: what the owners decided."""

    key: str = ""
    vendor: str = ""
    trust: str = ""
    source: str = ""
    q: str = ""
    access: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A place in the directory: when the agent's newest visit began, and its key."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPage:
    """Agents, those seen last first; `older`: where to go on, None at the end."""

    agents: list[AgentSummary]
    older: Seen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorRow:
    """What one vendor's agents did; `vendor` is '' for those that name none."""

    vendor: str
    agents: int
    visits: int


def agents_by_key(site: Site, asked: AgentFilter, *, after: str = "", limit: int) -> list[AgentSummary]:
    """At most `limit` agents whose keys are greater than `after`, in the order of their keys."""
    profiles = profiles_of(site)
    rows = _counted(site, asked, profiles).filter(counted_key__gt=after).order_by("counted_key")
    return _summaries(site, rows[:limit], profiles)


def agents_page(
    site: Site, asked: AgentFilter, *, older_than: Seen | None = None, size: int = PAGE_SIZE
) -> AgentPage:
    """At most `size` agents, those seen last first."""
    profiles = profiles_of(site)
    rows = _counted(site, asked, profiles)
    if older_than is not None:
        same = Q(last_seen=older_than.at, counted_key__gt=older_than.key)
        rows = rows.filter(Q(last_seen__lt=older_than.at) | same)
    found = _summaries(site, rows.order_by("-last_seen", "counted_key")[: size + 1], profiles)
    page = found[:size]
    more = len(found) > size
    return AgentPage(agents=page, older=Seen(at=page[-1].last_seen_at, key=page[-1].key) if more else None)


def agent_of(site: Site, key: str) -> AgentSummary | None:
    """The agent that this key counts for; None if it never visited."""
    profiles = profiles_of(site)
    profile = profiles.get(key)
    counted = profile.alias_of if profile and profile.alias_of else key
    found = agents_by_key(site, AgentFilter(key=counted), limit=1)
    return found[0] if found and found[0].key == counted else None


def vendors_of(site: Site) -> list[VendorRow]:
    """The vendors with most visits."""
    rows = (
        _visits(site)
        .values("agent_vendor")
        .annotate(n_agents=Count("agent_key", distinct=True), n_visits=Count("pk"))
        .order_by("-n_visits", "agent_vendor")[:VENDORS_SHOWN]
    )
    return [
        VendorRow(vendor=row["agent_vendor"], agents=row["n_agents"], visits=row["n_visits"]) for row in rows
    ]


def keys_of(site: Site, key: str) -> list[str]:
    """The keys whose visits count for the agent `key`: its own, and its aliases."""
    aliases = AgentProfile.objects.filter(site=site, alias_of=key).order_by("agent_key")
    return [key, *aliases.values_list("agent_key", flat=True)]


def profiles_of(site: Site) -> dict[str, AgentProfile]:
    """What the owners decided, by key."""
    return {row.agent_key: row for row in AgentProfile.objects.filter(site=site)}


def would_have_stopped(site: Site, keys: Sequence[str], *, per_day: int, now: datetime) -> int:
    """How many of the last week's tasks of an agent with these keys a limit of `per_day` would have refused;
    0 a day is a block. Days are days in UTC, as the limit counts them."""
    rows = (
        Visit.objects.filter(site=site, agent_key__in=keys, started_at__gte=now - WEEK, task_id__isnull=False)
        .annotate(day=TruncDate("started_at"))
        .values("day")
        .annotate(n_tasks=Count("pk"))
        .values_list("n_tasks", flat=True)
    )
    return sum(max(0, n_tasks - per_day) for n_tasks in rows)


def tasks_last_week(site: Site, keys: Sequence[str], *, now: datetime) -> int:
    """How many tasks an agent with these keys started in the last seven days."""
    return would_have_stopped(site, keys, per_day=0, now=now)


def _visits(site: Site) -> QuerySet[Visit]:
    return Visit.objects.filter(site=site, is_test=False).exclude(agent_key="")


def _counted(site: Site, asked: AgentFilter, profiles: Mapping[str, AgentProfile]) -> Any:
    """One row for each agent that fits, without an order."""
    aliases = {key: row.alias_of for key, row in profiles.items() if row.alias_of}
    whens = [When(agent_key=key, then=Value(target)) for key, target in sorted(aliases.items())]
    counted_key = Case(*whens, default=F("agent_key")) if whens else F("agent_key")
    rows = _visits(site).annotate(counted_key=counted_key).filter(_fits(asked, profiles))
    return (
        rows.values("counted_key")
        .annotate(
            n_visits=Count("pk"),
            n_successes=Count("pk", filter=Q(outcome=Visit.Outcome.SUCCESS)),
            n_ended=Count("pk", filter=Q(outcome__in=ENDED)),
            mean_score=Avg("score"),
            first_seen=Min("started_at"),
            last_seen=Max("started_at"),
        )
        .order_by()
    )


def _fits(asked: AgentFilter, profiles: Mapping[str, AgentProfile]) -> Q:
    exact = {
        "counted_key": asked.key,
        "agent_vendor__iexact": asked.vendor,
        "agent_trust": asked.trust,
        "agent_source": asked.source,
        "started_at__gte": asked.since,
        "started_at__lt": asked.until,
    }
    fits = Q(**{name: value for name, value in exact.items() if value})
    if asked.q:
        called = [key for key, row in profiles.items() if asked.q.lower() in row.nickname.lower()]
        fits &= Q(agent_name__icontains=asked.q) | Q(agent_key__icontains=asked.q) | Q(counted_key__in=called)
    if asked.access:
        decided = {key for key, row in profiles.items() if row.access != AgentProfile.Access.ALLOW}
        of_this = {key for key in decided if profiles[key].access == asked.access}
        is_allowed = asked.access == AgentProfile.Access.ALLOW
        fits &= ~Q(counted_key__in=decided) if is_allowed else Q(counted_key__in=of_this)
    return fits


def _summaries(
    site: Site, rows: Iterable[Mapping[str, Any]], profiles: Mapping[str, AgentProfile]
) -> list[AgentSummary]:
    found = list(rows)
    newest = _newest(site, found, profiles)
    # An agent whose visits were deleted in between has no newest one.
    kept = [(row, row["counted_key"]) for row in found if row["counted_key"] in newest]
    return [_summary(site, row, newest[key], profiles.get(key)) for row, key in kept]


def _newest(
    site: Site, rows: Sequence[Mapping[str, Any]], profiles: Mapping[str, AgentProfile]
) -> dict[str, Visit]:
    """The newest visit of each agent: what it says of itself now."""
    keys: dict[str, list[str]] = {row["counted_key"]: [row["counted_key"]] for row in rows}
    for profile in profiles.values():
        if profile.alias_of in keys:
            keys[profile.alias_of].append(profile.agent_key)
    wanted = Q(pk__in=[])
    for row in rows:
        wanted |= Q(agent_key__in=keys[row["counted_key"]], started_at=row["last_seen"])
    counts_for = {each: key for key, several in keys.items() for each in several}
    visits = _visits(site).filter(wanted).order_by("pk") if rows else Visit.objects.none()
    columns = ("agent_key", "agent_name", "agent_vendor", "agent_model", "agent_version")
    more = ("agent_trust", "agent_source", "agent_memory_key")
    return {counts_for[visit.agent_key]: visit for visit in visits.only("pk", *columns, *more)}


def _summary(site: Site, row: Mapping[str, Any], newest: Visit, profile: AgentProfile | None) -> AgentSummary:
    decided: dict[str, Any] = {}
    if profile is not None:
        decided = {
            name: getattr(profile, name) for name in ("nickname", "alias_of", "is_muted", "access", "per_day")
        }
    return AgentSummary(
        site=site,
        key=row["counted_key"],
        name=newest.agent_name,
        vendor=newest.agent_vendor,
        model=newest.agent_model,
        version=newest.agent_version,
        trust=newest.agent_trust,
        source=newest.agent_source,
        memory_key=newest.agent_memory_key,
        visits=row["n_visits"],
        successes=row["n_successes"],
        ended=row["n_ended"],
        score=row["mean_score"],
        first_seen_at=row["first_seen"],
        last_seen_at=row["last_seen"],
        **decided,
    )
