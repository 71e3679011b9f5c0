"""Tables of the tasks app, one group a module."""

from tasks.models.agent import AgentTask, CallerRate, ProvenKey, Receipt, RememberedKey, SeenNonce
from tasks.models.batch import BatchItem
from tasks.models.page import Page
from tasks.models.runtime import (
    AppliedCommand,
    Checkpoint,
    RequestNonce,
    Run,
    RunEvent,
    RunStep,
    RuntimeSession,
    RuntimeTab,
    TelemetryEvent,
)
from tasks.models.task import Event, Task
from tasks.models.worker import WorkerBeat

__all__ = [
    "AgentTask",
    "AppliedCommand",
    "BatchItem",
    "CallerRate",
    "Checkpoint",
    "Event",
    "Page",
    "ProvenKey",
    "Receipt",
    "RememberedKey",
    "RequestNonce",
    "Run",
    "RunEvent",
    "RunStep",
    "RuntimeSession",
    "RuntimeTab",
    "SeenNonce",
    "Task",
    "TelemetryEvent",
    "WorkerBeat",
]
