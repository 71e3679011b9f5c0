"""Waiting for something, but never past the end of a run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tasks.executing.protocol import StopSignal

T = TypeVar("T")


class StopRun(Exception):
    """The stop signal came."""


class OutOfTime(Exception):
    """The seconds of the budget are over."""


class Watch:
    """Looks at the clock and the stop signal of one run, which starts now."""

    def __init__(self, stop: StopSignal, seconds: float) -> None:
        self._stop = stop
        self._ends = time.monotonic() + seconds

    def check(self) -> None:
        """Raises: StopRun, OutOfTime."""
        if self._stop.is_set():
            raise StopRun
        if time.monotonic() >= self._ends:
            raise OutOfTime

    async def race(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`, which is cancelled when the run ends first.

        Raises: StopRun, OutOfTime; what `call` raises.
        """
        self.check()
        work = asyncio.ensure_future(call())
        bell = asyncio.ensure_future(self._stop.wait())
        try:
            left = max(0.0, self._ends - time.monotonic())
            await asyncio.wait({work, bell}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise StopRun if self._stop.is_set() else OutOfTime
        finally:
            for task in (work, bell):
                task.cancel()
            await asyncio.gather(work, bell, return_exceptions=True)
