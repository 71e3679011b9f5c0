"""What the workspace saw happen to a site's keys and hosts, told to its webhooks.

The workspace knows nothing of RoverBook, so its rows are looked at, round by round. What was told is known by
its key: a host is told of once an hour, a proof once.
"""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from roverbook.core.happenings import Happening
from roverbook.models import WebhookEndpoint
from roverbook.services.announcing import announce
from workspace.io.transactions import write_transaction
from workspace.models import HostClaim, KeyUsage, Site

LOOK_BACK = timedelta(minutes=15)
"""Rounds come every minute or so; a server that was down for longer does not tell of what is long past."""
ROWS_PER_ROUND = 1_000
BLOCKED_REASON = "domain_not_allowed"


def webhooks_feed(now: datetime) -> int:
    """Announce hosts that a key was refused on, and hosts that were proved; returns how many messages."""
    listening = Site.objects.filter(
        pk__in=WebhookEndpoint.objects.filter(active=True).values("site"),
        notification_settings__enabled=True,
        archived_at=None,
    )
    return _blocked_hosts(listening, now) + _proofs(listening, now)


def _blocked_hosts(sites: QuerySet[Site], now: datetime) -> int:
    since = now - LOOK_BACK
    rows = KeyUsage.objects.filter(
        key__site__in=sites, day__gte=since.date(), last_at__gte=since, reason=BLOCKED_REASON
    ).select_related("key__site")
    n_told = 0
    for row in rows.order_by("last_at")[:ROWS_PER_ROUND]:
        data = {
            "host": row.host,
            "reason": row.reason,
            "keyId": str(row.key_id),
            "keyLabel": row.key.label,
            "countToday": row.count,
            "lastAt": int(row.last_at.timestamp() * 1_000),
        }
        key = f"{row.host}|{row.last_at:%Y-%m-%dT%H}"
        n_told += _tell(row.key.site, Happening.KEY_BLOCKED_HOST, key, data, now)
    return n_told


def _proofs(sites: QuerySet[Site], now: datetime) -> int:
    claims = HostClaim.objects.filter(site__in=sites, proved_at__gte=now - LOOK_BACK, lost_at=None)
    n_told = 0
    for claim in claims.select_related("site").order_by("proved_at")[:ROWS_PER_ROUND]:
        assert claim.proved_at is not None  # as the query says  # noqa: S101
        at = int(claim.proved_at.timestamp() * 1_000)
        data = {"host": claim.host, "method": claim.method, "provedAt": at}
        n_told += _tell(claim.site, Happening.INSTALL_VERIFIED, f"{claim.host}|{at}", data, now)
    return n_told


def _tell(site: Site, event: Happening, key: str, data: dict[str, object], now: datetime) -> int:
    with write_transaction():
        return int(announce(site=site, event=event, key=key, data=data, now=now) is not None)
