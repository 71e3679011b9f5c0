"""Logs told line by line, as events of a visit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from roverbook.core.visits.events import VisitEvent
from roverbook.core.visits.page_log import page_event
from roverbook.core.visits.run_log import run_event, run_opening
from roverbook.core.visits.task_log import task_event, task_opening

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TASK = UUID("0190d2a0-0000-7000-8000-00000000000a")
SHOP = "https://shop.example"
AGENT = {"key": "crab", "displayName": "Crab", "trust": "self_reported", "source": "public_task_agent", "memoryKey": "self:crab"}  # fmt: skip


def at(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


@dataclass
class TaskLog:
    """The public log of a task, which `TASK` is."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    events: list[VisitEvent] = field(default_factory=list)
    log: str = "agt_1"

    def __post_init__(self) -> None:
        told = {
            "task_id": TASK,
            "site_id": "shop-000001",
            "url": f"{SHOP}/",
            "host": "shop.example",
            "prompt": "find the opening hours",
            "launch_source": "public_task_api",
            "workflow_id": "wf_1",
            "agent": AGENT,
        }
        self.events.append(task_opening(self.log, START, told | dict(self.facts)))

    def tell(self, seconds: float, kind: str, **payload: Any) -> "TaskLog":
        """One line more."""
        self.events.append(task_event(self.log, len(self.events), at(seconds), kind, payload))
        return self

    def status(self, seconds: float, status: str) -> "TaskLog":
        return self.tell(seconds, "status", status=status)

    def done(self, seconds: float, status: str = "completed", **result: Any) -> "TaskLog":
        return self.tell(seconds, "done", status=status, **({"result": result} if result else {}))


@dataclass
class RunLog:
    """The log of a run in a page."""

    run_id: str = "run-1"
    began: float = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Any] = field(default_factory=dict)
    events: list[VisitEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        told = {
            "session_id": "ses_1",
            "site_id": "shop-000001",
            "host": "shop.example",
            "prompt": "order tea",
            "boundary": "b1",
        }
        self.events.append(run_opening(self.run_id, at(self.began), told | dict(self.facts)))
        self.tell(self.began, "run_started", message="order tea", taskBoundaryId="b1")

    def tell(self, seconds: float, type_: str, **data: Any) -> "RunLog":
        """One line more."""
        seq = len(self.events)
        self.events.append(run_event(self.run_id, seq, at(seconds), type_, data, self.calls))
        return self

    def page(self, seconds: float, path: str) -> "RunLog":
        return self.tell(seconds, "observation", url=SHOP + path, title=path)

    def start(self, seconds: float, name: str, call: str, told: str = "", /, **args: Any) -> "RunLog":
        return self.tell(seconds, "tool_start", name=name, callId=call, args=args, target=told)

    def result(self, seconds: float, name: str, call: str, **data: Any) -> "RunLog":
        return self.tell(seconds, "tool_result", name=name, callId=call, **({"success": True} | data))

    def failed(self, seconds: float, name: str, call: str, message: str, code: str = "FAILED") -> "RunLog":
        error = {"code": code, "message": message}
        return self.tell(seconds, "tool_result", name=name, callId=call, success=False, error=error)

    def state(self, seconds: float, status: str, **more: Any) -> "RunLog":
        return self.tell(seconds, "run_transition", runId=self.run_id, status=status, **more)


@dataclass
class PageLog:
    """What a page told."""

    events: list[VisitEvent] = field(default_factory=list)
    agent: Mapping[str, str] = field(default_factory=dict)

    def tell(self, seconds: float, type_: str, *, run_id: str = "", name: str = "", **data: Any) -> "PageLog":
        """One event more."""
        facts = {"session_id": "ses_1", "host": "shop.example", "agent": dict(self.agent)}
        event_id = name or f"event-{len(self.events):03}"
        event = page_event("ses_1", event_id, at(seconds), type_, data, run_id=run_id, facts=facts)
        self.events.append(event)
        return self
