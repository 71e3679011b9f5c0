"""Ctrl-C at a moment of our choosing: never between printing an event and remembering that it was printed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """While entered, Ctrl-C raises KeyboardInterrupt as usual, but inside `held()` only at its end. A second
    Ctrl-C raises at once: the write it waits for may be blocked."""

    def __init__(self) -> None:
        self._is_held = False
        self._is_pending = False
        self._is_ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> Self:
        if self._is_ours:
            signal.signal(signal.SIGINT, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put Ctrl-C off until the end of the block.

        Raises:
            KeyboardInterrupt: it was pressed meanwhile.
        """
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._is_pending:
            raise KeyboardInterrupt

    def _received(self, number: int, frame: FrameType | None) -> None:
        if not self._is_held or self._is_pending:
            raise KeyboardInterrupt
        self._is_pending = True
