"""The one table of background tasks, and the log of their events."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tasks.core.states import TaskStatus
from workspace.core.ids import new_id


class Task(models.Model):
    """A background job that a person can ask about, of any kind.

    `by_worker`: a worker of this server carries it out; an agent's task that a browser works on, and a
    workflow, which is the sum of its tasks, are nobody's job. `site`: the site it is about. `access_digest`:
    of the token that opens it to whoever shows it. `due_at`: when it changes by itself if nothing happens.

    The lease says who works on it: `lease_token` grows with every claim and fences off writers that lost
    theirs; `lease_expires_at` is renewed while the worker lives; both are empty while nobody works on it.
    `crashes` counts workers that died in a row without recording anything; `hinted_at` is when the queue was
    last told to look at the task. Before `not_before` nobody takes it up, unless it is to be cancelled.
    """

    class Status(models.TextChoices):
        PENDING = TaskStatus.PENDING
        WAITING_BROWSER = TaskStatus.WAITING_BROWSER
        RUNNING = TaskStatus.RUNNING
        INPUT_REQUIRED = TaskStatus.INPUT_REQUIRED
        COMPLETED = TaskStatus.COMPLETED
        FAILED = TaskStatus.FAILED
        CANCELLED = TaskStatus.CANCELLED
        EXPIRED = TaskStatus.EXPIRED

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="rover_tasks"
    )
    site = models.ForeignKey(
        "workspace.Site", null=True, blank=True, on_delete=models.CASCADE, related_name="tasks"
    )
    kind = models.CharField(max_length=32)
    by_worker = models.BooleanField(default=True)
    access_digest = models.CharField(max_length=64, null=True, blank=True, unique=True)
    due_at = models.DateTimeField(null=True, blank=True)
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
    not_before = models.DateTimeField(null=True, blank=True)
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
            models.Index(fields=["site", "-id"], name="task_of_site", condition=Q(site__isnull=False)),
            models.Index(fields=["due_at"], name="task_due", condition=Q(due_at__isnull=False)),
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
