"""What the threads of `rover worker` beside its queue have in common."""

import threading
from abc import ABC, abstractmethod


class WorkerThread(ABC):
    """A thread that works until it is told to stop. `join_seconds`: how long a stop waits for it at most."""

    def __init__(self, *, name: str, join_seconds: float) -> None:
        self._stopped = threading.Event()
        self._join_seconds = join_seconds
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    def start(self) -> None:
        """Begin; call it after the last fork of this process."""
        self._thread.start()

    def tell(self) -> None:
        """Say that nothing new is to be begun."""
        self._stopped.set()

    def stop(self) -> None:
        """End; what has begun gets a moment to land."""
        self._stopped.set()
        self._thread.join(self._join_seconds)

    def wait(self, seconds: float) -> bool:
        """Pause; True as soon as it is told to stop."""
        return self._stopped.wait(seconds)

    @abstractmethod
    def run(self) -> None:
        """What it does, until `is_stopped`. Nothing may be raised: nobody would hear of it."""
