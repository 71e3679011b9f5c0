"""State that forked processes share without a lock: a process may be killed at any instruction, and a lock
that it held then would stay held for ever."""

import mmap
import os
import select
import struct
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

SLOTS = 1024
_PID = struct.Struct("@i")
_NUMBER = struct.Struct("@d")


class ForkFlag:
    """An event in the manner of `multiprocessing.Event`: a pipe that becomes readable and stays so."""

    def __init__(self) -> None:
        self._readable, self._writable = os.pipe()

    def set(self) -> None:
        """Raise the flag, for this process and all that share it; again does no harm."""
        if not self.is_set():
            os.write(self._writable, b"!")

    def is_set(self) -> bool:
        """True after anybody raised it."""
        return self.wait(0)

    def fileno(self) -> int:
        """The descriptor that is readable while the flag is up."""
        return self._readable

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the flag, at most `timeout` seconds; True when it is up."""
        poll = select.poll()
        poll.register(self._readable, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def __del__(self) -> None:
        for fd in (self._readable, self._writable):
            with suppress(OSError):
                os.close(fd)


class SharedNumber:
    """A number in the manner of `multiprocessing.Value`, whose lock is none.

    django-q2 keeps a worker's remaining seconds in it. Worker and guard may overwrite each other once; then
    an idle worker is replaced needlessly after hours, or its end is logged in other words.
    """

    def __init__(self, typecode: str, value: float) -> None:
        self._memory = mmap.mmap(-1, _NUMBER.size)
        self.value = value

    @property
    def value(self) -> float:
        """The number as any process wrote it last; eight aligned bytes are written at once."""
        number: float = _NUMBER.unpack_from(self._memory)[0]
        return number

    @value.setter
    def value(self, number: float) -> None:
        _NUMBER.pack_into(self._memory, 0, number)

    def get_lock(self) -> AbstractContextManager[Any]:
        """A context that holds nothing."""
        return nullcontext()


class BusyBoard:
    """Which worker processes are at work, and when one last began. A killed one is found out by its pid."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _NUMBER.size + SLOTS * _PID.size)

    def begin(self) -> None:
        """This process starts a job."""
        _NUMBER.pack_into(self._memory, 0, time.monotonic())
        _PID.pack_into(self._memory, self._offset(os.getpid()), os.getpid())

    def end(self) -> None:
        """This process has ended its job."""
        _PID.pack_into(self._memory, self._offset(os.getpid()), 0)

    def n_busy(self) -> int:
        """How many living processes are at work."""
        pids = (pid for (pid,) in _PID.iter_unpack(self._memory[_NUMBER.size :]))
        return sum(1 for pid in pids if pid and _lives(pid))

    def last_begin(self) -> float:
        """The monotonic clock, in seconds, when a job last began; 0.0 before the first."""
        seconds: float = _NUMBER.unpack_from(self._memory)[0]
        return seconds

    @staticmethod
    def _offset(pid: int) -> int:
        return _NUMBER.size + pid % SLOTS * _PID.size


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
