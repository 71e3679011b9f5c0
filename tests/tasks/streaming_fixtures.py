"""Tasks with logs, and a client that sees an ASGI application's messages one by one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.conf import settings
from django.urls import re_path

from tasks.core.events import EventKind, LoggedEvent, NewEvent
from tasks.core.states import TaskKind, TaskStatus
from tasks.io.listeners import EmbeddedListener
from tasks.models import Task
from tasks.selectors.background import events_after, task_snapshot
from tasks.services.events import events_append
from tasks.streaming.access import OwnerTokenAccess
from tasks.streaming.endpoint import TaskEndpoint
from tasks.streaming.hub import StreamLimits
from tasks.streaming.lifetime import Streams
from workspace.core.errors import RoverError
from workspace.core.tokens import Scope
from workspace.models import User
from workspace.services.owners import owner_create, owner_token_create

in_database = sync_to_async
NOW = datetime(2026, 1, 31, 12, 4, 7, 251_000, tzinfo=UTC)
DEADLINE_SECONDS = 10


def make_owner(username: str = "owner", **kwargs: Any) -> User:
    return owner_create(username=username, password=None, **kwargs)


def make_token(owner: User, *scopes: Scope) -> str:
    return owner_token_create(owner=owner, name="script", scopes=scopes or (Scope.FETCH,), now=NOW)


def make_task(owner: User | None, *, kind: TaskKind = TaskKind.BATCH_FETCH, n_events: int = 0) -> UUID:
    task = Task.objects.create(
        owner=owner, kind=kind, status=TaskStatus.RUNNING, params={"total": 3}, created_at=NOW, updated_at=NOW
    )
    if n_events:
        append(task.pk, n_events)
    return task.pk


def append(task_id: UUID, n_events: int = 1, **payload: Any) -> None:
    """More of the log: item events, whose `text` has what breaks careless encoders."""
    text = 'line\nfeed \u2028 "quote" é'
    events = [
        NewEvent(kind=EventKind.ITEM_STARTED, payload={"n": n, "text": text} | payload)
        for n in range(n_events)
    ]
    events_append(task_id=task_id, events=events, now=NOW)


def finish(task_id: UUID) -> None:
    """The last event and the status, as one."""
    events_append(task_id=task_id, events=[NewEvent(kind=EventKind.TASK_COMPLETED)], now=NOW)
    Task.objects.filter(pk=task_id).update(status=TaskStatus.COMPLETED, finished_at=NOW)


def log(task_id: UUID) -> list[LoggedEvent]:
    return events_after(task_id=task_id, after=0, limit=100_000)


async def until(condition: Callable[[], object], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for a condition of this event loop."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


@dataclass
class Exchange:
    """One request and what has come back so far. `stall` holds `send` like a client that does not read."""

    application: Any
    scope: dict[str, Any]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    header_list: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    sends: list[bytes] = field(default_factory=list)
    is_complete: bool = False
    stall: asyncio.Event | None = None
    _incoming: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None

    def start(self, body: bytes = b"") -> None:
        self._incoming.put_nowait({"type": "http.request", "body": body})
        self.task = asyncio.create_task(
            self.application(self.scope, self._incoming.get, self._take), name="exchange"
        )

    async def _take(self, message: dict[str, Any]) -> None:
        if self.stall is not None and message["type"] == "http.response.body":
            await self.stall.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.header_list = [(name.decode().lower(), value.decode()) for name, value in message["headers"]]
            self.headers = dict(self.header_list)
            return
        self.body += message.get("body", b"")
        self.sends.append(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def ended(self) -> None:
        assert self.task is not None
        await asyncio.wait_for(asyncio.shield(self.task), DEADLINE_SECONDS)

    async def begun(self) -> None:
        """The head has come."""
        await until(lambda: self.status)

    async def has_lines(self, n_lines: int) -> None:
        """So many NDJSON lines have come, and no more."""
        await until(lambda: len(self.lines()) == n_lines)

    async def has_bytes(self, n_bytes: int) -> None:
        """So much has come, or all there is."""
        await until(lambda: self.is_complete or (self.status and len(self.body) >= n_bytes))

    def lines(self) -> list[dict[str, Any]]:
        """The complete NDJSON lines."""
        return [json.loads(line) for line in self.body.split(b"\n")[:-1] if line]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class World:
    """An endpoint with its hub, and an owner."""

    streams: Streams
    application: Any
    owner: User
    token: str

    def request(
        self,
        path: str | UUID,
        *,
        method: str = "GET",
        query: str = "",
        token: str | None = None,
        **headers: str,
    ) -> Exchange:
        """Not started. Headers by their name with underscores."""
        if isinstance(path, UUID):
            path = f"/v1/batches/{path}"
        sent = {"authorization": f"Bearer {token or self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items() if value],
            "client": ["127.0.0.1", 1],
            "server": ["127.0.0.1", 2],
        }
        return Exchange(application=self.application, scope=scope)

    @asynccontextmanager
    async def open(self, path: str | UUID, **kwargs: Any) -> AsyncIterator[Exchange]:
        """A started request; the client leaves at the end, if the answer has not ended before."""
        exchange = self.request(path, **kwargs)
        exchange.start()
        try:
            yield exchange
        finally:
            exchange.leave()
            await exchange.ended()

    async def get(self, path: str | UUID, **kwargs: Any) -> Exchange:
        """A request whose answer ends by itself."""
        exchange = self.request(path, **kwargs)
        exchange.start()
        await exchange.ended()
        return exchange

    async def close(self) -> None:
        self.streams.close()
        if hub := self.streams._hub:
            await asyncio.wait([hub._main])


def make_streams(limits: StreamLimits | None = None, **listener: Any) -> Streams:
    database = str(settings.DATABASES["default"]["NAME"])
    arguments: dict[str, Any] = {"run_dir": settings.ROVER.run_dir, "database": database} | listener
    return Streams(make_listener=lambda: EmbeddedListener(**arguments), limits=limits)


def render_problem(error: RoverError, instance: str) -> tuple[int, dict[str, Any]]:
    from rover_site.problems import problem

    return problem(error, instance=instance)


def make_application(streams: Streams, **kwargs: Any) -> Any:
    def snapshot(task_id: UUID) -> dict[str, Any]:
        return task_snapshot(task_id=task_id, now=NOW)

    arguments: dict[str, Any] = {
        "access": OwnerTokenAccess(kind=TaskKind.BATCH_FETCH, scopes=(Scope.FETCH, Scope.READ)),
        "snapshot": snapshot,
    }
    endpoint = TaskEndpoint(streams=streams, problem=render_problem, **(arguments | kwargs))
    return URLRouter([re_path(r"^v1/batches/(?P<task_id>[^/]+)\Z", endpoint)])  # type: ignore[arg-type]


@pytest.fixture
def limits() -> StreamLimits:
    """Overridden where a test needs other bounds."""
    return StreamLimits()


@pytest.fixture
async def closed(world: World) -> AsyncIterator[World]:
    """For tests that run in one event loop: the world, whose hub is closed before that loop is."""
    yield world
    await world.close()


@pytest.fixture
def world(transactional_db: None, limits: StreamLimits) -> Iterator[World]:
    streams = make_streams(limits)
    owner = make_owner()
    yield World(streams=streams, application=make_application(streams), owner=owner, token=make_token(owner))
    streams.database.close()


async def finished_task(world: World, n_events: int = 3) -> UUID:
    def make() -> UUID:
        task_id = make_task(world.owner, n_events=n_events)
        finish(task_id)
        return task_id

    return await in_database(make)()


async def running_task(world: World, n_events: int = 0) -> UUID:
    return await in_database(make_task)(world.owner, n_events=n_events)
