"""Writing to the log of an agent's task, and changing what the task is: the only place that does either.

Each event is written twice, in the task's log and in that of its workflow, with the task's id beside it. A
workflow ends with the last of its tasks. Rows are locked in one order, the task's before the workflow's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tasks.core.events import EventKind, NewEvent
from tasks.core.public_ids import task_name, workflow_name
from tasks.core.public_task import deadline
from tasks.core.states import TERMINAL, TaskStatus, may_follow
from tasks.core.storable import storable
from tasks.core.workflows import workflow_result, workflow_status
from tasks.io.wakeups import poke
from tasks.models import AgentTask, Event, Receipt, Task
from workspace.io.inserting import Row, insert_rows
from workspace.io.transactions import write_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """The two logs of one task."""

    task_id: UUID
    workflow_id: UUID

    @classmethod
    def of(cls, agent_task: AgentTask) -> "Logs":
        """Those of a stored task."""
        return cls(task_id=agent_task.task_id, workflow_id=agent_task.workflow_id)


def status_event(status: TaskStatus) -> NewEvent:
    """That a task is something else from now on."""
    return NewEvent(kind=EventKind.STATUS, payload={"status": status.value})


def end_event(status: TaskStatus, result: Mapping[str, Any] | None) -> NewEvent:
    """The last event of a task."""
    said = {"status": status.value} | ({} if result is None else {"result": dict(result)})
    return NewEvent(kind=EventKind.DONE, payload=said)


def append(logs: Logs, events: Sequence[NewEvent], *, now: datetime) -> None:
    """Write `events` at the end of both logs, in a transaction that holds the task's row."""
    first = _reserve(logs.task_id, len(events), now)
    first_of_workflow = _reserve(logs.workflow_id, len(events), now)
    insert_rows(Event, event_rows(logs, events, now=now, first=(first, first_of_workflow)))
    poke_later(logs)


def event_rows(logs: Logs, events: Sequence[NewEvent], *, now: datetime, first: tuple[int, int]) -> list[Row]:
    """The rows of `events` in both logs, numbered from `first`: the task's number, the workflow's."""
    rows = []
    for offset, event in enumerate(events):
        payload = storable(event.payload)
        rows.append(_row(logs.task_id, first[0] + offset, event.kind, payload, now))
        kind = EventKind.MEMBER_DONE if event.kind == EventKind.DONE else event.kind
        told = payload | {"taskId": task_name(logs.task_id)}
        rows.append(_row(logs.workflow_id, first[1] + offset, kind, told, now))
    return rows


def poke_later(logs: Logs) -> None:
    """Wake the readers of both logs once the transaction is through."""
    transaction.on_commit(lambda: poke(logs.task_id))
    transaction.on_commit(lambda: poke(logs.workflow_id))


def change(
    logs: Logs,
    *,
    after: TaskStatus,
    now: datetime,
    only_from: Iterable[TaskStatus] = TaskStatus,
    lease_token: int | None = None,
    events: Sequence[NewEvent] = (),
    result: Mapping[str, Any] | None = None,
    error: str = "",
    by_worker: bool | None = None,
) -> bool:
    """Let a task become `after`, with `events` told before it; False when it cannot: it has ended, is not one
    of `only_from`, or the lease is lost. Whoever worked on it under an older lease cannot write any more.

    A result comes with the end. `by_worker`: whether a worker of this server carries the task out from now;
    None leaves that as it is.
    """
    with write_transaction():
        row = Task.objects.select_for_update().filter(pk=logs.task_id)
        found = row.values_list("status", "lease_token").first()
        if found is None:
            return False
        before, token = TaskStatus(found[0]), found[1]
        is_ours = lease_token is None or (lease_token == token and before is TaskStatus.RUNNING)
        if not (is_ours and before in set(only_from) and may_follow(before, after)):
            return False
        due_at = deadline(after, since=now)
        Task.objects.filter(pk=logs.task_id).update(
            status=after,
            error=error,
            result=None if result is None else storable(dict(result)),
            due_at=None if after.is_terminal else due_at,
            finished_at=now if after.is_terminal else None,
            lease_owner="",
            lease_token=F("lease_token") + 1,
            lease_expires_at=None,
            hinted_at=now if by_worker else None,
            crashes=0,
            updated_at=now,
            **({} if by_worker is None else {"by_worker": by_worker}),
        )
        AgentTask.objects.filter(pk=logs.task_id).update(expires_at=due_at, promote_at=None)
        last = end_event(after, result) if after.is_terminal else status_event(after)
        append(logs, [*events, last], now=now)
        if after.is_terminal and after is not TaskStatus.EXPIRED:  # whose receipt says that it has expired
            Receipt.objects.filter(task=logs.task_id, claimed_at=None).delete()
        _settle(logs.workflow_id, now)
    return True


def _settle(workflow_id: UUID, now: datetime) -> None:
    """Let the workflow be what its tasks make it. Its row is ours since the events were written, so of two
    tasks that end at once the second sees the first."""
    rows = AgentTask.objects.filter(workflow=workflow_id).select_related("task").order_by("depth", "task_id")
    members = list(rows)
    status = workflow_status([TaskStatus(member.task.status) for member in members])
    if any(member.task.status not in TERMINAL for member in members):
        Task.objects.filter(pk=workflow_id).exclude(status=status).update(status=status)
        return
    result = workflow_result(
        (task_name(each.task_id), each.host, each.task.status, each.task.result) for each in members
    )
    Task.objects.filter(pk=workflow_id).update(status=status, result=result, finished_at=now, updated_at=now)
    told = {"workflowId": workflow_name(workflow_id)} | end_event(status, result).payload
    seq = _reserve(workflow_id, 1, now)
    insert_rows(Event, [_row(workflow_id, seq, EventKind.DONE, told, now)])


def _reserve(log_id: UUID, count: int, now: datetime) -> int:
    """The first of `count` numbers of a log, on its row."""
    Task.objects.filter(pk=log_id).update(last_seq=F("last_seq") + count, updated_at=now)
    last: int = Task.objects.values_list("last_seq", flat=True).get(pk=log_id)
    return last - count + 1


def _row(log_id: UUID, seq: int, kind: str, payload: Mapping[str, Any], now: datetime) -> Row:
    return {"task_id": log_id, "seq": seq, "kind": kind, "payload": payload, "created_at": now}
