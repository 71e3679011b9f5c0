"""A receiver on loopback that answers as a test tells it to, and keeps what came."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One request. `headers`: names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Reaction = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One conversation, as a reaction sees it."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver = self.server.receiver
        receiver.got.append(Got(path=self.path, headers=headers, body=body))
        receiver.came.set()
        receiver.next_reaction()(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole response; `_` in the names of headers stands for `-`."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """End the connection with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def until_let_go(self) -> None:
        """Say nothing until the test is over, or lets it go on."""
        self.server.receiver.released.wait(PATIENCE_SECONDS)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    receiver: "Receiver"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is what some tests are about."""


def says(status: int, body: bytes = b"", **headers: str) -> Reaction:
    """A reaction that answers."""
    return lambda exchange: exchange.answer(status, body, **headers)


@dataclass
class Receiver:
    """`reactions`: one for each request in turn, the last one for all that follow."""

    url: str = ""
    reactions: list[Reaction] = field(default_factory=lambda: [says(200)])
    got: list[Got] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reacts(self, *reactions: Reaction) -> None:
        self.reactions = list(reactions)

    def next_reaction(self) -> Reaction:
        with self._lock:
            return self.reactions.pop(0) if len(self.reactions) > 1 else self.reactions[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), Exchange)
    server.receiver = receiver
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
