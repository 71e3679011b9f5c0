"""A Rover server of our own for one benchmark: fresh data, a token, and a client."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import BenchmarkError, child, until

ROVER = Path(sys.executable).with_name("rover")
START_SECONDS = 60.0
OWNER = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server. `environment` is what other processes need to see the same data."""

    port: int
    token: str
    data_dir: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[str]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.data_dir / "rover.db"

    def client(self) -> httpx.Client:
        """A client with the token; close it."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.base_url, headers=headers, trust_env=False, timeout=120)


@contextlib.contextmanager
def server(
    folder: Path, *, command: str = "up", settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """`rover up` (or `rover web`, without workers) on a free port, ready for requests, stopped at the end.

    Raises: BenchmarkError when it does not come up.
    """
    folder.mkdir(parents=True)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROVER_")}
    environment |= {
        "ROVER_DATA_DIR": str(folder),
        "ROVER_PORT": str(port),
        "ROVER_SSRF_LEVEL": "loopback",
        "ROVER_LOG_LEVEL": "ERROR",
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }
    rover(environment, "owner", "create", OWNER, "--no-password")
    token = rover(environment, "owner", "token", OWNER, "--scope", "fetch", "--scope", "manage").strip()
    log = folder / "output.txt"
    with child([str(ROVER), command], env=environment, output=log) as process:
        path = "/readyz" if command == "up" else "/healthz"
        until(
            lambda: answers(port, path) or _ended(process, log),
            seconds=START_SECONDS,
            what=f"rover {command} is ready",
        )
        yield Server(port=port, token=token, data_dir=folder, environment=environment, process=process)


def rover(environment: Mapping[str, str], *arguments: str) -> str:
    """Runs one command of the console script; its standard output. Raises: BenchmarkError when it fails."""
    done = subprocess.run(
        [str(ROVER), *arguments], env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchmarkError(f"rover {' '.join(arguments)}: {done.stderr.strip()[-400:]}")
    return done.stdout


def answers(port: int, path: str) -> bool:
    """True when a GET of the path gives 200."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _ended(process: subprocess.Popen[str], log: Path) -> bool:
    """False while the server runs. Raises: BenchmarkError with its last words when it does not."""
    if process.poll() is None:
        return False
    raise BenchmarkError(f"the server ended with {process.returncode}: {log.read_text()[-300:].strip()}")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
