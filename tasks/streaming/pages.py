"""Pages of logs for followers that are far behind."""

import asyncio
from uuid import UUID

from tasks.io.database_threads import DatabaseThreads
from tasks.streaming.framing import Framing
from tasks.streaming.log import Page, page_read
from tasks.streaming.tail import Tail


class Pages:
    """Reads pages; readers that ask for the same one at the same time share the answer. Belongs to one event
    loop."""

    def __init__(self, *, database: DatabaseThreads) -> None:
        self._database = database
        self._reading: dict[tuple[UUID, int, Framing], asyncio.Task[Page]] = {}

    async def read(self, tail: Tail, after: int, framing: Framing) -> Page:
        """The page of this tail's log behind `after`."""
        key = (tail.task_id, after, framing)
        reading = self._reading.get(key)
        if reading is None:
            reading = asyncio.create_task(self._database.run(page_read, tail.task_id, after, framing.encode))
            self._reading[key] = reading
            reading.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(reading)  # one reader's leaving must not cancel the others' page

    def _done(self, key: tuple[UUID, int, Framing], done: asyncio.Task[Page]) -> None:
        del self._reading[key]
        if not done.cancelled():
            done.exception()  # every reader that still waits gets it; asyncio need not report it again
