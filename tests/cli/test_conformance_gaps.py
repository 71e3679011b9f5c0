"""One surface for every kind of task: read, follow, cancel; only `rover batch` cares about the kind."""

import json

import pytest

from tasks.core.events import EventKind, NewEvent
from tasks.core.states import TaskKind
from tasks.models import Task
from tests.cli.conftest import Rover, append, end, make_task

pytestmark = pytest.mark.django_db(transaction=True)
EVERY_KIND = pytest.mark.parametrize("kind", TaskKind)
WORKERS_KINDS = pytest.mark.parametrize(
    "kind", [kind for kind in TaskKind if kind not in (TaskKind.AGENT, TaskKind.WORKFLOW)]
)
OTHER_KINDS = pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind != TaskKind.BATCH_FETCH])


@EVERY_KIND
def test_a_task_of_any_kind_can_be_read(rover: Rover, kind: TaskKind) -> None:
    task = make_task(kind=kind)

    ran = rover("task", task.pk, "--json")

    snapshot = json.loads(ran.out)
    assert (ran.code, snapshot["task_id"], snapshot["task_kind"]) == (0, str(task.pk), kind)


@EVERY_KIND
def test_a_task_of_any_kind_can_be_followed_to_its_end(rover: Rover, kind: TaskKind) -> None:
    task = make_task(kind=kind)
    append(task, NewEvent(kind=EventKind.TASK_STARTED, payload={"task_kind": kind}))
    end(task)

    ran = rover("task", task.pk, "--monitor", "--format", "ndjson")

    assert [json.loads(line)["kind"] for line in ran.out.splitlines()] == ["task_started", "task_completed"]
    assert ran.code == 0


@WORKERS_KINDS
def test_a_task_of_any_kind_that_a_worker_ends_can_be_cancelled(rover: Rover, kind: TaskKind) -> None:
    task = make_task(kind=kind)

    ran = rover("task", task.pk, "--cancel")

    assert (ran.code, Task.objects.get().cancellation_requested) == (0, True)


@OTHER_KINDS
def test_rover_batch_refuses_every_other_kind_and_names_it(rover: Rover, kind: TaskKind) -> None:
    ran = rover("batch", make_task(kind=kind).pk)

    assert (ran.code, ran.out) == (2, "")
    assert kind in ran.err
