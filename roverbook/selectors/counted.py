"""Which visits count: those that came to their end, without the owners' own trials and muted agents."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from roverbook.models import AgentProfile, Visit
from workspace.models import Site

DAY = timedelta(days=1)


def muted_keys(site: Site) -> frozenset[str]:
    """Keys of agents whose visits count for no score: muted, or counted under a key that is."""
    profiles = AgentProfile.objects.filter(site=site)
    muted = set(profiles.filter(is_muted=True).values_list("agent_key", flat=True))
    aliases = profiles.filter(alias_of__in=muted).exclude(alias_of="")
    return frozenset(muted | set(aliases.values_list("agent_key", flat=True)))


def counted_visits(site: Site, muted: frozenset[str] | None = None) -> QuerySet[Visit]:
    """The visits of a site that count. `muted`: its muted keys, if they are known already."""
    keys = muted_keys(site) if muted is None else muted
    ended = Visit.objects.filter(site=site, finalized_at__isnull=False, is_test=False)
    return ended.exclude(agent_key__in=keys) if keys else ended


def only_counted(site: Site, muted: frozenset[str] | None = None) -> Q:
    """The same for rows that have a `visit`."""
    keys = muted_keys(site) if muted is None else muted
    counted = Q(visit__finalized_at__isnull=False, visit__is_test=False)
    return counted & ~Q(visit__agent_key__in=keys) if keys else counted


def start_of(day: date) -> datetime:
    """Midnight in UTC, when a day begins everywhere in RoverBook."""
    return datetime.combine(day, time(), tzinfo=UTC)
