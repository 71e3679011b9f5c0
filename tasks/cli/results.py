"""`rover batch wait` and `rover batch results`."""

from tasks.cli.exits import ExitCode
from tasks.cli.lookup import task_id_of
from tasks.cli.standing import exit_code, print_snapshot, snapshot_of
from tasks.cli.terminal import Terminal
from tasks.cli.waiting import wait_until_ended
from tasks.core.human_snapshot import item_line
from tasks.core.states import TERMINAL, TaskKind
from tasks.selectors.background import batch_items

PAGE = 1000


def wait_for_batch(text: str, *, timeout: float | None, form: str, as_json: bool, color: str) -> int:
    """Wait, print the snapshot and return the exit code of the batch, or 124 when the time ran out.

    Raises:
        CommandFailed: no such task, several, or one of another kind.
    """
    task_id = task_id_of(text)
    snapshot_of(task_id, only=TaskKind.BATCH_FETCH)
    snapshot = wait_until_ended(task_id, timeout=timeout)
    terminal = Terminal(color=color)
    print_snapshot(snapshot, terminal, is_ndjson=as_json or form == "ndjson")
    if snapshot["status"] in TERMINAL:
        return exit_code(snapshot)
    terminal.note("Time is up. The batch goes on.")
    return ExitCode.TIMED_OUT


def print_results(text: str, *, form: str, as_json: bool, color: str) -> None:
    """One line per item, in the order of the batch's list.

    Raises:
        CommandFailed: no such task, several, or one of another kind.
    """
    task_id = task_id_of(text)
    snapshot_of(task_id, only=TaskKind.BATCH_FETCH)
    terminal = Terminal(color=color)
    last = -1
    while items := batch_items(task_id=task_id, after=last, limit=PAGE):
        for item in items:
            if as_json or form == "ndjson":
                terminal.json(item)
            else:
                terminal.lines([item_line(item)])
        last = items[-1]["index"]
