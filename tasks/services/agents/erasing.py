"""Removing agents' tasks for good before their time, because somebody asked to be forgotten."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.core.events import EventKind
from tasks.core.public_ids import task_name
from tasks.core.states import TERMINAL
from tasks.models import AgentTask, Event, Run, Task
from tasks.services.agents.acting import agent_task_cancel
from workspace.io.transactions import write_transaction


def agent_tasks_erase(*, task_ids: Sequence[UUID], now: datetime) -> int:
    """Remove tasks with their logs and the runs of pages that carried them out; returns how many. Those that
    still go on are cancelled first, so that nobody goes on working on them. What the log and the result of a
    workflow tell of them is taken out; a workflow of which nothing is left goes too."""
    with write_transaction():
        open_ones = Task.objects.filter(pk__in=task_ids).exclude(status__in=TERMINAL)
        for task_id in list(open_ones.order_by("pk").values_list("pk", flat=True)):
            agent_task_cancel(task_id=task_id, now=now)
        rows = AgentTask.objects.filter(pk__in=task_ids)
        workflows = set(rows.values_list("workflow_id", flat=True))
        erased = list(rows.values_list("pk", flat=True))
        for workflow_id in workflows:
            _forget(workflow_id, set(erased))
        Run.objects.filter(task__in=erased).delete()
        Task.objects.filter(pk__in=erased).delete()
        left = set(AgentTask.objects.filter(workflow__in=workflows).values_list("workflow_id", flat=True))
        Task.objects.filter(pk__in=workflows - left).delete()
    return len(erased)


def _forget(workflow_id: UUID, task_ids: set[UUID]) -> None:
    """Leave of these tasks nothing in a workflow but that something happened: the numbers of its log have no
    gap."""
    names = {task_name(task_id) for task_id in task_ids}
    for name in names:
        told = Event.objects.filter(task=workflow_id, payload__taskId=name)
        told.update(payload={"taskId": name, "erased": True})
    workflow = Task.objects.select_for_update().get(pk=workflow_id)
    roots = AgentTask.objects.filter(workflow=workflow_id, depth=0).values_list("pk", flat=True)
    result = _left(workflow.result, names, is_root_gone=set(roots) <= task_ids)
    Task.objects.filter(pk=workflow_id).update(result=result)
    for end in Event.objects.filter(task=workflow_id, kind=EventKind.DONE):
        said = {name: value for name, value in end.payload.items() if name != "result"}
        end.payload = said | ({} if result is None else {"result": result})
        end.save(update_fields=["payload"])


def _left(
    result: Mapping[str, Any] | None, names: Collection[str], *, is_root_gone: bool
) -> dict[str, Any] | None:
    """The result of a workflow without what these tasks came to."""
    told = dict(result or {})
    children = [one for one in told.pop("children", ()) if one.get("id") not in names]
    kept = {} if is_root_gone else told
    return kept | ({"children": children} if children else {}) or None
