"""Servers for the end-to-end tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.server import RoverServer


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., RoverServer]]:
    """Start a server on a fresh data directory; keyword arguments are ROVER_ settings."""
    servers: list[RoverServer] = []

    def make(**settings: str) -> RoverServer:
        data_dir = tmp_path / f"data{len(servers)}"
        data_dir.mkdir()
        environ = {f"ROVER_{name.upper()}": value for name, value in settings.items()}
        servers.append(RoverServer(data_dir=data_dir, environ=environ))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()
