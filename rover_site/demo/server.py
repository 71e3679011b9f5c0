"""The demo site as a server on loopback addresses."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rover_site.demo.connection import Connection
from rover_site.demo.exchange import Handler
from rover_site.demo.origin_log import OriginLog
from rover_site.demo.page import Page, Wire, wire
from rover_site.demo.request import Request
from rover_site.demo.site import Site

BACKLOG = 4096
PORT_TRIES = 20


class DemoSite:
    """A small web site with misbehaving corners, for a look, for tests and for benchmarks.

    An async context manager. `addresses` are loopback addresses that share one port and play different hosts;
    each gets its own copy of the site, whose absolute links stay on that address. `delay_ms` holds back every
    answer. `extra` adds pages by path, or replaces those that exist; they are sent as given, the same on all
    addresses. `log_path` makes the log a file of JSON lines. `task_endpoint` is where agents make tasks: with
    one, every page in the site's frame carries the marker; `embed` is an element that goes beside it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        addresses: Sequence[str] = ("127.0.0.1",),
        delay_ms: int = 0,
        extra: Mapping[str, Page] | None = None,
        log_path: Path | None = None,
        task_endpoint: str = "",
        embed: str = "",
    ) -> None:
        for address in addresses:
            if not ipaddress.ip_address(address).is_loopback:
                raise ValueError(f"{address} is no loopback address")
        self.port = port
        self.delay = delay_ms / 1000
        self.log = OriginLog(log_path)
        self._addresses = tuple(addresses)
        self._extra = {path: wire(page) for path, page in (extra or {}).items()}
        self._task_endpoint = task_endpoint
        self._embed = embed
        self._sites: dict[str, Site] = {}
        self._servers: list[asyncio.Server] = []
        self._connections: set[Connection] = set()

    async def __aenter__(self) -> Self:
        await self._listen()
        self._sites = {
            address: Site(self.base_url_of(address), self._task_endpoint, self._embed)
            for address in self._addresses
        }
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets the aborted connections report their end before the log closes
        self.log.close()

    @property
    def base_url(self) -> str:
        """Scheme, first address and port, without a slash at the end."""
        return self.base_url_of(self._addresses[0])

    @property
    def urls(self) -> list[str]:
        """Every HTML page that answers 200 with content worth reading, on the first address."""
        return [self.base_url + path for path in self._sites[self._addresses[0]].good_paths]

    def url(self, path: str, address: str | None = None) -> str:
        """The absolute URL of a path on an address (the first one unless told)."""
        return self.base_url_of(address or self._addresses[0]) + path

    def base_url_of(self, address: str) -> str:
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{self.port}"

    def answer(self, request: Request, address: str) -> Wire | Handler:
        """The stored page or the handler for a request that arrived at an address."""
        return self._extra.get(request.path) or self._sites[address].answer(request)

    async def _listen(self) -> None:
        """Binds every address to one port. With port 0 the first picks it, and others may find it taken."""
        wanted = self.port
        for attempt in range(PORT_TRIES):
            try:
                await self._bind(wanted)
                return
            except OSError:
                for server in self._servers:
                    server.close()
                self._servers.clear()
                if wanted or attempt == PORT_TRIES - 1:
                    raise

    async def _bind(self, wanted: int) -> None:
        loop = asyncio.get_running_loop()
        self.port = wanted
        for address in self._addresses:
            server = await loop.create_server(self._connection, address, self.port, backlog=BACKLOG)
            self._servers.append(server)
            self.port = server.sockets[0].getsockname()[1]

    def _connection(self) -> Connection:
        connection = Connection(self, self._connections.discard)
        self._connections.add(connection)
        return connection
