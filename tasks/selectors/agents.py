"""Agents' tasks and workflows as their callers read them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from tasks.core.prefer import Execution
from tasks.core.public_ids import task_name, workflow_name
from tasks.core.public_task import RETENTION, deadline, public_resource
from tasks.core.receipts import browser_link, open_url
from tasks.core.states import TERMINAL, TaskStatus
from tasks.core.wire import timestamp
from tasks.core.workflows import summary_of, workflow_result, workflow_status
from tasks.models import AgentTask, Event, Task

POLL_MS = 2_000
Resource = dict[str, Any]


def agent_task_of(task_id: UUID) -> AgentTask | None:
    """The stored task, or None."""
    rows = AgentTask.objects.select_related("task", "parent", "receipt")
    return rows.filter(pk=task_id).first()


def task_url(task_id: UUID, token: str = "") -> str:
    """Where the task is read, with its token when that is given."""
    return _opened(f"{settings.ROVER.base_url}/v1/tasks/{task_name(task_id)}", token)


def workflow_url(workflow_id: UUID, token: str = "") -> str:
    """Where the workflow is read, with its token when that is given."""
    return _opened(f"{settings.ROVER.base_url}/v1/workflows/{workflow_name(workflow_id)}", token)


def task_resource(
    agent_task: AgentTask, *, receipt: str = "", task: str = "", workflow: str = ""
) -> Resource:
    """The public resource. `receipt`: the token of its links, shown while a browser may take the task up;
    `task`, `workflow`: the tokens for the two addresses, which are shown without them otherwise."""
    row = agent_task.task
    status = TaskStatus(row.status)
    linked = receipt if status.is_unclaimed and _is_claimable(agent_task) else ""
    asked = agent_task.input or {}
    return public_resource(
        id=task_name(row.pk),
        status=status,
        task=task_url(row.pk, task),
        workflow=workflow_url(agent_task.workflow_id, workflow),
        open_url=open_url(agent_task.url, linked) if linked else None,
        browser_link=_link(agent_task, linked) if linked else None,
        questions=asked.get("questions"),
        message=asked.get("message"),
        result=row.result,
        handoff=agent_task.handoff,
        agent=agent_task.agent | {"name": agent_task.agent.get("displayName")},
        execution=Execution(agent_task.execution),
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=_expires_at(agent_task),
        retry_after_ms=POLL_MS,
    )


def workflow_resource(workflow_id: UUID) -> Resource | None:
    """The workflow with its tasks, the root first; None when there is none. It never holds their tokens."""
    row = Task.objects.filter(pk=workflow_id).first()
    if row is None:
        return None
    members = list(
        AgentTask.objects.filter(workflow=workflow_id).select_related("task").order_by("depth", "task_id")
    )
    result = workflow_result(
        (task_name(each.pk), each.host, each.task.status, each.task.result) for each in members
    )
    resource = {
        "id": workflow_name(workflow_id),
        "status": workflow_status([TaskStatus(each.task.status) for each in members]).value,
        "rootTask": task_name(members[0].pk),
        "tasks": [_member(each) for each in members],
        "result": result,
        "createdAt": timestamp(row.created_at),
        "updatedAt": timestamp(row.updated_at),
    }
    return {name: value for name, value in resource.items() if value is not None}


def event_data(task_id: UUID, seq: int) -> dict[str, Any] | None:
    """The whole data of one event, or None."""
    found: dict[str, Any] | None = (
        Event.objects.filter(task_id=task_id, seq=seq).values_list("payload", flat=True).first()
    )
    return found


def is_settled(status: str) -> bool:
    """Whether a caller who waits has something to read: the task has ended, or asks."""
    return status in TERMINAL or status == TaskStatus.INPUT_REQUIRED


def task_id_of_token(digest: str, kind: str) -> UUID | None:
    """The task or workflow that a token with this digest opens; one that ended long ago opens to nobody, also
    while it waits to be swept."""
    readable = Task.objects.exclude(finished_at__lte=timezone.now() - RETENTION)
    found: UUID | None = readable.filter(access_digest=digest, kind=kind).values_list("pk", flat=True).first()
    return found


def is_past_retention(row: Task, now: datetime) -> bool:
    """Whether a task has ended so long ago that nobody reads it any more, though it may not be swept yet."""
    return row.finished_at is not None and deadline(TaskStatus(row.status), since=row.finished_at) <= now


def _member(agent_task: AgentTask) -> dict[str, Any]:
    row = agent_task.task
    member = {
        "id": task_name(row.pk),
        "parentTaskId": task_name(agent_task.parent_id) if agent_task.parent_id else None,
        "depth": agent_task.depth,
        "siteHost": agent_task.host,
        "status": row.status,
        "execution": agent_task.execution,
        "createdAt": timestamp(row.created_at),
        "endedAt": timestamp(row.finished_at) if row.finished_at else None,
        "summary": summary_of(row.result),
    }
    return {name: value for name, value in member.items() if value is not None}


def _expires_at(agent_task: AgentTask) -> datetime:
    """When the task changes by itself, or is there no more. Who carries one out moves the end of its row
    alone."""
    row = agent_task.task
    if row.finished_at is not None:
        return deadline(TaskStatus(row.status), since=row.finished_at)
    if row.status == TaskStatus.RUNNING and row.due_at is not None:
        return row.due_at
    return agent_task.expires_at


def _is_claimable(agent_task: AgentTask) -> bool:
    return hasattr(agent_task, "receipt") and agent_task.receipt.claimed_at is None


def _link(agent_task: AgentTask, receipt: str) -> str | None:
    return browser_link(
        agent_task.url, receipt, prompt=agent_task.prompt or None, shortcut=agent_task.shortcut or None
    )


def _opened(url: str, token: str) -> str:
    return f"{url}?access={token}" if token else url
