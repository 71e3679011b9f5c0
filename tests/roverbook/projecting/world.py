"""A site whose agents leave logs, written as the server writes them, at the moments that a test says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from roverbook.core.visits.naming import visit_of_boundary, visit_of_page, visit_of_task
from roverbook.models import (
    CollectedEvent,
    Cursor,
    InterviewAnswer,
    Note,
    Review,
    Visit,
    VisitIssue,
    VisitMove,
    VisitStep,
    VisitTool,
)
from roverbook.services.projecting.rounds import Projector
from tasks.core.events import EventKind, NewEvent
from tasks.core.public_task import deadline
from tasks.core.states import TaskKind, TaskStatus
from tasks.models import AgentTask, Run, RunEvent, RuntimeSession, Task
from tasks.services.agents.log import Logs, append, change, status_event
from workspace.io.transactions import write_transaction
from workspace.models import Site, SiteKey

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHOP = "https://shop.example"
AGENT = {"key": "crab", "displayName": "Crab", "trust": "self_reported", "source": "public_task_agent", "memoryKey": "self:crab"}  # fmt: skip


def at(seconds: float) -> datetime:
    """So long after the start."""
    return START + timedelta(seconds=seconds)


@dataclass
class World:
    """One site, and what happens on it."""

    site: Site
    key: SiteKey | None = None
    n_sessions: int = 0

    # --- tasks ---

    def task(
        self, seconds: float = 0, *, prompt: str = "find the opening hours", **columns: Any
    ) -> "TaskLog":
        """A task that waits for a browser."""
        now = at(seconds)
        shared = {
            "owner": self.site.owner,
            "site": self.site,
            "params": {},
            "created_at": now,
            "updated_at": now,
        }
        with write_transaction():
            workflow = Task.objects.create(
                kind=TaskKind.WORKFLOW, status="running", by_worker=False, **shared
            )
            row = Task.objects.create(
                kind=TaskKind.AGENT, status=TaskStatus.WAITING_BROWSER, by_worker=False, **shared
            )
            told = {
                "url": f"{SHOP}/",
                "host": "shop.example",
                "execution": "browser",
                "agent": AGENT,
                "agent_key": "crab",
                "trust": "self_reported",
                "memory_key": "self:crab",
                "launch_source": "public_task_api",
                "expires_at": deadline(TaskStatus.WAITING_BROWSER, since=now),
                "key": self.key,
            }
            made = AgentTask.objects.create(task=row, workflow=workflow, prompt=prompt, **(told | columns))
            append(Logs.of(made), [status_event(TaskStatus.WAITING_BROWSER)], now=now)
        return TaskLog(Logs.of(made), now)

    # --- runs ---

    def session(self) -> RuntimeSession:
        """A page's session."""
        self.n_sessions += 1
        return RuntimeSession.objects.create(
            id=f"ses_{self.site.pk.hex[-12:]}_{self.n_sessions}",
            site=self.site,
            key=self.key,
            host="shop.example",
            created_at=START,
            seen_at=START,
        )

    def run(
        self,
        seconds: float = 0,
        *,
        session: RuntimeSession | None = None,
        task: "TaskLog | None" = None,
        boundary: str = "b1",
        message: str = "order tea",
    ) -> "RunLog":
        """A run that began."""
        run = Run.objects.create(
            session=session or self.session(),
            task_id=task.task_id if task else None,
            status="running",
            mode="act",
            seq=0,
            message=message,
            boundary=boundary,
            started_at=at(seconds),
            changed_at=at(seconds),
        )
        log = RunLog(run)
        log.tell(seconds, "run_started", message=message, taskBoundaryId=boundary)
        return log

    # --- pages ---

    def page(
        self,
        session: RuntimeSession,
        seconds: float,
        type_: str,
        *,
        local: str = "",
        run: "RunLog | None" = None,
        task: "TaskLog | None" = None,
        boundary: str = "",
        event_id: str = "",
        agent: Mapping[str, str] | None = None,
        **data: Any,
    ) -> CollectedEvent:
        """What a page told, where the collector would put it."""
        bound = run.run.task_id if run else None
        task_id = task.task_id if task else bound
        if task_id is not None:
            visit_id = visit_of_task(task_id)
        elif run is not None:
            visit_id = visit_of_boundary(session.pk, run.run.boundary, run.run_id)
        elif boundary:
            visit_id, data = visit_of_boundary(session.pk, boundary, ""), data | {"taskBoundaryId": boundary}
        else:
            visit_id = visit_of_page(session.pk, local)
        return CollectedEvent.objects.create(
            site=self.site,
            session_id=session.pk,
            host="shop.example",
            event_id=event_id or uuid4().hex,
            local_visit_id=local,
            visit_id=visit_id,
            task_id=task_id,
            run_id=run.run_id if run else "",
            type=type_,
            at=at(seconds),
            data=data,
            created_at=at(seconds),
            **(agent or {}),
        )


@dataclass
class TaskLog:
    """The log of a task."""

    logs: Logs
    latest: datetime

    @property
    def task_id(self) -> UUID:
        return self.logs.task_id

    @property
    def visit_id(self) -> str:
        return visit_of_task(self.task_id)

    def tell(self, seconds: float, kind: EventKind, **payload: Any) -> "TaskLog":
        """One line more."""
        with write_transaction():
            append(self.logs, [NewEvent(kind=kind, payload=payload)], now=at(seconds))
        return self

    def becomes(self, seconds: float, status: TaskStatus, **result: Any) -> "TaskLog":
        """The task changes."""
        assert change(self.logs, after=status, now=at(seconds), result=result or None)
        return self


@dataclass
class RunLog:
    """The log of a run."""

    run: Run
    seq: int = field(default=0)

    @property
    def run_id(self) -> str:
        return str(self.run.pk)

    @property
    def session(self) -> RuntimeSession:
        return self.run.session

    @property
    def visit_id(self) -> str:
        if self.run.task_id is not None:
            return visit_of_task(self.run.task_id)
        return visit_of_boundary(self.run.session_id, self.run.boundary, self.run_id)

    def tell(self, seconds: float, type_: str, **data: Any) -> "RunLog":
        """One line more."""
        self.seq += 1
        RunEvent.objects.create(run=self.run, seq=self.seq, type=type_, data=data, created_at=at(seconds))
        return self

    def call(self, seconds: float, name: str, *, error: str = "", code: str = "FAILED") -> "RunLog":
        """A call of a tool, and a second later what came of it."""
        call = f"c{self.seq}"
        self.tell(seconds, "tool_start", name=name, callId=call, args={"element_id": 1}, target='button "Go"')
        failed = {"error": {"code": code, "message": error}} if error else {}
        return self.tell(seconds + 1, "tool_result", name=name, callId=call, success=not error, **failed)

    def sees(self, seconds: float, path: str) -> "RunLog":
        return self.tell(seconds, "observation", url=SHOP + path)

    def becomes(self, seconds: float, status: str) -> "RunLog":
        Run.objects.filter(pk=self.run.pk).update(status=status)
        return self.tell(seconds, "run_transition", runId=self.run_id, status=status)


TABLES: tuple[type[Any], ...] = (
    Visit, VisitStep, VisitTool, VisitMove, VisitIssue, Review, InterviewAnswer, Note,
)  # fmt: skip


def project(seconds: float = 60, *, limit: int = 2_000) -> int:
    """Rounds of projectors until there is nothing new; returns how many lines there were."""
    total, projector = 0, Projector()
    while n_lines := projector.round(now=at(seconds), limit=limit):
        total += n_lines
    return total


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """All rows that are made from logs, without the numbers that the database gave them."""
    found = {}
    for table in TABLES:
        skipped = {"id"} if table in (VisitStep, VisitTool, VisitMove, VisitIssue) else set()
        rows = [
            {name: value for name, value in row.items() if name not in skipped}
            for row in table.objects.values()
        ]
        found[table.__name__] = sorted(rows, key=repr)
    return found


def forget_visits() -> None:
    """As if nothing had been read yet."""
    for table in TABLES:
        table.objects.all().delete()
    Cursor.objects.all().delete()
