"""Responses that are cut short: by a client that left, from outside, or by the server."""

import asyncio
from typing import Any

import pytest

from tasks.streaming.leaving import Response
from tests.tasks.streaming_fixtures import until


class Client:
    """What a server's `receive` says: nothing, until `leave`."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def leave(self) -> None:
        self.messages.put_nowait({"type": "http.disconnect"})


async def forever() -> None:
    await asyncio.Event().wait()


async def respond(response_box: list[Response], writing: Any, client: Client) -> str:
    response = Response()
    response_box.append(response)
    await response.write(writing, client.messages.get)
    await asyncio.sleep(0)
    return "went on"


async def test_a_client_that_leaves_ends_the_writing_and_nothing_else() -> None:
    client = Client()
    request = asyncio.create_task(respond([], forever(), client))
    client.messages.put_nowait({"type": "http.request", "body": b""})
    client.leave()

    assert await asyncio.wait_for(request, 5) == "went on"


async def test_cutting_twice_ends_the_writing_once() -> None:
    box: list[Response] = []
    request = asyncio.create_task(respond(box, forever(), Client()))
    await until(lambda: box)
    box[0].cut()
    box[0].cut()

    assert await asyncio.wait_for(request, 5) == "went on"


async def test_a_response_that_is_done_cannot_be_cut() -> None:
    box: list[Response] = []

    async def short() -> None:
        return

    assert await respond(box, short(), Client()) == "went on"
    box[0].cut()

    await asyncio.sleep(0)  # where a cancelled task would end


async def test_a_request_that_the_server_cancels_is_cancelled() -> None:
    box: list[Response] = []
    request = asyncio.create_task(respond(box, forever(), Client()))
    await until(lambda: box)
    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request


async def test_a_server_that_cancels_what_was_cut_has_its_way() -> None:
    box: list[Response] = []
    request = asyncio.create_task(respond(box, forever(), Client()))
    await until(lambda: box)
    box[0].cut()
    request.cancel()

    with pytest.raises(asyncio.CancelledError):
        await request


async def test_a_send_to_a_client_that_is_gone_is_no_error() -> None:
    async def broken() -> None:
        raise BrokenPipeError

    assert await respond([], broken(), Client()) == "went on"


async def test_any_other_error_of_the_writing_is_raised() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await respond([], broken(), Client())


async def test_nothing_waits_for_the_client_when_the_response_is_done() -> None:
    async def short() -> None:
        await asyncio.sleep(0)

    before = len(asyncio.all_tasks())
    await respond([], short(), Client())

    await until(lambda: len(asyncio.all_tasks()) == before)
