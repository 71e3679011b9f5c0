"""The demo site in a background thread, for callers that have no event loop."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rover_site.demo.origin_log import OriginLog
from rover_site.demo.page import Page
from rover_site.demo.server import DemoSite

START_SECONDS = 10.0


class DemoSiteThread:
    """As `DemoSite`; `start()` returns when it listens, `stop()` when it ended."""

    def __init__(
        self,
        *,
        port: int = 0,
        addresses: Sequence[str] = ("127.0.0.1",),
        delay_ms: int = 0,
        extra: Mapping[str, Page] | None = None,
        log_path: Path | None = None,
    ) -> None:
        self.site = DemoSite(
            port=port, addresses=addresses, delay_ms=delay_ms, extra=extra, log_path=log_path
        )
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="demo-site", daemon=True)

    def start(self) -> Self:
        """Raises: OSError when the port is taken, TimeoutError when the thread does not get going."""
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError("the demo site did not start")
        if self._error:
            raise self._error
        return self

    def stop(self) -> None:
        if self._loop and self._stop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self.site.port

    @property
    def base_url(self) -> str:
        return self.site.base_url

    @property
    def urls(self) -> list[str]:
        return self.site.urls

    @property
    def log(self) -> OriginLog:
        return self.site.log

    def url(self, path: str, address: str | None = None) -> str:
        return self.site.url(path, address)

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in start()
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self.site:
            self._ready.set()
            await self._stop.wait()
