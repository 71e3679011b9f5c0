"""Streams of sessions through a real server: readers that vanish, and a server that is told to stop."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.v2.streams import STREAMS_EACH
from tests.tasks.sessions.support import BASE, HOME, events, public_key
from tests.tasks.streaming_fixtures import DEADLINE_SECONDS, in_database
from tests.tasks.test_streaming_servers import Server, start
from workspace.models import Site

START_SECONDS = 60
"""The first request waits until the process has read all of its code."""
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(params=["rover", "uvicorn"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    started = start(request.param, tmp_path / "stderr")
    yield started
    started.process.kill()
    started.process.wait()


async def post(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        answer = await client.post(f"{BASE}/{path}", json=body, timeout=START_SECONDS)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def opened(server: Server, site: Site) -> dict[str, Any]:
    key = await in_database(public_key)(site)
    return await post(server, "session/open", {"siteId": site.public_id, "bootstrapToken": key, "url": HOME})


def stream_of(session: dict[str, Any]) -> str:
    return f"{BASE}/stream?sessionId={session['sessionId']}&streamToken={session['streamToken']}"


async def prompt(server: Server, session: dict[str, Any]) -> dict[str, Any]:
    said = {name: session[name] for name in ("sessionId", "sessionToken")}
    told = {"type": "RUN_INPUT", "message": "go", "clientEventId": "e1", "expectedEpoch": 1}
    return await post(server, "command", said | told)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_told_to_stop_ends_its_sessions_streams_and_itself(
    server: Server, shop: Site, number: int
) -> None:
    session = await opened(server, shop)

    async with server.open(stream_of(session)) as stream:
        body = await stream.until(b"event: projection")
        told = await prompt(server, session)
        body += await stream.until(told["runId"].encode())
        server.process.send_signal(number)
        body += await stream.rest()

    assert [name for name, _ in events(body)] == ["ready", "projection", "projection"], "it is no error"
    await in_database(server.process.wait, thread_sensitive=False)(timeout=5)
    assert "Traceback" not in server.errors.read_text()


async def test_readers_that_vanish_make_room(server: Server, shop: Site) -> None:
    session = await opened(server, shop)

    for _ in range(2 * STREAMS_EACH):
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await is_taken(server, session):
                await asyncio.sleep(0.05)

    assert "Traceback" not in server.errors.read_text()


async def is_taken(server: Server, session: dict[str, Any]) -> bool:
    """Whether the server takes a stream; its reader vanishes at once."""
    async with server.open(stream_of(session)) as stream:
        if stream.status == 429:
            return False
        assert stream.status == 200
        await stream.until(b"event: projection")
        return True
