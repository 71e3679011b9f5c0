"""`rover task ID` and `rover batch ID`: snapshot, cancel and follow one task."""

import sys
from typing import Any
from uuid import UUID

import click

from tasks.cli.access import Database
from tasks.cli.exits import CommandFailed, ExitCode
from tasks.cli.lookup import task_id_of
from tasks.cli.options import Reading
from tasks.cli.standing import clock_now, exit_code, print_snapshot, snapshot_of
from tasks.cli.terminal import Terminal
from tasks.core.states import TaskKind, TaskStatus


def read_task(
    text: str | None,
    asked: Reading,
    *,
    database: Database,
    only: TaskKind | None = None,
    subcommands: tuple[str, ...] = (),
) -> int:
    """Do what was asked about one task and return the exit code. With `only` a task of another kind is
    refused before anything is printed or written.

    Raises:
        CommandFailed: no such task, several, or one of another kind.
    """
    if asked.cancel:
        database.open_for_writing()
    else:
        database.open_for_reading()
    terminal = Terminal(color=asked.color)
    task_id = _chosen(terminal, only) if text is None else task_id_of(text, subcommands=subcommands)
    snapshot = snapshot_of(task_id, only=only)
    if asked.cancel:
        snapshot = _cancel(snapshot, asked, terminal)
    if asked.monitor:
        return _monitor(snapshot, asked, terminal)
    if asked.from_event or asked.timeout is not None or asked.idle_timeout is not None:
        terminal.note("note: --from-event, --timeout and --idle-timeout only matter with --monitor.")
    if not asked.cancel:
        print_snapshot(snapshot, terminal, is_ndjson=asked.is_ndjson)
    return exit_code(snapshot) if asked.exit_status else ExitCode.OK


def _cancel(snapshot: dict[str, Any], asked: Reading, terminal: Terminal) -> dict[str, Any]:
    """Raise the flag and say so: on standard error when a stream of events follows on standard output."""
    from tasks.core.human_snapshot import cancel_line
    from tasks.core.wire import timestamp
    from tasks.services.tasks import task_cancel

    task_id = UUID(snapshot["task_id"])
    outcome = task_cancel(task_id=task_id, now=clock_now())
    snapshot = snapshot_of(task_id)
    if asked.monitor:
        terminal.note(cancel_line(outcome, snapshot))
    elif asked.is_ndjson:
        answer = {
            "ts": timestamp(clock_now()),
            "kind": "cancel",
            "task_id": str(task_id),
            "outcome": str(outcome),
        }
        terminal.json(answer | {"status": snapshot["status"]})
    else:
        terminal.line(cancel_line(outcome, snapshot))
    return snapshot


def _monitor(snapshot: dict[str, Any], asked: Reading, terminal: Terminal) -> int:
    from tasks.cli.monitor import Monitor

    return Monitor(snapshot=snapshot, asked=asked, terminal=terminal).run()


def _chosen(terminal: Terminal, only: TaskKind | None) -> UUID:
    """Without an id: let a person at a terminal choose among the running tasks."""
    from tasks.core.human_snapshot import list_lines
    from tasks.selectors.background import tasks_recent

    may_ask = sys.stdin.isatty() and sys.stderr.isatty()
    running = tasks_recent(status=TaskStatus.RUNNING, kind=only, limit=9) if may_ask else []
    if not running:
        raise CommandFailed(
            "which task? Give its id, or the last six digits of it.",
            code=ExitCode.USAGE,
            advice=["`rover task list` shows the newest."],
        )
    for number, line in enumerate(list_lines(running, now=clock_now()), start=1):
        terminal.note(f"  {number}  {line}")
    chosen: int = click.prompt("Which one", type=click.IntRange(1, len(running)), default=1, err=True)
    return UUID(running[chosen - 1]["task_id"])
