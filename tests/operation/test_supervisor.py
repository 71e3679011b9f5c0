"""What the supervisor does about children that end, refuse, or do not listen."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rover_site.operation.supervisor import GIVE_UP_AFTER
from tests.operation.harness import ROOT, environment, is_alive, wait_for

pytestmark = pytest.mark.processes
SECONDS = 20.0


class Trial:
    """A running supervisor and what it has printed."""

    def __init__(self, tmp_path: Path, *kinds: str, grace: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.operation.supervisor_trial", str(grace), *kinds],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def code(self) -> int:
        code = self.process.wait(SECONDS)
        self._reader.join(5)
        return code

    def wait_for_line(self, pattern: str) -> re.Match[str]:
        return wait_for(
            lambda: next(
                (found for line in list(self.lines) if (found := re.fullmatch(pattern, line))), None
            ),
            seconds=SECONDS,
            what=f"{pattern} in {self.lines}",
        )

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()


Start = Callable[..., Trial]


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Start]:
    made: list[Trial] = []

    def begin(*kinds: str, grace: float = 0.5) -> Trial:
        made.append(Trial(tmp_path, *kinds, grace=grace))
        return made[-1]

    yield begin
    for trial in made:
        trial.close()


def test_a_child_that_says_it_cannot_start_ends_everything_at_once(trials: Start) -> None:
    trial = trials("refuses", "waits")
    assert trial.code() == 1
    assert sum(line.startswith("refuses: ") for line in trial.lines) == 1


def test_a_child_that_keeps_failing_is_given_up(trials: Start) -> None:
    trial = trials("fails")
    assert trial.code() == 1
    assert sum(line.startswith("fails: ") for line in trial.lines) == GIVE_UP_AFTER


def test_a_killed_child_is_started_again_more_often_than_a_failing_one(trials: Start) -> None:
    trial = trials("waits")
    killed: set[int] = set()
    for _ in range(GIVE_UP_AFTER + 1):
        pid = wait_for(lambda: next(iter(_pids(trial) - killed), None), seconds=SECONDS, what="a new child")
        psutil.Process(pid).kill()
        killed.add(pid)
    wait_for(lambda: _pids(trial) - killed, seconds=SECONDS, what="a child after the last kill")
    trial.process.send_signal(signal.SIGTERM)
    assert trial.code() == 0


def test_what_a_child_leaves_behind_dies_with_it(trials: Start) -> None:
    trial = trials("litters")
    left = psutil.Process(int(trial.wait_for_line(r"litters: left (\d+)")[1]))
    wait_for(lambda: not is_alive(left), seconds=5, what="the end of what was left")


def test_a_child_that_ignores_the_signal_is_killed_after_the_grace(trials: Start) -> None:
    trial = trials("deaf")
    trial.wait_for_line("deaf: deaf now")
    trial.process.send_signal(signal.SIGTERM)
    assert trial.code() == 0
    assert "log killing deaf" in trial.lines


def test_a_second_signal_does_not_wait_for_the_grace(trials: Start) -> None:
    trial = trials("deaf", grace=10 * SECONDS)
    trial.wait_for_line("deaf: deaf now")
    trial.process.send_signal(signal.SIGINT)
    trial.wait_for_line("log stopping")
    trial.process.send_signal(signal.SIGINT)
    assert trial.code() == 0


def test_the_end_of_an_adopted_orphan_is_read(trials: Start) -> None:
    trial = trials("orphans")
    orphan = int(trial.wait_for_line(r"orphans: orphan (\d+)")[1])
    wait_for(lambda: not psutil.pid_exists(orphan), seconds=5, what="the end of the orphan's entry")


def test_a_last_line_without_an_end_is_passed_on(trials: Start) -> None:
    trial = trials("mumbles")
    trial.code()
    assert "mumbles: a line without an end" in trial.lines


def _pids(trial: Trial) -> set[int]:
    return {int(line.split()[-1]) for line in list(trial.lines) if line.startswith("waits: waits ")}
