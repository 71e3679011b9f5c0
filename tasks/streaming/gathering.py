"""Answering many readers with one question to the database."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from tasks.io.database_threads import DatabaseThreads

K = TypeVar("K")
V = TypeVar("V")


class GatheredReads(Generic[K, V]):
    """Looks up keys in batches: what is asked for while a batch is being read forms the next one. So a
    thousand clients that connect at once cost a few queries, and no answer is older than its question.

    Belongs to one event loop. `read` runs in a database thread, for at most `most` keys in one call; a key
    that it leaves out is answered None.
    """

    def __init__(
        self, *, database: DatabaseThreads, read: Callable[[list[K]], Mapping[K, V]], most: int | None = None
    ) -> None:
        self._database = database
        self._read = read
        self._most = most
        self._asked: dict[K, list[asyncio.Future[V | None]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """What `read` finds for `key`. Raises what `read` raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(key, []).append(answer)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_batches())
        return await answer

    async def _read_batches(self) -> None:
        try:
            while self._asked:
                await self._answer(self._next_batch())
        finally:
            self._reading = None

    def _next_batch(self) -> dict[K, list["asyncio.Future[V | None]"]]:
        if self._most is None or len(self._asked) <= self._most:
            batch, self._asked = self._asked, {}
            return batch
        return {key: self._asked.pop(key) for key in list(self._asked)[: self._most]}

    async def _answer(self, batch: Mapping[K, list["asyncio.Future[V | None]"]]) -> None:
        waiting = [(key, answer) for key, answers in batch.items() for answer in answers]
        try:
            found = await self._database.run(self._read, list(batch))
        except Exception as exc:  # noqa: BLE001 - raised where the answers are awaited
            for _, answer in waiting:
                if not answer.done():
                    answer.set_exception(exc)
                    answer.exception()  # whoever asked may be leaving; then nobody is to be told
        else:
            for key, answer in waiting:
                if not answer.done():
                    answer.set_result(found.get(key))
        finally:
            for _, answer in waiting:
                answer.cancel()  # does nothing to one that is answered
