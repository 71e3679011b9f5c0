"""The URLs of a batch, one row each."""

from django.db import models

from tasks.core.states import ItemStatus
from tasks.models.page import Page
from tasks.models.task import Task


class BatchItem(models.Model):
    """One position of a batch's list. `started_token` is the lease under which it was last started;
    `crashes` counts the workers that died while it was in flight."""

    class Status(models.TextChoices):
        PENDING = ItemStatus.PENDING
        DONE = ItemStatus.DONE
        FAILED = ItemStatus.FAILED
        SKIPPED = ItemStatus.SKIPPED

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="items")
    index = models.IntegerField()
    url = models.TextField()
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    started_token = models.BigIntegerField(null=True)
    crashes = models.IntegerField(default=0)
    code = models.CharField(max_length=64, default="", blank=True)
    error = models.TextField(default="", blank=True)
    http_status = models.IntegerField(null=True)
    final_url = models.TextField(default="", blank=True)
    cache_status = models.CharField(max_length=16, default="", blank=True)
    tokens = models.IntegerField(null=True)
    n_bytes = models.IntegerField(null=True)
    duration_ms = models.IntegerField(null=True)
    page = models.ForeignKey(Page, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "index"], name="item_unique_per_batch")]

    def __str__(self) -> str:
        return f"{self.task_id} [{self.index}] {self.url}"
