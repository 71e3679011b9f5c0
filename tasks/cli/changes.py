"""Waiting until the log may have grown, cheaply, and until the reader of our output goes away."""

import select
import sys
import time
from pathlib import Path

from tasks.cli.sqlite import FileState, file_state, immutable_path, reading_uri

SQLITE_SECONDS = 0.05  # one pragma costs microseconds
SERVER_SECONDS = 0.2


class Changes:
    """Notices writes to the database. SQLite tells by `PRAGMA data_version`; others are asked anew each time.

    Nothing is sent and no socket is opened: a reader leaves no trace.
    """

    def __init__(self) -> None:
        from django.db import connection

        self._connection = connection
        self._version: int | None = None
        self._file: FileState | None = None
        self.seconds = SQLITE_SECONDS if connection.vendor == "sqlite" else SERVER_SECONDS

    def wait(self, seconds: float) -> bool:
        """Wait `seconds` at most one poll; True when the database may have changed since the last call.

        Raises:
            BrokenPipeError: nobody reads standard output any more.
        """
        _pause(min(seconds, self.seconds))
        return self.have_come()

    def have_come(self) -> bool:
        """True when the database may have changed since the last call."""
        if self._connection.vendor != "sqlite":
            return True
        path = immutable_path(str(self._connection.settings_dict["NAME"]))
        if path is not None and not self._reconnected(path):
            return False
        with self._connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            version = cursor.fetchone()[0]
        changed: bool = version != self._version
        self._version = version
        return changed

    def _reconnected(self, path: Path) -> bool:
        """A connection to a file that nobody had open sees no change: make a new one when the file has moved
        on, as it does when a server starts."""
        state = file_state(path)
        if state == self._file:
            return False
        self._connection.close()
        self._connection.settings_dict["NAME"] = reading_uri(path)
        self._file, self._version = state, None
        return True


def _pause(seconds: float) -> None:
    """Sleep, but wake at once when standard output is a pipe whose reader has gone: a quiet stream would not
    notice before its next line."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        time.sleep(seconds)
        return
    gone = select.poll()
    gone.register(descriptor, 0)  # errors and hang-ups are reported unasked, and nothing else
    if gone.poll(seconds * 1000):
        raise BrokenPipeError
