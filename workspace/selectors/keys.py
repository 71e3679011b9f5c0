"""Site keys as owners and scripts see them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet, Sum

from workspace.core.credentials import Forbidden
from workspace.core.refusals import KeyNotFound
from workspace.core.roles import Right
from workspace.io.secretbox import unseal
from workspace.models import AuditEntry, KeyUsage, SiteKey, User
from workspace.selectors.access import require, sites_of

USAGE_DAYS = 30
HOSTS_LISTED = 50
_Seen = tuple[str, int, datetime]
"""A host, how often, and the last time."""


def keys_of(user: User) -> QuerySet[SiteKey]:
    """The keys of every site the person works on, newest first."""
    return (
        SiteKey.objects.filter(site__in=sites_of(user))
        .select_related("site", "site__owner")
        .order_by("-created_at", "-id")
    )


def key_for(user: User, key_id: str | UUID, right: Right) -> SiteKey:
    """The key with this id, when the person's role on its site carries the right.

    Raises:
        KeyNotFound: there is none.
        Forbidden: it is another's, or the role is not enough.
    """
    try:
        wanted = UUID(str(key_id))
    except ValueError:
        raise KeyNotFound("There is no key with this keyId.") from None
    key = SiteKey.objects.select_related("site", "site__owner").filter(pk=wanted).first()
    if key is None:
        raise KeyNotFound("There is no key with this keyId.")
    try:
        require(user, key.site, right)
    except Forbidden as refused:
        raise Forbidden(f"This key may not be used by you: {refused.message}") from refused
    return key


def key_value(key: SiteKey) -> str:
    """The whole `pk_site_…`.

    Raises:
        workspace.io.secretbox.Unreadable: the server's secret key has changed.
    """
    return unseal(key.sealed_value)


def key_state(key: SiteKey, now: datetime) -> str:
    """One of active, rotating, disabled, expired, revoked, archived: the first that stops it wins."""
    if key.revoked_at is not None or (key.grace_until is not None and key.grace_until <= now):
        return "revoked"
    if key.site.archived_at is not None:
        return "archived"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    if not key.active:
        return "disabled"
    return "rotating" if key.grace_until is not None else "active"


def key_resource(key: SiteKey, *, now: datetime, with_value: bool = False) -> dict[str, Any]:
    """The contract's record of a key. Times are ISO 8601 in UTC, null where there is none.
    `publicKey` is there with `with_value` alone; lists show `prefix` and `suffix`."""
    shown = {"publicKey": key_value(key)} if with_value else {}
    return {
        "keyId": str(key.pk),
        "siteKeyId": str(key.pk),
        "siteId": key.site.public_id,
        "siteName": key.site.name,
        "label": key.label,
        **shown,
        "prefix": key.prefix,
        "suffix": key.suffix,
        "hasSecretKey": key.secret_digest is not None,
        "allowedDomains": key.allowed_domains,
        "normalizedDomains": key.normalized_domains,
        "environment": key.environment,
        "ttlDays": key.ttl_days,
        "expiresAt": _iso(key.expires_at),
        "active": key.active,
        "state": key_state(key, now),
        "capabilities": key.capabilities,
        "roverPolicy": key.policy,
        "rotatedFromKeyId": str(key.rotated_from_id) if key.rotated_from_id else None,
        "graceUntil": _iso(key.grace_until),
        "revokedAt": _iso(key.revoked_at),
        "createdAt": _iso(key.created_at),
    }


def key_usage(key: SiteKey, *, now: datetime, days: int = USAGE_DAYS) -> dict[str, Any]:
    """The contract's `usage` of the last `days`: counts by host, and what was refused."""
    return key_usages([key.pk], now=now, days=days)[key.pk]


def key_usages(
    key_ids: Iterable[UUID], *, now: datetime, days: int = USAGE_DAYS
) -> dict[UUID, dict[str, Any]]:
    """`key_usage` of each key, in two queries for any number of keys."""
    wanted = list(key_ids)
    rows = KeyUsage.objects.filter(key__in=wanted, day__gt=(now - timedelta(days=days)).date())
    accepted: dict[UUID, list[_Seen]] = {key_id: [] for key_id in wanted}
    refused: dict[UUID, list[_Seen]] = {key_id: [] for key_id in wanted}
    for row in rows.values("key", "host", "reason").annotate(n=Sum("count"), last=Max("last_at")):
        found = refused if row["reason"] else accepted
        found[row["key"]].append((row["host"], row["n"], row["last"]))
    used = dict(SiteKey.objects.filter(pk__in=wanted).values_list("pk", "last_used_at"))
    return {
        key_id: _usage(accepted[key_id], refused[key_id]) | {"lastUsedAt": _iso(used.get(key_id))}
        for key_id in wanted
    }


def _usage(accepted: list[_Seen], refused: list[_Seen]) -> dict[str, Any]:
    """From what was admitted and what was not."""
    most = sorted(accepted, key=lambda row: (-row[1], row[0]))[:HOSTS_LISTED]
    latest = sorted(accepted, key=lambda row: row[2], reverse=True)[:HOSTS_LISTED]
    return {
        "usageByHostname": {host: n for host, n, _ in most},
        "lastSeenDomains": [host for host, _, _ in latest],
        "blockedHostAttempts": sum(n for _, n, _ in refused),
        "lastBlockedHost": max(refused, key=lambda row: row[2])[0] if refused else None,
    }


def refusals(key: SiteKey, *, now: datetime, days: int = 7) -> list[Mapping[str, Any]]:
    """What was refused lately, newest first: host, reason, n, last_at."""
    rows = KeyUsage.objects.filter(key=key, day__gt=(now - timedelta(days=days)).date()).exclude(reason="")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows.order_by("-last_at")[:500]:
        kept = found.setdefault(
            (row.host, row.reason), {"host": row.host, "reason": row.reason, "n": 0, "last_at": row.last_at}
        )
        kept["n"] += row.count
    return list(found.values())


def accepted_hosts(key: SiteKey, *, now: datetime, days: int = 7) -> list[Mapping[str, Any]]:
    """Where the key was accepted lately, most often first: host, n, last_at."""
    rows = KeyUsage.objects.filter(key=key, reason="", day__gt=(now - timedelta(days=days)).date())
    return list(rows.values("host").annotate(n=Sum("count"), last_at=Max("last_at")).order_by("-n", "host"))


def refused_today(key_ids: Iterable[UUID], *, now: datetime) -> dict[UUID, int]:
    """By key, how often it was refused on this day (UTC); keys without any are left out."""
    rows = KeyUsage.objects.filter(key__in=list(key_ids), day=now.date()).exclude(reason="")
    return {row["key"]: row["n"] for row in rows.values("key").annotate(n=Sum("count"))}


def last_change(key: SiteKey) -> AuditEntry | None:
    """The newest row of the audit log about this key."""
    rows = AuditEntry.objects.filter(site=key.site_id, subject_kind="site_key", subject_id=str(key.pk))
    return rows.order_by("-id").first()


def daily_use(key: SiteKey, *, now: datetime, days: int = 14) -> list[tuple[Any, int, int]]:
    """(day, accepted, refused) for each of the last `days`, oldest first."""
    first = now.date() - timedelta(days=days - 1)
    counts = {first + timedelta(days=i): [0, 0] for i in range(days)}
    grouped = (
        KeyUsage.objects.filter(key=key, day__gte=first)
        .values("day")
        .annotate(ok=Sum("count", filter=Q(reason="")), bad=Sum("count", filter=~Q(reason="")))
    )
    for row in grouped:
        if row["day"] in counts:
            counts[row["day"]] = [row["ok"] or 0, row["bad"] or 0]
    return [(day, ok, bad) for day, (ok, bad) in counts.items()]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
