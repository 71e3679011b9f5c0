"""Real `rover up` trees on loopback, each with a data directory of its own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psutil
from coverage import Coverage

from workspace.core.tokens import OWNER_TOKEN_PREFIX, digest, hint, mint

ROOT = Path(__file__).resolve().parent.parent.parent
T = TypeVar("T")
READY_SECONDS = 40.0
N_WORKERS = 2


def wait_for(condition: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """The first truthy answer of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a server that has nothing to do with the one of the test run. Here processes are the
    matter, so coverage is measured in them too; elsewhere it would only slow them down."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROVER_", "DJANGO_"))}
    named = {f"ROVER_{name.upper()}": value for name, value in settings.items()}
    if Coverage.current() is not None:
        kept["COVERAGE_PROCESS_START"] = str(ROOT / "pyproject.toml")
    return kept | {"ROVER_DATA_DIR": str(data_dir), "ROVER_SSRF_LEVEL": "loopback"} | named


def rover(
    data_dir: Path, *arguments: str, text: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "rover_site.cli", *arguments],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(slots=True)
class Server:
    """A running `rover up`."""

    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]
    port: int = 0
    token: str = ""
    seen: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def tree(self) -> list[psutil.Process]:
        """Everything below the supervisor, also what was there at an earlier look and still lives."""
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                self.seen[process.pid] = process
        return [process for process in self.seen.values() if is_alive(process)]

    def survivors(self) -> list[psutil.Process]:
        return [process for process in self.seen.values() if is_alive(process)]

    def child(self, name: str) -> psutil.Process:
        """The direct child that runs `rover NAME`."""

        def found() -> psutil.Process | None:
            for process in psutil.Process(self.process.pid).children():
                with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                    if name in process.cmdline():
                        return process
            return None

        return wait_for(found, seconds=10, what=f"a process {name}")

    def sentinel(self) -> psutil.Process:
        return wait_for(
            lambda: next(iter(self.child("worker").children()), None), seconds=10, what="a sentinel"
        )

    def queue_family(self) -> list[psutil.Process]:
        """The sentinel's children in the order of their making: the workers, then monitor and pusher."""

        def whole() -> list[psutil.Process] | None:
            with suppress(psutil.NoSuchProcess):
                found = sorted(self.sentinel().children(), key=lambda process: process.create_time())
                return found if len(found) >= N_WORKERS + 2 else None
            return None

        return wait_for(whole, seconds=15, what="a whole cluster")

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return self._request("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return self._request("POST", path, body)

    def is_ready(self) -> bool:
        with suppress(OSError, HTTPException):
            return self.get("/readyz")[0] == 200
        return False

    def wait_until_ready(self) -> None:
        wait_for(self.is_ready, seconds=READY_SECONDS, what=f"readiness; log:\n{self.output()[-3000:]}")

    def delete(self, path: str) -> int:
        return self._request("DELETE", path, None)[0]

    def start_batch(self, urls: list[str]) -> str:
        status, answer = self.post("/v1/batches", {"urls": urls, "force_refresh": True})
        assert status == 202, answer
        return str(answer["task_id"])

    def status_of(self, task_id: str) -> str:
        return str(self.task_row(task_id, "status"))

    def task_row(self, task_id: str, column: str) -> Any:
        with closing(sqlite3.connect(self.data_dir / "rover.db", timeout=20)) as connection:
            found = connection.execute(
                f"SELECT {column} FROM tasks_task WHERE id = ?", [task_id.replace("-", "")]
            ).fetchone()
        return found[0]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.tree()
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"{}")


def is_alive(process: psutil.Process) -> bool:
    """False for zombies as well: nothing of them runs any more."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start(data_dir: Path, *, closed_stdin: bool = False, is_demo: bool = False, **settings: str) -> Server:
    """`rover up --port 0`, not waited for."""
    log = data_dir.with_name(f"{data_dir.name}-{time.monotonic_ns()}.log")
    shell = f'exec "$@"{" <&-" if closed_stdin else ""}'
    command = [sys.executable, "-m", "rover_site.cli", "up", "--port", "0"]
    if is_demo:
        command.append("--demo")
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", shell, "sh", *command],
            cwd=ROOT,
            env=environment(data_dir, workers=str(N_WORKERS), **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Server(data_dir=data_dir, log=log, process=process)


@contextmanager
def running(
    data_dir: Path, *, token: str = "", closed_stdin: bool = False, is_demo: bool = False, **settings: str
) -> Iterator[Server]:
    """A server that is ready; `token` is sent with every request. Stopped at the end however the test went."""
    server = start(data_dir, closed_stdin=closed_stdin, is_demo=is_demo, **settings)
    server.token = token
    try:
        server.port = wait_for(lambda: _port(server), seconds=READY_SECONDS, what="a port")
        server.wait_until_ready()
        yield server
    finally:
        end(server)


def end(server: Server) -> None:
    """Stop it, and make sure that a failing test leaves nothing running."""
    server.tree()
    if server.process.poll() is None:
        server.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(timeout=15)
    for process in server.survivors():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()


def insert_token(database: Path) -> str:
    """Make an owner and a token of his, straight in the database, to save seconds."""
    token = mint(OWNER_TOKEN_PREFIX)
    now = datetime.now(UTC).isoformat(sep=" ")
    with closing(sqlite3.connect(database)) as connection, connection:
        owner = connection.execute(
            "INSERT INTO workspace_user (password, is_superuser, username, first_name, last_name, email,"
            " is_staff, is_active, date_joined, max_sites, max_keys_per_site)"
            " VALUES ('!', 0, 'tester', '', '', '', 1, 1, ?, 50, 50)",
            [now],
        ).lastrowid
        connection.execute(
            "INSERT INTO workspace_ownertoken (id, owner_id, name, digest, hint, scopes, created_at)"
            " VALUES (?, ?, 'test', ?, ?, ?, ?)",
            [uuid4().hex, owner, digest(token), hint(token), '["fetch", "read"]', now],
        )
    return token


def _port(server: Server) -> int | None:
    if server.process.poll() is not None:
        raise AssertionError(f"rover up ended with {server.process.returncode}:\n{server.output()}")
    for line in server.output().splitlines():
        if " on http://127.0.0.1:" in line and ("daphne" in line or "uvicorn" in line):
            return int(line.rpartition(":")[2].strip(' "}/').split('"')[0])
    return None


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            self.server.release.wait(60)  # type: ignore[attr-defined]
        body = b"<html><title>A page</title><body><p>Some words of a page.</p></body></html>"
        if self.path == "/robots.txt":
            body = b"User-agent: *\nAllow: /\n"
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


class _Pages(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.release = threading.Event()


@contextmanager
def origin() -> Iterator[str]:
    """A site on loopback; what is below `/slow` answers only when the test is over."""
    site = _Pages()
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.server_port}"
    finally:
        site.release.set()
        site.shutdown()
        site.server_close()
        thread.join(5)
