"""Pages of sites that talk to the browser runtime, in this process, over a real database."""

import json
from dataclasses import dataclass, field
from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from tasks.streaming.hub import StreamLimits
from tasks.v1.agents.api import AgentApi
from tasks.v2.api import RuntimeApi
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import Exchange, in_database, make_streams, render_problem
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_value

BASE = "/v2/rover"
HOME = "https://shop.example/"


@dataclass
class Runtime(Agents):
    """The paths for pages and those for agents, on one hub."""

    @classmethod
    def start(cls, limits: StreamLimits | None = None) -> "Runtime":
        streams = make_streams(limits)
        api = AgentApi(streams=streams, problem=render_problem)
        runtime = RuntimeApi(streams=streams, problem=render_problem)
        routes = [re_path(pattern, target) for pattern, target in (*api.routes(), *runtime.routes())]  # type: ignore[arg-type]
        return cls(streams=streams, api=api, application=URLRouter(routes))

    async def send(self, path: str, body: Any = None, **kwargs: Any) -> Exchange:
        """POST to one of the runtime's paths."""
        return await self.post(f"{BASE}/{path}", body, **kwargs)

    async def page(self, site: Site, *, url: str = HOME, **body: Any) -> "Page":
        """A page that has opened a session."""
        key = await in_database(public_key)(site)
        asked = {"siteId": site.public_id, "bootstrapToken": key, "url": url, **body}
        opened = data(await self.send("session/open", asked))
        return Page(runtime=self, opened=opened, url=url)


@dataclass
class Page:
    """A page with its session, which knows its counters as the script does."""

    runtime: Runtime
    opened: dict[str, Any]
    url: str = HOME
    run_id: str = ""
    epoch: int = 1
    seq: int = 0
    n_sent: int = 0
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.opened["sessionToken"]
        self.epoch = self.opened["epoch"]

    @property
    def session_id(self) -> str:
        """The session's id."""
        return str(self.opened["sessionId"])

    async def send(self, path: str, **body: Any) -> Exchange:
        """A request with the session's credentials."""
        self.n_sent += 1
        said = {"sessionId": self.session_id, "sessionToken": self.token}
        return await self.runtime.send(path, said | body)

    async def command(self, kind: str, **fields: Any) -> Exchange:
        """A command with the counters that the page knows, unless others are given."""
        known = {
            "type": kind,
            "clientEventId": f"event-{self.n_sent}",
            "expectedEpoch": self.epoch,
            "expectedSeq": self.seq,
        }
        return await self.send("command", **(known | fields))

    async def ask(self, message: str = "find the opening hours", **fields: Any) -> dict[str, Any]:
        """A new run; the page learns its counters."""
        found = data(await self.command("RUN_INPUT", message=message, forceNewRun=True, **fields))
        self.run_id, self.epoch, self.seq = found["runId"], found["epoch"], found["seq"]
        return found

    async def state(self, **query: Any) -> dict[str, Any]:
        """The projection; the page learns the epoch."""
        found = data(await self.send("state", **query))
        self.epoch = found["epoch"]
        return found

    async def step(self, capture: dict[str, Any], **fields: Any) -> Exchange:
        """What to do next on this page."""
        said = {
            "runId": self.run_id,
            "clientEventId": f"step-{self.n_sent}",
            "expectedEpoch": self.epoch,
            "page": capture,
        }
        return await self.send("agent/step", **(said | fields))


def public_key(site: Site) -> str:
    """The value of the site's key."""
    return key_value(SiteKey.objects.select_related("site").filter(site=site).latest("created_at"))


def data(answer: Exchange) -> dict[str, Any]:
    """The data of a success."""
    body = answer.json()
    assert (answer.status, body.get("success")) == (200, True), body
    found: dict[str, Any] = body["data"]
    return found


def refused(answer: Exchange) -> tuple[int, str]:
    """Status and code of a refusal in the runtime's envelope."""
    body = answer.json()
    assert (set(body), body["success"]) == ({"success", "error", "data"}, False)
    assert body["data"]["code"] == body["error"]
    assert {"message", "retryable"} <= set(body["data"])
    return answer.status, body["error"]


def events(body: bytes) -> list[tuple[str, Any]]:
    """The complete events of a stream, name and data."""
    found = []
    for part in body.decode().split("\n\n")[:-1]:
        lines = dict(line.split(": ", 1) for line in part.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found
