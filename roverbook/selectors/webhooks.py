"""The webhooks of a site, what they were told, and how that went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from roverbook.core.webhooks.subscriptions import VEIL, shown_secret
from roverbook.models import WebhookDelivery, WebhookEndpoint
from roverbook.selectors.webhook_secrets import readable_target
from workspace.models import Site

DELIVERIES_PER_PAGE = 50
BAR_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How an endpoint's deliveries of the last 24 hours stand."""

    delivered: int = 0
    pending: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.delivered + self.pending + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """Deliveries, the newest first; `older`: the id behind which the next page begins, None at the end."""

    rows: list[WebhookDelivery]
    older: UUID | None


def endpoints_of(site: Site) -> QuerySet[WebhookEndpoint]:
    """The site's webhooks in the order of their making."""
    return WebhookEndpoint.objects.filter(site=site).select_related("site").order_by("created_at", "pk")


def endpoint_of(site: Site, endpoint_id: UUID) -> WebhookEndpoint | None:
    """One webhook of the site; None when it has no such one."""
    return endpoints_of(site).filter(pk=endpoint_id).first()


def webhook_records(site: Site, *, secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """The contract's RoverBookWebhookSubscription of each. `secrets`: those made this moment, by id; every
    other one is masked."""
    return [webhook_record(endpoint, secret=secrets.get(str(endpoint.pk))) for endpoint in endpoints_of(site)]


def webhook_record(endpoint: WebhookEndpoint, *, secret: str | None = None) -> dict[str, Any]:
    """One of them."""
    has_secret = bool(endpoint.sealed_secret)
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "events": list(endpoint.events),
        "secret": secret or shown_secret(endpoint.secret_hint, has_secret=has_secret),
        "hasSecret": has_secret,
        "active": endpoint.active,
        "disabledReason": endpoint.disabled_reason or None,
        "description": endpoint.description,
        "headers": dict.fromkeys(readable_target(endpoint).headers, VEIL),
        "lastStatus": endpoint.last_status,
        "lastAttemptAt": _millis(endpoint.last_attempt_at),
        "failureCount": endpoint.failure_count,
        "createdAt": _millis(endpoint.created_at),
    }


def shares(endpoints: Sequence[WebhookEndpoint], *, now: datetime) -> dict[UUID, Share]:
    """By endpoint, its last 24 hours."""
    since = now - timedelta(hours=BAR_HOURS)
    rows = (
        WebhookDelivery.objects.filter(endpoint__in=endpoints, created_at__gte=since)
        .values("endpoint")
        .annotate(
            delivered=Count("pk", filter=Q(status="delivered")),
            pending=Count("pk", filter=Q(status="pending")),
            failed=Count("pk", filter=Q(status="failed")),
        )
        .order_by()
    )
    found = {
        row["endpoint"]: Share(delivered=row["delivered"], pending=row["pending"], failed=row["failed"])
        for row in rows
    }
    return {endpoint.pk: found.get(endpoint.pk, Share()) for endpoint in endpoints}


def delivery_page(
    endpoint: WebhookEndpoint, *, status: str = "", event: str = "", older_than: UUID | None = None
) -> DeliveryPage:
    """Fifty deliveries of an endpoint, those made last first."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("message", "task")
    if status:
        rows = rows.filter(status=status)
    if event:
        rows = rows.filter(message__event=event)
    if older_than is not None:
        rows = rows.filter(pk__lt=older_than)  # ids sort by time
    found = list(rows.order_by("-pk")[: DELIVERIES_PER_PAGE + 1])
    more = len(found) > DELIVERIES_PER_PAGE
    shown = found[:DELIVERIES_PER_PAGE]
    return DeliveryPage(rows=shown, older=shown[-1].pk if more else None)


def delivery_of(endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery | None:
    """One delivery of the endpoint, with its message, its task and its attempts."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("message", "task", "replay_of")
    return rows.filter(pk=delivery_id).first()


def switched_off(sites: Sequence[Site]) -> QuerySet[WebhookEndpoint]:
    """Webhooks of these sites that Rover itself switched off."""
    rows = WebhookEndpoint.objects.filter(site__in=sites, active=False).exclude(disabled_reason="")
    return rows.select_related("site").order_by("site", "created_at")


def _millis(at: datetime | None) -> int | None:
    return None if at is None else int(at.astimezone(UTC).timestamp() * 1_000)
