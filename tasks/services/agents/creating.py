"""Making an agent's task: find the site, hold the wish against its rules, store, answer.

Everything is checked before anything is written; what is written is written in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError

from tasks.core.attribution import Agent, Trust
from tasks.core.idempotency import caller_of, fingerprint, scope
from tasks.core.prefer import Execution, Preferences
from tasks.core.public_create import CreateTask, read_create
from tasks.core.public_errors import (
    AiAccessDisabled,
    CloudNotAllowed,
    PublicShortcutNotFound,
    PublicSiteNotFound,
    TaskRateLimited,
)
from tasks.core.public_task import deadline
from tasks.core.states import TaskKind, TaskStatus
from tasks.models import AgentTask, Receipt, Task
from tasks.services.agents.callers import Caller, attributed, proven_key_note
from tasks.services.agents.limits import count_start
from tasks.services.agents.log import Logs, event_rows, poke_later, status_event
from tasks.services.agents.replays import Key, remember, replayed
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token
from workspace.core.ids import new_id
from workspace.core.tokens import digest
from workspace.io.inserting import insert_rows
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
    """A task that passed every check. `wish`: the prompt of its shortcut; `parent`: who hands over."""

    reception: Reception
    asked: CreateTask
    execution: Execution
    agent: Agent
    wish: str = ""
    parent: AgentTask | None = None
    handoff: Mapping[str, Any] | None = None


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
        PublicShortcutNotFound, IdempotencyKeyReused, TaskRateLimited. Then nothing is stored.
    """
    new, key = _checked(request)
    with refusals_noted(new, request.now):
        return store(new, key=key, caller=request.caller, now=request.now)


def agent_tasks_create(requests: Sequence[CreateRequest]) -> dict[CreateRequest, Created | Exception]:
    """The same for many callers, written in one transaction; what is wrong with one is that one's answer.
    Nobody is told of a task before all are stored.

    Raises:
        DatabaseError: none is stored.
    """
    answers: dict[CreateRequest, Created | Exception] = {}
    checked = []
    for request in requests:
        try:
            checked.append((request, *_checked(request)))
        except DatabaseError:
            raise
        except Exception as refusal:  # noqa: BLE001 - raised where the answer is awaited
            answers[request] = refusal
    with write_transaction():
        for request, new, key in checked:
            try:
                with refusals_noted(new, request.now):
                    answers[request] = store(new, key=key, caller=request.caller, now=request.now)
            except DatabaseError:
                raise
            except Exception as refusal:  # noqa: BLE001 - likewise; its savepoint is undone
                answers[request] = refusal
    return answers


def _checked(request: CreateRequest) -> tuple[NewTask, Key | None]:
    asked = read_create(request.body)
    reception = reception_or_refuse(asked.host, now=request.now)
    execution = request.preferences.execution or Execution.AUTO
    wish = check_wish(reception, asked, execution)
    agent = attributed(request.caller, asked.agent, now=request.now)
    key = key_of(
        "create",
        request.body,
        execution=execution,
        agent=agent,
        caller=request.caller,
        idempotency_key=request.idempotency_key,
    )
    return NewTask(reception=reception, asked=asked, execution=execution, agent=agent, wish=wish), key


def reception_or_refuse(host: str, *, now: datetime) -> Reception:
    """The site that answers for a host and takes tasks. Raises PublicSiteNotFound, AiAccessDisabled."""
    reception = reception_for(host, now=now)
    if reception is None:
        raise PublicSiteNotFound("No site here answers for this host.")
    if not reception.takes_tasks:
        key_seen(key=reception.key, host=host, reason="ai_access_disabled", now=now)
        raise AiAccessDisabled("This site takes no tasks from agents.")
    return reception


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
        key_seen(key=new.reception.key, host=new.asked.host, reason="rate_limited", now=now)
        raise


def _stored(new: NewTask, *, key: Key | None, caller: Caller, now: datetime) -> Created:
    with write_transaction():
        if (known := replayed(key, now=now)) is not None:
            return _found(known)
        count_start(address=caller.address, agent=new.agent, site_id=str(new.reception.site.pk), now=now)
        created = _insert(new, now)
        proven_key_note(new.agent, now=now)
        remember(key, task_id=created.task_id, now=now)
    return created


def _found(task_id: UUID) -> Created:
    row = AgentTask.objects.select_related("task").get(pk=task_id)
    is_unclaimed = TaskStatus(row.task.status).is_unclaimed
    is_linked = is_unclaimed and Receipt.objects.filter(task=row, claimed_at=None).exists()
    return _created(row, is_linked=is_linked, replayed=True)


def _created(row: AgentTask, *, is_linked: bool, replayed: bool) -> Created:
    return Created(
        task_id=row.task_id,
        workflow_id=row.workflow_id,
        url=row.url,
        prompt=row.prompt,
        shortcut=row.shortcut,
        expires_at=row.expires_at,
        is_linked=is_linked,
        replayed=replayed,
    )


def _insert(new: NewTask, now: datetime) -> Created:
    in_cloud = new.execution is Execution.CLOUD
    status = TaskStatus.PENDING if in_cloud else TaskStatus.WAITING_BROWSER
    task = _task_row(new, status, now)
    if new.parent is None:
        workflow = _workflow_row(new, now)
        workflow_id, depth, last_seq = workflow.pk, 0, 0
        insert_rows([workflow, task])
    else:
        workflow_id, depth, last_seq = new.parent.workflow_id, new.parent.depth + 1, _next(new.parent, now)
        insert_rows([task])
    logs = Logs(task_id=task.pk, workflow_id=workflow_id)
    row = _agent_row(new, logs, depth, now)
    insert_rows([row])
    if in_cloud:
        enqueue(Job.RUN_TASK, task_id=str(task.pk))
    else:
        token = receipt_token(task.pk)
        insert_rows([Receipt(task=row, digest=digest(token), expires_at=row.expires_at)])
    insert_rows(event_rows(logs, [status_event(status)], now=now, first=(1, last_seq + 1)))
    if new.parent is not None:  # a log that was not there before has no readers to wake
        poke_later(logs)
    return _created(row, is_linked=not in_cloud, replayed=False)


def _next(parent: AgentTask, now: datetime) -> int:
    """The last number of the workflow's log before this task's first event, which is reserved here."""
    workflow = Task.objects.select_for_update().get(pk=parent.workflow_id)
    Task.objects.filter(pk=workflow.pk).update(last_seq=workflow.last_seq + 1, updated_at=now)
    return workflow.last_seq


def _task_row(new: NewTask, status: TaskStatus, now: datetime) -> Task:
    task_id = new_id()
    by_worker = status is TaskStatus.PENDING
    promote_at = _promote_at(new, now)
    expires_at = deadline(status, since=now)
    return Task(
        id=task_id,
        owner_id=new.reception.site.owner_id,
        site_id=new.reception.site.pk,
        kind=TaskKind.AGENT,
        status=status,
        params={},
        by_worker=by_worker,
        access_digest=digest(task_token(task_id)),
        due_at=min(promote_at or expires_at, expires_at),
        last_seq=1,
        hinted_at=now if by_worker else None,
        created_at=now,
        updated_at=now,
    )


def _workflow_row(new: NewTask, now: datetime) -> Task:
    workflow_id = new_id()
    return Task(
        id=workflow_id,
        owner_id=new.reception.site.owner_id,
        site_id=new.reception.site.pk,
        kind=TaskKind.WORKFLOW,
        status=TaskStatus.RUNNING,
        params={},
        by_worker=False,
        access_digest=digest(workflow_token(workflow_id)),
        last_seq=1,
        created_at=now,
        updated_at=now,
    )


def _agent_row(new: NewTask, logs: Logs, depth: int, now: datetime) -> AgentTask:
    in_cloud = new.execution is Execution.CLOUD
    status = TaskStatus.PENDING if in_cloud else TaskStatus.WAITING_BROWSER
    return AgentTask(
        task_id=logs.task_id,
        workflow_id=logs.workflow_id,
        parent=new.parent,
        depth=depth,
        key=new.reception.key,
        url=new.asked.url,
        host=new.asked.host,
        prompt=new.asked.prompt or "",
        shortcut=new.asked.shortcut or "",
        wish=new.wish,
        execution=new.execution,
        agent=new.agent.as_wire(),
        agent_key=new.agent.key,
        trust=new.agent.trust,
        memory_key=new.agent.memory_key,
        launch_source=LAUNCH_API if new.parent is None else LAUNCH_HANDOFF,
        envelope=new.asked.envelope,
        handoff=None if new.handoff is None else dict(new.handoff),
        expires_at=deadline(status, since=now),
        promote_at=_promote_at(new, now),
    )


def _promote_at(new: NewTask, now: datetime) -> datetime | None:
    """When a task that may run in the cloud does so, if no browser has taken it."""
    seconds = new.reception.access.auto_promote_seconds
    if new.execution is not Execution.AUTO or not seconds or not new.reception.allows_cloud:
        return None
    return now + timedelta(seconds=seconds)
