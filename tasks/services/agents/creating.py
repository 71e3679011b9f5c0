"""Making an agent's task: find the site, hold the wish against its rules, store, answer.

Everything is checked before anything is written; what is written is written in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Model

from tasks.core.attribution import Agent, Trust
from tasks.core.idempotency import caller_of, fingerprint, scope
from tasks.core.prefer import Execution, Preferences
from tasks.core.public_create import CreateTask, read_create
from tasks.core.public_errors import (
    AgentBlocked,
    AiAccessDisabled,
    CloudNotAllowed,
    PublicShortcutNotFound,
    PublicSiteNotFound,
    TaskRateLimited,
)
from tasks.core.public_task import deadline
from tasks.core.states import TaskKind, TaskStatus
from tasks.io.companion import DailyLimit, companion
from tasks.models import AgentTask, Event, Receipt, Task
from tasks.services.agents.callers import Caller, attributed, proven_key_note
from tasks.services.agents.limits import Start, count_start
from tasks.services.agents.log import Logs, event_rows, poke_later, status_event
from tasks.services.agents.replays import Key, remember, replayed
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token
from workspace.core.ids import new_id
from workspace.core.tokens import digest
from workspace.io.inserting import Row, insert_rows
from workspace.io.queue import Job, enqueue
from workspace.io.transactions import write_transaction
from workspace.selectors.reception import Reception, reception_for
from workspace.services.admission import key_seen

LAUNCH_API = "public_task_api"
LAUNCH_HANDOFF = "delegated_handoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The task that a request stands for. `replayed`: it was there before, made by the same request.
    `is_linked`: a browser may take it up; then `url` and the wish make its links."""

    task_id: UUID
    workflow_id: UUID
    url: str
    prompt: str
    shortcut: str
    expires_at: datetime
    is_linked: bool
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that passed every check. `wish`: the prompt of its shortcut; `parent`: who hands over; `daily`:
    how many such tasks the site's owner allows the agent."""

    reception: Reception
    asked: CreateTask
    execution: Execution
    agent: Agent
    wish: str = ""
    parent: AgentTask | None = None
    handoff: Mapping[str, Any] | None = None
    daily: DailyLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CreateRequest:
    """A request that makes a task, as it came."""

    body: object
    preferences: Preferences
    caller: Caller
    idempotency_key: str | None
    now: datetime


def agent_task_create(request: CreateRequest) -> Created:
    """Make the task that the body asks for, or find the one that the key already made.

    Raises:
        The errors of `read_create`; PublicSiteNotFound, AiAccessDisabled, CloudNotAllowed,
        PublicShortcutNotFound, AgentBlocked, IdempotencyKeyReused, TaskRateLimited. Then nothing is stored.
    """
    checked = check_request(request, {})
    with refusals_noted(checked.new, request.now):
        return store(checked.new, key=checked.key, caller=request.caller, now=request.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRequest:
    """A request whose task passed every check. `key` None: nothing can have been made by it before."""

    request: CreateRequest
    new: NewTask
    key: Key | None

    @property
    def start(self) -> Start:
        """What is counted of it."""
        return Start(
            address=self.request.caller.address,
            agent=self.new.agent,
            site_id=str(self.new.reception.site.pk),
            now=self.request.now,
            daily=self.new.daily,
        )


def check_request(request: CreateRequest, receptions: dict[str, Reception]) -> CheckedRequest:
    """Hold a request against the rules of the site that answers for its host. `receptions`: those found a
    moment ago, by host; what is found here is added.

    Raises:
        The errors of `agent_task_create`, but for those of storing.
    """
    asked = read_create(request.body)
    reception = receptions.get(asked.host)
    if reception is None:
        reception = receptions[asked.host] = reception_or_refuse(asked.host, now=request.now)
    execution = request.preferences.execution or Execution.AUTO
    wish = check_wish(reception, asked, execution)
    agent = attributed(request.caller, asked.agent, now=request.now)
    daily = admitted(reception, agent, host=asked.host, now=request.now)
    key = key_of(
        "create",
        request.body,
        execution=execution,
        agent=agent,
        caller=request.caller,
        idempotency_key=request.idempotency_key,
    )
    new = NewTask(reception=reception, asked=asked, execution=execution, agent=agent, wish=wish, daily=daily)
    return CheckedRequest(request=request, new=new, key=key)


def reception_or_refuse(host: str, *, now: datetime) -> Reception:
    """The site that answers for a host and takes tasks. Raises PublicSiteNotFound, AiAccessDisabled."""
    reception = reception_for(host, now=now)
    if reception is None:
        raise PublicSiteNotFound("No site here answers for this host.")
    if not reception.takes_tasks:
        key_seen(key=reception.key, host=host, reason="ai_access_disabled", now=now)
        raise AiAccessDisabled("This site takes no tasks from agents.")
    return reception


def admitted(reception: Reception, agent: Agent, *, host: str, now: datetime) -> DailyLimit | None:
    """How many tasks the site's owner lets this agent start in a day, None for any number. Raises
    AgentBlocked."""
    try:
        return companion().admit(site_id=reception.site.pk, agent_key=agent.key)
    except AgentBlocked:
        key_seen(key=reception.key, host=host, reason="agent_blocked", now=now)
        raise


def check_wish(reception: Reception, asked: CreateTask, execution: Execution) -> str:
    """The prompt of the shortcut that is wanted, '' without one. Raises CloudNotAllowed,
    PublicShortcutNotFound."""
    if execution is Execution.CLOUD and not reception.allows_cloud:
        raise CloudNotAllowed("This site's tasks need a browser; leave out execution=cloud.")
    if asked.shortcut is None:
        return ""
    shortcut = reception.shortcut(asked.shortcut)
    if shortcut is None:
        raise PublicShortcutNotFound("This site has no shortcut with this id.")
    return str(shortcut["prompt"])


def key_of(
    operation: str,
    body: object,
    *,
    execution: Execution | str,
    agent: Agent,
    caller: Caller,
    idempotency_key: str | None,
) -> Key | None:
    """The Idempotency-Key as it is remembered; None when there is none."""
    if idempotency_key is None:
        return None
    is_verified = agent.trust is Trust.VERIFIED_SIGNED
    named = agent.key if is_verified or agent.trust is Trust.SELF_REPORTED else None
    whose = caller_of(address=caller.address, agent_key=named, is_verified=is_verified, key=idempotency_key)
    return Key(
        scope=scope(operation=operation, caller=whose, key=idempotency_key),
        fingerprint=fingerprint(body, execution=str(execution)),
    )


def store(new: NewTask, *, key: Key | None, caller: Caller, now: datetime) -> Created:
    """Write the task, or find the one that `key` stands for. Raises IdempotencyKeyReused, TaskRateLimited."""
    try:
        return _stored(new, key=key, caller=caller, now=now)
    except (IntegrityError, TaskRateLimited):
        # another request with the key may have been faster: its task is there now, and had the last start
        if (known := replayed(key, now=now)) is None:
            raise
        return _found(known)


@contextmanager
def refusals_noted(new: NewTask, now: datetime) -> Iterator[None]:
    """Let the owner see that the limits were met; around the transaction, which a refusal takes back."""
    try:
        yield
    except TaskRateLimited:
        note_refusal(new, now)
        raise


def note_refusal(new: NewTask, now: datetime) -> None:
    """Count it where the owner sees what was refused."""
    key_seen(key=new.reception.key, host=new.asked.host, reason="rate_limited", now=now)


def _stored(new: NewTask, *, key: Key | None, caller: Caller, now: datetime) -> Created:
    with write_transaction():
        if (known := replayed(key, now=now)) is not None:
            return _found(known)
        count_start(
            address=caller.address,
            agent=new.agent,
            site_id=str(new.reception.site.pk),
            now=now,
            daily=new.daily,
        )
        [created] = insert_tasks([(new, now)])
        proven_key_note(new.agent, now=now)
        remember(key, task_id=created.task_id, now=now)
    return created


def _found(task_id: UUID) -> Created:
    row = AgentTask.objects.select_related("task").get(pk=task_id)
    is_unclaimed = TaskStatus(row.task.status).is_unclaimed
    is_linked = is_unclaimed and Receipt.objects.filter(task=row, claimed_at=None).exists()
    return Created(
        task_id=row.task_id,
        workflow_id=row.workflow_id,
        url=row.url,
        prompt=row.prompt,
        shortcut=row.shortcut,
        expires_at=row.expires_at,
        is_linked=is_linked,
        replayed=True,
    )


def insert_tasks(tasks: Sequence[tuple[NewTask, datetime]]) -> list[Created]:
    """Write new tasks with all that belongs to them, each at its moment, table by table."""
    rows: dict[type[Model], list[Row]] = {Task: [], AgentTask: [], Receipt: [], Event: []}
    made = [_add_rows(rows, new, now) for new, now in tasks]
    for model, values in rows.items():
        insert_rows(model, values)
    for (new, _), created in zip(tasks, made, strict=True):
        if new.execution is Execution.CLOUD:
            enqueue(Job.RUN_TASK, task_id=str(created.task_id))
    return made


def _add_rows(rows: Mapping[type[Model], list[Row]], new: NewTask, now: datetime) -> Created:
    """The rows of one task, put to those of others."""
    in_cloud = new.execution is Execution.CLOUD
    status = TaskStatus.PENDING if in_cloud else TaskStatus.WAITING_BROWSER
    expires_at = deadline(status, since=now)
    task_id = new_id()
    if new.parent is None:
        workflow_id, last_seq = new_id(), 0
        rows[Task].append(_workflow_row(new, workflow_id, now))
    else:
        workflow_id, last_seq = new.parent.workflow_id, _next(new.parent, now)
    logs = Logs(task_id=task_id, workflow_id=workflow_id)
    rows[Task].append(_task_row(new, task_id, status, expires_at, now))
    rows[AgentTask].append(_agent_row(new, logs, expires_at, now))
    if not in_cloud:
        opened_by = digest(receipt_token(task_id))
        rows[Receipt].append({"task_id": task_id, "digest": opened_by, "expires_at": expires_at})
    rows[Event] += event_rows(logs, [status_event(status)], now=now, first=(1, last_seq + 1))
    if new.parent is not None:  # a log that was not there before has no readers to wake
        poke_later(logs)
    return Created(
        task_id=task_id,
        workflow_id=workflow_id,
        url=new.asked.url,
        prompt=new.asked.prompt or "",
        shortcut=new.asked.shortcut or "",
        expires_at=expires_at,
        is_linked=not in_cloud,
        replayed=False,
    )


def _next(parent: AgentTask, now: datetime) -> int:
    """The last number of the workflow's log before this task's first event, which is reserved here."""
    workflow = Task.objects.select_for_update().get(pk=parent.workflow_id)
    Task.objects.filter(pk=workflow.pk).update(last_seq=workflow.last_seq + 1, updated_at=now)
    return workflow.last_seq


def _task_row(new: NewTask, task_id: UUID, status: TaskStatus, expires_at: datetime, now: datetime) -> Row:
    by_worker = status is TaskStatus.PENDING
    return _log_row(new, task_id, now) | {
        "kind": TaskKind.AGENT.value,
        "status": status.value,
        "by_worker": by_worker,
        "access_digest": digest(task_token(task_id)),
        "due_at": min(_promote_at(new, now) or expires_at, expires_at),
        "hinted_at": now if by_worker else None,
    }


def _workflow_row(new: NewTask, workflow_id: UUID, now: datetime) -> Row:
    return _log_row(new, workflow_id, now) | {
        "kind": TaskKind.WORKFLOW.value,
        "status": TaskStatus.RUNNING.value,
        "by_worker": False,
        "access_digest": digest(workflow_token(workflow_id)),
    }


def _log_row(new: NewTask, log_id: UUID, now: datetime) -> dict[str, Any]:
    return {
        "id": log_id,
        "owner_id": new.reception.site.owner_id,
        "site_id": new.reception.site.pk,
        "params": {},
        "last_seq": 1,
        "created_at": now,
        "updated_at": now,
    }


def _agent_row(new: NewTask, logs: Logs, expires_at: datetime, now: datetime) -> Row:
    parent = new.parent
    return {
        "task_id": logs.task_id,
        "workflow_id": logs.workflow_id,
        "parent_id": None if parent is None else parent.pk,
        "depth": 0 if parent is None else parent.depth + 1,
        "key_id": new.reception.key.pk,
        "url": new.asked.url,
        "host": new.asked.host,
        "prompt": new.asked.prompt or "",
        "shortcut": new.asked.shortcut or "",
        "wish": new.wish,
        "execution": new.execution.value,
        "agent": new.agent.as_wire(),
        "agent_key": new.agent.key,
        "trust": new.agent.trust.value,
        "memory_key": new.agent.memory_key,
        "launch_source": LAUNCH_API if parent is None else LAUNCH_HANDOFF,
        "envelope": new.asked.envelope,
        "handoff": None if new.handoff is None else dict(new.handoff),
        "expires_at": expires_at,
        "promote_at": _promote_at(new, now),
    }


def _promote_at(new: NewTask, now: datetime) -> datetime | None:
    """When a task that may run in the cloud does so, if no browser has taken it."""
    seconds = new.reception.access.auto_promote_seconds
    if new.execution is not Execution.AUTO or not seconds or not new.reception.allows_cloud:
        return None
    return now + timedelta(seconds=seconds)
