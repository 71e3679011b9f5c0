"""The one table of background tasks, and the log of their events."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tasks.core.states import TaskStatus
from workspace.core.ids import new_id


class Task(models.Model):
    """A background job that a person can ask about, of any kind.

    The lease says who works on it: `lease_token` grows with every claim and fences off writers that lost
    theirs; `lease_expires_at` is renewed while the worker lives; both are empty while nobody works on it.
    `crashes` counts workers that died in a row without recording anything; `hinted_at` is when the queue was
    last told to look at the task.
    """

    class Status(models.TextChoices):
        PENDING = TaskStatus.PENDING
        RUNNING = TaskStatus.RUNNING
        COMPLETED = TaskStatus.COMPLETED
        FAILED = TaskStatus.FAILED
        CANCELLED = TaskStatus.CANCELLED

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="rover_tasks"
    )
    kind = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status)
    params = models.JSONField()
    result = models.JSONField(null=True)
    error = models.CharField(max_length=64, default="", blank=True)
    cancellation_requested = models.BooleanField(default=False)
    last_seq = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, default="", blank=True)
    lease_token = models.BigIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True)
    crashes = models.IntegerField(default=0)
    hinted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="task_status_known", condition=Q(status__in=[status.value for status in TaskStatus])
            ),
        ]
        indexes = [
            models.Index(fields=["status", "lease_expires_at"], name="task_claimable"),
            models.Index(fields=["owner", "-created_at"], name="task_of_owner"),
            models.Index(fields=["-created_at"], name="task_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Event(models.Model):
    """One line of a task's log, never changed. `seq` counts from 1 without a gap."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    outcome_index = models.IntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "seq"], name="event_seq_unique_per_task"),
            models.UniqueConstraint(fields=["task", "outcome_index"], name="one_outcome_per_item"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} #{self.seq} {self.kind}"
