"""Site keys: credential and policy of one place where a site runs, and where they were used."""

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q

from workspace.core.environments import Environment
from workspace.models.sites import Site


class SiteKey(models.Model):
    """A `pk_site_…` value with its domains, capabilities and policy.

    The value is found by its digest; `sealed_value` is an encrypted copy, so that the owner can copy it
    again. `secret_digest` belongs to the optional `sk_site_…` of servers, shown once. `allowed_domains` are
    the rules as typed, `normalized_domains` as matched; `capabilities` and `policy` are the contract's JSON,
    every field present. A rotated key lives until `grace_until`, then it is as revoked. `revision` counts
    edits.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="keys")
    label = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    sealed_value = models.TextField(editable=False)
    prefix = models.CharField(max_length=16, editable=False)
    suffix = models.CharField(max_length=4, editable=False)
    secret_digest = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    secret_hint = models.CharField(max_length=4, blank=True, default="", editable=False)
    environment = models.CharField(max_length=16, choices=[(e.value, e.value) for e in Environment])
    allowed_domains: Any = models.JSONField(default=list)
    normalized_domains: Any = models.JSONField(default=list)
    allow_intranet = models.BooleanField(default=False)
    capabilities: Any = models.JSONField(default=dict)
    policy: Any = models.JSONField(default=dict)
    ttl_days = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    rotated_from = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="rotated_to"
    )
    grace_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_host = models.CharField(max_length=253, blank=True, default="")
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "site key"
        indexes = [models.Index(fields=["site", "created_at"], name="key_by_site")]
        constraints = [
            models.CheckConstraint(condition=~Q(label=""), name="key_has_a_label"),
            models.CheckConstraint(
                condition=Q(environment__in=[e.value for e in Environment]), name="key_environment_known"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(active=False), name="key_revoked_is_not_active"
            ),
            models.CheckConstraint(
                condition=Q(ttl_days=0, expires_at=None)
                | Q(ttl_days__gt=0, expires_at__isnull=False, expires_at__gt=F("created_at")),
                name="key_expiry_fits_its_days",
            ),
            models.CheckConstraint(condition=~Q(rotated_from=F("id")), name="key_is_not_its_own_heir"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…{self.suffix})"


class KeyUsage(models.Model):
    """How often a key was presented for a host on one day, and what came of it: `reason` '' is accepted."""

    key = models.ForeignKey(SiteKey, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    host = models.CharField(max_length=253)
    reason = models.CharField(max_length=32, blank=True, default="")
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "day", "host", "reason"], name="usage_unique_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.host} on {self.day}: {self.count} {self.reason or 'accepted'}"
