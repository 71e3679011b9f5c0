"""Who may work on a task, and what happens when that worker dies."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from django_q.models import OrmQ
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.errors import LeaseLost
from tasks.core.events import EventKind, NewEvent
from tasks.core.states import TERMINAL, TRANSITIONS, TaskStatus
from tasks.io.ownership import is_gone, owner_name
from tasks.models import Event, Task
from tasks.selectors.background import events_after
from tasks.services.events import events_append
from tasks.services.leases import (
    LEASE,
    MAX_CRASHES,
    REHINT,
    lease_claim,
    lease_release,
    leases_sweep,
    task_finish,
)
from tasks.services.tasks import tasks_prune
from tests.tasks.conftest import work_on

NOW = datetime.fromisoformat("2026-01-31T12:00:00+00:00")


def make_task(kind: str = "batch_fetch", **columns: object) -> Task:
    values: dict[str, object] = {
        "kind": kind,
        "status": "running",
        "params": {},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Task.objects.create(**(values | columns))


def test_one_of_two_claimers_wins(db: None) -> None:
    task = make_task()

    first = lease_claim(task_id=task.pk, now=NOW)
    second = lease_claim(task_id=task.pk, now=NOW)

    assert first is not None
    assert (first.token, first.crashed, second) == (1, False, None)


@pytest.mark.django_db(transaction=True)
def test_of_eight_threads_that_claim_one_orphan_exactly_one_wins() -> None:
    task = make_task()
    won: list[object] = []
    barrier = threading.Barrier(8)

    def claim() -> None:
        barrier.wait()
        if lease := lease_claim(task_id=task.pk, now=NOW):
            won.append(lease)
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1


def test_an_expired_lease_can_be_taken_over_and_counts_as_a_crash(db: None) -> None:
    task = make_task()
    lease_claim(task_id=task.pk, now=NOW)

    taken = lease_claim(task_id=task.pk, now=NOW + LEASE + timedelta(seconds=1))

    assert taken is not None
    assert (taken.token, taken.crashed) == (2, True)


def test_a_released_lease_can_be_taken_at_once_and_is_no_crash(db: None) -> None:
    task = make_task()
    lease = lease_claim(task_id=task.pk, now=NOW)
    assert lease is not None
    lease_release(lease=lease, now=NOW)

    taken = lease_claim(task_id=task.pk, now=NOW)

    assert taken is not None
    assert (taken.token, taken.crashed) == (2, False)


def test_a_worker_that_lost_its_lease_cannot_write(db: None) -> None:
    task = make_task()
    late = lease_claim(task_id=task.pk, now=NOW)
    lease_claim(task_id=task.pk, now=NOW + 2 * LEASE)
    assert late is not None
    event = NewEvent(kind=EventKind.TASK_PROGRESS, payload={"note": "late"})

    with pytest.raises(LeaseLost):
        events_append(task_id=task.pk, events=[event], now=NOW, lease_token=late.token)

    assert not task_finish(lease=late, now=NOW, status=TaskStatus.COMPLETED, events=[event])
    assert Event.objects.count() == 0


def test_a_lease_written_by_a_clock_that_was_set_back_does_not_hold_for_an_hour(db: None) -> None:
    task = make_task(lease_owner="other|x|1|0|a", lease_expires_at=NOW + timedelta(hours=1), lease_token=1)

    assert lease_claim(task_id=task.pk, now=NOW) is not None


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_ended_task_is_never_claimed_nor_ended_again(status: str, db: None) -> None:
    task = make_task(status=status)

    assert lease_claim(task_id=task.pk, now=NOW) is None


def test_a_task_ends_once(db: None) -> None:
    task = make_task()
    lease = lease_claim(task_id=task.pk, now=NOW)
    assert lease is not None
    ends = [
        task_finish(lease=lease, now=NOW, status=status, events=[NewEvent(kind=kind)])
        for status, kind in [
            (TaskStatus.COMPLETED, EventKind.TASK_COMPLETED),
            (TaskStatus.CANCELLED, EventKind.TASK_CANCELLED),
        ]
    ]

    task.refresh_from_db()
    assert (ends, task.status, Event.objects.count()) == ([True, False], "completed", 1)


def test_a_task_that_cannot_go_on_fails_with_a_clear_reason_when_its_worker_died(db: None) -> None:
    task = make_task(kind="summarize")
    lease_claim(task_id=task.pk, now=NOW)

    work_on(task, now=NOW + 2 * LEASE)

    task.refresh_from_db()
    (event,) = events_after(task_id=task.pk, after=0)
    assert (task.status, task.error) == ("failed", "owner_died")
    assert event.payload["error"] == "owner_died"
    assert "request it again" in event.payload["message"]


def test_a_task_whose_workers_keep_dying_fails(db: None) -> None:
    task = make_task()
    now = NOW
    for _ in range(MAX_CRASHES + 1):
        assert lease_claim(task_id=task.pk, now=now) is not None
        now += 2 * LEASE

    work_on(task, now=now)

    task.refresh_from_db()
    assert (task.status, task.error) == ("failed", "worker_crashed")


def test_a_task_that_no_worker_is_to_carry_out_is_not_claimed(db: None) -> None:
    task = make_task(by_worker=False)

    assert (lease_claim(task_id=task.pk, now=NOW), leases_sweep(now=NOW)) == (None, 0)


# the sweep


def hints() -> list[str]:
    return [row.task["kwargs"]["task_id"] for row in OrmQ.objects.all()]


def test_the_sweep_wakes_a_worker_for_an_orphan_once(db: None) -> None:
    task = make_task()

    sent = [leases_sweep(now=NOW), leases_sweep(now=NOW)]

    assert (sent, hints()) == ([1, 0], [str(task.pk)])


def test_the_sweep_leaves_a_live_lease_alone(db: None) -> None:
    task = make_task()
    lease_claim(task_id=task.pk, now=NOW)

    assert leases_sweep(now=NOW) == 0


def test_the_sweep_sends_a_lost_hint_again_after_a_while(db: None) -> None:
    make_task(hinted_at=NOW)

    soon = leases_sweep(now=NOW + REHINT / 2)
    later = leases_sweep(now=NOW + REHINT * 2)

    assert (soon, later) == (0, 1)


def test_hints_that_wait_in_the_queue_are_not_sent_again(db: None) -> None:
    make_task()
    leases_sweep(now=timezone.now() - timedelta(minutes=1))

    assert leases_sweep(now=timezone.now()) == 0


@pytest.mark.parametrize("status", ["pending", "running"])
def test_the_sweep_takes_a_dead_process_of_this_machine_for_dead_at_once(status: str, db: None) -> None:
    host, namespace, _, _, nonce = owner_name().split("|")
    dead = f"{host}|{namespace}|{2**22 - 1}|0.00|{nonce}"
    make_task(status=status, lease_owner=dead, lease_expires_at=NOW + LEASE, lease_token=1)

    assert leases_sweep(now=NOW) == 1


def test_a_live_process_is_not_gone_and_one_of_another_machine_is_never_called_so() -> None:
    host, namespace, pid, started, nonce = owner_name().split("|")

    assert not is_gone(f"{host}|{namespace}|{pid}|{started}|{nonce}")
    assert not is_gone(f"elsewhere|{namespace}|{2**22 - 1}|0.00|{nonce}")


def test_a_pid_that_was_used_again_is_another_process() -> None:
    host, namespace, pid, started, nonce = owner_name().split("|")

    assert is_gone(f"{host}|{namespace}|{pid}|{float(started) - 3600:.2f}|{nonce}")


# the log


def test_numbers_have_no_gap_and_no_repeat_under_concurrent_writers(transactional_db: None) -> None:
    task = make_task()

    def write() -> None:
        for n in range(25):
            events = [NewEvent(kind=EventKind.TASK_PROGRESS, payload={"n": n})] * (n % 3 + 1)
            events_append(task_id=task.pk, events=events, now=NOW)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    seqs = [event.seq for event in events_after(task_id=task.pk, after=0)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) == 4 * sum(n % 3 + 1 for n in range(25))


def test_the_database_refuses_a_second_outcome_of_one_item(db: None) -> None:
    task = make_task()
    outcome = NewEvent(kind=EventKind.ITEM_DONE, payload={"index": 0}, outcome_index=0)
    events_append(task_id=task.pk, events=[outcome], now=NOW)

    with pytest.raises(IntegrityError):
        events_append(task_id=task.pk, events=[outcome], now=NOW)


@given(st.sampled_from(TaskStatus), st.sampled_from(TaskStatus))
def test_nothing_leaves_a_terminal_status(before: TaskStatus, after: TaskStatus) -> None:
    if before.is_terminal:
        assert after not in TRANSITIONS[before]


def test_pruning_removes_old_ended_tasks_and_nothing_else(db: None) -> None:
    old = make_task(status="completed", finished_at=NOW - timedelta(days=31))
    kept = [
        make_task(status="completed", finished_at=NOW - timedelta(days=29)),
        make_task(created_at=NOW - timedelta(days=365)),
    ]

    assert tasks_prune(older_than=NOW - timedelta(days=30)) == 1

    assert set(Task.objects.values_list("pk", flat=True)) == {task.pk for task in kept}
    assert old.pk not in Task.objects.values_list("pk", flat=True)


def test_before_its_time_nobody_takes_a_task_up_unless_it_is_to_be_cancelled(db: None) -> None:
    later = make_task(not_before=NOW + timedelta(hours=1))
    cancelled = make_task(not_before=NOW + timedelta(hours=1), cancellation_requested=True)

    assert lease_claim(task_id=later.pk, now=NOW) is None
    assert lease_claim(task_id=cancelled.pk, now=NOW) is not None
    assert lease_claim(task_id=later.pk, now=NOW + timedelta(hours=1)) is not None


def test_what_a_thread_of_the_worker_looks_for_itself_is_not_hinted(db: None) -> None:
    make_task(kind="webhook")
    make_task(not_before=NOW + timedelta(hours=1))

    assert leases_sweep(now=NOW) == 0
