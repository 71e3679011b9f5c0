"""The bridge from a running batch to its log: many coroutines hand in entries, one thread writes them.

Whatever has been handed in while a transaction was under way goes into the next one together, and each entry
waits a moment for company: a start only a few milliseconds, because a request waits for it, an outcome
longer, but not when nothing else is in flight. A transaction costs a worker about as much processor time as a
fetch, so sharing it is worth the wait.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from tasks.fetching.engine import Item, Outcome, Start
from tasks.services.batch_log import BatchLog, Beat, Committed, Entry, OutcomeEntry, StartEntry

MOST_AT_ONCE = 64
START_PATIENCE_SECONDS = 0.008
PATIENCE_SECONDS = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    entry: Entry
    written: asyncio.Future[Committed]


class BatchWriter:
    """The engine's `Log` over a `BatchLog`. `on_cancel` is called when a commit sees the cancel flag."""

    def __init__(self, log: BatchLog, *, use_stored: bool, on_cancel: Callable[[], None]) -> None:
        self._log = log
        self._use_stored = use_stored
        self._on_cancel = on_cancel
        self._queue: asyncio.Queue[_Pending] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "batch-writer")
        self._n_in_flight = 0

    async def start(self, item: Item, key: str) -> Start:
        """Record a start. Raises: LeaseLost."""
        self._n_in_flight += 1
        committed = await self._write(StartEntry(item=item, key=key, use_stored=self._use_stored))
        return committed.starts[item.index]

    async def record(self, item: Item, key: str, outcome: Outcome) -> None:
        """Record an outcome. Raises: LeaseLost."""
        self._n_in_flight -= 1
        await self._write(OutcomeEntry(item=item, key=key, outcome=outcome))

    async def beat(self) -> None:
        """Renew the lease and look at the cancel flag. Raises: LeaseLost."""
        await self._write(Beat())

    async def run(self) -> None:
        """Write what is handed in, until cancelled. Raises: LeaseLost, django.db.Error."""
        loop = asyncio.get_running_loop()
        while True:
            group = await self._gather()
            entries = [pending.entry for pending in group]
            committed = await loop.run_in_executor(self._thread, self._commit, entries)
            if committed.cancelled:
                self._on_cancel()
            for pending in group:
                if not pending.written.done():
                    pending.written.set_result(committed)

    async def _gather(self) -> list[_Pending]:
        """The entries of the next transaction: what comes until one of them cannot wait any longer."""
        loop = asyncio.get_running_loop()
        group = [await self._queue.get()]
        deadline = loop.time() + self._patience(group[0])
        while len(group) < MOST_AT_ONCE:
            if self._queue.empty():
                try:
                    async with asyncio.timeout_at(deadline):
                        group.append(await self._queue.get())
                except TimeoutError:
                    break
            else:
                group.append(self._queue.get_nowait())
            deadline = min(deadline, loop.time() + self._patience(group[-1]))
        return group

    def _patience(self, pending: _Pending) -> float:
        if self._n_in_flight <= 0:
            return 0.0
        return START_PATIENCE_SECONDS if isinstance(pending.entry, StartEntry) else PATIENCE_SECONDS

    def close(self) -> None:
        """Close the thread's database connection and end the thread."""
        self._thread.submit(_close_connection)
        self._thread.shutdown()

    def _commit(self, entries: list[Entry]) -> Committed:
        return self._log.commit(entries, timezone.now())

    async def _write(self, entry: Entry) -> Committed:
        pending = _Pending(entry=entry, written=asyncio.get_running_loop().create_future())
        self._queue.put_nowait(pending)
        return await pending.written


def _close_connection() -> None:
    """Of the thread that runs this: `connection` stands for another one in each thread."""
    connection.close()
