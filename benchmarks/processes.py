"""Child processes of a benchmark: start, wait for a word, stop, and weigh."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

MIB = 1024 * 1024


class BenchmarkError(Exception):
    """A measurement that could not be taken; the text says why."""


@contextlib.contextmanager
def child(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, output: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process stopped (SIGTERM, then SIGKILL) at the end. It has pipes for its input and its output, or
    writes all it says into the file `output`: a pipe that nobody reads would fill up and block it."""
    with contextlib.ExitStack() as files:
        target = files.enter_context(output.open("w")) if output else None
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=target or subprocess.PIPE,
            stderr=subprocess.STDOUT if target else None,
            text=True,
            env=dict(env or os.environ),
        )
        try:
            yield process
        finally:
            stop(process)


def module(name: str, *arguments: str) -> list[str]:
    """The command line of one of our modules under this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def stop(process: subprocess.Popen[str], *, seconds: float = 15) -> float:
    """Ends a process and returns how long it took after SIGTERM, in seconds."""
    start = time.monotonic()
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    return time.monotonic() - start


def tell(process: subprocess.Popen[str], line: str) -> None:
    """One line to the child's standard input."""
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str], *, seconds: float = 60) -> str:
    """The next line of its output. Raises: BenchmarkError when it ends or is silent for too long."""
    assert process.stdout
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    if not line:
        raise BenchmarkError(f"{process.args!r} ended or was silent for {seconds:g} s")
    return line.rstrip("\n")


def until(condition: Callable[[], bool], *, seconds: float, what: str) -> float:
    """Waits for a condition; returns the seconds it took. Raises: BenchmarkError after `seconds`."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise BenchmarkError(f"not within {seconds:g} s: {what}")
        time.sleep(0.005)
    return time.monotonic() - start


def tree(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def pss_mib(pid: int) -> float:
    """Memory of a process tree in MiB, pages that several share counted once (Linux smaps_rollup)."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def tree_cpu_seconds(pid: int) -> float:
    """Processor time that a tree has used so far, members that have ended and were waited for included."""
    total = 0.0
    for process in tree(pid):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@contextlib.contextmanager
def peak_pss(pid: int) -> Iterator[list[float]]:
    """Samples a tree twice a second; the list holds the peak in MiB when the block has ended."""
    peak = [0.0]
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(0.5):
            peak[0] = max(peak[0], pss_mib(pid))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
