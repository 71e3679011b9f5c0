"""What callers and owners do to an agent's task that is there: answer it, cancel it, hand it over."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from tasks.core.attribution import Agent
from tasks.core.events import EventKind, NewEvent
from tasks.core.idempotency import fingerprint, scope
from tasks.core.prefer import Execution, Preferences
from tasks.core.printable import printable
from tasks.core.public_errors import (
    HandoffsNotAllowed,
    NotAwaitingInput,
    ParentEnded,
    PublicTaskNotFound,
    WorkflowFull,
)
from tasks.core.public_ids import task_name, workflow_name
from tasks.core.public_input import Given, read_handoff, read_input
from tasks.core.states import TERMINAL, TaskStatus
from tasks.core.workflows import MAX_DEPTH, MAX_TASKS, MAX_VISITS
from tasks.models import AgentTask, Event, Task
from tasks.services.agents.callers import Caller, attributed
from tasks.services.agents.creating import (
    Created,
    NewTask,
    admitted,
    check_wish,
    key_of,
    reception_or_refuse,
    refusals_noted,
    store,
)
from tasks.services.agents.log import Logs, change
from tasks.services.agents.replays import Key, remember, replayed
from tasks.services.runtime.bound import run_answer, run_cut, run_hold
from workspace.core.hosts import parse_host
from workspace.io.queue import Job, enqueue
from workspace.io.transactions import write_transaction

OBSERVED = ("url", "title", "host", "summary", "snapshotDigest")
OBSERVED_CHARS = 2_000


def task_answer(*, task_id: UUID, body: object, idempotency_key: str | None, now: datetime) -> None:
    """Give a task the answers that `body` holds; whoever works on it goes on. With a key, a repetition of the
    same answer changes nothing.

    Raises:
        MissingInput, InvalidRequest: the body.
        NotAwaitingInput: the task has asked nothing, or has been answered.
        IdempotencyKeyReused: the key came with another answer.
        PublicTaskNotFound: there is no such task.
        InvalidArgument: a page's run asked several things, and one that must be answered is not.
    """
    given = read_input(body)
    key = _input_key(task_id, body, idempotency_key)
    with write_transaction():
        run = run_hold(task_id)
        agent_task = _held(_known(task_id))
        if replayed(key, now=now) is not None:
            return
        answers = [{"text": each.text, "key": each.key} for each in given]
        AgentTask.objects.filter(pk=task_id).update(answers=agent_task.answers + answers, input=None)
        is_taken = change(
            Logs.of(agent_task),
            after=TaskStatus.RUNNING,
            only_from=[TaskStatus.INPUT_REQUIRED],
            now=now,
            events=[_said(given)],
            by_worker=agent_task.task.by_worker,
        )
        if not is_taken:
            status = agent_task.task.status
            raise NotAwaitingInput(f"The task is {status}; it waits for no answer.", taskStatus=status)
        run_answer(run, given, now=now)
        remember(key, task_id=task_id, now=now)
        if agent_task.task.by_worker:
            enqueue(Job.RUN_TASK, task_id=str(task_id))


def agent_task_cancel(*, task_id: UUID, now: datetime, cascade: bool = False) -> bool:
    """End a task as cancelled, at once; whoever works on it stops at its next step. True when this did it.
    With `cascade` the tasks that it handed over are cancelled too, and theirs.

    Raises:
        PublicTaskNotFound: there is no such task.
    """
    agent_task = _known(task_id)
    with write_transaction():
        run = run_hold(task_id)
        cancelled = change(Logs.of(agent_task), after=TaskStatus.CANCELLED, now=now)
        run_cut(run, reason="the task was cancelled", now=now)
    if cascade:
        for child in AgentTask.objects.filter(parent=agent_task).values_list("pk", flat=True):
            agent_task_cancel(task_id=child, now=now, cascade=True)
    return cancelled


def handoff_create(
    body: object,
    *,
    parent_id: UUID,
    preferences: Preferences,
    caller: Caller,
    idempotency_key: str | None,
    now: datetime,
) -> Created:
    """Make a task on another site that goes on with what the parent began, in the same workflow.

    Raises:
        What `agent_task_create` raises, and HandoffsNotAllowed: the receiving site has not opted in;
        ParentEnded; WorkflowFull; PublicTaskNotFound: there is no such parent.
    """
    asked, context = read_handoff(body)
    parent = _known(parent_id)
    reception = reception_or_refuse(asked.host, now=now)
    if not reception.access.delegated_handoffs:
        raise HandoffsNotAllowed("This site takes no tasks from other sites.")
    execution = preferences.execution or Execution.AUTO
    agent = attributed(caller, asked.agent, now=now, handoff_parent=Agent.from_wire(parent.agent))
    new = NewTask(
        reception=reception,
        asked=asked,
        execution=execution,
        agent=agent,
        wish=check_wish(reception, asked, execution),
        parent=parent,
        handoff=_handoff(parent, asked.prompt or "", context.as_wire()),
        daily=admitted(reception, agent, host=asked.host, now=now),
    )
    key = key_of(
        f"handoff:{parent_id}",
        body,
        execution=execution,
        agent=new.agent,
        caller=caller,
        idempotency_key=idempotency_key,
    )
    # the parent cannot end, nor the workflow grow, between check and insert
    with refusals_noted(new, now), write_transaction():
        held = _held(parent)
        if replayed(key, now=now) is None:
            _check_lineage(held, asked.host)
        return store(replace(new, parent=held), key=key, caller=caller, now=now)


def _held(agent_task: AgentTask) -> AgentTask:
    """The task as it is now, its row and its workflow's ours until the transaction ends."""
    for row_id in (agent_task.task_id, agent_task.workflow_id):
        Task.objects.select_for_update().filter(pk=row_id).values_list("pk").first()
    return _known(agent_task.task_id)


def _known(task_id: UUID) -> AgentTask:
    found = AgentTask.objects.select_related("task").filter(pk=task_id).first()
    if found is None:
        raise PublicTaskNotFound("There is no such task.")
    return found


def _input_key(task_id: UUID, body: object, idempotency_key: str | None) -> Key | None:
    """Whoever answers shows the task's token, so the task is caller enough."""
    if idempotency_key is None:
        return None
    return Key(
        scope=scope(operation=f"input:{task_id}", caller="", key=idempotency_key),
        fingerprint=fingerprint(body, execution=""),
    )


def _said(given: tuple[Given, ...]) -> NewEvent:
    text = "\n".join(f"{each.key}: {each.text}" if each.key else each.text for each in given)
    return NewEvent(kind=EventKind.MESSAGE, payload={"role": "user", "text": text})


def _check_lineage(parent: AgentTask, host: str) -> None:
    if parent.task.status in TERMINAL:
        status = parent.task.status
        raise ParentEnded(f"The task is {status}; it cannot hand anything over.", taskStatus=status)
    if parent.depth + 1 > MAX_DEPTH:
        raise _full("depth", MAX_DEPTH, f"Handoffs go at most {MAX_DEPTH} deep.")
    if AgentTask.objects.filter(workflow=parent.workflow_id).count() >= MAX_TASKS:
        raise _full("tasks", MAX_TASKS, f"A workflow has at most {MAX_TASKS} tasks.")
    if _line_of(parent).count(host) >= MAX_VISITS:
        raise _full("visits", MAX_VISITS, f"One line of handoffs comes to a host {MAX_VISITS} times at most.")


def _full(limit: str, maximum: int, message: str) -> WorkflowFull:
    return WorkflowFull(message, limit=limit, maximum=maximum)


def _line_of(task: AgentTask) -> list[str]:
    """The hosts from the root to this task."""
    hosts = []
    at: AgentTask | None = task
    while at is not None:
        hosts.append(at.host)
        at = at.parent
    return hosts


def _handoff(parent: AgentTask, instruction: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What the receiving site learns about the task that hands over: what is wanted, and a summary. It is
    data of strangers for whoever carries the new task out."""
    source = urlsplit(parent.url)
    observed = _observation(told.get("lastObservation") or _last_observation(parent))
    return {
        "workflowId": workflow_name(parent.workflow_id),
        "parentTaskId": task_name(parent.task_id),
        "sourceHost": parse_host(parent.url) or parent.host,
        "sourceUrl": f"{source.scheme}://{source.netloc}{source.path}",
        "originalGoal": parent.wish or parent.prompt,
        "instruction": instruction or None,
        **told,
        "lastObservation": observed,
    }


def _last_observation(task: AgentTask) -> Mapping[str, Any]:
    """The page that the task saw last; nothing when it has seen none."""
    seen = Event.objects.filter(task=task.task_id, kind=EventKind.OBSERVATION).order_by("-seq")
    return seen.values_list("payload", flat=True).first() or {}


def _observation(told: Mapping[str, Any]) -> dict[str, str] | None:
    """The members that an observation has, each one line of bounded length; None when there is none."""
    lines = {name: printable(told[name]) for name in OBSERVED if isinstance(told.get(name), str)}
    return {name: line[:OBSERVED_CHARS] for name, line in lines.items() if line} or None
