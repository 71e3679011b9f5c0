"""A real Rover: supervisor, web server and workers as processes, on a data directory that outlives them."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

START_SECONDS = 60.0


def wait_until(condition: Callable[[], Any], seconds: float = 30.0, what: str = "the condition") -> Any:
    """The first true value of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(0.02)
    return value


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RoverServer:
    """`rover up` on `data_dir`; may be started again after it ended or was killed."""

    data_dir: Path
    environ: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of this server."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROVER_")}
        inherited.pop("DJANGO_SETTINGS_MODULE", None)
        own = {
            "ROVER_DATA_DIR": str(self.data_dir),
            "ROVER_PORT": str(self.port),
            "ROVER_SSRF_LEVEL": "loopback",
        }
        return inherited | own | self.environ

    def rover(self, *arguments: str) -> str:
        """The standard output of a `rover` command."""
        command = [sys.executable, "-m", "rover_site.cli", *arguments]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def start(self) -> Self:
        """Start the supervisor and wait until the server is ready."""
        log = (self.data_dir / "log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rover_site.cli", "up"],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        wait_until(self._is_ready, START_SECONDS, f"ready; log:\n{self.log()[-2000:]}")
        return self

    def log(self) -> str:
        """What the processes printed."""
        path = self.data_dir / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def tree(self) -> list[psutil.Process]:
        """The supervisor and all below it."""
        assert self.process is not None
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Kill the supervisor alone, and wait until nothing of its tree is left."""
        assert self.process is not None
        tree = self.tree()
        self.process.kill()
        self.process.wait()
        _, alive = psutil.wait_procs(tree[1:], timeout=5)
        assert not alive, f"outlived the supervisor: {alive}"

    def stop(self) -> None:
        """Stop as a person would; fails when anything of the tree is left."""
        if self.process is None or self.process.poll() is not None:
            return
        tree = self.tree()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        _, alive = psutil.wait_procs(tree, timeout=5)
        for process in alive:
            process.kill()
        assert not alive, f"outlived a clean stop: {alive}"

    def request(self, method: str, path: str, token: str, body: object = None) -> Any:
        """The JSON of an API call."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def events(self, task_id: str, token: str, after: int = 0) -> Iterator[dict[str, Any]]:
        """The task's events as an NDJSON stream, until the server ends it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/batches/{task_id}?after={after}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            for line in response:
                if line.strip():
                    yield json.loads(line)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, read beside the server."""
        connection = sqlite3.connect(f"file:{self.data_dir / 'rover.db'}?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"rover up ended:\n{self.log()[-3000:]}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False
