"""Agents' tasks: what was wanted of which site, by whom, and what keeps callers apart."""

from typing import Any

from django.db import models

from tasks.core.prefer import Execution
from tasks.models.task import Task


class AgentTask(models.Model):
    """What an agent's task has beyond the task itself.

    `workflow` is a task row of its own, whose log holds the events of all its tasks. `wish`: the prompt of
    the shortcut as it was when the task was made; '' without one. `execution`: what was asked for; where it
    runs shows in `task.by_worker`. `agent`: the record of the caller as `tasks.core.attribution` writes it,
    with `trust`, `agent_key` and `memory_key` beside it to search by. `answers`: what was answered so far,
    {text, key}; `input`: the open question, {message, questions}.
    """

    task = models.OneToOneField(Task, primary_key=True, on_delete=models.CASCADE, related_name="agent_task")
    workflow = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="members")
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="children")
    depth = models.PositiveSmallIntegerField(default=0)
    key = models.ForeignKey("workspace.SiteKey", null=True, on_delete=models.SET_NULL, related_name="+")
    url = models.TextField()
    host = models.CharField(max_length=253)
    prompt = models.TextField(blank=True, default="")
    shortcut = models.CharField(max_length=120, blank=True, default="")
    wish = models.TextField(blank=True, default="")
    execution = models.CharField(max_length=8, choices=[(e.value, e.value) for e in Execution])
    agent: Any = models.JSONField(default=dict)
    agent_key = models.CharField(max_length=128)
    trust = models.CharField(max_length=24)
    memory_key = models.CharField(max_length=256)
    launch_source = models.CharField(max_length=24)
    envelope: Any = models.JSONField(default=dict)
    handoff: Any = models.JSONField(null=True)
    answers: Any = models.JSONField(default=list)
    input: Any = models.JSONField(null=True)
    expires_at = models.DateTimeField()
    promote_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["agent_key"], name="agent_task_by_key")]

    def __str__(self) -> str:
        return f"agent task for {self.host}"


class Receipt(models.Model):
    """The single-use token by which a browser takes a task up. `claimed_by` is the session that did."""

    task = models.OneToOneField(AgentTask, primary_key=True, on_delete=models.CASCADE, related_name="receipt")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=120, blank=True, default="")

    def __str__(self) -> str:
        return f"receipt of {self.task_id}"


class RememberedKey(models.Model):
    """An Idempotency-Key that was used: `scope` says whose and for what, `fingerprint` with which body."""

    scope = models.CharField(max_length=64, primary_key=True)
    fingerprint = models.CharField(max_length=64)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"key for {self.task_id}"


class CallerRate(models.Model):
    """How many tasks one caller, agent or site started in one minute. `bucket` names no address in clear."""

    bucket = models.CharField(max_length=80)
    minute = models.BigIntegerField()
    count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bucket", "minute"], name="rate_unique_per_minute")]

    def __str__(self) -> str:
        return f"{self.bucket}: {self.count}"


class SeenNonce(models.Model):
    """A signature that was used; it is not taken again before it expires."""

    keyid = models.CharField(max_length=64)
    nonce = models.CharField(max_length=258)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["keyid", "nonce"], name="nonce_seen_once")]

    def __str__(self) -> str:
        return f"nonce of {self.keyid}"


class ProvenKey(models.Model):
    """An agent key that came with a verified signature: from then on nobody else may use it."""

    key = models.CharField(max_length=300, primary_key=True)
    signature_agent = models.CharField(max_length=300)
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
