"""A log such as agents leave, written in bulk, and its replay: `python -m benchmarks.roverbook_replay FOLDER
EVENTS` prints one line of JSON. Writes only into FOLDER."""

import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BATCH = 20_000
TOOLS = ("click_element", "type_into_element", "scroll_page", "goto_url", "select_dropdown_value")
PAGES = tuple(f"/shelf/{number}" for number in range(40))
SHOP = "https://shop.example"


def main(folder: Path, events: int) -> None:
    """Write the log, replay it, and print what that took."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ |= {"ROVER_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "rover_site.settings"}
    import django

    django.setup()
    from rover_site.operation.preparing import make_database

    make_database()
    print(json.dumps(replay(write(events))))


# --- the log ---


@dataclass
class Log:
    """Everything that is going to be written."""

    site: Any
    chance: random.Random
    rows: list[Any] = field(default_factory=list)
    lines: list[tuple[datetime, Any]] = field(default_factory=list)


@dataclass
class Visit:
    """One visit while it is told: by the log of a task, of a run, or of both."""

    log: Log
    number: int
    now: datetime
    task: Any = None
    run: Any = None
    n_public: int = 0
    n_own: int = 0

    def tell(self, type_: str, **data: Any) -> None:
        """A line of the run's log."""
        from tasks.models import RunEvent

        self.n_own += 1
        row = RunEvent(run=self.run, seq=self.n_own, type=type_, data=data, created_at=self.now)
        self.log.lines.append((self.now, row))

    def publish(self, kind: str, **payload: Any) -> None:
        """A line of the task's log, if there is a task."""
        from tasks.models import Event

        if self.task is not None:
            self.n_public += 1
            at = self.now
            row = Event(
                task_id=self.task.task_id, seq=self.n_public, kind=kind, payload=payload, created_at=at
            )
            self.log.lines.append((at, row))

    def later(self, least_ms: int, most_ms: int) -> None:
        """Time goes by."""
        self.now += timedelta(milliseconds=self.log.chance.randint(least_ms, most_ms))


def write(events: int) -> int:
    """Tasks that a run in a page carries out, runs of the widget, and tasks in the cloud, their lines mixed
    as they come when many are at work at once. Returns how many lines there are."""
    from tasks.models import AgentTask, Event, Run, RunEvent, RuntimeSession, Task

    log = Log(site=_site(), chance=random.Random(1))
    number = 0
    while len(log.lines) < events:
        visit = Visit(log=log, number=number, now=START + timedelta(seconds=number * 0.4))
        if number % 4 == 3:
            _in_cloud(visit)
        else:
            _in_page(visit, has_task=number % 4 == 0)
        number += 1
    tables: tuple[Any, ...] = (Task, AgentTask, RuntimeSession, Run)
    logs: tuple[Any, ...] = (Event, RunEvent)
    for model in tables:
        rows = [row for row in log.rows if isinstance(row, model)]
        model._default_manager.bulk_create(rows, batch_size=500)
    log.lines.sort(key=lambda line: line[0])
    for model in logs:
        own = [row for _, row in log.lines if isinstance(row, model)]
        for first in range(0, len(own), BATCH):
            model._default_manager.bulk_create(own[first : first + BATCH], batch_size=2_000)
    return len(log.lines)


def _site() -> Any:
    from workspace.models import Site, User

    owner = User.objects.create(username="bench")
    return Site.objects.create(
        public_id="bench-000001", owner=owner, name="Bench", host="shop.example", created_at=START
    )


def _task(visit: Visit) -> Any:
    from tasks.models import AgentTask, Task
    from workspace.core.ids import new_id

    site, now, name = visit.log.site, visit.now, f"agent-{visit.number % 17}"
    shared = {"site": site, "owner": site.owner, "params": {}, "created_at": now, "updated_at": now}
    workflow = Task(id=new_id(), kind="workflow", status="running", by_worker=False, **shared)
    task = Task(id=new_id(), kind="agent", status="running", by_worker=False, **shared)
    made = AgentTask(
        task=task,
        workflow=workflow,
        url=f"{SHOP}{PAGES[visit.number % 40]}",
        host="shop.example",
        prompt=f"Find {visit.number % 9} jars of honey and put the cheapest into the basket",
        execution="browser",
        agent={"key": name, "displayName": name, "trust": "self_reported", "source": "public_task_agent"},
        agent_key=name,
        trust="self_reported",
        memory_key=f"self:{name}",
        launch_source="public_task_api",
        expires_at=now,
    )
    visit.log.rows += [workflow, task, made]
    return made


def _begin_run(visit: Visit) -> Any:
    from tasks.models import Run, RuntimeSession
    from workspace.core.ids import new_id

    now, site = visit.now, visit.log.site
    session = RuntimeSession(
        id=f"ses_{visit.number}", site=site, host="shop.example", created_at=now, seen_at=now
    )
    run = Run(
        id=new_id(),
        session=session,
        task=visit.task,
        status="completed",
        mode="act",
        message=f"Order item {visit.number}",
        boundary=f"b{visit.number}",
        started_at=now,
        changed_at=now,
    )
    visit.log.rows += [session, run]
    return run


def _in_page(visit: Visit, *, has_task: bool) -> None:
    chance = visit.log.chance
    visit.task = _task(visit) if has_task else None
    visit.run = _begin_run(visit)
    visit.publish("status", status="running")
    visit.tell("run_started", message=visit.run.message, taskBoundaryId=visit.run.boundary)
    for step in range(chance.randint(4, 14)):
        _step(visit, step)
    status = "failed" if chance.random() < 0.2 else "completed"
    visit.tell("message", role="assistant", text="It is in the basket.", summary="In the basket")
    visit.tell("run_transition", runId=str(visit.run.pk), status=status)
    good, bad = {"summary": "In the basket"}, {"error": {"code": "x", "message": "No."}}
    visit.publish("done", status=status, result=good if status == "completed" else bad)


def _step(visit: Visit, step: int) -> None:
    chance = visit.log.chance
    page, name, call = chance.choice(PAGES), chance.choice(TOOLS), f"c{step}-1"
    seen = {"url": f"{SHOP}{page}?from=list", "title": page, "host": "shop.example", "summary": page}
    visit.tell("observation", **seen, snapshotDigest="0123456789abcdef")
    visit.publish("observation", **seen)
    visit.later(200, 900)
    visit.tell("status", text=f"I look for item {visit.number} on {page}")
    args = {"element_id": step, "text": "honey"}
    visit.tell("tool_start", name=name, callId=call, args=args, target='button "Add to basket"')
    visit.publish("tool", name=name, status="started")
    visit.later(100, 1_500)
    is_bad = chance.random() < 0.1
    error = {"code": "ELEMENT_NOT_FOUND", "message": f"[id={step}] has left the page."}
    visit.tell(
        "tool_result", name=name, callId=call, success=not is_bad, **({"error": error} if is_bad else {})
    )
    visit.publish("tool", name=name, status="failed" if is_bad else "completed")


def _in_cloud(visit: Visit) -> None:
    chance = visit.log.chance
    visit.task = _task(visit)
    visit.publish("status", status="pending")
    visit.publish("status", status="running")
    for _ in range(chance.randint(2, 6)):
        page = chance.choice(PAGES)
        visit.publish("tool", name="fetch_page", status="started", message=page)
        visit.later(50, 800)
        visit.publish("tool", name="fetch_page", status="completed")
        visit.publish("observation", url=f"{SHOP}{page}", title=page, host="shop.example", summary=page)
    visit.publish("done", status="completed", result={"text": "Honey costs 4.", "summary": "Honey costs 4"})


# --- the replay ---


def replay(events: int) -> dict[str, Any]:
    """Turn it into visits; what that took, by the clock and of the processor, and how long each transaction
    kept others from writing."""
    from roverbook.models import Visit as StoredVisit
    from roverbook.models import VisitStep
    from roverbook.services.projecting import writing
    from roverbook.services.projecting.rounds import Projector

    held: list[float] = []
    writer: Any = writing.Writer
    real = writer._write

    def timed(self: Any, *args: Any) -> None:
        began = time.perf_counter()
        real(self, *args)
        held.append((time.perf_counter() - began) * 1_000)

    writer._write = timed
    projector, lines, now = Projector(), 0, START + timedelta(days=1)
    began, processor = time.perf_counter(), time.process_time()
    while read := projector.round(now=now):
        lines += read
    return {
        "events": events,
        "lines": lines,
        "visits": StoredVisit.objects.count(),
        "steps": VisitStep.objects.count(),
        "seconds": round(time.perf_counter() - began, 3),
        "processor_seconds": round(time.process_time() - processor, 3),
        "held_ms": held,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
