"""The cast of the command line's tests: tasks with a log, the command inside this process, and as a process."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from rover_site.cli import main
from tasks.core.events import EventKind, NewEvent
from tasks.core.states import ItemStatus, TaskKind, TaskStatus
from tasks.models import BatchItem, Task
from tasks.services.events import events_append

COMMAND = [sys.executable, "-m", "rover_site.cli"]
SECONDS = 30
"""Nothing here may take so long; it bounds a test that hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command line gave."""

    code: int
    out: str
    err: str


Rover = Callable[..., Ran]


@pytest.fixture
def rover(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rover:
    """Run a command line inside this process, on the test's database."""
    for name in ("NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def data_dir(transactional_db: None, tmp_path: Path) -> Path:
    """The data directory of a server, empty: its database is the test's."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    """The environment of a started command."""
    return bare_environment() | {
        "ROVER_DATA_DIR": str(data_dir),
        "ROVER_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
    }


def bare_environment() -> dict[str, str]:
    """Nothing of the person who runs the tests but what Python needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "TERM": "xterm"}


def run_process(arguments: Sequence[str], environment: dict[str, str], **options: Any) -> Ran:
    """Run `rover` as a process to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, timeout=SECONDS, check=False, **options
    )
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def make_batch(
    *,
    done: int = 0,
    failed: int = 0,
    pending: int = 1,
    status: TaskStatus = TaskStatus.RUNNING,
    **columns: Any,
) -> Task:
    """A batch with items in these states, made twelve seconds ago, and a log without its end."""
    total = done + failed + pending
    task = make_task(kind=TaskKind.BATCH_FETCH, status=status, params={"total": total}, **columns)
    states = [ItemStatus.DONE] * done + [ItemStatus.FAILED] * failed + [ItemStatus.PENDING] * pending
    BatchItem.objects.bulk_create(
        BatchItem(
            task=task,
            index=index,
            url=url_of(index),
            status=state,
            code="timeout" if state == ItemStatus.FAILED else "",
            error="too slow" if state == ItemStatus.FAILED else "",
            duration_ms=10_000 if state == ItemStatus.FAILED else 400,
        )
        for index, state in enumerate(states)
    )
    return task


def make_task(
    *, kind: TaskKind = TaskKind.REVALIDATE, status: TaskStatus = TaskStatus.RUNNING, **columns: Any
) -> Task:
    """A task of any kind, made twelve seconds ago, that a worker holds; without events."""
    now = timezone.now()
    values: dict[str, Any] = {
        "params": {},
        "created_at": now - timedelta(seconds=12),
        "updated_at": now,
        "finished_at": now if status.is_terminal else None,
        "lease_token": 1,
        "lease_expires_at": None if status.is_terminal else now + timedelta(hours=1),
    }
    return Task.objects.create(kind=kind, status=status, **(values | columns))


def url_of(index: int) -> str:
    return f"https://shop.example/{index}"


def started(total: int = 1) -> list[NewEvent]:
    """How a batch's log begins."""
    return [
        NewEvent(kind=EventKind.TASK_STARTED, payload={"task_kind": "batch_fetch", "total": total}),
        NewEvent(kind=EventKind.BATCH_START, payload={"total": total}),
    ]


def item_done(index: int, url: str | None = None) -> NewEvent:
    payload = {
        "index": index,
        "url": url or url_of(index),
        "http_status": 200,
        "bytes": 41_000,
        "duration_ms": 400,
    }
    return NewEvent(kind=EventKind.ITEM_DONE, payload=payload, outcome_index=index)


def append(task: Task, *events: NewEvent) -> None:
    """Write events at the end of the task's log."""
    events_append(task_id=task.pk, events=events, now=timezone.now())


def end(task: Task, status: TaskStatus = TaskStatus.COMPLETED) -> None:
    """Write the terminal event and the status, as a worker does."""
    kind = {
        TaskStatus.COMPLETED: EventKind.TASK_COMPLETED,
        TaskStatus.FAILED: EventKind.TASK_FAILED,
        TaskStatus.CANCELLED: EventKind.TASK_CANCELLED,
    }[status]
    Task.objects.filter(pk=task.pk).update(status=status, finished_at=timezone.now(), lease_expires_at=None)
    append(task, NewEvent(kind=kind, payload={"duration_ms": 16_200}))
