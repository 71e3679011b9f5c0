"""Scores of sites, one row a day, and alerts about pages that got worse."""

from typing import Any

from django.db import models


class DailyScore(models.Model):
    """How agents fared on a site up to the end of one day (UTC): the contract's AXScore; the newest row is
    the site's score now. Dimensions are 0 to 100, None where nothing can be said; `is_provisional` under five
    visits. `visits` to `abandoned` count the visits that started on that day."""

    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="daily_scores")
    day = models.DateField()
    overall = models.FloatField(null=True)
    completion = models.FloatField(null=True)
    efficiency = models.FloatField(null=True)
    recovery = models.FloatField(null=True)
    accessibility = models.FloatField(null=True)
    consistency = models.FloatField(null=True)
    is_provisional = models.BooleanField(default=True)
    sentiment: Any = models.JSONField(default=dict)
    total_visits = models.PositiveIntegerField(default=0)
    top_issues = models.PositiveIntegerField(default=0)
    critical_issues = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    partial = models.PositiveIntegerField(default=0)
    abandoned = models.PositiveIntegerField(default=0)
    steps = models.BigIntegerField(default=0)
    duration_ms = models.BigIntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="score_once_a_day")]

    def __str__(self) -> str:
        return f"score of {self.site_id} on {self.day}"


class DriftAlert(models.Model):
    """A page whose tools fail more than they used to: `rate` of the last days against `baseline`, 0 to 1.
    It ends by itself, at `ended_at`, when the page is as it was; `dismissed_at` is the owner's word."""

    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="drift_alerts")
    path = models.CharField(max_length=300)
    tool = models.CharField(max_length=80)
    rate = models.FloatField()
    baseline = models.FloatField()
    calls = models.PositiveIntegerField()
    missing = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "path", "tool"],
                name="one_open_drift_alert",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool} on {self.path}"
