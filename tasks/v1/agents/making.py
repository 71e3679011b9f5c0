"""Making tasks for many callers at once."""

import asyncio

from django.db import connection

from tasks.io.database_threads import DatabaseThreads
from tasks.services.agents.creating import Created, CreateRequest, agent_task_create
from tasks.services.agents.creating_many import agent_tasks_create
from tasks.streaming.gathering import GatheredReads

POSTGRES_THREADS = 4
MOST_TOGETHER = 32
"""Other writers wait for so many tasks at most."""


class Maker:
    """Makes tasks, in threads of its own.

    SQLite has one writer: requests that come while a transaction is written go into the next one together,
    which saves most of its cost. Other databases write them side by side.
    """

    def __init__(self) -> None:
        is_sqlite = connection.vendor == "sqlite"
        self._database = DatabaseThreads(name="rover-tasks", size=1 if is_sqlite else POSTGRES_THREADS)
        self._is_together = is_sqlite
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathered: GatheredReads[CreateRequest, Created | Exception] | None = None

    async def make(self, request: CreateRequest) -> Created:
        """The task that the request stands for. Raises as `agent_task_create`."""
        if not self._is_together:
            return await self._database.run(agent_task_create, request)
        found = await self._together().get(request)
        if isinstance(found, Created):
            return found
        raise found.with_traceback(None) if found else AssertionError("every request is answered")

    def close(self) -> None:
        """End the threads."""
        self._database.close()

    def _together(self) -> GatheredReads[CreateRequest, Created | Exception]:
        loop = asyncio.get_running_loop()
        if self._gathered is None or self._loop is not loop:
            self._loop = loop
            self._gathered = GatheredReads(
                database=self._database, read=agent_tasks_create, most=MOST_TOGETHER
            )
        return self._gathered
