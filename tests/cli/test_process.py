"""The command as a process: Ctrl-C, a reader that goes away, a terminal."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest

from tests.cli.conftest import (
    COMMAND,
    SECONDS,
    append,
    bare_environment,
    end,
    item_done,
    make_batch,
    run_process,
    started,
)

Popen = subprocess.Popen[bytes]


@contextmanager
def running(arguments: list[str], environment: dict[str, str], **options: int) -> Iterator[Popen]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with subprocess.Popen([*COMMAND, *arguments], env=environment, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def first_line(process: Popen) -> bytes:
    assert process.stdout
    return process.stdout.readline()


def test_ctrl_c_detaches_and_says_how_to_go_on(environment: dict[str, str]) -> None:
    task = make_batch()
    append(task, *started()[:1])

    with running(["batch", str(task.pk), "--monitor"], environment) as process:
        first_line(process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)

    assert (process.returncode, out) == (130, b"")
    assert err.decode() == (
        "Detached after event 1. The batch goes on.\n"
        f"  watch again   rover batch {task.pk} --monitor --from-event 1\n"
        f"  stop it       rover task {task.pk} --cancel\n"
    )


def test_a_reader_that_goes_away_ends_a_quiet_stream_silently(environment: dict[str, str]) -> None:
    task = make_batch()
    append(task, *started()[:1])

    with running(["batch", str(task.pk), "--monitor", "--json"], environment) as process:
        line = first_line(process)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        code = process.wait(SECONDS)
        err = process.stderr.read()

    assert (code, err) == (141, b"")
    assert json.loads(line)["seq"] == 1


def test_head_takes_one_line_and_the_rest_is_silent(environment: dict[str, str]) -> None:
    task = make_batch(done=1, pending=0)
    append(task, *started(), *(item_done(0) for _ in range(1)))
    end(task)
    shell = f"{sys.executable} -m rover_site.cli task {task.pk} --monitor --format ndjson | head -1"

    done = subprocess.run(
        ["/bin/sh", "-c", shell], env=environment, capture_output=True, timeout=SECONDS, check=False
    )

    assert json.loads(done.stdout)["kind"] == "task_started"
    assert done.stderr == b""


def test_every_line_is_there_as_soon_as_its_event(environment: dict[str, str]) -> None:
    task = make_batch(done=1)
    append(task, *started()[:1])

    with running(["batch", str(task.pk), "--monitor", "--json"], environment) as process:
        first_line(process)
        append(task, item_done(0))
        second = json.loads(first_line(process))
        end(task)
        third = json.loads(first_line(process))
        code = process.wait(SECONDS)

    assert (second["seq"], third["kind"], code) == (2, "task_completed", 0)


def test_a_monitor_started_before_the_server_sees_what_it_then_writes(tmp_path: Path) -> None:
    database = tmp_path / "rover.db"
    script = Path(__file__).with_name("write_task.py")
    environment = bare_environment() | {"ROVER_DATA_DIR": str(tmp_path)}

    def write(step: str) -> str:
        done = subprocess.run(
            [sys.executable, str(script), step],
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return done.stdout.decode().strip()

    task_id = write("create")
    assert not database.with_name("rover.db-wal").exists()
    with running(["task", task_id, "--monitor", "--json"], environment) as process:
        first = json.loads(first_line(process))
        write("end")
        rest, _ = process.communicate(timeout=SECONDS)

    assert first["kind"] == "task_started"
    assert [json.loads(line)["kind"] for line in rest.splitlines()] == ["task_completed"]


class Screen:
    """A terminal with a program in it."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], *, only_stderr: bool = False
    ) -> None:
        self._controller, terminal = pty.openpty()
        ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment,
            stdin=terminal,
            stdout=subprocess.PIPE if only_stderr else terminal,
            stderr=terminal,
        )
        os.close(terminal)
        self.text = ""

    def wait_for(self, seen: Callable[[str], bool]) -> str:
        """Read until `seen` likes what is on the screen, or the program has ended."""
        deadline = time.monotonic() + SECONDS
        while not seen(self.text) and time.monotonic() < deadline:
            if not select.select([self._controller], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self._controller, 65536)
            except OSError:
                break
            self.text += data.decode()
        return self.text

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._controller)


@pytest.fixture
def screen() -> Iterator[Callable[..., Screen]]:
    opened: list[Screen] = []

    def open_screen(*arguments: str, environment: dict[str, str], only_stderr: bool = False) -> Screen:
        opened.append(Screen(list(arguments), environment, only_stderr=only_stderr))
        return opened[-1]

    yield open_screen
    for one in opened:
        one.close()


def test_on_a_terminal_words_have_colours_and_a_footer_is_redrawn(
    screen: Callable[..., Screen], environment: dict[str, str]
) -> None:
    task = make_batch(done=1)
    append(task, *started(), item_done(0))

    watched = screen("batch", str(task.pk), "--monitor", environment=environment)
    watched.wait_for(lambda text: "Ctrl-C detaches" in text)
    end(task)
    text = watched.wait_for(lambda text: "task completed" in text)

    assert "\x1b[32mdone          \x1b[0m" in text
    assert "\r\x1b[2K✓ 1  ✗ 0  ● 0  ○ 1" in text
    assert watched.process.wait(SECONDS) == 0


@pytest.mark.parametrize("variable", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_dumb_terminal_and_a_build_server_get_no_footer(
    screen: Callable[..., Screen], environment: dict[str, str], variable: dict[str, str]
) -> None:
    task = make_batch(done=1)
    append(task, *started())

    watched = screen("batch", str(task.pk), "--monitor", "--timeout", "1", environment=environment | variable)
    text = watched.wait_for(lambda text: "stop it" in text)

    assert "Time is up" in text
    assert "Ctrl-C detaches" not in text
    assert "\x1b[2K" not in text


def test_nothing_of_the_footer_reaches_standard_output(
    screen: Callable[..., Screen], environment: dict[str, str]
) -> None:
    task = make_batch(done=1)
    append(task, *started())

    watched = screen(
        "batch", str(task.pk), "--monitor", environment=environment | {"FORCE_COLOR": "1"}, only_stderr=True
    )
    watched.wait_for(lambda text: "Ctrl-C detaches" in text)
    end(task)
    assert watched.process.stdout
    out = watched.process.stdout.read()
    watched.process.stdout.close()

    assert b"\x1b[2K" not in out
    assert b"\x1b[32mtask completed" in out


@pytest.mark.parametrize(
    ("variables", "flags", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
        ({"FORCE_COLOR": "1"}, ["--color", "never"], False),
    ],
)
def test_colour_into_a_pipe_is_only_what_was_asked_for(
    environment: dict[str, str], variables: dict[str, str], flags: list[str], coloured: bool
) -> None:
    task = make_batch(done=1, pending=0)
    append(task, *started())
    end(task)

    ran = run_process(["batch", str(task.pk), "--monitor", *flags], environment | variables)

    assert bool(re.search(r"\x1b\[3[0-7]m", ran.out)) is coloured


def test_no_color_leaves_no_colour_on_a_terminal(
    screen: Callable[..., Screen], environment: dict[str, str]
) -> None:
    task = make_batch(done=1, pending=0)
    end(task)

    watched = screen("task", str(task.pk), environment=environment | {"NO_COLOR": "1"})
    text = watched.wait_for(lambda text: "last event" in text)

    assert "✓ completed" in text
    assert "\x1b[3" not in text


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C"}, {"LANG": "en_US.ISO-8859-1"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_a_locale_without_unicode_gets_ascii(environment: dict[str, str], locale: dict[str, str]) -> None:
    task = make_batch(failed=1, pending=0)
    end(task)

    ran = run_process(["task", str(task.pk)], environment | locale)

    assert "[ok] completed" in ran.out
    assert ran.out.isascii()


def test_without_an_id_a_person_chooses_among_the_running_tasks(
    screen: Callable[..., Screen], environment: dict[str, str]
) -> None:
    task = make_batch()

    watched = screen("task", environment=environment)
    asked = watched.wait_for(lambda text: "Which one" in text)
    os.write(watched._controller, b"1\n")
    text = watched.wait_for(lambda text: "stop it" in text)

    assert f"…{str(task.pk)[-6:]}" in asked
    assert f"task         {task.pk}" in text
