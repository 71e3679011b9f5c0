"""The queue between the processes of a worker."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.operation.forkqueue import INLINE_BYTES, STOP, MessageQueue
from tests.operation.harness import ROOT, environment, wait_for
from tests.operation.queue_trial import BIG, N_KILLS, N_MESSAGES


@pytest.mark.processes
def test_a_killed_reader_loses_at_most_its_own_message_and_wedges_nobody(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.operation.queue_trial"],
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["n_wedged"] == 0
    assert found["n_seen"] >= N_MESSAGES - N_KILLS
    assert found["sizes"] == [50, BIG]


@given(st.integers(min_value=0, max_value=3 * INLINE_BYTES))
@settings(max_examples=25, deadline=None)
def test_a_message_of_any_size_comes_out_as_it_went_in(size: int) -> None:
    queue = MessageQueue()
    queue.put({"args": (1, "é"), "text": "x" * size})
    assert queue.get() == {"args": (1, "é"), "text": "x" * size}


def test_messages_keep_their_order() -> None:
    queue = MessageQueue()
    for number in range(20):
        queue.put(number)
    assert [queue.get() for _ in range(20)] == list(range(20))


def test_a_bounded_queue_holds_its_writer_until_the_message_before_was_taken() -> None:
    queue = MessageQueue(maxsize=1)
    queue.put("first")
    writer = threading.Thread(target=queue.put, args=("second",), daemon=True)
    writer.start()
    writer.join(0.2)
    was_held = writer.is_alive()
    assert (was_held, queue.get()) == (True, "first")
    writer.join(5)
    assert queue.get() == "second"


def test_the_order_to_stop_is_never_held_back() -> None:
    queue = MessageQueue(maxsize=1)
    queue.put("a job that nobody takes")
    queue.put(STOP)
    assert [queue.get(), queue.get()] == ["a job that nobody takes", STOP]


def test_an_emptied_queue_says_that_it_is_empty() -> None:
    queue = MessageQueue()
    queue.put("only")
    wait_for(lambda: not queue.empty(), seconds=5, what="a message")
    assert queue.qsize() == 1
    queue.get()
    assert (queue.empty(), queue.qsize()) == (True, 0)
