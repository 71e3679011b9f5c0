"""Tasks with a history: events that nobody had to work for, and every way to end."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx
from django.utils import timezone
from httpx_sse import EventSource, ServerSentEvent

from tasks.core.events import EventKind, LoggedEvent, NewEvent
from tasks.core.states import TaskStatus
from tasks.core.wire import timestamp
from tasks.models import AgentTask
from tasks.selectors.background import events_after
from tasks.services.agents.log import Logs, append, change
from tasks.services.agents.sweeping import agent_tasks_sweep
from tasks.services.tasks import task_cancel
from tests.tasks.agents.support import row_of
from tests.tasks.streaming_fixtures import Exchange
from workspace.io.transactions import write_transaction

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
FORMS = (SSE, NDJSON)
ANSWER = {"text": "Open from 9 to 5.", "summary": "Open from 9 to 5."}
ENDS = tuple(sorted(status.value for status in TaskStatus if status.is_terminal))
Record = dict[str, Any]


def logs_of(name: str) -> Logs:
    """The two logs of a task by its public name."""
    return Logs.of(AgentTask.objects.get(pk=row_of(name).pk))


def begin(name: str) -> None:
    """Somebody has taken the task up."""
    assert change(logs_of(name), after=TaskStatus.RUNNING, now=timezone.now())


def tell(name: str, *payloads: Record, kind: EventKind = EventKind.MESSAGE) -> None:
    """Write events to the task's logs, in one go."""
    with write_transaction():
        append(logs_of(name), [NewEvent(kind=kind, payload=each) for each in payloads], now=timezone.now())


def end(name: str, status: str = TaskStatus.COMPLETED, result: Record | None = None) -> None:
    """Let a task that runs be over, by what really does it."""
    match TaskStatus(status):
        case TaskStatus.CANCELLED:
            task_cancel(task_id=row_of(name).pk, now=timezone.now())
        case TaskStatus.EXPIRED:
            asked = NewEvent(kind=EventKind.INPUT, payload={"message": "Which one?", "questions": []})
            change(logs_of(name), after=TaskStatus.INPUT_REQUIRED, now=timezone.now(), events=[asked])
            assert agent_tasks_sweep(now=timezone.now() + timedelta(hours=25)) == 1
        case TaskStatus.FAILED:
            error = {"code": "no_evidence", "message": "The site does not say."}
            told = NewEvent(kind=EventKind.ERROR, payload=error)
            failed = {"error": error}
            change(logs_of(name), after=TaskStatus.FAILED, now=timezone.now(), events=[told], result=failed)
        case _:
            done = ANSWER if result is None else result
            change(logs_of(name), after=TaskStatus.COMPLETED, now=timezone.now(), result=done)
    assert row_of(name).status == status


def past(name: str, status: str = TaskStatus.COMPLETED) -> list[LoggedEvent]:
    """Let a task run, say three things, and end; its log."""
    begin(name)
    tell(name, {"text": "Reading the page."}, kind=EventKind.STEP)
    tell(name, *({"role": "assistant", "text": text} for text in ('line\nfeed \u2028 "é"', "漢字 😀")))
    end(name, status)
    return log_of(name)


def log_of(name: str) -> list[LoggedEvent]:
    """The log of a task or workflow, whole."""
    return events_after(task_id=row_of(name).pk, after=0, limit=100_000)


def server_sent(body: bytes) -> list[ServerSentEvent]:
    """What a public client makes of an event stream."""
    response = httpx.Response(200, headers={"Content-Type": SSE}, content=body)
    return list(EventSource(response).iter_sse())


def records(answer: Exchange) -> list[Record]:
    """The records of a stream of either form."""
    if answer.headers["content-type"] == NDJSON:
        return answer.lines()
    return [one.json() for one in server_sent(answer.body)]


def types(found: Iterable[Record]) -> list[str]:
    """The names of records."""
    return [record["type"] for record in found]


def ids(found: Iterable[Record]) -> list[str]:
    """The ids of records."""
    return [record["id"] for record in found]


def envelope(event: LoggedEvent) -> Record:
    """The public form of an event that fits into one record."""
    kind = "done" if event.kind == EventKind.MEMBER_DONE else event.kind
    return {"id": f"evt_{event.seq}", "type": kind, "ts": timestamp(event.ts), "data": event.payload}
