"""A real server with a worker, the demo site open to agents, and what documented examples need to run."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rover_site.demo import DemoSiteThread, Page
from tasks.core.signature_keys import DIRECTORY_PATH, DIRECTORY_TYPE
from tests.e2e.server import RoverServer
from tests.tasks.agents.signing import directory
from tests.tasks.signing import KEY, KEYID

LOCAL = "http://127.0.0.1:8000"
SECONDS = 60
ENDED = frozenset({"completed", "failed", "cancelled", "expired"})
HERE, THERE = "127.0.0.1", "127.0.0.2"
LONG = "/long-log"
_LINES = "".join(
    f"<p>Night {night}: the lamp burned well, and the weather was grün.</p>" for night in range(900)
)
_LONG_PAGE = f"<html><title>Long log</title><main><h1>Long log</h1>{_LINES}</main></html>"
"""Read aloud, it is too long for one record of a stream."""
_UNLIMITED = {f"ROVER_TASKS_PER_MINUTE_{whose}": "0" for whose in ("IP", "AGENT", "SITE")} | {
    "ROVER_SESSIONS_PER_MINUTE_IP": "0"
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A server, a site key, a batch that has ended, with one page and one failure; the demo site on two
    addresses, each a site of its own that is open to agents, the second also to handoffs."""

    server: RoverServer
    demo: DemoSiteThread
    token: str
    task_id: str
    key_id: str
    site_id: str
    here: dict[str, Any]
    """The key of the first site, as it was made."""

    def session(self) -> dict[str, Any]:
        """A session of a page of the first site."""
        body = {"siteId": self.here["siteId"], "bootstrapToken": self.here["publicKey"], "url": self.shop}
        opened: dict[str, Any] = self.call("POST", "/v2/rover/session/open", body)["data"]
        return opened

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def shop(self) -> str:
        """The front page of the first site."""
        return self.demo.url("/")

    @property
    def other(self) -> str:
        """The front page of the second site, which takes handoffs."""
        return self.demo.url("/", THERE)

    @property
    def agent(self) -> str:
        """The origin of an agent that publishes the key of `env`."""
        return self.demo.base_url

    def filled(self, text: str) -> str:
        """An example with this world's addresses."""
        text = text.replace(LOCAL, self.url)
        text = text.replace("https://example.com/", self.demo.url("/visit"))
        text = text.replace("https://example.org/", self.demo.url("/nope"))
        text = text.replace("https://shop.example/", self.shop).replace("https://bank.example/", self.other)
        return text.replace("https://agent.example", self.agent)

    @property
    def env(self) -> dict[str, str]:
        """The environment in which examples run."""
        return self.server.env | {
            "TOKEN": self.token,
            "TASK_ID": self.task_id,
            "KEY_ID": self.key_id,
            "SITE_ID": self.site_id,
            "AGENT_KEY": KEY.private_bytes_raw().hex(),
            "AGENT_KEY_ID": KEYID,
            "no_proxy": "*",
        }

    def call(self, method: str, url: str, body: object = None, **headers: str) -> Any:
        """The JSON of an agent's request; `url` a path or an address of this server."""
        request = urllib.request.Request(
            url if "://" in url else self.url + url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return json.load(response)

    def create(
        self, prompt: str, *, execution: str = "browser", url: str = "", **more: Any
    ) -> dict[str, Any]:
        """A new task's answer."""
        body = {"url": url or self.shop, "prompt": prompt, **more}
        created: dict[str, Any] = self.call("POST", "/v1/tasks", body, Prefer=f"execution={execution}")
        return created

    def settled(self, prompt: str, **more: Any) -> dict[str, Any]:
        """The answer to a task in the cloud that has ended or asks by now."""
        created = self.create(prompt, execution="cloud", **more)
        deadline = time.monotonic() + SECONDS
        while (task := self.call("GET", created["task"]))["status"] not in ENDED | {"input_required"}:
            assert time.monotonic() < deadline, task
            time.sleep(0.1)
        return created | {"status": task["status"]}

    def told(self, task: str, *, n_runs: int | None = None) -> list[dict[str, Any]]:
        """The records of the task's stream: all, or up to that with which it runs for the n-th time."""
        request = urllib.request.Request(task, headers={"Accept": "application/x-ndjson"})
        records: list[dict[str, Any]] = []
        with urllib.request.urlopen(request, timeout=SECONDS) as lines:
            for line in filter(bytes.strip, lines):
                records.append(json.loads(line))
                told = [(record["type"], record["data"].get("status")) for record in records]
                if told.count(("status", "running")) == n_runs:
                    break
        return records


@contextmanager
def running_world(data_dir: Path) -> Iterator[World]:
    """Start all of it, and stop it."""
    server = RoverServer(data_dir=data_dir, environ=_UNLIMITED).start()
    keys = Page(body=directory(KEY), content_type=DIRECTORY_TYPE)
    try:
        pages = {DIRECTORY_PATH: keys, LONG: Page(body=_LONG_PAGE.encode())}
        with DemoSiteThread(addresses=[HERE, THERE], extra=pages) as demo:
            server.rover("owner", "create", "me", "--no-password")
            token = server.rover("owner", "token", "me", "--scope", "fetch", "--scope", "manage")
            urls = [demo.url("/visit"), demo.url("/nope")]
            task_id = server.request("POST", "/v1/batches", token, {"urls": urls})["task_id"]
            assert list(server.events(task_id, token))[-1]["kind"] == "task_completed"
            key = {"siteName": "Docs", "label": "Docs", "allowedDomains": ["docs.example"]}
            made = server.request("POST", "/generateRoverSiteKey", token, key)["data"]
            here = open_to_agents(server, token, HERE)
            open_to_agents(server, token, THERE, allowDelegatedHandoffs=True)
            yield World(
                server=server,
                demo=demo,
                token=token,
                task_id=task_id,
                key_id=made["keyId"],
                site_id=made["siteId"],
                here=here,
            )
    finally:
        server.stop()


def open_to_agents(server: RoverServer, token: str, host: str, **access: Any) -> dict[str, Any]:
    """Register a site for a host of this machine, as its owner would, and let agents in; returns its key. A
    task that no browser takes runs on the server after a second."""
    key = {
        "siteName": f"Demo {host}",
        "label": "Local",
        "allowedDomains": [host],
        "environment": "development",
        "capabilities": {"cloudAgent": True, "cloudScrape": True},
    }
    made: dict[str, Any] = server.request("POST", "/generateRoverSiteKey", token, key)["data"]
    config = {"aiAccess": {"enabled": True, "autoPromoteSeconds": 1, **access}}
    said = {"keyId": made["keyId"], "siteConfig": config}
    server.request("POST", "/upsertRoverSiteConfig", token, said)
    return made
