"""A small web for tests: names with their own pages and TXT records, all on loopback.

Hosts become loopback addresses of one real HTTP server, and the reader of the settings asks that server by way
of the real one. Names of the world answer by https and http alike; there is no other host.
"""

import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tasks.services import web_reader
from tests.workspace.name_server import NameServer
from workspace.core.web_answers import WebAnswer, WebRefused


@dataclass(frozen=True)
class Served:
    """An answer. `status` 0 hangs up instead. `to`: a redirect to this URL of the world."""

    body: str = ""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    to: str = ""


@dataclass
class World:
    """`hosts`: host to path to answer; a path that is not there is 404. `asked`: host and path of each
    request."""

    hosts: dict[str, dict[str, Served]] = field(default_factory=dict)
    dns: NameServer = field(default_factory=NameServer)
    asked: list[tuple[str, str]] = field(default_factory=list)
    meeting: threading.Barrier | None = None

    def start(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.dns.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.dns.stop()

    def serve(self, host: str, path: str = "/", body: str = "", **others: Any) -> None:
        self.hosts.setdefault(host, {})[path] = Served(body, **others)

    def inside(self, url: str) -> str:
        """The address on loopback of a URL of the world."""
        parts = urlsplit(url)
        number = list(self.hosts).index(parts.hostname or "") + 1
        query = f"?{parts.query}" if parts.query else ""
        return f"http://127.0.1.{number}:{self._server.server_port}{parts.path}{query}"

    def outside(self, href: str) -> str:
        """The URL of the world that an address on loopback stands for."""
        parts = urlsplit(href)
        host = list(self.hosts)[int((parts.hostname or "").rpartition(".")[2]) - 1]
        query = f"?{parts.query}" if parts.query else ""
        return f"https://{host}{parts.path}{query}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: World) -> None:
        self.world = world
        super().__init__(("0.0.0.0", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        world = self.server.world
        host = list(world.hosts)[int(self.connection.getsockname()[0].rpartition(".")[2]) - 1]
        world.asked.append((host, self.path))
        served = world.hosts[host].get(self.path, Served("not here", status=404))
        if world.meeting is not None and self.path == "/":
            world.meeting.wait(10)
        if not served.status:
            return
        self.send_response(302 if served.to else served.status)
        for name, value in (("Content-Type", served.type), *served.headers):
            self.send_header(name, value)
        if served.to:
            self.send_header("Location", world.inside(served.to))
        self.send_header("Content-Length", str(len(served.body.encode())))
        self.end_headers()
        self.wfile.write(served.body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


_worlds: list[World] = []


def enter(world: World) -> None:
    """Make this the world that `read` reads."""
    _worlds[:] = [world]


def read(url: str, *, max_bytes: int, seconds: float) -> WebAnswer:
    """A reader for the setting WEB_READER."""
    world = _worlds[0]
    if (urlsplit(url).hostname or "") not in world.hosts:
        raise WebRefused("no such name", fetch_code="dns_failed", fetch_message="no such name")
    found = web_reader.read(world.inside(url), max_bytes=max_bytes, seconds=seconds)
    return replace(found, url=url, final_url=world.outside(found.final_url))
