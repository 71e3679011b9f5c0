"""All that is known of one agent or visitor, as one JSON file that is written while it is read."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from roverbook.selectors import records
from roverbook.selectors.records import Record, millis
from roverbook.selectors.traces import SAID, Traces, batched
from tasks.core.public_ids import event_name, task_name
from tasks.models import AgentTask, Event, Run, RunEvent, RunStep, RuntimeSession

FORMAT = 1
_RECORDS: dict[str, Callable[..., Record]] = {
    "reviews": records.review_record,
    "interviews": records.answer_record,
    "notes": records.note_record,
    "posts": records.post_record,
    "exposures": records.exposure_record,
}


def archive_response(traces: Traces, *, now: datetime, kind: str, name: str) -> StreamingHttpResponse:
    """A download: {format, exportedAt, siteId, who, visits, events, reviews, …, tasks, runs, sessions}."""
    head = {"format": FORMAT, "exportedAt": millis(now), "siteId": traces.site.public_id}
    response = StreamingHttpResponse(_archive(traces, head | {"who": {"kind": kind, "name": name}}))
    response.headers["Content-Type"] = "application/json"
    file_name = f"{kind}-{traces.site.public_id}-{now:%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = content_disposition_header(True, file_name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _archive(traces: Traces, head: Record) -> Iterator[bytes]:
    yield _text(head)[:-1].encode()
    for name, rows in _parts(traces):
        yield f",\n{_text(name)}: [".encode()
        between = "\n"
        for row in rows:
            yield f"{between}{_text(row)}".encode("utf-8", "backslashreplace")
            between = ",\n"
        yield b"]"
    yield b"}\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)


def _parts(traces: Traces) -> Iterator[tuple[str, Iterable[Record]]]:
    yield "visits", map(_visit, _read(traces.visits.select_related("site")))
    yield "events", map(records.event_record, _read(traces.collected().select_related("site")))
    for name in SAID:
        record = _RECORDS[name]
        rows = _read(traces.said(name).select_related("site"))
        yield name, (record(row, is_owner=True) for row in rows)
    yield "tasks", map(_task, _read(traces.tasks().select_related("task")))
    runs = Run.objects.filter(pk__in=traces.run_ids) | Run.objects.filter(session__in=traces.sessions())
    yield "runs", map(_run, _read(runs))
    yield "sessions", map(_session, _read(traces.sessions()))


def _read(rows: QuerySet[Any]) -> Iterator[Any]:
    """Every row, a few at a time, so that a slow reader holds no cursor."""
    for some in batched(list(rows.order_by("pk").values_list("pk", flat=True))):
        found: dict[Any, Model] = rows.in_bulk(list(some))
        yield from (found[pk] for pk in some if pk in found)


def _visit(visit: Any) -> Record:
    steps = [records.step_record(step) for step in visit.steps.order_by("number")]
    return records.visit_record(visit, is_owner=True) | {"steps": steps}


def _task(agent_task: AgentTask) -> Record:
    task = agent_task.task
    events = Event.objects.filter(task=task).order_by("seq")
    return {
        "taskId": task_name(task.pk),
        "url": agent_task.url,
        "prompt": agent_task.prompt,
        "shortcut": agent_task.shortcut or None,
        "status": task.status,
        "createdAt": millis(task.created_at),
        "agent": agent_task.agent,
        "answers": agent_task.answers,
        "handoff": agent_task.handoff,
        "result": task.result,
        "events": [
            {
                "id": event_name(event.seq),
                "type": event.kind,
                "ts": millis(event.created_at),
                "data": event.payload,
            }
            for event in events
        ],
    }


def _run(run: Run) -> Record:
    return {
        "runId": str(run.pk),
        "sessionId": run.session_id,
        "status": run.status,
        "message": run.message,
        "answers": run.answers,
        "startedAt": millis(run.started_at),
        "endedAt": millis(run.ended_at),
        "events": [
            {"seq": event.seq, "type": event.type, "ts": millis(event.created_at), "data": event.data}
            for event in RunEvent.objects.filter(run=run).order_by("seq")
        ],
        "steps": [
            {"number": step.number, "decided": step.decided, "results": step.results}
            for step in RunStep.objects.filter(run=run).order_by("number")
        ],
    }


def _session(session: RuntimeSession) -> Record:
    return {
        "sessionId": session.pk,
        "host": session.host,
        "visitor": session.visitor,
        "startedAt": millis(session.created_at),
        "seenAt": millis(session.seen_at),
        "tabs": [
            {"url": tab.url, "status": tab.status, "updatedAt": millis(tab.updated_at)}
            for tab in session.tabs.all()
        ],
        "telemetry": [event.event for event in session.telemetry.order_by("pk")],
    }
