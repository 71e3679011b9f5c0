"""The owner's handle on its fork server: start it, give it orders, end it."""

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Final

from tasks.fetching.extraction.server import KILL, ORDER, START

_ROOT: Final = Path(__file__).resolve().parents[3]
_STOP_SECONDS: Final = 5.0
# The children read hostile bytes: no secret of the owner's environment goes with them.
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")


PAGES_PER_CHILD: Final = 200
CHILD_RSS_BYTES: Final = 400 * 1024 * 1024
LINGER_SECONDS: Final = 60.0


class Launcher:
    """At most one fork server at a time; started on demand, restarted when it was lost. It may serve one pool
    after another, in whichever event loop each of them runs."""

    def __init__(
        self, *, pages_per_child: int = PAGES_PER_CHILD, child_rss_bytes: int = CHILD_RSS_BYTES
    ) -> None:
        self._arguments = (str(pages_per_child), str(child_rss_bytes))
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._changing = threading.Lock()
        self._end: threading.Timer | None = None
        self._numbers = itertools.count(1)
        self.generation = 0
        """Counts the fork servers: children of an earlier one are gone."""

    @property
    def pid(self) -> int | None:
        """Process id of the fork server, None when there is none."""
        return self._process.pid if self._process is not None else None

    def next_number(self) -> int:
        """A number that no child of this launcher had before."""
        return next(self._numbers)

    async def ensure(self) -> None:
        """Start the fork server unless it lives. Its imports go on while this returns."""
        await asyncio.to_thread(self._ensure)

    def _ensure(self) -> None:
        with self._changing:
            self._cancel_end()
            if self._process is not None and self._process.poll() is None:
                return
            self._stop()
            control, theirs = socket.socketpair()
            control.setblocking(False)
            with theirs:
                self._process = self._spawn(theirs.fileno())
            self._control = control
            self.generation += 1

    def _spawn(self, control_fd: int) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        # One arena: children have one thread, and freed memory goes back sooner.
        environment["MALLOC_ARENA_MAX"] = "1"
        module = "tasks.fetching.extraction.server"
        command = [sys.executable, "-m", module, str(control_fd), str(os.getpid())]
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [*command, *self._arguments],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(control_fd,),
            # Out of the terminal's group: Ctrl-C is for the owner.
            process_group=0,
        )

    def start_child(self, number: int, stream: socket.socket) -> None:
        """Order a child that serves `stream`.

        Raises:
            OSError: the fork server is gone.
        """
        if self._control is None:
            raise BrokenPipeError("no fork server")
        socket.send_fds(self._control, [ORDER.pack(START, number)], [stream.fileno()])

    def kill_child(self, number: int) -> None:
        """Order the end of a child; one that is gone already is no error."""
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(ORDER.pack(KILL, number))

    async def stop(self) -> None:
        """End the fork server and with it every child; returns when the process is gone."""
        await asyncio.to_thread(self._stop_locked)

    def linger(self, seconds: float = LINGER_SECONDS) -> None:
        """End the fork server after `seconds`, unless it is needed before: starting it costs a third of a
        second, and keeping it some 50 MiB."""
        with self._changing:
            self._cancel_end()
            self._end = threading.Timer(seconds, self._stop_locked)
            self._end.daemon = True
            self._end.start()

    def _cancel_end(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def _stop_locked(self) -> None:
        with self._changing:
            self._cancel_end()
            self._stop()

    def _stop(self) -> None:
        control, self._control = self._control, None
        process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None:
            _wait(process)


@cache
def _shared(pid: int) -> Launcher:
    return Launcher()


def shared_launcher() -> Launcher:
    """The one launcher of this process (a forked child has its own), for pools that come and go."""
    return _shared(os.getpid())


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
