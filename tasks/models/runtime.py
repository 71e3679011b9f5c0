"""The browser runtime: sessions of pages, their runs, and what is kept beside them."""

from typing import Any

from django.db import models
from django.db.models import Q

from tasks.core.runtime.projection import TabScope, TabStatus
from tasks.core.runtime.states import TERMINAL, RunMode, RunStatus
from tasks.models.agent import AgentTask
from workspace.core.ids import new_id

ID_CHARS = 200
"""Ids that pages make up: of tabs, boundaries, commands, events, visitors."""


class RuntimeSession(models.Model):
    """One visitor's session with a site, which may last over several pages and tabs.

    `id` is told to the page (`ses_…`). `host`: that of the page that spoke last. `version` grows with every
    change that a projection shows, so that readers can tell whether to look; `stream_id` is what they are
    woken by. `boundary`: the task boundary that the last prompt opened; `run`: the newest run. A session that
    was revoked opens nothing any more. `visitor`: {name?, email?} as the site's page tells them, unproved.
    """

    id = models.CharField(max_length=64, primary_key=True)
    stream_id = models.UUIDField(default=new_id, editable=False, unique=True)
    site = models.ForeignKey("workspace.Site", on_delete=models.CASCADE, related_name="runtime_sessions")
    key = models.ForeignKey("workspace.SiteKey", null=True, on_delete=models.SET_NULL, related_name="+")
    host = models.CharField(max_length=253)
    epoch = models.BigIntegerField(default=1)
    version = models.BigIntegerField(default=1)
    boundary = models.CharField(max_length=ID_CHARS, blank=True, default="")
    run = models.ForeignKey("tasks.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    visitor: Any = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["site", "-seen_at"], name="runtime_session_of_site"),
            models.Index(fields=["seen_at"], name="runtime_session_idle"),
        ]

    def __str__(self) -> str:
        return f"session {self.id}"


class Run(models.Model):
    """What a session was asked to do once. `seq`: the number of its last event. `message`: the prompt.

    `task`: the agent's task that the run carries out. `required`: keys of the open questions that must be
    answered. `answers`: what was answered so far, {text, key}.
    """

    class Status(models.TextChoices):
        QUEUED = RunStatus.QUEUED
        RUNNING = RunStatus.RUNNING
        AWAITING_USER = RunStatus.AWAITING_USER
        CANCEL_REQUESTED = RunStatus.CANCEL_REQUESTED
        CANCELLED = RunStatus.CANCELLED
        COMPLETED = RunStatus.COMPLETED
        FAILED = RunStatus.FAILED

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    session = models.ForeignKey(RuntimeSession, on_delete=models.CASCADE, related_name="runs")
    task = models.OneToOneField(
        AgentTask, null=True, blank=True, on_delete=models.SET_NULL, related_name="run"
    )
    status = models.CharField(max_length=16, choices=Status)
    mode = models.CharField(max_length=8, choices=[(mode.value, mode.value) for mode in RunMode])
    seq = models.BigIntegerField(default=1)
    message = models.TextField()
    shortcut = models.CharField(max_length=120, blank=True, default="")
    boundary = models.CharField(max_length=ID_CHARS, blank=True, default="")
    required: Any = models.JSONField(default=list)
    answers: Any = models.JSONField(default=list)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                name="one_active_run_per_session",
                condition=~Q(status__in=[status.value for status in sorted(TERMINAL)]),
            ),
        ]
        indexes = [
            models.Index(fields=["session", "-id"], name="runs_of_session"),
            models.Index(
                fields=["changed_at"],
                name="runs_going",
                condition=~Q(status__in=[status.value for status in sorted(TERMINAL)]),
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.id}"


class RunEvent(models.Model):
    """One line of a run's log, never changed. `seq` counts from 1 without a gap; `event_id`: the page's name
    of it, by which a repetition is known."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    data: Any = models.JSONField(default=dict)
    event_id = models.CharField(max_length=ID_CHARS, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "seq"], name="run_event_seq_unique"),
            models.UniqueConstraint(
                fields=["run", "event_id"], name="run_event_told_once", condition=~Q(event_id="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} #{self.seq} {self.type}"


class RunStep(models.Model):
    """One step of a run: what was decided about the page as it was seen, and what came of it.

    `decided`: {url, digest, marks, thought, calls: [{id, name, args, target, decider, held?}]}: deciders know
    the page again by `marks`, `decider` is the decider's own id of the call, and a call that is `held` waits
    for a yes. `results`: by the id of a call, as the page reported them, None until it did.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    decided: Any = models.JSONField()
    results: Any = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="run_step_once")]

    def __str__(self) -> str:
        return f"{self.run_id} step {self.number}"


class RuntimeTab(models.Model):
    """A tab of a session. `updated_at` is aware."""

    session = models.ForeignKey(RuntimeSession, on_delete=models.CASCADE, related_name="tabs")
    logical_tab_id = models.CharField(max_length=ID_CHARS)
    parent_logical_tab_id = models.CharField(max_length=ID_CHARS, blank=True, default="")
    scope = models.CharField(max_length=16, choices=[(scope.value, scope.value) for scope in TabScope])
    status = models.CharField(max_length=16, choices=[(status.value, status.value) for status in TabStatus])
    url = models.TextField()
    reason = models.CharField(max_length=64, blank=True, default="")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "logical_tab_id"], name="tab_once_per_session"),
        ]

    def __str__(self) -> str:
        return f"tab {self.logical_tab_id}"


class AppliedCommand(models.Model):
    """A command that was applied, and the answer that it got: a repetition gets the same and does nothing."""

    session = models.ForeignKey(RuntimeSession, on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=24)
    client_event_id = models.CharField(max_length=ID_CHARS)
    answer: Any = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "type", "client_event_id"], name="command_applied_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.client_event_id}"


class RequestNonce(models.Model):
    """A request of a session that was seen; the same is not taken again."""

    session = models.ForeignKey(RuntimeSession, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=ID_CHARS)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "nonce"], name="request_nonce_once")]

    def __str__(self) -> str:
        return f"nonce of {self.session_id}"


class Checkpoint(models.Model):
    """The newest snapshot of a session, encrypted at rest. `visitor_id`: whose it is; nobody else gets it.
    `updated_at_ms`: the page's clock."""

    session = models.OneToOneField(
        RuntimeSession, primary_key=True, on_delete=models.CASCADE, related_name="checkpoint"
    )
    visitor_id = models.CharField(max_length=ID_CHARS, blank=True, default="")
    updated_at_ms = models.BigIntegerField()
    digest = models.CharField(max_length=16)
    sealed = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"checkpoint of {self.session_id}"


class TelemetryEvent(models.Model):
    """One event that a page told about itself."""

    session = models.ForeignKey(RuntimeSession, on_delete=models.CASCADE, related_name="telemetry")
    run_id = models.CharField(max_length=ID_CHARS, blank=True, default="")
    name = models.CharField(max_length=80)
    event: Any = models.JSONField()
    page_url = models.TextField(blank=True, default="")
    sdk_version = models.CharField(max_length=ID_CHARS, blank=True, default="")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
