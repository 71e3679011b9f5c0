"""The ASGI application: streams in front, Django behind. Works under Daphne and uvicorn alike."""

# ruff: noqa: E402 - models can be imported after Django's setup only

import os
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rover_site.settings")

import django

django.setup()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path
from django.utils import timezone

from rover_site.handler import LeanHandler, default_threads
from roverbook.collector.api import CollectorApi
from tasks.core.states import TaskKind
from tasks.io.listeners import configured_listener
from tasks.selectors.background import task_snapshot
from tasks.streaming.access import OwnerTokenAccess, StaffSessionAccess
from tasks.streaming.endpoint import TaskEndpoint
from tasks.streaming.lifetime import Streams, call_before_stop_signals
from tasks.streaming.request import Application, Receive, Scope, Send
from tasks.v1.agents.api import AgentApi
from tasks.v2.api import RuntimeApi
from workspace.core.errors import RoverError
from workspace.core.tokens import Scope as TokenScope


def close_streams() -> None:
    """End every stream of this process and refuse new ones. From any thread; SIGTERM and SIGINT do it."""
    streams.close()


def _problem(error: RoverError, instance: str) -> tuple[int, dict[str, Any]]:
    from rover_site.problems import problem  # the REST framework imports that module while it loads itself

    return problem(error, instance=instance)


def _snapshot(task_id: UUID) -> dict[str, Any]:
    return task_snapshot(task_id=task_id, now=timezone.now())


def _reads_to(endpoint: Application) -> Application:
    """GET and HEAD go to `endpoint`, every other method to Django."""

    def split(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        target = endpoint if scope["method"] in ("GET", "HEAD") else django_application
        return target(scope, receive, send)

    return split


async def _lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    """uvicorn tells its start and its end; Daphne does not."""
    while (message := await receive())["type"] == "lifespan.startup":
        streams.begin()
        await send({"type": "lifespan.startup.complete"})
    streams.close()
    await send({"type": f"{message['type']}.complete"})


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """There is none; without an answer the server would log an error for each that tries."""
    await receive()
    await send({"type": "websocket.close"})


streams = Streams(make_listener=configured_listener, on_start=lambda: call_before_stop_signals(close_streams))
django_application = LeanHandler(n_threads=default_threads())
batch = TaskEndpoint(
    streams=streams,
    access=OwnerTokenAccess(kind=TaskKind.BATCH_FETCH, scopes=(TokenScope.FETCH, TokenScope.READ)),
    snapshot=_snapshot,
    problem=_problem,
)
agents = AgentApi(streams=streams, problem=_problem)
runtime = RuntimeApi(streams=streams, problem=_problem)
collector = CollectorApi(streams=streams, problem=_problem)
workspace_events = TaskEndpoint(streams=streams, access=StaffSessionAccess(), problem=_problem)

ROUTES: list[tuple[str, Application]] = [
    (r"^v1/batches/(?P<task_id>[^/]+)\Z", _reads_to(batch)),  # streams first: a crowd of them comes at once
    (r"^workspace/tasks/(?P<task_id>[^/]+)/events\Z", _reads_to(workspace_events)),
    *agents.routes(),
    *runtime.routes(),
    *collector.routes(),
    (r"", django_application),
]
application = ProtocolTypeRouter(
    {
        # the router calls ASGI applications, though its patterns are Django's
        "http": URLRouter([re_path(pattern, target) for pattern, target in ROUTES]),  # type: ignore[arg-type]
        "websocket": _refuse_websocket,
        "lifespan": _lifespan,
    }
)
