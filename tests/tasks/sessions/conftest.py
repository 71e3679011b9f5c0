"""The cast of the tests of the browser runtime."""

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.tasks.agents.support import make_site
from tests.tasks.sessions.support import Runtime
from workspace.models import Site


@pytest.fixture
async def runtime(transactional_db: None) -> AsyncIterator[Runtime]:
    """The paths for pages, over a real database."""
    started = Runtime.start()
    yield started
    await started.close()


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Site]:
    """`shop.example`, with the embed."""
    yield make_site()


class Elsewhere:
    """Pages of another site, on loopback. A page without a body never answers."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.bodies: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.over = threading.Event()

    def __call__(self, body: str | None) -> str:
        """The address of a new page."""
        path = f"/page-{len(self.bodies)}"
        self.bodies[path] = body
        return self._base + path

    def n_requests(self, url: str) -> int:
        """How often a page was asked for."""
        return self.asked.count("/" + url.split("/", 3)[3])


@pytest.fixture
def origin() -> Iterator[Elsewhere]:
    """Another site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            elsewhere.asked.append(self.path)
            body = elsewhere.bodies.get(self.path, "")
            if body is None:
                elsewhere.over.wait(20)
                return
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    elsewhere = Elsewhere(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield elsewhere
    elsewhere.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
