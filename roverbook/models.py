"""RoverBook's tables."""

from typing import Any

from django.db import models

from workspace.models import Site


class NotificationSettings(models.Model):
    """What a site's owners decided for RoverBook. Private: no public answer holds any of it.

    A site without a row has the defaults.
    """

    site = models.OneToOneField(
        Site, on_delete=models.CASCADE, primary_key=True, related_name="notification_settings"
    )
    enabled = models.BooleanField(default=False)
    interview_questions: Any = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "notification settings"

    def __str__(self) -> str:
        return f"RoverBook settings of {self.site}"
