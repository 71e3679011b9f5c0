"""The queue of one request's messages."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.operation.inbox import Inbox


def message(number: int) -> dict[str, Any]:
    return {"type": "http.request", "number": number}


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.booleans(), max_size=30))
def test_messages_come_once_and_in_order_whoever_is_first(steps: list[bool]) -> None:
    async def run() -> None:
        inbox, sent, got = Inbox(), 0, list[int]()

        async def take() -> None:
            got.append((await inbox.get())["number"])

        waiting: asyncio.Task[None] | None = None
        for puts in steps:
            if puts:
                inbox.put_nowait(message(sent))
                sent += 1
            elif waiting is None or waiting.done():
                waiting = asyncio.create_task(take())
            await asyncio.sleep(0)
        n_taken = len(got)
        if waiting is not None and not waiting.done():
            waiting.cancel()
            await asyncio.wait([waiting])
        for _ in range(sent - n_taken):
            await asyncio.wait_for(take(), 5)
        assert got == list(range(sent))

    asyncio.run(run())


async def test_a_reader_that_was_cancelled_takes_no_message_along() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait(message(1))
    reader.cancel()
    await asyncio.wait([reader])

    assert await asyncio.wait_for(inbox.get(), 5) == message(1)


async def test_a_second_reader_is_refused_while_the_first_one_waits() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="two coroutines"):
        await inbox.get()

    inbox.put_nowait(message(1))
    assert await asyncio.wait_for(reader, 5) == message(1)
