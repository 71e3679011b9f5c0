"""Waiting for a row to change that has no log of its own: by the same wake-ups as the logs."""

import asyncio
from uuid import UUID


class Watch:
    """Whoever waits for one row. `has_ended`: the process stops, or the row is not to be watched any more."""

    __slots__ = ("_changed", "has_ended", "row_id")

    def __init__(self, row_id: UUID) -> None:
        self.row_id = row_id
        self.has_ended = False
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Until something may have changed, at most so long; True when it may have."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def wake(self) -> None:
        """Let it look."""
        self._changed.set()

    def end(self) -> None:
        """Let it stop."""
        self.has_ended = True
        self.wake()


class Watches:
    """All of one process; belongs to its event loop."""

    def __init__(self) -> None:
        self._by_row: dict[UUID, set[Watch]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_row.values()))

    def add(self, row_id: UUID) -> Watch:
        """A new one. Give it back with `remove`."""
        watch = Watch(row_id)
        self._by_row.setdefault(row_id, set()).add(watch)
        return watch

    def remove(self, watch: Watch) -> None:
        """Forget it."""
        others = self._by_row.get(watch.row_id, set())
        others.discard(watch)
        if not others:
            self._by_row.pop(watch.row_id, None)

    def count(self, row_id: UUID) -> int:
        """How many watch this row."""
        return len(self._by_row.get(row_id, ()))

    def wake(self, row_id: UUID) -> None:
        """This row may have changed."""
        for watch in self._by_row.get(row_id, ()):
            watch.wake()

    def wake_all(self) -> None:
        """Any row may have changed."""
        for watches in self._by_row.values():
            for watch in watches:
                watch.wake()

    def end_all(self) -> None:
        """The process stops."""
        for watches in self._by_row.values():
            for watch in watches:
                watch.end()
