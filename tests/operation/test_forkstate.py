"""State that forked processes share."""

import subprocess
import sys
import threading
import time

from rover_site.operation.forkstate import BusyBoard, ForkFlag, SharedNumber
from rover_site.operation.sweeper import WEDGED_SECONDS, Watchdog
from tasks.io import draining
from tests.operation.harness import ROOT


def test_a_raised_flag_is_seen_by_everyone_and_stays_up() -> None:
    flag = ForkFlag()
    assert not flag.is_set()
    flag.set()
    flag.set()
    assert flag.is_set()
    assert flag.wait(0)


def test_a_waiting_thread_wakes_when_the_flag_goes_up() -> None:
    flag = ForkFlag()
    woken: list[bool] = []
    waiting = threading.Thread(target=lambda: woken.append(flag.wait(10)))
    waiting.start()
    flag.set()
    waiting.join(5)
    assert woken == [True]


def test_waiting_for_a_flag_that_stays_down_ends_in_time() -> None:
    began = time.monotonic()
    assert not ForkFlag().wait(0.05)
    assert time.monotonic() - began >= 0.04


def test_a_number_keeps_what_was_written_last() -> None:
    number = SharedNumber("f", -1)
    assert number.value == -1
    with number.get_lock():
        number.value -= 0.5
    assert number.value == -1.5


def test_a_process_counts_as_busy_between_begin_and_end() -> None:
    board = BusyBoard()
    board.begin()
    assert board.n_busy() == 1
    board.end()
    assert board.n_busy() == 0


def test_a_process_killed_at_work_is_not_busy() -> None:
    program = (
        "import os, sys; from rover_site.operation.forkstate import BusyBoard; board = BusyBoard(); pid = os.fork()\n"
        "if pid == 0: board.begin(); os.kill(os.getpid(), 9)\n"
        "os.waitpid(pid, 0); print(board.last_begin() > 0, board.n_busy())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout.split() == ["True", "0"]


def test_nothing_drains_unless_a_flag_is_bound_and_up() -> None:
    flag = ForkFlag()
    assert not draining.is_draining()
    draining.bind(flag)
    try:
        assert not draining.is_draining()
        flag.set()
        assert draining.is_draining()
    finally:
        draining.bind(None)
    assert not draining.is_draining()


def test_hints_that_wait_while_a_worker_idles_raise_the_alarm_after_a_while() -> None:
    watchdog = Watchdog(board=BusyBoard(), n_workers=2)
    assert not watchdog.is_wedged(n_waiting=1, clock=1_000.0)
    assert not watchdog.is_wedged(n_waiting=1, clock=1_000.0 + WEDGED_SECONDS)
    assert watchdog.is_wedged(n_waiting=1, clock=1_000.1 + WEDGED_SECONDS)


def test_a_queue_that_was_empty_once_raises_no_alarm() -> None:
    watchdog = Watchdog(board=BusyBoard(), n_workers=2)
    watchdog.is_wedged(n_waiting=1, clock=0.0)
    watchdog.is_wedged(n_waiting=0, clock=WEDGED_SECONDS - 1)
    assert not watchdog.is_wedged(n_waiting=1, clock=WEDGED_SECONDS + 1)


def test_workers_that_are_all_busy_raise_no_alarm() -> None:
    board = BusyBoard()
    board.begin()
    watchdog = Watchdog(board=board, n_workers=1)
    watchdog.is_wedged(n_waiting=9, clock=0.0)
    assert not watchdog.is_wedged(n_waiting=9, clock=10 * WEDGED_SECONDS)


def test_a_job_that_began_meanwhile_raises_no_alarm() -> None:
    board = BusyBoard()
    watchdog = Watchdog(board=board, n_workers=2)
    watchdog.is_wedged(n_waiting=1, clock=time.monotonic() - 2 * WEDGED_SECONDS)
    board.begin()
    assert not watchdog.is_wedged(n_waiting=1, clock=time.monotonic())
