"""Carrying out an agent's task in a worker: claim, decide, write down what happens, end or ask.

A run keeps nothing between calls: after a crash, a clean stop, or an answer the wish is simply carried out
again with all answers given so far. What was told before stays in the log.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from tasks.core.errors import LeaseLost
from tasks.core.events import EventKind, NewEvent
from tasks.core.public_task import deadline
from tasks.core.states import TaskStatus
from tasks.core.storable import storable
from tasks.executing.protocol import (
    Answer,
    Completed,
    Entry,
    Failed,
    InputRequired,
    Message,
    Observation,
    Outcome,
    Step,
    Stopped,
    Tool,
    Wish,
)
from tasks.io.database_threads import DatabaseThreads
from tasks.io.draining import is_draining
from tasks.models import AgentTask, Task
from tasks.services.agents.log import Logs, append, change, status_event
from tasks.services.engines import Workshop
from tasks.services.executors import configured_executor, http_hands
from tasks.services.leases import LEASE, Lease, lease_release
from tasks.services.remembering import memory_for
from workspace.core.scope import Scope
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import reception_of

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.2


def agent_task_run(*, lease: Lease, workshop: Workshop) -> None:
    """Carry out the task that `lease` is for. A lost lease ends the run without a word: the task was
    cancelled, or another worker has it."""
    agent_task = AgentTask.objects.select_related("task", "key__site__config").get(pk=lease.task_id)
    reception = None if agent_task.key is None else reception_of(agent_task.key)
    if reception is None or not (reception.takes_tasks and reception.allows_cloud):
        agent_task_fail(lease=lease, error="cloud_not_allowed", message=_NOT_ALLOWED, now=timezone.now())
        return
    logs = Logs.of(agent_task)
    outcome: Outcome | None = None
    memory = memory_for(site_id=reception.site.pk, memory_key=agent_task.memory_key, now=timezone.now())
    try:
        _begin(logs, lease)
        outcome = workshop.run(_Run(logs, lease, wish_of(agent_task, memory), reception.scope).run())
    except* LeaseLost:
        logger.info("task %s was ended or taken over", lease.task_id, extra={"task_id": str(lease.task_id)})
    except* DatabaseError:
        logger.exception("a task pauses: the database fails", extra={"task_id": str(lease.task_id)})
        lease_release(lease=lease, now=timezone.now(), pause=LEASE)
    if outcome is not None:
        _conclude(logs, lease, outcome)


_NOT_ALLOWED = "The site's owner has meanwhile ruled out tasks that run without a browser."
_AGAIN = "The worker was lost; another one begins again."


def agent_task_fail(*, lease: Lease, error: str, message: str, now: datetime) -> bool:
    """End the task as failed, with the reason in its log; False when the lease is lost."""
    logs = Logs.of(AgentTask.objects.get(pk=lease.task_id))
    with write_transaction():
        row = Task.objects.filter(pk=lease.task_id, lease_token=lease.token, status=TaskStatus.PENDING)
        if row.update(status=TaskStatus.RUNNING):
            append(logs, [status_event(TaskStatus.RUNNING)], now=now)
        return _end_failed(logs, lease, {"code": error, "message": message}, now)


def _begin(logs: Logs, lease: Lease) -> None:
    """Say that the task runs, or, after a crash, that it runs again."""
    now = timezone.now()
    with write_transaction():
        row = Task.objects.select_for_update().filter(pk=logs.task_id, lease_token=lease.token)
        status = row.values_list("status", flat=True).first()
        events = []
        if status == TaskStatus.PENDING:
            row.update(status=TaskStatus.RUNNING, due_at=deadline(TaskStatus.RUNNING, since=now))
            events.append(status_event(TaskStatus.RUNNING))
        elif status != TaskStatus.RUNNING:
            raise LeaseLost(f"task {logs.task_id} is {status}")
        if lease.crashed:
            events.append(NewEvent(kind=EventKind.STEP, payload={"text": _AGAIN}))
        if events:
            append(logs, events, now=now)


def _conclude(logs: Logs, lease: Lease, outcome: Outcome) -> None:
    now = timezone.now()
    match outcome:
        case Completed():
            change(
                logs, after=TaskStatus.COMPLETED, now=now, lease_token=lease.token, result=outcome.result()
            )
        case InputRequired():
            _ask(logs, lease, outcome, now)
        case Failed():
            error = {"code": outcome.code, "message": outcome.message} | _details(outcome.data)
            _end_failed(logs, lease, error, now)
        case Stopped():
            lease_release(lease=lease, now=now)


def _ask(logs: Logs, lease: Lease, asked: InputRequired, now: datetime) -> None:
    questions = [
        {"key": each.key, "query": each.query, "required": each.required}
        | ({"choices": list(each.choices)} if each.choices else {})
        for each in asked.questions
    ]
    question = storable({"message": asked.message, "questions": questions})
    told = NewEvent(kind=EventKind.INPUT, payload=question)
    with write_transaction():
        if change(logs, after=TaskStatus.INPUT_REQUIRED, now=now, lease_token=lease.token, events=[told]):
            AgentTask.objects.filter(pk=logs.task_id).update(input=question)


def _end_failed(logs: Logs, lease: Lease, error: Mapping[str, Any], now: datetime) -> bool:
    told = NewEvent(kind=EventKind.ERROR, payload={"code": error["code"], "message": error["message"]})
    return change(
        logs,
        after=TaskStatus.FAILED,
        now=now,
        lease_token=lease.token,
        events=[told],
        result={"error": dict(error)},
        error=str(error["code"])[:64],
    )


def _details(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": dict(data)} if data else {}


class _Run:
    """One run of one task: the decider, its journal, and the watch over both."""

    def __init__(self, logs: Logs, lease: Lease, wish: Wish, scope: Scope) -> None:
        self._logs = logs
        self._lease = lease
        self._wish = wish
        self._scope = scope
        self._stop = asyncio.Event()
        self._database = DatabaseThreads(name="rover-agent-run", size=1)

    async def run(self) -> Outcome:
        """What was decided; Stopped when the worker is to stop.

        Raises:
            ExceptionGroup: with LeaseLost, or a database error.
        """
        try:
            async with asyncio.TaskGroup() as parts:
                watching = parts.create_task(self._watch())
                try:
                    return await self._decide()
                finally:
                    watching.cancel()
        finally:
            self._database.close()

    async def write(self, entry: Entry) -> None:
        """See `tasks.executing.protocol.Journal`."""
        await self._database.run(self._write, journal_event(entry))

    def _in_scope(self, url: str) -> bool:
        return self._scope.decide(url).in_scope

    async def _decide(self) -> Outcome:
        executor, budget = configured_executor()
        async with http_hands(self._in_scope) as hands:
            return await executor.run(self._wish, hands=hands, journal=self, budget=budget, stop=self._stop)

    def _write(self, event: NewEvent) -> None:
        now = timezone.now()
        with write_transaction():
            self._hold(now, due_at=deadline(TaskStatus.RUNNING, since=now))
            append(self._logs, [event], now=now)

    def _hold(self, now: datetime, **columns: datetime) -> None:
        """Renew the lease, with other `columns`. Raises LeaseLost when the task has ended or is another's."""
        held = Task.objects.filter(
            pk=self._logs.task_id, lease_token=self._lease.token, status=TaskStatus.RUNNING
        )
        if not held.update(lease_expires_at=now + LEASE, **columns):
            raise LeaseLost(f"task {self._logs.task_id} is owned by another worker or has ended")

    def _beat(self) -> None:
        with write_transaction():
            self._hold(timezone.now())

    async def _watch(self) -> None:
        """Renew the lease; a task that was cancelled, or a worker that is to stop, ends the run soon."""
        beat_in = BEAT_SECONDS
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            beat_in -= LOOK_SECONDS
            if is_draining():
                self._stop.set()
                return
            if beat_in <= 0:
                beat_in = BEAT_SECONDS
                await self._database.run(self._beat)


def wish_of(agent_task: AgentTask, memory: str = "") -> Wish:
    """What is wanted, with every answer so far. Of a handoff the instruction is the prompt; the rest of what
    the parent told is context, which no decider obeys; nor does it obey `memory`, notes of earlier visits."""
    return Wish(
        url=agent_task.url,
        prompt=agent_task.prompt,
        shortcut=agent_task.wish or None,
        answers=tuple(Answer(text=each["text"], key=each["key"]) for each in agent_task.answers),
        context=_context(agent_task.handoff or {}),
        memory=memory,
    )


_CONTEXT = {"contextSummary": "What is known", "expectedOutput": "What is expected"}


def _context(handoff: Mapping[str, Any]) -> str:
    return "\n".join(f"{label}: {handoff[name]}" for name, label in _CONTEXT.items() if name in handoff)


def journal_event(entry: Entry) -> NewEvent:
    """What a decider wrote, as an event of the log."""
    match entry:
        case Step():
            return NewEvent(kind=EventKind.STEP, payload={"text": entry.text})
        case Tool():
            said = {"message": entry.message} if entry.message else {}
            return NewEvent(
                kind=EventKind.TOOL, payload={"name": entry.name, "status": entry.status.value} | said
            )
        case Observation():
            return NewEvent(
                kind=EventKind.OBSERVATION,
                payload={
                    "url": entry.url,
                    "title": entry.title,
                    "host": entry.host,
                    "summary": entry.summary,
                    "snapshotDigest": entry.snapshot_digest,
                },
            )
        case Message():
            blocks = {"blocks": [dict(block) for block in entry.blocks]} if entry.blocks else {}
            return NewEvent(kind=EventKind.MESSAGE, payload={"role": entry.role, "text": entry.text} | blocks)
