"""A server's paths for agents in this process, sites that answer for hosts, and a worker's turn."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.routing import URLRouter
from django.db import connections
from django.urls import re_path
from django.utils import timezone

from tasks.core.public_ids import TASK_PREFIX, WORKFLOW_PREFIX, read_name
from tasks.models import Task
from tasks.services.engines import Workshop
from tasks.services.running import task_run
from tasks.streaming.hub import StreamLimits
from tasks.streaming.lifetime import Streams
from tasks.v1.agents.api import AgentApi
from tests.tasks.streaming_fixtures import Exchange, in_database, make_streams, render_problem
from workspace.models import HostClaim, Site, SiteKey, User
from workspace.services.audit import SYSTEM
from workspace.services.configs import site_config_patch
from workspace.services.keys import key_create, key_update
from workspace.services.owners import owner_create
from workspace.services.sites import site_create

OPEN = {"enabled": True, "autoPromoteSeconds": 0}
IN_CLOUD = {"cloudAgent": True, "cloudScrape": True}


def make_owner(name: str = "owner") -> User:
    found = User.objects.filter(username=name).first()
    return found or owner_create(username=name, password=None)


def make_site(
    host: str = "shop.example",
    *,
    owner: User | None = None,
    proved: bool = True,
    access: Mapping[str, Any] | None = None,
    capabilities: Mapping[str, Any] | None = None,
    environment: str = "production",
    domains: list[str] | None = None,
    **config: Any,
) -> Site:
    """A site that answers for `host`: agents may start tasks there, cloud runs need `capabilities=IN_CLOUD`.
    Loopback hosts need `environment="development"` instead of a proof."""
    now = timezone.now()
    owner = owner or make_owner()
    site = site_create(actor=SYSTEM, owner=owner, name=f"Site {host}", host=host, now=now)
    key_create(
        actor=SYSTEM,
        site=site,
        label="Website",
        allowed_domains=domains or [host],
        environment=environment,
        capabilities=dict(capabilities or {}),
        now=now,
    )
    patch = {"aiAccess": dict(OPEN if access is None else access), **config}
    site_config_patch(actor=SYSTEM, site=site, patch=patch, max_stored=100, now=now)
    if proved and environment == "production":
        HostClaim.objects.create(site=site, host=host, token="t", created_at=now, proved_at=now, method="txt")
    return site


def local_site(base_url: str, **kwargs: Any) -> Site:
    """A site for a server on loopback whose tasks may run in the cloud."""
    host = base_url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return make_site(host, environment="development", capabilities=IN_CLOUD, **kwargs)


def configure(site: Site, **config: Any) -> None:
    """Change siteConfig."""
    site_config_patch(actor=SYSTEM, site=site, patch=config, max_stored=100, now=timezone.now())


def change_policy(site: Site, **policy: Any) -> None:
    """Change the policy of the site's key."""
    key = SiteKey.objects.get(site=site)
    key_update(actor=SYSTEM, key=key, policy=policy, now=timezone.now())


def row_of(name: str) -> Task:
    """The stored row of a task or workflow by its public name."""
    row_id = read_name(name, TASK_PREFIX) or read_name(name, WORKFLOW_PREFIX)
    assert row_id is not None, name
    return Task.objects.get(pk=row_id)


def work_on(name: str, now: datetime | None = None) -> None:
    """A worker's turn at a task: until it ends, asks, or is given back."""
    with Workshop() as workshop:
        task_run(task_id=row_of(name).pk, now=now or timezone.now(), workshop=workshop)


@dataclass
class Agents:
    """The paths for agents, in this process, with requests to them."""

    streams: Streams
    api: AgentApi
    application: Any

    @classmethod
    def start(cls, limits: StreamLimits | None = None) -> "Agents":
        streams = make_streams(limits)
        api = AgentApi(streams=streams, problem=render_problem)
        routes = [re_path(pattern, target) for pattern, target in api.routes()]  # type: ignore[arg-type]
        return cls(streams=streams, api=api, application=URLRouter(routes))

    def request(
        self, method: str, url: str, body: Any = None, *, ip: str = "127.0.0.1", **headers: str | list[str]
    ) -> tuple[Exchange, bytes]:
        """Not started. `url` is a path or an absolute URL of this server; `body` bytes, or what becomes JSON;
        headers by their name with underscores, a list for several lines."""
        path, _, query = ("/" + url.split("/", 3)[3] if "://" in url else url).partition("?")
        lines = [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, values in headers.items()
            for value in (values if isinstance(values, list) else [values])
        ]
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
            "headers": lines,
            "client": [ip, 1],
            "server": ["127.0.0.1", 2],
        }
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Exchange(application=self.application, scope=scope), data

    async def call(self, method: str, url: str, body: Any = None, **kwargs: Any) -> Exchange:
        """A request whose answer ends by itself."""
        exchange, data = self.request(method, url, body, **kwargs)
        exchange.start(data)
        await exchange.ended()
        return exchange

    async def get(self, url: str, **kwargs: Any) -> Exchange:
        return await self.call("GET", url, **kwargs)

    async def post(self, url: str, body: Any = None, **kwargs: Any) -> Exchange:
        return await self.call("POST", url, body, **kwargs)

    async def delete(self, url: str, **kwargs: Any) -> Exchange:
        return await self.call("DELETE", url, **kwargs)

    async def create(self, url: str = "https://shop.example/", **kwargs: Any) -> dict[str, Any]:
        """The answer to a task that is made; keyword arguments beginning with `header_` are headers, the rest
        is the body."""
        headers = {k.removeprefix("header_"): v for k, v in kwargs.items() if k.startswith("header_")}
        body = {"url": url, "prompt": "find the opening hours"}
        body |= {k: v for k, v in kwargs.items() if not k.startswith("header_")}
        answer = await self.post("/v1/tasks", body, **headers)
        assert answer.status in (200, 202), answer.body
        created: dict[str, Any] = answer.json()
        return created

    async def work(self, name: str) -> None:
        """A worker's turn, beside this event loop."""
        await asyncio.to_thread(_work_and_close, name)

    @asynccontextmanager
    async def open(
        self, url: str, method: str = "GET", body: Any = None, **kw: Any
    ) -> AsyncIterator[Exchange]:
        """A started request; the client leaves at the end, if the answer has not ended before."""
        exchange, data = self.request(method, url, body, **kw)
        exchange.start(data)
        try:
            yield exchange
        finally:
            exchange.leave()
            await exchange.ended()

    async def close(self) -> None:
        self.streams.close()
        if hub := self.streams._hub:
            await asyncio.wait([hub._main])
        self.api.close()
        await in_database(
            connections.close_all
        )()  # the test's own thread: PostgreSQL drops no database in use
        self.streams.database.close()


def _work_and_close(name: str) -> None:
    from django.db import connection

    try:
        work_on(name)
    finally:
        connection.close()
