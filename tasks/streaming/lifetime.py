"""Where the hub of a process comes from, and how its streams end when the process is to stop."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

from tasks.io.database_threads import DatabaseThreads
from tasks.io.listeners import Listener
from tasks.streaming.errors import TooManyStreams
from tasks.streaming.hub import Hub, StreamLimits

logger = logging.getLogger(__name__)

DATABASE_THREADS = 4
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Streams:
    """The hub of whatever event loop asks, made at first use: a server imports the application before its
    loop runs."""

    def __init__(
        self,
        *,
        make_listener: Callable[[], Listener],
        limits: StreamLimits | None = None,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self._make_listener = make_listener
        self._limits = limits or StreamLimits()
        self._on_start = on_start
        self._hub: Hub | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = False
        self.database = DatabaseThreads(name="rover-streams", size=DATABASE_THREADS)

    @property
    def n_streams(self) -> int:
        """How many streams this process holds."""
        return self._hub.n_streams if self._hub else 0

    @property
    def n_tasks(self) -> int:
        """How many logs they follow."""
        return self._hub.n_tasks if self._hub else 0

    def hub(self) -> Hub:
        """The hub of the running loop.

        Raises:
            TooManyStreams: the process is about to stop.
        """
        if self._is_stopping:
            raise TooManyStreams("this server process is about to stop; try again")
        loop = asyncio.get_running_loop()
        if self._hub is None or self._hub.is_closed or self._loop is not loop:
            self._loop = loop
            self._hub = Hub(database=self.database, listener=self._make_listener(), limits=self._limits)
            if self._on_start:
                self._on_start()
        return self._hub

    def begin(self) -> None:
        """Take streams (again)."""
        self._is_stopping = False

    def close(self) -> None:
        """End every stream and refuse new ones. From any thread, and from a signal handler."""
        self._is_stopping = True
        if self._hub is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hub.close)


def call_before_stop_signals(call: Callable[[], None]) -> None:
    """Run `call` first when the process is told to stop, then what the server does about it.

    Neither uvicorn nor Daphne tells an application in time: uvicorn waits for its responses to end before it
    sends `lifespan.shutdown`, Daphne has no lifespan. Only in the main thread, where signals arrive, and only
    in front of a handler: where the signal just kills, there is nothing to wait for.
    """
    if threading.current_thread() is not threading.main_thread():
        logger.warning("streams were started outside of the main thread: a stop cuts them")
        return
    for number in STOP_SIGNALS:
        previous = signal.getsignal(number)
        if callable(previous) and not isinstance(previous, _Chained):
            signal.signal(number, _Chained(call, previous))


class _Chained:
    def __init__(self, call: Callable[[], None], previous: Callable[[int, FrameType | None], object]) -> None:
        self._call = call
        self._previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._call()
        self._previous(number, frame)
