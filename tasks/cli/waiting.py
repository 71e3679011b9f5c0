"""Waiting for the end of a task without printing its events."""

import time
from typing import Any
from uuid import UUID

from tasks.cli.changes import Changes
from tasks.cli.standing import snapshot_of
from tasks.core.states import TERMINAL

LOOK_SECONDS = 0.25
LOOK_ANYWAY_SECONDS = 2.0


def wait_until_ended(task_id: UUID, *, timeout: float | None) -> dict[str, Any]:
    """The snapshot of the task once it has ended, or as it stands when `timeout` seconds have passed.

    Raises:
        CommandFailed: there is no such task any more.
        BrokenPipeError: nobody reads standard output any more.
    """
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    changes = Changes()
    while True:
        changes.have_come()
        snapshot = snapshot_of(task_id)
        if snapshot["status"] in TERMINAL or time.monotonic() >= deadline:
            return snapshot
        _wait_for_news(changes, deadline)


def _wait_for_news(changes: Changes, deadline: float) -> None:
    """Until something was written, at least `LOOK_SECONDS`: a busy database changes all the time."""
    began = time.monotonic()
    news = False
    while (now := time.monotonic()) < min(deadline, began + LOOK_ANYWAY_SECONDS):
        news = changes.wait(deadline - now) or news
        if news and time.monotonic() - began >= LOOK_SECONDS:
            return
