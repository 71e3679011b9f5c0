"""What a run's events mean for the agent's task that it carries out: its log, its status, its result."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tasks.core.events import EventKind, NewEvent
from tasks.core.public_task import deadline
from tasks.core.runtime.states import RunEventType, RunStatus
from tasks.core.runtime.told import public_event, public_question, public_result, status_told
from tasks.core.runtime.verdicts import NewRunEvent
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Run, RunEvent, Task
from tasks.services.agents.log import Logs, append, change

_STATUS: Mapping[RunStatus, TaskStatus] = {
    RunStatus.RUNNING: TaskStatus.RUNNING,
    RunStatus.AWAITING_USER: TaskStatus.INPUT_REQUIRED,
    RunStatus.COMPLETED: TaskStatus.COMPLETED,
    RunStatus.FAILED: TaskStatus.FAILED,
    RunStatus.CANCELLED: TaskStatus.CANCELLED,
}


def mirror(runs: Mapping[str, Run], events: Sequence[NewRunEvent], *, in_full: bool, now: datetime) -> None:
    """Tell the tasks of `runs` what has just been written to the runs' logs, in the same transaction.
    `in_full`: with arguments and results of tools."""
    for run in runs.values():
        if run.task_id is not None:
            own = [event for event in events if event.run_id == str(run.pk)]
            _Mirror(run, in_full=in_full, now=now).tell(own)


class _Mirror:
    """One run's events on their way to one task. Events collect until one changes the task's status."""

    def __init__(self, run: Run, *, in_full: bool, now: datetime) -> None:
        self._run = run
        self._logs = Logs.of(AgentTask.objects.get(pk=run.task_id))
        self._in_full = in_full
        self._now = now
        self._pending: list[NewEvent] = []
        self._question: dict[str, Any] | None = None

    def tell(self, events: Sequence[NewRunEvent]) -> None:
        """Write them, and what they change."""
        for event in events:
            if event.type is RunEventType.ASK_USER:
                self._question = public_question(event.data)
                self._pending.append(NewEvent(kind=EventKind.INPUT, payload=self._question))
            elif told := public_event(event, in_full=self._in_full):
                self._pending.append(told)
            if (status := status_told(event)) is not None:
                self._change(status)
        if self._pending:
            append(self._logs, self._pending, now=self._now)
        due_at = deadline(TaskStatus.RUNNING, since=self._now)
        Task.objects.filter(pk=self._logs.task_id, status=TaskStatus.RUNNING).update(due_at=due_at)

    def _change(self, status: RunStatus) -> None:
        after = _STATUS.get(status)
        if after is None:
            return
        result = public_result(_log(self._run), failed=status is RunStatus.FAILED)
        failed = result.get("error", {}) if status is RunStatus.FAILED else {}
        is_changed = change(
            self._logs,
            after=after,
            now=self._now,
            events=self._pending,
            result=result if status in (RunStatus.COMPLETED, RunStatus.FAILED) else None,
            error=str(failed.get("code", ""))[:64],
            by_worker=False,
        )
        if is_changed:
            self._pending = []
            asked = self._question if after is TaskStatus.INPUT_REQUIRED else None
            AgentTask.objects.filter(pk=self._logs.task_id).update(input=asked)


def _log(run: Run) -> list[tuple[str, Mapping[str, Any], datetime]]:
    rows = RunEvent.objects.filter(run=run).order_by("seq")
    return list(rows.values_list("type", "data", "created_at"))
