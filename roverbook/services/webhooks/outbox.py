"""Messages and their deliveries: each delivery is a background task of its own."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.shaping import body_of
from roverbook.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from tasks.core.states import TaskKind, TaskStatus
from tasks.models import Task
from workspace.core.ids import new_id
from workspace.core.tokens import digest
from workspace.models import Site

KEY_MAX = 200
_TEST = "test:"


def key_of_test() -> str:
    """What a test is about: nothing but itself."""
    return f"{_TEST}{new_id().hex}"


def is_test(message: WebhookMessage) -> bool:
    """Whether somebody sent it to try a webhook."""
    return message.key.startswith(_TEST)


def message_put(
    *, site: Site, event: Happening, key: str, data: Mapping[str, Any], now: datetime
) -> WebhookMessage | None:
    """Write the message down, in the caller's transaction; None when what `key` names was told before.
    `data`: JSON values, which are shaped as `core.webhooks.shaping` says."""
    key = key if len(key) <= KEY_MAX else digest(key)
    if WebhookMessage.objects.filter(site=site, event=event.value, key=key).exists():
        return None
    name = f"whk_{new_id().hex}"
    body = body_of(
        message=name,
        event=event.value,
        created_ms=int(now.astimezone(UTC).timestamp() * 1_000),
        site_id=site.public_id,
        data=data,
    )
    message, is_new = WebhookMessage.objects.get_or_create(
        site=site, event=event.value, key=key, defaults={"id": name, "body": body, "created_at": now}
    )
    return message if is_new else None


def deliveries_put(
    message: WebhookMessage,
    endpoints: Iterable[WebhookEndpoint],
    *,
    now: datetime,
    replay_of: WebhookDelivery | None = None,
) -> list[WebhookDelivery]:
    """Let the message go to each endpoint, from now on, in the caller's transaction."""
    return [_delivery_put(message, endpoint, now=now, replay_of=replay_of) for endpoint in endpoints]


def _delivery_put(
    message: WebhookMessage,
    endpoint: WebhookEndpoint,
    *,
    now: datetime,
    replay_of: WebhookDelivery | None,
) -> WebhookDelivery:
    task = Task.objects.create(
        kind=TaskKind.WEBHOOK.value,
        site_id=message.site_id,
        status=TaskStatus.PENDING,
        params={"event": message.event, "message": message.pk, "webhook": str(endpoint.pk)},
        not_before=now,
        created_at=now,
        updated_at=now,
    )
    return WebhookDelivery.objects.create(
        task=task, endpoint=endpoint, message=message, replay_of=replay_of, next_at=now, created_at=now
    )
