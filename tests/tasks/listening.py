"""A listener at work, and what it said."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from tasks.io.listeners import Listener
from tasks.io.wakeups import poke
from tests.tasks.streaming_fixtures import until


async def poked_until(condition: Callable[[], object], task_id: UUID | None = None) -> None:
    """Poke again and again: there is no telling when a listener has begun."""

    def try_again() -> object:
        poke(task_id or uuid4())
        return condition()

    await until(try_again)


class Heard:
    """What a listener said."""

    def __init__(self) -> None:
        self.tasks: list[UUID] = []
        self.checks = 0

    def wake(self, task_id: UUID) -> None:
        self.tasks.append(task_id)

    def check(self) -> None:
        self.checks += 1


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(listener.listen(wake=heard.wake, check=heard.check))
    try:
        yield heard
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])
