"""Visits: what the logs of tasks, runs and pages come to. Everything here can be made anew from the logs."""

from typing import Any

from django.db import models
from django.db.models import Q

from roverbook.models.shared import VISIT_CHARS, ByAgent

COUNTED = (
    "outcome",
    "is_test",
    "score",
    "total_steps",
    "total_duration_ms",
    "error_count",
    "backtrack_count",
    "agent_trust",
    "agent_source",
    "launch_source",
    "agent_key",
    "agent_name",
    "agent_vendor",
    "shortcut",
)
"""What a site's visits are counted and filtered by: in an index beside their times, because rows are long."""


class Visit(ByAgent):
    """One task of an agent on a site, through whatever door it came; written by the projector alone.

    `id`: the task's name, or `vis_…` for what has no public task. `task_id`, `session_id`: whose logs it
    is made from. `started_at` to `ended_at` are times of the log; `ended_at` is set with `finalized_at`,
    which is when the visit came to its end. `n_events`: how many events it was folded from.

    `runs`: run summaries; `trajectory`: the first 60 steps, as the contract's `trajectoryPreview`;
    `tool_usage`: {tool: calls}; `extras`: provenance that only some doors know. `total_duration_ms` is the
    sum over runs. Scores are 0 to 100, None while there is none. `intent` names the kind of wish, to compare
    like with like. `is_test`: the owner's own trial, which counts for no score.
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        FAILED = "failed"
        ABANDONED = "abandoned"
        INPUT_REQUIRED = "input_required"

    class Outcome(models.TextChoices):
        SUCCESS = "success"
        FAILURE = "failure"
        PARTIAL = "partial"
        ABANDONED = "abandoned"
        INPUT_REQUIRED = "input_required"

    id = models.CharField(max_length=VISIT_CHARS, primary_key=True)
    site = models.ForeignKey(
        "workspace.Site", on_delete=models.CASCADE, db_index=False, related_name="visits"
    )
    task_id = models.UUIDField(null=True, blank=True)
    session_id = models.CharField(max_length=64, blank=True, default="")
    workflow_id = models.CharField(max_length=VISIT_CHARS, blank=True, default="")
    boundary = models.CharField(max_length=200, blank=True, default="")
    launch_source = models.CharField(max_length=24, blank=True, default="")
    host = models.CharField(max_length=253, blank=True, default="")
    entry_url = models.TextField(blank=True, default="")
    latest_url = models.TextField(blank=True, default="")
    prompt = models.TextField(blank=True, default="")
    shortcut = models.CharField(max_length=120, blank=True, default="")
    intent = models.CharField(max_length=64, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    last_event_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    finalized_at = models.DateTimeField(null=True, blank=True)
    is_swept = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    n_events = models.PositiveIntegerField(default=0)
    total_runs = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    total_duration_ms = models.BigIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    backtrack_count = models.PositiveIntegerField(default=0)
    pages_visited: Any = models.JSONField(default=list)
    runs: Any = models.JSONField(default=list)
    trajectory: Any = models.JSONField(default=list)
    tool_usage: Any = models.JSONField(default=dict)
    extras: Any = models.JSONField(default=dict)
    score = models.FloatField(null=True, blank=True)
    score_completion = models.FloatField(null=True, blank=True)
    score_efficiency = models.FloatField(null=True, blank=True)
    score_recovery = models.FloatField(null=True, blank=True)
    score_accessibility = models.FloatField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["site", "-started_at", "-id", *COUNTED],
                name="visits_of_site",
            ),
            models.Index(fields=["site", "agent_key", "-started_at"], name="visits_of_agent"),
            models.Index(fields=["site", "outcome", "-started_at"], name="visits_by_outcome"),
            models.Index(
                fields=["last_event_at"], name="visits_open", condition=Q(finalized_at__isnull=True)
            ),
            models.Index(fields=["task_id"], name="visit_of_task", condition=Q(task_id__isnull=False)),
            models.Index(fields=["session_id"], name="visits_of_session", condition=~Q(session_id="")),
        ]

    def __str__(self) -> str:
        return f"visit {self.id}"


class VisitStep(models.Model):
    """One step of a visit, as the contract's trajectory step. `number` counts from 1 in the order of the log.

    `action`: the tool. `type`: navigate, click, type, fill, scroll, submit, extract, search, wait_for,
    status, error, backtrack, other. `at`: when it began. `duration_ms`: None while it goes on.
    """

    class Result(models.TextChoices):
        PENDING = "pending"
        SUCCESS = "success"
        ERROR = "error"

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, db_index=False, related_name="steps")
    number = models.PositiveIntegerField()
    step_id = models.CharField(max_length=200, blank=True, default="")
    run_id = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()
    action = models.CharField(max_length=80)
    type = models.CharField(max_length=16)
    target = models.TextField(blank=True, default="")
    args: Any = models.JSONField(default=dict)
    result = models.CharField(max_length=8, choices=Result)
    error = models.TextField(blank=True, default="")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    page_url = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "number"], name="visit_step_once")]

    def __str__(self) -> str:
        return f"{self.visit_id} step {self.number}"


class VisitTool(models.Model):
    """How often a visit used a tool on a page, and how that went. `path`: the page's, without query.

    `failures` counts calls that failed, `missing` those of them that did not find their element. `site` and
    `started_at` are those of the visit, so that a site's tools are counted without reading its visits.
    """

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, db_index=False, related_name="tools")
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, db_index=False, related_name="+")
    started_at = models.DateTimeField()
    path = models.CharField(max_length=300, blank=True, default="")
    tool = models.CharField(max_length=80)
    calls = models.PositiveIntegerField()
    failures = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    duration_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "path", "tool"], name="visit_tool_once")]
        indexes = [
            models.Index(
                fields=["site", "started_at", "visit", "path", "tool", "calls", "failures", "missing"],
                name="visit_tools_of_site",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool} on {self.path}"


class VisitMove(models.Model):
    """How often a visit went from one page to another, by their paths."""

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, db_index=False, related_name="moves")
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, db_index=False, related_name="+")
    started_at = models.DateTimeField()
    from_path = models.CharField(max_length=300)
    to_path = models.CharField(max_length=300)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["visit", "from_path", "to_path"], name="visit_move_once")
        ]
        indexes = [
            models.Index(
                fields=["site", "started_at", "from_path", "to_path", "count"], name="visit_moves_of_site"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_path} to {self.to_path}"


class VisitIssue(models.Model):
    """An error of a visit, in the form in which errors are compared: the tool, the message without what
    differs from case to case, and the page's path. `fingerprint` names the three."""

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, db_index=False, related_name="issues")
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, db_index=False, related_name="+")
    started_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=40)
    tool = models.CharField(max_length=80, blank=True, default="")
    message = models.CharField(max_length=240)
    path = models.CharField(max_length=300, blank=True, default="")
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "fingerprint"], name="visit_issue_once")]
        indexes = [
            models.Index(
                fields=["site", "started_at", "fingerprint", "visit", "count"], name="visit_issues_of_site"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tool}: {self.message}"
