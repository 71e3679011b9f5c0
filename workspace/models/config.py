"""What a site shows and says: the contract's siteConfig."""

from typing import Any

from django.db import models

from workspace.models.sites import Site


class SiteConfig(models.Model):
    """The stored part of siteConfig, one row per site; `version` counts its changes."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, primary_key=True, related_name="config")
    version = models.PositiveIntegerField(default=1)
    content: Any = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"configuration {self.version} of {self.site}"
