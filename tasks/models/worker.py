"""Signs of life of the processes that run tasks."""

from django.db import models


class WorkerBeat(models.Model):
    """One running `rover worker`; a row not seen for a while belongs to a dead one."""

    name = models.CharField(max_length=160, unique=True)
    n_processes = models.IntegerField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
