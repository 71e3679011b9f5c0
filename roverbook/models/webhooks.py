"""Webhooks: whom a site tells what happens, what was told, and how each attempt went."""

from typing import Any

from django.db import models
from django.db.models import Q

from workspace.core.ids import new_id


class WebhookEndpoint(models.Model):
    """Where a site's events go: the contract's RoverBookWebhookSubscription.

    `events`: names of events, or `*`. Secrets and headers are sealed, never shown again. While
    `old_secret_until` is ahead, deliveries carry a signature of either secret. `failure_count`: failures in
    a row. `disabled_reason`: why it was switched off without the owner (`gone`, `failing`), else ''.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="webhooks")
    url = models.TextField()
    events: Any = models.JSONField(default=list)
    description = models.CharField(max_length=200, blank=True, default="")
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=16, blank=True, default="")
    sealed_secret = models.TextField(blank=True, default="")
    secret_hint = models.CharField(max_length=8, blank=True, default="")
    sealed_old_secret = models.TextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    sealed_headers = models.TextField(blank=True, default="")
    last_status = models.IntegerField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    failure_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["site", "created_at"], name="webhooks_of_site")]

    def __str__(self) -> str:
        return self.url


class WebhookMessage(models.Model):
    """One event as it is told, the same bytes at every attempt and to every endpoint. `key` says what it is
    about, so that nothing is told twice. `body` is JSON of at most 64 KiB."""

    id = models.CharField(max_length=40, primary_key=True)
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "event", "key"], name="message_once")]
        indexes = [models.Index(fields=["created_at"], name="messages_by_age")]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"


class WebhookDelivery(models.Model):
    """One message on its way to one endpoint: a background task of its own (`task`), whose lease says which
    worker sends it. `next_at`: when it is tried again."""

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.OneToOneField("tasks.Task", null=True, on_delete=models.SET_NULL, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(WebhookMessage, on_delete=models.CASCADE, related_name="deliveries")
    replay_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts_made = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["endpoint", "-created_at"], name="deliveries_of_endpoint"),
            models.Index(fields=["next_at"], name="deliveries_due", condition=Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id}"


class WebhookAttempt(models.Model):
    """One try. `status_code`: None when there was no answer; `error` says why. Of the answer the first 8 kB
    are kept; of the request what was sent, without the values of secret headers."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(default=0)
    status_code = models.IntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")
    request_headers: Any = models.JSONField(default=dict)
    response_headers: Any = models.JSONField(default=dict)
    response_body = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"
