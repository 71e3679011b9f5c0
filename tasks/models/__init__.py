"""Tables of the tasks app, one group a module."""

from tasks.models.batch import BatchItem
from tasks.models.page import Page
from tasks.models.task import Event, Task
from tasks.models.worker import WorkerBeat

__all__ = ["BatchItem", "Event", "Page", "Task", "WorkerBeat"]
