"""Keeping child processes alive, and taking every one of them down.

Each child leads a process group of its own, so that a Ctrl-C in the terminal reaches only the supervisor and
so that whatever a child leaves behind can be found; and each holds the reading end of a lifeline
(`rover_site.operation.lifeline`), so that none outlives the supervisor. Nothing here knows Django.
"""

import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rover_site.operation.child_output import Lines
from rover_site.operation.signalpipe import SignalPipe

FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5.0
STABLE_SECONDS = 30.0
"""A child that lived this long has started well; its next death is the first again."""
GIVE_UP_AFTER = 8
"""Quick ends in a row, each with an exit code of its own choice. A killed child is always restarted."""
CANNOT_START = 78
"""EX_CONFIG of sysexits.h: the child says that trying again is of no use."""
STOP_SECONDS = 10.0
READ_BYTES = 65_536
GUARD_SECONDS = 1.0

logger = logging.getLogger("rover_site.up")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What to run: `python -m module arguments`, with descriptors `pass_fds` under their own numbers."""

    name: str
    module: str
    arguments: Sequence[str] = ()
    pass_fds: Sequence[int] = ()


@dataclass(slots=True)
class _Child:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    lines: Lines = field(default_factory=Lines)
    started: float = 0.0
    backoff: float = FIRST_BACKOFF_SECONDS
    start_at: float | None = 0.0
    quick_ends: int = 0


class Supervisor:
    """Runs the children of `specs` until a signal comes or one of them cannot be kept up.

    `on_line(name, line)` gets each line that a child writes. SIGTERM, SIGINT and SIGHUP stop everything
    cleanly, a second one at once.
    """

    def __init__(self, specs: Sequence[ChildSpec], *, on_line: Callable[[str, str], None]) -> None:
        self._children = [_Child(spec=spec) for spec in specs]
        self._on_line = on_line
        self._signals = SignalPipe((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._signals, selectors.EVENT_READ)
        self._lifeline, self._held_end = os.pipe()
        self._kill_at: float | None = None
        self._code = 0

    def run(self) -> int:
        """Supervise. Returns 0 after a stop that was asked for, 1 when a child could not be kept up."""
        try:
            while self._kill_at is None or self._living():
                self._start_due()
                self._wait()
                self._bury()
                self._reap_adopted()
                if self._kill_at is not None and time.monotonic() >= self._kill_at:
                    self._kill()
        finally:
            self._kill()
            self._selector.close()
            os.close(self._held_end)
            os.close(self._lifeline)
        return self._code

    def _living(self) -> list[_Child]:
        return [child for child in self._children if child.process is not None]

    def _start_due(self) -> None:
        for child in self._children:
            if self._kill_at is None and child.start_at is not None and child.start_at <= time.monotonic():
                self._start(child)

    def _start(self, child: _Child) -> None:
        child.start_at, child.started, child.lines = None, time.monotonic(), Lines()
        child.process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            # -P: a file in the working directory must not stand in for a module of ours
            [
                *(sys.executable, "-P", "-m", "rover_site.operation.lifeline", str(self._lifeline)),
                *(child.spec.module, *child.spec.arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(self._lifeline, *child.spec.pass_fds),
            start_new_session=True,
            env=child_environment(),
        )
        assert child.process.stdout is not None  # noqa: S101 - it is a pipe
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _wait(self) -> None:
        moments = [child.start_at for child in self._children if child.start_at is not None]
        if self._kill_at is not None:
            moments = [self._kill_at]
        timeout = min([GUARD_SECONDS, *(max(0.0, moment - time.monotonic()) for moment in moments)])
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._take_signals()
            else:
                self._read(key.data)

    def _take_signals(self) -> None:
        for number in self._signals.take():
            if number == signal.SIGCHLD:
                continue
            if self._kill_at is None:
                logger.info("stopping")
                self._stop()
            else:
                self._kill_at = time.monotonic()

    def _read(self, child: _Child) -> bool:
        """Pass on what the child wrote; False when nothing is there now."""
        pipe = child.process.stdout if child.process else None
        if pipe is None or pipe.closed:
            return False
        try:
            data = os.read(pipe.fileno(), READ_BYTES)
        except BlockingIOError:
            return False
        for line in child.lines.feed(data):
            self._on_line(child.spec.name, line)
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
        return bool(data)

    def _bury(self) -> None:
        for child in self._living():
            process = child.process
            if process is None or process.poll() is None:
                continue
            _kill_group(process.pid)
            while self._read(child):
                continue
            for line in child.lines.finish():
                self._on_line(child.spec.name, line)
            if process.stdout is not None and not process.stdout.closed:
                self._selector.unregister(process.stdout)
                process.stdout.close()
            child.process = None
            if self._kill_at is None:
                self._plan_restart(child, process.returncode)

    def _reap_adopted(self) -> None:
        """As process 1 of a container the supervisor inherits every orphan; unread, their ends pile up."""
        known = {child.process.pid for child in self._children if child.process is not None}
        while hasattr(os, "waitid"):
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid in known:  # a child's own end is read by `_bury`
                return
            os.waitpid(ended.si_pid, 0)

    def _plan_restart(self, child: _Child, code: int) -> None:
        lived = time.monotonic() - child.started
        if lived >= STABLE_SECONDS:
            child.backoff, child.quick_ends = FIRST_BACKOFF_SECONDS, 0
        child.quick_ends = child.quick_ends + 1 if code >= 0 else 0
        if code == CANNOT_START or child.quick_ends >= GIVE_UP_AFTER:
            logger.error("%s cannot be kept up (%s); stopping", child.spec.name, _describe(code))
            self._code = 1
            self._stop()
            return
        logger.warning(
            "%s %s after %.1f s; starting it again in %.1f s",
            *(child.spec.name, _describe(code), lived, child.backoff),
        )
        child.start_at = time.monotonic() + child.backoff
        child.backoff = min(child.backoff * 2, LONGEST_BACKOFF_SECONDS)

    def _stop(self) -> None:
        self._kill_at = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.start_at = None
            if child.process is not None:
                child.process.terminate()

    def _kill(self) -> None:
        for child in self._living():
            if child.process is not None:
                logger.warning("killing %s", child.spec.name)
                _kill_group(child.process.pid)
                child.process.wait()
        self._bury()


def child_environment() -> dict[str, str]:
    """The environment of children: ours, and this very package in their path."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _kill_group(pid: int) -> None:
    """Kill what is left of a child's process group. Its number is free for others only when it is empty."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _describe(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was killed by {signal.Signals(-code).name}"
