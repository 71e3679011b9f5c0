"""How a task stands: its snapshot, printed, and what a script sees of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tasks.cli.exits import CommandFailed, ExitCode
from tasks.cli.lookup import not_found
from tasks.cli.terminal import Terminal
from tasks.core.states import TaskKind, TaskStatus

_OF_AGENTS = frozenset({TaskKind.AGENT, TaskKind.WORKFLOW})
_WORKERS = frozenset({TaskStatus.PENDING, TaskStatus.RUNNING})
NO_WORKER = "warning: no worker is alive, so the task waits. Start one with `rover up` or `rover worker`."


def snapshot_of(task_id: UUID, *, only: TaskKind | None = None) -> dict[str, Any]:
    """The snapshot of the task now.

    Raises:
        CommandFailed: no such task, or it is not an `only`.
    """
    from tasks.core.errors import TaskNotFound
    from tasks.selectors.background import task_snapshot

    try:
        snapshot = task_snapshot(task_id=task_id, now=clock_now())
    except TaskNotFound as exc:
        raise not_found(str(task_id)) from exc
    if snapshot["task_kind"] in _OF_AGENTS:
        from tasks.selectors.agent_snapshots import agent_details

        snapshot |= agent_details(task_id=task_id, kind=snapshot["task_kind"])
    if only is not None and snapshot["task_kind"] != only:
        raise CommandFailed(
            f"that task is a {snapshot['task_kind']}, not a {only}.",
            code=ExitCode.USAGE,
            advice=[f"Use: rover task {task_id}"],
        )
    return snapshot


def print_snapshot(snapshot: dict[str, Any], terminal: Terminal, *, is_ndjson: bool) -> None:
    """The snapshot on standard output; a warning on standard error when nobody works on a running task."""
    from tasks.core.human_snapshot import snapshot_lines

    if is_ndjson:
        terminal.json(snapshot)
    else:
        terminal.lines(snapshot_lines(snapshot, now=clock_now()))
    if lacks_worker(snapshot):
        terminal.note(NO_WORKER)


def lacks_worker(snapshot: dict[str, Any]) -> bool:
    """True for a worker's task that nobody works on or will soon."""
    is_workers = bool(snapshot.get("by_worker", True)) and snapshot["status"] in _WORKERS
    return is_workers and not snapshot["worker_alive"]


def exit_code(snapshot: dict[str, Any]) -> int:
    """What a script sees of the task: a running one is 0."""
    match snapshot["status"]:
        case TaskStatus.CANCELLED:
            return ExitCode.CANCELLED
        case TaskStatus.FAILED | TaskStatus.EXPIRED:
            return ExitCode.FAILED
        case TaskStatus.COMPLETED if snapshot["failed"]:
            return ExitCode.FAILED
        case _:
            return ExitCode.OK


def clock_now() -> datetime:
    """The time of this moment."""
    from django.utils import timezone

    return timezone.now()
