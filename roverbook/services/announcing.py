"""Telling others what happened: the outbox of webhooks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from roverbook.core.happenings import Happening
from roverbook.models import NotificationSettings, WebhookDelivery, WebhookEndpoint, WebhookMessage
from workspace.core.ids import new_id
from workspace.models import Site

API_VERSION = "1"


def announce(
    *, site: Site, event: Happening, key: str, data: Mapping[str, Any], now: datetime
) -> WebhookMessage | None:
    """Put a message and its deliveries into the outbox, in the caller's transaction; None when nobody asked
    for it, or when what `key` names was told before. `data`: JSON values."""
    if not NotificationSettings.objects.filter(site=site, enabled=True).exists():
        return None
    endpoints = [
        endpoint
        for endpoint in WebhookEndpoint.objects.filter(site=site, active=True)
        if "*" in endpoint.events or event.value in endpoint.events
    ]
    if not endpoints:
        return None
    name = f"whk_{new_id().hex}"
    said = {
        "id": name,
        "event": event.value,
        "createdAt": int(now.astimezone(UTC).timestamp() * 1_000),
        "siteId": site.public_id,
        "apiVersion": API_VERSION,
        "data": dict(data),
    }
    message, is_new = WebhookMessage.objects.get_or_create(
        site=site,
        event=event.value,
        key=key,
        defaults={"id": name, "body": json.dumps(said, ensure_ascii=False), "created_at": now},
    )
    if not is_new:
        return None
    for endpoint in endpoints:
        WebhookDelivery.objects.create(endpoint=endpoint, message=message, next_at=now, created_at=now)
    return message
