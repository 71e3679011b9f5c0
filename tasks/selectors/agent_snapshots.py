"""What the snapshot of an agent's task or of a workflow tells beyond that of any task."""

from typing import Any
from uuid import UUID

from tasks.core.public_ids import task_name, workflow_name
from tasks.core.states import TaskKind
from tasks.fetching.urls import mask_secrets
from tasks.models import AgentTask
from tasks.selectors.agents import workflow_resource


def agent_details(*, task_id: UUID, kind: str) -> dict[str, Any]:
    """`by_worker`, whether a worker of this server carries it out, and `agent_task` {id, workflow, url,
    prompt, shortcut, execution, agent, input, handoff}, or `workflow`, the resource that its token opens. No
    token and no receipt is in either. Nothing for tasks of other kinds."""
    match kind:
        case TaskKind.AGENT:
            return _agent_task(task_id)
        case TaskKind.WORKFLOW:
            return _workflow(task_id)
        case _:
            return {}


def _workflow(workflow_id: UUID) -> dict[str, Any]:
    has_tasks = AgentTask.objects.filter(workflow=workflow_id).exists()
    return {"by_worker": False} | ({"workflow": workflow_resource(workflow_id)} if has_tasks else {})


def _agent_task(task_id: UUID) -> dict[str, Any]:
    found = AgentTask.objects.select_related("task").filter(pk=task_id).first()
    if found is None:
        return {}
    told = {
        "id": task_name(task_id),
        "workflow": workflow_name(found.workflow_id),
        "url": mask_secrets(found.url),
        "prompt": found.prompt or found.wish,
        "shortcut": found.shortcut or None,
        "execution": found.execution,
        "agent": {"name": found.agent.get("displayName"), "trust": found.trust},
        "input": found.input,
        "handoff": found.handoff,
    }
    return {"by_worker": found.task.by_worker, "agent_task": told}
