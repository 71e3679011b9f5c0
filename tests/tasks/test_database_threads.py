"""Threads that talk to the database."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from tasks.io.database_threads import DatabaseThreads
from tests.tasks.streaming_fixtures import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads() -> Iterator[DatabaseThreads]:
    made = DatabaseThreads(name="test", size=2)
    yield made
    made.close()


def where() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return threading.get_ident(), id(connection.connection)


async def test_a_hundred_jobs_use_two_threads_with_a_connection_each(threads: DatabaseThreads) -> None:
    places = await asyncio.gather(*(threads.run(where) for _ in range(100)))

    assert len({thread for thread, _ in places}) == len(set(places)) <= 2


async def test_a_job_can_go_on_in_the_thread_of_an_earlier_one(threads: DatabaseThreads) -> None:
    for _ in range(20):
        first = await threads.submit(threading.get_ident)

        assert await threads.submit(threading.get_ident, thread=first) == first


async def test_what_a_job_raises_reaches_its_caller(threads: DatabaseThreads) -> None:
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 1, 0)


async def test_closing_ends_the_threads_and_cancels_what_waits(threads: DatabaseThreads) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def hold() -> str:
        begun.release()
        go_on.wait(10)
        return "done"

    held = [asyncio.create_task(threads.run(hold)) for _ in range(2)]
    await until(lambda: begun._value == 2)
    waiting = asyncio.create_task(threads.run(where))
    await until(lambda: threads._jobs)
    closing = threading.Thread(target=threads.close)
    closing.start()
    await until(lambda: waiting.done())
    go_on.set()

    assert waiting.cancelled()
    assert await asyncio.gather(*held) == ["done", "done"]
    await asyncio.to_thread(closing.join)
    assert not [t for t in threading.enumerate() if t.name.startswith("test-")]


async def test_a_job_for_closed_threads_is_cancelled(threads: DatabaseThreads) -> None:
    threads.close()

    with pytest.raises(asyncio.CancelledError):
        await threads.run(where)
