"""The resources as these paths answer them. Called in database threads."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from tasks.core.public_errors import PublicTaskNotFound
from tasks.core.public_ids import read_event_name, task_name, workflow_name
from tasks.core.public_input import ClaimBody
from tasks.core.receipts import browser_link, open_url
from tasks.core.states import TaskStatus
from tasks.core.wire import timestamp
from tasks.models import AgentTask
from tasks.selectors.agents import (
    POLL_MS,
    agent_task_of,
    event_data,
    is_past_retention,
    task_resource,
    task_url,
    workflow_resource,
    workflow_url,
)
from tasks.services.agents.claiming import task_claim
from tasks.services.agents.creating import Created
from tasks.services.agents.tokens import receipt_token, task_token, workflow_token

Resource = dict[str, Any]
LAUNCH_PREFIX = "rl_"


def created_answer(created: Created) -> Resource:
    """What the caller who made the task gets: its links with their tokens, and the status it was made in,
    which is always pending. What became of it since is read at `task`. Asks no database."""
    answer = {
        "id": task_name(created.task_id),
        "task": task_url(created.task_id, task_token(created.task_id)),
        "workflow": workflow_url(created.workflow_id, workflow_token(created.workflow_id)),
        "status": TaskStatus.PENDING.value,
        "expiresAt": timestamp(created.expires_at),
        "retryAfterMs": POLL_MS,
    }
    return answer | (_links(created) if created.is_linked else {})


def _links(created: Created) -> dict[str, str]:
    receipt = receipt_token(created.task_id)
    link = browser_link(
        created.url, receipt, prompt=created.prompt or None, shortcut=created.shortcut or None
    )
    return {"open": open_url(created.url, receipt)} | ({"browserLink": link} if link else {})


def created_resource(created: Created) -> Resource:
    """The whole resource, with the tokens of its addresses."""
    return task_resource(
        _present(created.task_id),
        receipt=receipt_token(created.task_id),
        task=task_token(created.task_id),
        workflow=workflow_token(created.workflow_id),
    )


def read_task(task_id: UUID) -> Resource:
    """The resource for whoever shows its token. Raises PublicTaskNotFound."""
    return task_resource(_present(task_id), receipt=receipt_token(task_id), task=task_token(task_id))


def read_workflow(workflow_id: UUID) -> Resource:
    """The workflow for whoever shows its token. Raises PublicTaskNotFound."""
    found = workflow_resource(workflow_id)
    if found is None:
        raise PublicTaskNotFound("There is no such workflow.")
    return found


def read_artifact(log_id: UUID, event: str) -> Mapping[str, Any]:
    """The whole data of one event. Raises PublicTaskNotFound."""
    seq = read_event_name(event)
    found = None if seq is None else event_data(log_id, seq)
    if found is None:
        raise PublicTaskNotFound("There is no such event.")
    return found


def _present(task_id: UUID) -> AgentTask:
    found = agent_task_of(task_id)
    if found is None or is_past_retention(found.task, timezone.now()):
        raise PublicTaskNotFound("There is no such task.")
    return found


def claimed_answer(claim: ClaimBody) -> Resource:
    """What the embed gets for a receipt: the wish, where it is wanted, and the tokens of task and workflow.
    Raises as `task_claim`."""
    claimed = task_claim(claim, now=timezone.now())
    agent_task = claimed.agent_task
    return {
        "taskId": task_name(agent_task.task_id),
        "requestId": f"{LAUNCH_PREFIX}{agent_task.task_id.hex}",
        "status": agent_task.task.status,
        "executionTarget": "browser_attach",
        "detail": "full" if claimed.debug_streaming else "sanitized",
        "targetUrl": agent_task.url,
        "input": _launch_input(agent_task, claimed.routing),
        "sessionId": claimed.session_id,
        "taskAccessToken": task_token(agent_task.task_id),
        "workflowId": workflow_name(agent_task.workflow_id),
        "workflowAccessToken": workflow_token(agent_task.workflow_id),
    }


def _launch_input(agent_task: AgentTask, routing: str | None) -> Resource:
    if not agent_task.shortcut:
        return {"kind": "prompt", "prompt": agent_task.prompt}
    asked = {
        "kind": "shortcut",
        "prompt": agent_task.prompt or agent_task.wish,
        "shortcutId": agent_task.shortcut,
    }
    return asked | ({"routing": routing} if routing else {})
