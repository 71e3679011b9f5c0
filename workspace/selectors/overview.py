"""Where sites stand and what needs their owner, in a few queries however many sites there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import F, Max, Q, QuerySet, Sum

from workspace.core.environments import Environment
from workspace.core.hosts import is_local_name
from workspace.core.patterns import ScopeMode
from workspace.core.roles import Role
from workspace.core.scope import Scope
from workspace.models import AuditEntry, HostClaim, KeyUsage, Membership, Site, SiteKey, User
from workspace.selectors.keys import key_state

EXPIRY_WARNING_DAYS = 14
LIVE_MINUTES = 15
REFUSALS_LISTED = 5
POLICY_LOOKED_AT = "site.policy_reviewed"


class SiteState(StrEnum):
    """Where a site stands: archived, without a key that works, never seen, seen lately, seen long ago."""

    ARCHIVED = "archived"
    NO_KEY = "no key"
    WAITING = "waiting"
    LIVE = "live"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One first step: `url_name` is the page of the site where it is done."""

    text: str
    detail: str
    is_done: bool
    url_name: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """A site with what its card shows. `keys` are those that were not ended, newest first."""

    site: Site
    role: Role
    state: SiteState
    last_used_at: datetime | None
    keys: tuple[SiteKey, ...]
    steps: tuple[Step, ...]
    is_proved: bool

    @property
    def done(self) -> int:
        """How many first steps are done."""
        return sum(step.is_done for step in self.steps)

    @property
    def is_set_up(self) -> bool:
        """Whether every first step is done."""
        return self.done == len(self.steps)

    @property
    def next_step(self) -> Step | None:
        """The first step that is not done."""
        return next((step for step in self.steps if not step.is_done), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something that needs an owner: `tone` is bad, warn or quiet; `url_name` a page of the site, or of
    its key `key_id`. What is about the whole server leads to the page of the first site that it concerns."""

    site: Site
    text: str
    tone: str
    action: str
    url_name: str
    is_about_server: bool = False
    key_id: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedHost:
    """A host from which a key of the site was presented in vain."""

    site_id: object
    key_id: object
    host: str
    reason: str
    count: int
    last_at: datetime

    @property
    def why(self) -> str:
        """The reason in words."""
        return REASONS.get(self.reason, self.reason)


REASONS = {
    "domain_not_allowed": "not in the key's domains",
    "bad_host": "no valid host",
    "missing_capability": "the key lacks the capability",
    "revoked": "the key was ended",
    "expired": "the key has expired",
    "inactive": "the key is switched off",
    "site_archived": "the site is archived",
    "agent_blocked": "the agent is blocked in RoverBook",
}


def own_sites(user: User) -> QuerySet[Site]:
    """The sites that a person owns or joined. Unlike `access.sites_of` an administrator of the server gets no
    other sites: those are a page of their own."""
    joined = Membership.objects.filter(user=user).values("site")
    return Site.objects.filter(Q(owner=user) | Q(pk__in=joined)).select_related("owner")


def cards(user: User, sites: Iterable[Site], *, now: datetime) -> list[SiteCard]:
    """The cards of these sites, in their order."""
    rows = list(sites)
    keys = _keys(rows)
    proved = set(
        HostClaim.objects.filter(site__in=rows, proved_at__isnull=False, lost_at=None).values_list(
            "site", "host"
        )
    )
    reviewed = _reviewed(rows)
    roles = dict(Membership.objects.filter(user=user, site__in=rows).values_list("site", "role"))
    return [
        _card(
            site,
            role=Role(roles.get(site.pk, Role.OWNER)),
            keys=keys[site.pk],
            is_proved=(site.pk, site.host) in proved,
            is_reviewed=site.pk in reviewed,
            now=now,
        )
        for site in rows
    ]


def attention(cards: Sequence[SiteCard], *, public_host: str, now: datetime) -> list[Attention]:
    """What needs somebody, per site: what stops keys first. `public_host`: the server's own as callers
    know it."""
    refused = refused_hosts([card.site for card in cards], now=now, hours=24)
    found = _out_of_reach(cards, public_host)
    for card in cards:
        if card.site.archived_at is None:
            found += _expiring(card, now)
            found += _unproved(card)
            found += [_refused(card.site, host) for host in refused[card.site.pk][:REFUSALS_LISTED]]
    return sorted(found, key=lambda item: ("bad", "warn", "quiet").index(item.tone))


def refused_hosts(sites: Sequence[Site], *, now: datetime, hours: int) -> dict[object, list[RefusedHost]]:
    """By site, the hosts refused in the last `hours`, most often refused first. Counts are those of the days
    (UTC) on which the host was refused."""
    since = now - timedelta(hours=hours)
    rows = (
        KeyUsage.objects.filter(key__site__in=sites, day__gte=since.date(), last_at__gte=since)
        .exclude(reason="")
        .values("host", "reason", "key", site=F("key__site"))
        .annotate(n=Sum("count"), last=Max("last_at"))
        .order_by("-n", "host")[:1000]
    )
    found: dict[object, list[RefusedHost]] = defaultdict(list)
    for row in rows:
        found[row["site"]].append(
            RefusedHost(
                site_id=row["site"],
                key_id=row["key"],
                host=row["host"],
                reason=row["reason"],
                count=row["n"],
                last_at=row["last"],
            )
        )
    return found


def site_daily_use(site: Site, *, now: datetime, days: int = 14) -> list[tuple[date, int, int]]:
    """(day, accepted, refused) of all keys of a site for each of the last `days`, oldest first."""
    first = now.date() - timedelta(days=days - 1)
    counts = {first + timedelta(days=i): (0, 0) for i in range(days)}
    grouped = (
        KeyUsage.objects.filter(key__site=site, day__gte=first)
        .values("day")
        .annotate(ok=Sum("count", filter=Q(reason="")), bad=Sum("count", filter=~Q(reason="")))
    )
    for row in grouped:
        if row["day"] in counts:
            counts[row["day"]] = (row["ok"] or 0, row["bad"] or 0)
    return [(day, ok, bad) for day, (ok, bad) in counts.items()]


def used_since(site: Site, *, now: datetime, days: int) -> dict[object, int]:
    """By key, how often it was accepted in the last `days`."""
    rows = (
        KeyUsage.objects.filter(key__site=site, day__gt=(now - timedelta(days=days)).date(), reason="")
        .values("key")
        .annotate(n=Sum("count"))
    )
    return {row["key"]: row["n"] for row in rows}


def latest_changes(site: Site, *, count: int = 8) -> QuerySet[AuditEntry]:
    """The newest rows of the site's audit log."""
    return site.audit_entries.order_by("-id")[:count]


def covers(key: SiteKey, host: str) -> bool:
    """Whether the key's domains admit the host."""
    return Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"])).covers(host)


def _keys(sites: Sequence[Site]) -> dict[object, list[SiteKey]]:
    found: dict[object, list[SiteKey]] = defaultdict(list)
    by_id = {site.pk: site for site in sites}
    for key in SiteKey.objects.filter(site__in=sites, revoked_at=None).order_by("-created_at", "-id"):
        key.site = by_id[key.site_id]
        found[key.site_id].append(key)
    return found


def _reviewed(sites: Sequence[Site]) -> set[object]:
    changed = Q(action="site_key.changed", after__has_key="roverPolicy")
    rows = AuditEntry.objects.filter(Q(action=POLICY_LOOKED_AT) | changed, site__in=sites)
    return set(rows.values_list("site", flat=True).distinct())


def _card(
    site: Site, *, role: Role, keys: Sequence[SiteKey], is_proved: bool, is_reviewed: bool, now: datetime
) -> SiteCard:
    live = [key for key in keys if key_state(key, now) in ("active", "rotating")]
    used = max((key.last_used_at for key in keys if key.last_used_at), default=None)
    return SiteCard(
        site=site,
        role=role,
        state=_state(site, live, used, now),
        last_used_at=used,
        keys=tuple(keys),
        steps=_steps(site, live, used, is_proved, is_reviewed),
        is_proved=is_proved,
    )


def _state(site: Site, live: Sequence[SiteKey], used: datetime | None, now: datetime) -> SiteState:
    if site.archived_at is not None:
        return SiteState.ARCHIVED
    if not live:
        return SiteState.NO_KEY
    if used is None:
        return SiteState.WAITING
    return SiteState.LIVE if now - used <= timedelta(minutes=LIVE_MINUTES) else SiteState.QUIET


def _steps(
    site: Site, live: Sequence[SiteKey], used: datetime | None, is_proved: bool, is_reviewed: bool
) -> tuple[Step, ...]:
    is_local = is_local_name(site.host)
    has_host = any(covers(key, site.host) for key in live)
    installed = (
        "A key of this site was used." if used else "Put the snippet on your pages, then let Rover check it."
    )
    return (
        Step(
            name="site",
            text="Make the site",
            detail="It has a name and a main host.",
            is_done=True,
            url_name="admin:site_settings",
        ),
        Step(
            name="key",
            text="Have a key that works",
            detail="The snippet on your pages carries it.",
            is_done=bool(live),
            url_name="admin:site_keys",
        ),
        Step(
            name="domains",
            text="Allow your main host",
            detail="A key works only on the domains it lists.",
            is_done=has_host,
            url_name="admin:site_keys",
        ),
        Step(
            name="install",
            text="Install and prove the host",
            detail=f"{installed} Agents' tasks begin once the host is proved to be yours."
            if not is_local
            else installed,
            is_done=is_proved or (is_local and used is not None),
            url_name="admin:site_install",
        ),
        Step(
            name="policy",
            text="Look at the policy",
            detail="What agents may do, and when they must ask.",
            is_done=is_reviewed,
            url_name="admin:site_policies",
        ),
    )


def _expiring(card: SiteCard, now: datetime) -> Iterable[Attention]:
    for key in card.keys:
        if not key.active or key.grace_until is not None or key.expires_at is None:
            continue
        left = key.expires_at - now
        if left <= timedelta(0):
            yield _attention(
                card.site,
                f"The key “{key.label}” has expired.",
                "bad",
                "Look at the key",
                "admin:site_key",
                key.pk,
            )
        elif left <= timedelta(days=EXPIRY_WARNING_DAYS):
            days = left.days
            when = "today" if days == 0 else "in 1 day" if days == 1 else f"in {days} days"
            yield _attention(
                card.site,
                f"The key “{key.label}” expires {when}.",
                "warn",
                "Look at the key",
                "admin:site_key",
                key.pk,
            )


def _out_of_reach(cards: Sequence[SiteCard], public_host: str) -> list[Attention]:
    concerned = [card.site for card in cards if card.site.archived_at is None and _has_production(card)]
    if not concerned or not is_local_name(public_host):
        return []
    return [
        Attention(
            site=concerned[0],
            text=f"Visitors cannot reach this server: it calls itself {public_host}. Its administrator sets "
            "ROVER_PUBLIC_URL to the address that the outside knows.",
            tone="warn",
            action="Install",
            url_name="admin:site_install",
            is_about_server=True,
        )
    ]


def _unproved(card: SiteCard) -> Iterable[Attention]:
    if _has_production(card) and not card.is_proved and not is_local_name(card.site.host):
        yield _attention(
            card.site,
            f"{card.site.host} is not proved to be yours yet. Until then agents cannot start tasks there.",
            "quiet",
            "Prove it",
            "admin:site_install",
        )


def _has_production(card: SiteCard) -> bool:
    return any(key.environment == Environment.PRODUCTION.value and key.active for key in card.keys)


def _refused(site: Site, host: RefusedHost) -> Attention:
    return _attention(
        site,
        f"{host.host} was refused {host.count}×: {host.why}.",
        "warn",
        "Look at the key",
        "admin:site_key",
        host.key_id,
    )


def _attention(
    site: Site, text: str, tone: str, action: str, url_name: str, key_id: object = None
) -> Attention:
    return Attention(site=site, text=text, tone=tone, action=action, url_name=url_name, key_id=key_id)
