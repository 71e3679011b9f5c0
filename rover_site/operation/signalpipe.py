"""Signals as bytes in a pipe, so that one loop can wait for them together with everything else."""

import os
import signal
from collections.abc import Iterable
from types import FrameType


class SignalPipe:
    """Takes over some signals of this process; must be made in the main thread.

    A handler that did the work itself would run between any two steps of the main thread, also while that
    holds a lock which the work needs.
    """

    def __init__(self, signals: Iterable[signal.Signals]) -> None:
        self._readable, self._writable = os.pipe()
        os.set_blocking(self._readable, False)
        os.set_blocking(self._writable, False)
        for number in signals:
            signal.signal(number, self._note)

    def fileno(self) -> int:
        """The descriptor that is readable once a signal came."""
        return self._readable

    def take(self) -> list[signal.Signals]:
        """The signals that came since the last call, in their order."""
        try:
            return [signal.Signals(number) for number in os.read(self._readable, 4096)]
        except BlockingIOError:
            return []

    def _note(self, number: int, _frame: FrameType | None) -> None:
        try:
            os.write(self._writable, bytes([number]))
        except BlockingIOError:
            return  # thousands are waiting already; one more says nothing new
