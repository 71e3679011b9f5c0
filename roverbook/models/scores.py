"""Scores of sites, one row a day, and alerts about pages that got worse."""

from typing import Any

from django.db import models

from workspace.core.ids import new_id


class DailyScore(models.Model):
    """How agents fared on a site up to the end of one day (UTC): the contract's AXScore; the newest row is
    the site's score now. Dimensions are 0 to 100, None where nothing can be said; `is_provisional` under five
    visits. `visits` to `abandoned` count the visits that started on that day.

    `sums`: what that day alone adds to this score and to those of the days after it, so that they can be
    computed when its visits are gone: {"dimensions": {name: [sum, count]}, "intents": {kind of wish: [visits,
    successes]}}. `announced`: the overall that others were last told.
    """

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
    sums: Any = models.JSONField(default=dict)
    announced = models.FloatField(null=True)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="score_once_a_day")]

    def __str__(self) -> str:
        return f"score of {self.site_id} on {self.day}"


class ScoreDue(models.Model):
    """That visits of a site changed: its days from `from_day` on are to be counted anew. `mark` is another
    with every change."""

    site = models.OneToOneField(
        "workspace.Site", on_delete=models.CASCADE, primary_key=True, related_name="score_due"
    )
    from_day = models.DateField()
    mark = models.UUIDField(default=new_id)
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"score of {self.site_id} from {self.from_day}"


class DriftAlert(models.Model):
    """A page whose tools fail more than they used to: `rate` of the last days against `baseline`, 0 to 1,
    which stays as it was when the alert began. With `tool` '' it is about elements that no tool found.
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
