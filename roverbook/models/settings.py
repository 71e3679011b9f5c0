"""What a site's owners decided for RoverBook. Private: no public answer holds any of it."""

from django.db import models

from workspace.models import Site


class NotificationSettings(models.Model):
    """A site without a row has the defaults.

    `enabled`: whether webhooks are sent. Until `has_own_questions`, agents are asked the usual four.
    `shared_access`: what agents may do with shared notes, which wait for the owner's yes unless
    `trusts_notes`. Raw visits are kept for `visit_days`, scores of days for `score_days`. `needs_consent`:
    collectors tell nothing until the visitor agreed.
    """

    class SharedAccess(models.TextChoices):
        PRIVATE_ONLY = "private_only"
        READ_SHARED = "read_shared"
        READ_WRITE_SHARED = "read_write_shared"

    site = models.OneToOneField(
        Site, on_delete=models.CASCADE, primary_key=True, related_name="notification_settings"
    )
    enabled = models.BooleanField(default=False)
    has_own_questions = models.BooleanField(default=False)
    shared_access = models.CharField(max_length=20, choices=SharedAccess, default=SharedAccess.READ_SHARED)
    trusts_notes = models.BooleanField(default=False)
    visit_days = models.PositiveIntegerField(default=90)
    score_days = models.PositiveIntegerField(default=400)
    needs_consent = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "notification settings"

    def __str__(self) -> str:
        return f"RoverBook settings of {self.site}"
