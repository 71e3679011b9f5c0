"""`--monitor`: what is streamed, from where, until when, and what the exit code then says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.events import EventKind, LoggedEvent, NewEvent
from tasks.core.states import TaskStatus
from tasks.core.wire import ndjson
from tasks.models import Task
from tasks.selectors.background import events_after
from tests.cli.conftest import SECONDS, Rover, append, end, item_done, make_batch, make_task, started

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("command", ["task", "batch"])


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[None]:
    """Do `work` on a connection of its own, as a worker process would."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(SECONDS)


def ended_batch(*, items: int = 2, failed: int = 0, status: TaskStatus = TaskStatus.COMPLETED) -> Task:
    task = make_batch(done=items, failed=failed, pending=0)
    append(task, *started(items), *(item_done(index) for index in range(items)))
    end(task, status)
    return task


@BOTH
def test_events_are_lines_for_people_by_default(rover: Rover, command: str) -> None:
    ran = rover(command, ended_batch().pk, "--monitor")

    assert [line[16:30].strip() for line in ran.out.splitlines()] == [
        "task started",
        "batch started",
        "done",
        "done",
        "task completed",
    ]
    assert ran.err == ""


@BOTH
def test_ndjson_is_exactly_the_bytes_of_the_wire(rover: Rover, command: str) -> None:
    task = ended_batch()

    ran = rover(command, task.pk, "--monitor", "--format", "ndjson")

    assert ran.out.encode() == b"".join(ndjson(event) for event in events_after(task_id=task.pk, after=0))
    assert ran.err == ""


@settings(max_examples=100, deadline=None)
@given(url=st.text(), error=st.text())
def test_any_text_in_an_event_is_one_parsable_line(url: str, error: str) -> None:
    task = make_task_value()
    event = LoggedEvent(
        task_id=task.pk, seq=1, kind="item_failed", ts=task.created_at, payload={"url": url, "error": error}
    )

    data = ndjson(event)

    assert data.count(b"\n") == 1
    assert (json.loads(data)["url"], json.loads(data)["error"]) == (url, error)


def make_task_value() -> Task:
    from django.utils import timezone

    return Task(created_at=timezone.now())


@pytest.mark.parametrize(
    "url",
    [
        "https://e.example/\n",
        'https://e.example/"\\',
        "https://e.example/é✓\u2028",
        "https://e.example/\x00\x1b[31m\x85",
    ],
)
def test_ndjson_lines_parse_one_by_one_whatever_is_in_a_url(rover: Rover, url: str) -> None:
    task = make_batch(done=1, pending=0)
    append(task, *started(), item_done(0, url=url))
    end(task)

    events = [
        json.loads(line) for line in rover("batch", task.pk, "--monitor", "--json").out.split("\n") if line
    ]

    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert events[2]["url"] == url


@BOTH
def test_from_event_prints_what_comes_after_it(rover: Rover, command: str) -> None:
    ran = rover(command, ended_batch().pk, "--monitor", "--json", "--from-event", "3")

    assert [json.loads(line)["seq"] for line in ran.out.splitlines()] == [4, 5]


def test_from_the_last_event_of_an_ended_task_prints_nothing(rover: Rover) -> None:
    ran = rover("batch", ended_batch().pk, "--monitor", "--json", "--from-event", "5")

    assert (ran.code, ran.out) == (0, "")


def test_from_the_last_event_of_a_running_task_prints_nothing_then_follows(rover: Rover) -> None:
    task = make_batch(done=1)
    append(task, *started())

    def work() -> None:
        append(task, item_done(0))
        end(task)

    idle = rover("batch", task.pk, "--monitor", "--json", "--from-event", "2", "--timeout", "0.1")
    with meanwhile(work):
        ran = rover("batch", task.pk, "--monitor", "--json", "--from-event", "2")

    assert (idle.code, idle.out) == (124, "")
    assert [json.loads(line)["seq"] for line in ran.out.splitlines()] == [3, 4]


def test_a_stream_that_was_cut_goes_on_without_loss_or_repeat(rover: Rover) -> None:
    task = make_batch(done=40, pending=0)
    append(task, *started(40), *(item_done(index) for index in range(10)))

    def work() -> None:
        for index in range(10, 40):
            append(task, item_done(index))
        end(task)

    first = rover("batch", task.pk, "--monitor", "--json", "--timeout", "0")
    seen = [json.loads(line)["seq"] for line in first.out.splitlines()]
    with meanwhile(work):
        second = rover("batch", task.pk, "--monitor", "--json", "--from-event", str(seen[-1]))

    assert f"--monitor --format ndjson --from-event {seen[-1]}\n" in first.err
    assert seen + [json.loads(line)["seq"] for line in second.out.splitlines()] == list(range(1, 44))


def test_more_events_than_one_read_takes_all_arrive(rover: Rover) -> None:
    task = make_batch(pending=0)
    append(task, *(NewEvent(kind=EventKind.TASK_PROGRESS, payload={"note": "x"}) for _ in range(2100)))
    end(task)

    out = rover("task", task.pk, "--monitor", "--json").out

    assert [json.loads(line)["seq"] for line in out.splitlines()] == list(range(1, 2102))


@BOTH
@pytest.mark.parametrize(
    ("status", "failed", "code"),
    [
        (TaskStatus.COMPLETED, 0, 0),
        (TaskStatus.COMPLETED, 1, 1),
        (TaskStatus.FAILED, 0, 1),
        (TaskStatus.CANCELLED, 0, 3),
    ],
)
def test_the_exit_code_tells_how_the_task_ended(
    rover: Rover, command: str, status: TaskStatus, failed: int, code: int
) -> None:
    assert rover(command, ended_batch(failed=failed, status=status).pk, "--monitor").code == code


def test_failed_items_are_told_once_more_at_the_end_on_standard_error(rover: Rover) -> None:
    ran = rover("batch", ended_batch(failed=1).pk, "--monitor")

    assert ran.err == "\n1 failed\n  too slow   https://shop.example/2\n"
    assert len(ran.out.splitlines()) == 5


def test_cancel_with_monitor_cancels_and_streams_to_the_end(rover: Rover) -> None:
    task = make_batch(done=1)
    append(task, *started())

    def work() -> None:
        deadline = threading.Event()
        for _ in range(SECONDS * 100):
            if Task.objects.filter(pk=task.pk, cancellation_requested=True).exists():
                break
            deadline.wait(0.01)
        end(task, TaskStatus.CANCELLED)

    with meanwhile(work):
        ran = rover("batch", task.pk, "--monitor", "--cancel", "--json")

    assert ran.code == 3
    assert [json.loads(line)["kind"] for line in ran.out.splitlines()] == [
        "task_started",
        "batch_start",
        "task_cancelled",
    ]
    assert ran.err.startswith("Cancel requested.")


def test_silence_longer_than_the_idle_time_ends_the_watch(rover: Rover) -> None:
    task = make_batch()
    append(task, *started())

    ran = rover("batch", task.pk, "--monitor", "--idle-timeout", "0.1")

    assert ran.code == 124
    assert ran.err == (
        "Time is up; watched until event 2. The batch goes on.\n"
        f"  watch again   rover batch {task.pk} --monitor --from-event 2\n"
        f"  stop it       rover task {task.pk} --cancel\n"
    )


def test_a_watch_without_a_worker_is_warned_once(rover: Rover) -> None:
    task = make_batch(lease_expires_at=None)

    ran = rover("batch", task.pk, "--monitor", "--timeout", "1.3")

    assert ran.err.count("warning: no worker is alive") == 1


def test_an_unknown_task_is_not_found(rover: Rover) -> None:
    ran = rover("task", "0190c3a4-7b1e-7c55-9d0a-2f6b1c8e4a10", "--monitor")

    assert (ran.code, ran.out) == (4, "")


def test_waiting_sees_the_end_that_another_process_writes(rover: Rover) -> None:
    task = make_batch(done=1, pending=0)

    with meanwhile(lambda: end(task)):
        ran = rover("batch", "wait", task.pk)

    assert (ran.code, ran.out.split("   ")[1]) == (0, "✓ completed")


def test_a_task_of_another_kind_is_followed_too(rover: Rover) -> None:
    task = make_task()
    append(task, NewEvent(kind=EventKind.TASK_STARTED, payload={"task_kind": "revalidate"}))
    end(task)

    assert len(rover("task", task.pk, "--monitor").out.splitlines()) == 2
