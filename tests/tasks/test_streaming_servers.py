"""Streams through real servers: many clients, clients that vanish, a server that is told to stop."""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pytest
from django.conf import settings
from django.db import connection
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder

from tests.tasks.streaming_fixtures import (
    DEADLINE_SECONDS,
    append,
    in_database,
    make_owner,
    make_task,
    make_token,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
ROOT = Path(__file__).parent.parent.parent
COMMANDS = {
    "daphne": ["daphne", "--fd", "{fd}", "--no-server-name"],
    "rover": ["tests.tasks.lean_server", "{fd}"],
    "uvicorn": ["uvicorn", "--fd", "{fd}", "--no-access-log", "--loop", "uvloop", "--http", "httptools"],
    "uvicorn-plain": ["uvicorn", "--fd", "{fd}", "--no-access-log", "--loop", "asyncio", "--http", "h11"],
}


@dataclass
class Server:
    """A server process on a port of its own, on this test's database."""

    process: "subprocess.Popen[bytes]"
    port: int
    errors: Path

    @asynccontextmanager
    async def open(self, path: str, token: str = "", **headers: str) -> AsyncIterator["Client"]:
        """A connection with a sent request and a read head. Closing it is abrupt: the server gets a reset."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sent = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}"} | headers
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            yield Client(reader=reader, status=int(head.split()[1]))
        finally:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.close()

    async def inside(self) -> dict[str, int]:
        async with self.open("/inside", Connection="close") as client:
            counts: dict[str, int] = json.loads(await client.chunk())
            return counts

    async def until(self, **expected: int) -> None:
        """Wait until the server holds exactly this."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while {name: (await self.inside())[name] for name in expected} != expected:
                await asyncio.sleep(0.02)


@dataclass
class Client:
    reader: asyncio.StreamReader
    status: int

    async def chunk(self) -> bytes:
        """One chunk of a chunked body (RFC 9112 §7.1); empty at its end."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            size = int(await self.reader.readline(), 16)
            return (await self.reader.readexactly(size + 2))[:size]

    async def until(self, text: bytes) -> bytes:
        """Everything up to and with `text`."""
        body = b""
        while text not in body:
            chunk = await self.chunk()
            assert chunk, body
            body += chunk
        return body

    async def rest(self) -> bytes:
        body = b""
        while chunk := await self.chunk():
            body += chunk
        return body


def start(server: str, errors: Path) -> Server:
    with socket.socket() as listening, errors.open("wb") as stderr:
        listening.bind(("127.0.0.1", 0))
        listening.listen(4096)
        fd = listening.fileno()
        arguments = [part.format(fd=fd) for part in COMMANDS[server]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROVER_")}
        environment |= {
            "ROVER_DATA_DIR": str(settings.ROVER.data_dir),
            "ROVER_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
            "DJANGO_SETTINGS_MODULE": "rover_site.settings",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments, "tests.tasks.streaming_server:application"],
            cwd=ROOT,
            env=environment,
            pass_fds=[fd],
            stderr=stderr,
        )
        return Server(process=process, port=listening.getsockname()[1], errors=errors)


@pytest.fixture(params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    started = start(request.param, tmp_path / "stderr")
    yield started
    started.process.kill()
    started.process.wait()


@pytest.fixture
def stream() -> tuple[str, str, UUID]:
    """Path, token, and the task behind them."""
    owner = make_owner(f"owner-{uuid4()}")
    task_id = make_task(owner, n_events=1)
    return f"/v1/batches/{task_id}", make_token(owner), task_id


def events_of(body: bytes) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [event for line in body.decode().splitlines() if (event := decoder.decode(line)) is not None]


async def test_200_streams_cost_no_thread_and_are_forgotten_when_their_clients_vanish(
    server: Server, stream: tuple[str, str, UUID]
) -> None:
    path, token, task_id = stream
    await server.inside()

    async with asyncio.TaskGroup() as clients:
        ready = asyncio.Semaphore(0)
        written = asyncio.Event()

        async def follow() -> bytes:
            async with server.open(path, token, Accept="text/event-stream") as client:
                body = await client.until(b"id: 1\n")
                ready.release()
                await written.wait()
                return body + await client.until(b"id: 2\n")

        bodies = [clients.create_task(follow()) for _ in range(200)]
        for _ in bodies:
            await ready.acquire()
        held = await server.inside()
        await in_database(append)(task_id)
        written.set()

    assert (held["streams"], held["tasks"]) == (200, 1)
    assert psutil.Process(server.process.pid).num_threads() < 20
    assert all([event.id for event in events_of(done.result())] == ["1", "2"] for done in bodies)
    await server.until(streams=0, tasks=0)


async def test_a_client_that_closes_in_good_order_is_forgotten_too(
    server: Server, stream: tuple[str, str, UUID]
) -> None:
    path, token, _ = stream

    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    request = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nAccept: text/*\r\n\r\n"
    writer.write(request.replace("Host: a", "Host: 127.0.0.1").encode())
    await reader.readuntil(b"id: 1")
    await server.until(streams=1)
    writer.close()
    await writer.wait_closed()

    await server.until(streams=0, tasks=0)


async def test_the_head_of_a_quiet_ndjson_stream_comes_at_once(
    server: Server, stream: tuple[str, str, UUID]
) -> None:
    path, token, _ = stream

    async with server.open(f"{path}?after=1", token, Accept="application/x-ndjson") as client:
        assert client.status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_told_to_stop_says_farewell_on_its_streams_and_ends(
    server: Server, stream: tuple[str, str, UUID], number: int
) -> None:
    path, token, _ = stream

    async with (
        server.open(path, token, Accept="text/event-stream") as events,
        server.open(path, token, Accept="application/x-ndjson") as lines,
    ):
        await events.until(b"id: 1\n")
        await lines.until(b"\n")
        server.process.send_signal(number)
        last = await events.rest(), await lines.rest()

    assert last == (b": the server ends this stream; go on after the last id\n", b"\n")
    await in_database(server.process.wait, thread_sensitive=False)(timeout=5)
    assert "Traceback" not in server.errors.read_text()


async def test_what_django_serves_is_served_behind_the_streams(
    server: Server, stream: tuple[str, str, UUID]
) -> None:
    path, token, _ = stream

    async with (
        server.open(f"{path}/items", token) as items,
        server.open("/nothing/here", token) as nothing,
    ):
        assert (items.status, nothing.status) == (200, 404)
