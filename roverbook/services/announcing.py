"""Telling others what happened: the outbox of webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roverbook.core.happenings import Happening
from roverbook.models import NotificationSettings, WebhookEndpoint, WebhookMessage
from roverbook.services.webhooks.outbox import deliveries_put, message_put
from workspace.models import Site


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
    message = message_put(site=site, event=event, key=key, data=data, now=now)
    if message is not None:
        deliveries_put(message, endpoints, now=now)
    return message
