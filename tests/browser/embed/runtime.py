"""A real Rover behind a wire that keeps every byte, and pages of a site on another origin that embed it."""

import contextlib
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.embed.conftest import Origin
from tests.e2e.server import RoverServer, free_port

HERE = "127.0.0.1"
SECONDS = 20_000
ENVIRON = {"ROVER_SESSIONS_PER_MINUTE_IP": "0"} | {
    f"ROVER_TASKS_PER_MINUTE_{whose}": "0" for whose in ("IP", "AGENT", "SITE")
}
EVENTS = """(names) => {
    window.told = [];
    for (const name of names) window.rover('on', name, (data) => window.told.push([name, data]));
}"""
STUB = (
    "window.rover = window.rover || function () { (rover.q = rover.q || []).push(arguments); };"
    "rover.l = +new Date();"
)


@dataclass
class Wire:
    """Stands between the pages and the server, keeps what pages send, and can be cut."""

    target: int
    port: int = field(default_factory=free_port)
    sent: bytearray = field(default_factory=bytearray)
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"

    def join(self) -> None:
        """Let pages reach the server."""
        self._listener = socket.create_server((HERE, self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                page, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection((HERE, self.target))
            self._open |= {page, server}
            for source, sink, kept in ((page, server, True), (server, page, False)):
                threading.Thread(target=self._pass_on, args=[source, sink, kept], daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, kept: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if kept:
                    self.sent += data
                sink.sendall(data)
        for one in (source, sink):
            self._open.discard(one)
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@dataclass
class Live:
    """A server with a site for this machine, open to agents."""

    server: RoverServer
    wire: Wire
    site_id: str
    key: str
    key_id: str
    token: str

    def tag(self, **attributes: str) -> str:
        """The script tag as it is installed."""
        given = {"data-site-id": self.site_id, "data-public-key": self.key} | attributes
        told = "".join(f' {name}="{value}"' for name, value in given.items())
        return f'<script src="{self.wire.url}/embed.js?v={self.key_id}" async{told}></script>'

    def stub(self, *calls: str, nonce: str = "", **config: Any) -> str:
        """The queue, a boot, more calls, and the loader."""
        boot = json.dumps({"siteId": self.site_id, "publicKey": self.key, **config})
        lines = "".join(f"{call};" for call in calls)
        mark = f' nonce="{nonce}"' if nonce else ""
        return (
            f"<script{mark}>{STUB}rover('boot', {boot});{lines}</script>"
            f'<script{mark} src="{self.wire.url}/embed.js" async></script>'
        )

    def create(self, url: str, prompt: str, **more: Any) -> dict[str, Any]:
        """A task as an agent makes it, for a browser."""
        body = {"url": url, "prompt": prompt, **more}
        made: dict[str, Any] = self.call("POST", "/v1/tasks", body, Prefer="execution=browser")
        return made

    def call(self, method: str, url: str, body: object = None, **headers: str) -> Any:
        """The JSON of an agent's request."""
        request = urllib.request.Request(
            url if "://" in url else f"http://{HERE}:{self.server.port}{url}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def configure(self, **config: Any) -> None:
        """A patch of the site's configuration."""
        body = {"keyId": self.key_id, "siteConfig": config}
        self.server.request("POST", "/upsertRoverSiteConfig", self.token, body)

    def rule(self, capabilities: dict[str, bool] | None = None, **policy: Any) -> None:
        """A patch of the key's policy and capabilities."""
        body = {"keyId": self.key_id, "roverPolicy": policy, "capabilities": capabilities or {}}
        self.server.request("POST", "/updateRoverSiteKeyPolicy", self.token, body)

    def events(self, task: str) -> list[dict[str, Any]]:
        """The records of a task's stream, to its end."""
        request = urllib.request.Request(task, headers={"Accept": "application/x-ndjson"})
        with urllib.request.urlopen(request, timeout=30) as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def runs(self) -> list[tuple[Any, ...]]:
        """Status and message of all runs, the newest last."""
        return self.server.sql("SELECT status, message FROM tasks_run ORDER BY id")


@contextlib.contextmanager
def running(data_dir: Path, **environ: str) -> Iterator[Live]:
    """Start it, with a key for this machine, and stop it."""
    port = free_port()
    wire = Wire(target=port)
    server = RoverServer(
        data_dir=data_dir, port=port, environ=ENVIRON | environ | {"ROVER_PUBLIC_URL": wire.url}
    )
    server.start()
    wire.join()
    try:
        server.rover("owner", "create", "owner", "--no-password")
        token = server.rover("owner", "token", "owner", "--scope", "manage")
        body = {
            "siteName": "Harbour",
            "label": "This machine",
            "allowedDomains": [HERE],
            "environment": "development",
        }
        made = server.request("POST", "/generateRoverSiteKey", token, body)["data"]
        live = Live(
            server=server,
            wire=wire,
            site_id=made["siteId"],
            key=made["publicKey"],
            key_id=made["keyId"],
            token=token,
        )
        live.configure(aiAccess={"enabled": True, "autoPromoteSeconds": 0})
        yield live
    finally:
        wire.cut()
        server.stop()


@dataclass
class Visit:
    """A visitor's tab on a page of the site."""

    live: Live
    site: Origin
    page: Page
    asked: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, live: Live, site: Origin, context: BrowserContext) -> "Visit":
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        visit = cls(live=live, site=site, page=page)
        page.on("request", lambda request: visit.asked.append(request.url))
        page.on("console", lambda message: visit.console.append(f"{message.type}: {message.text}"))
        return visit

    def put(self, path: str, body: str, *, head: str = "", tag: str | None = None, **headers: str) -> str:
        """A page of the site; its address."""
        script = self.live.tag() if tag is None else tag
        html = (
            f"<!doctype html><html lang=en><head><title>Harbour</title>{script}{head}</head>"
            f"<body>{body}</body></html>"
        )
        return self.site.put(path, html, **headers)

    def go(self, body: str, *, path: str = "/", **more: Any) -> "Visit":
        """Open a page with this body."""
        self.page.goto(self.put(path, body, **more))
        return self

    @property
    def root(self) -> Locator:
        return self.page.locator("#rover-widget-root")

    @property
    def log(self) -> Locator:
        """The conversation."""
        return self.root.get_by_role("log")

    def open(self) -> "Visit":
        """Open the widget as a visitor does."""
        self.root.get_by_role("button", name="Ask Rover").click()
        expect(self.root.get_by_role("textbox", name="Message")).to_be_visible(timeout=SECONDS)
        return self

    def ask(self, wish: str) -> "Visit":
        """Write it and send it."""
        field = self.root.get_by_role("textbox", name="Message")
        field.fill(wish)
        field.press("Enter")
        return self

    def hear(self, *names: str) -> None:
        """Keep events for `told`."""
        self.page.evaluate(EVENTS, list(names))

    @property
    def told(self) -> list[Any]:
        """Events since `hear`, name and data."""
        found: list[Any] = self.page.evaluate("window.told")
        return found

    def state(self) -> dict[str, Any]:
        """What the page is told of Rover."""
        found: dict[str, Any] = self.page.evaluate("window.rover.getState()")
        return found

    def until(self, script: str, *, seconds: float = 30) -> None:
        """Wait for an expression to become true."""
        self.page.wait_for_function(script, timeout=seconds * 1_000)

    @property
    def faults(self) -> list[str]:
        """What reached the page's own error handlers, or its policy."""
        found: list[str] = self.page.evaluate("[...window.faults, ...window.violations]")
        return found
