"""Forgetting what was told."""

from datetime import datetime, timedelta

from roverbook.models import WebhookDelivery, WebhookMessage
from tasks.core.states import TERMINAL
from tasks.models import Task
from workspace.io.transactions import write_transaction

KEPT = timedelta(days=30)
BITE = 200
MOST = 20_000
"""At one time; what is left goes at the next."""


def webhooks_prune(now: datetime, *, bite: int = BITE, most: int = MOST) -> int:
    """Remove messages older than 30 days with their deliveries, attempts and ended tasks; returns how many.
    One that is on its way stays. It goes in small bites: a long transaction makes every other writer wait."""
    removed = 0
    while removed < most and (n_removed := _prune(now, bite)):
        removed += n_removed
    return removed


def _prune(now: datetime, limit: int) -> int:
    pending = WebhookDelivery.objects.filter(status=WebhookDelivery.Status.PENDING).values("message")
    old = WebhookMessage.objects.filter(created_at__lt=now - KEPT).exclude(pk__in=pending)
    with write_transaction():
        chosen = list(old.order_by("created_at").values_list("pk", flat=True)[:limit])
        deliveries = WebhookDelivery.objects.filter(message__in=chosen)
        Task.objects.filter(pk__in=deliveries.values("task"), status__in=TERMINAL).delete()
        WebhookMessage.objects.filter(pk__in=chosen).delete()
    return len(chosen)
