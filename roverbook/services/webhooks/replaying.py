"""Test sends, and sending again what was told before."""

from datetime import datetime

from roverbook.core.happenings import Happening
from roverbook.core.webhooks.samples import sample_of
from roverbook.models import WebhookDelivery, WebhookEndpoint
from roverbook.services.webhooks.outbox import deliveries_put, is_test, key_of_test, message_put
from workspace.io.transactions import write_transaction
from workspace.services.audit import Actor, Subject, record

REPLAYS_AT_ONCE = 500
"""So many failed deliveries one click sends again, the oldest first; another click sends more."""


def webhook_test_send(
    *, actor: Actor, endpoint: WebhookEndpoint, event: Happening, now: datetime
) -> WebhookDelivery:
    """Send made-up data of an event to this endpoint alone, also while it is switched off. `data.sample` says
    that it is no real one."""
    with write_transaction():
        message = message_put(
            site=endpoint.site, event=event, key=key_of_test(), data=sample_of(event), now=now
        )
        assert message is not None  # the key is new  # noqa: S101
        [delivery] = deliveries_put(message, [endpoint], now=now)
        _record(actor, endpoint, "webhook.tested", {"event": event.value}, now)
    return delivery


def delivery_replay(*, actor: Actor, delivery: WebhookDelivery, now: datetime) -> WebhookDelivery | None:
    """Send the same message again: the same id and body, a new delivery. None when it is on its way to this
    webhook already."""
    with write_transaction():
        rows = WebhookDelivery.objects.select_for_update(of=("self",))
        fresh = rows.select_related("message", "endpoint__site").get(pk=delivery.pk)
        open_ = WebhookDelivery.objects.filter(
            endpoint=fresh.endpoint, message=fresh.message, status=WebhookDelivery.Status.PENDING
        )
        if open_.exists():
            return None
        [again] = deliveries_put(fresh.message, [fresh.endpoint], now=now, replay_of=fresh)
        _record(actor, fresh.endpoint, "webhook.replayed", {"message": fresh.message_id}, now)
    return again


def failed_replay(*, actor: Actor, endpoint: WebhookEndpoint, since: datetime, now: datetime) -> int:
    """Send again every message that failed since then and has not arrived or been sent again; returns how
    many, at most 500. Tests are left out."""
    with write_transaction():
        chosen = list(_failed(endpoint, since)[:REPLAYS_AT_ONCE])
        for delivery in chosen:
            deliveries_put(delivery.message, [endpoint], now=now, replay_of=delivery)
        if chosen:
            said = {"since": since.isoformat(), "messages": len(chosen)}
            _record(actor, endpoint, "webhook.replayed", said, now)
    return len(chosen)


def _failed(endpoint: WebhookEndpoint, since: datetime) -> list[WebhookDelivery]:
    """One failed delivery of each message that has neither arrived nor is on its way."""
    status = WebhookDelivery.Status
    own = WebhookDelivery.objects.filter(endpoint=endpoint)
    settled = own.filter(status__in=(status.DELIVERED, status.PENDING)).values("message")
    rows = own.filter(status=status.FAILED, created_at__gte=since).exclude(message__in=settled)
    found = rows.select_related("message", "endpoint").order_by("pk")[: 4 * REPLAYS_AT_ONCE]
    latest = {row.message_id: row for row in found if not is_test(row.message)}
    return sorted(latest.values(), key=lambda row: row.pk)


def _record(
    actor: Actor, endpoint: WebhookEndpoint, action: str, after: dict[str, object], now: datetime
) -> None:
    record(
        actor=actor,
        action=action,
        subject=Subject(kind="webhook", id=str(endpoint.pk), label=endpoint.description or endpoint.url),
        site=endpoint.site,
        after=after,
        now=now,
    )
