"""Extraction in processes that may crash, hang or grow without hurting anyone else.

One pool per event loop. Its children are forked from a fork server that has the parsers loaded; this module
loads none of them.
"""

import asyncio
import socket
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from tasks.fetching.errors import ExtractFailed
from tasks.fetching.extraction import wire
from tasks.fetching.extraction.channel import Channel, ChildLost
from tasks.fetching.extraction.document import Document, Effort, Flag, Source
from tasks.fetching.extraction.launcher import Launcher

_START_SECONDS: Final = 60.0
_SOCKET_BUFFER_BYTES: Final = 1024 * 1024


class _Failed(Exception):
    """One try failed in a way that a cheaper path may survive."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ExtractionPool:
    """At most `processes` children; each page has `page_seconds`, then its child is killed and replaced.

    A child is also replaced after `pages_per_child` pages or above `child_rss_bytes`, and ended when idle
    for `idle_seconds`; the fork server follows `server_idle_seconds` after the last child. Use as an async
    context manager, inside one event loop.
    """

    def __init__(
        self,
        *,
        processes: int,
        page_seconds: float = 10.0,
        pages_per_child: int = 200,
        child_rss_bytes: int = 400 * 1024 * 1024,
        idle_seconds: float = 30.0,
        server_idle_seconds: float = 300.0,
        launcher: Launcher | None = None,
    ) -> None:
        if processes < 1:
            raise ValueError("a pool needs at least one process")
        self._slots = asyncio.Semaphore(processes)
        self._page_seconds = page_seconds
        self._idle_seconds = idle_seconds
        self._server_idle_seconds = server_idle_seconds
        self._owns_launcher = launcher is None
        self._launcher = launcher or Launcher(
            pages_per_child=pages_per_child, child_rss_bytes=child_rss_bytes
        )
        self._children: dict[int, Channel] = {}
        self._idle: list[Channel] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._server_timer: asyncio.TimerHandle | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._open = False
        self._generation = 0

    async def __aenter__(self) -> Self:
        self._open = True
        await self.renew()
        return self

    async def renew(self) -> None:
        """Make ready for work after the event loop stood still: children that ended meanwhile are let go."""
        await self._launcher.ensure()
        if self._launcher.generation != self._generation:
            self._generation = self._launcher.generation
            for child in list(self._idle):
                self._discard(child)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._cancel_server_timer()
        for child in list(self._children.values()):
            self._discard(child)
        if self._owns_launcher:
            await self._launcher.stop()
        else:
            self._launcher.linger()
        if self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    @property
    def child_pids(self) -> tuple[int, ...]:
        """Process ids of the children that have come to life."""
        return tuple(child.pid for child in self._children.values() if child.pid is not None)

    @property
    def server_pid(self) -> int | None:
        """Process id of the fork server, None while there is none."""
        return self._launcher.pid

    async def extract(self, source: Source) -> Document:
        """The document in `source`; after a crash or a time-out one second try reads only the bare text.

        Raises:
            UnsupportedContent: a type that holds no text for us.
            ExtractFailed: `reason` crashed, timeout (both tries) or error.
        """
        try:
            return await self._try(source, Effort.FULL)
        except _Failed as first:
            reason = first.reason
        try:
            document = await self._try(source, Effort.PLAIN)
        except _Failed as second:
            message = f"extraction failed twice ({reason}, {second.reason})"
            raise ExtractFailed(message, reason=reason) from second
        return replace(document, flags=(*document.flags, Flag.DEGRADED.value))

    async def _try(self, source: Source, effort: Effort) -> Document:
        async with self._slots:
            if not self._open:
                raise ExtractFailed("the extraction pool is closed", reason="crashed")
            child = await self._take()
            head, body = await self._ask(child, source, effort)
            if head.get("retire") is False:
                self._keep(child)
            else:
                self._discard(child)
            try:
                return wire.read_reply(head, body)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._discard(child)
                raise _Failed("crashed") from error

    async def _ask(self, child: Channel, source: Source, effort: Effort) -> tuple[dict[str, Any], bytes]:
        try:
            async with asyncio.timeout(self._page_seconds):
                return await child.ask(wire.request_head(source, effort), source.body)
        except TimeoutError:
            self._discard(child)
            raise _Failed("timeout") from None
        except ChildLost as error:
            self._discard(child)
            raise _Failed("crashed") from error
        except BaseException:
            # Cancelled: the child is still busy with a page that nobody waits for.
            self._discard(child)
            raise

    async def _take(self) -> Channel:
        """A child that waits for work, or a new one."""
        while self._idle:
            child = self._idle.pop()
            self._timers.pop(child.number).cancel()
            if child.usable:
                return child
            self._discard(child)
        try:
            return await self._start_child()
        except _Failed:
            # The fork server was lost, not the page: a fresh one gets the same page at full effort.
            return await self._start_child()

    async def _start_child(self) -> Channel:
        self._cancel_server_timer()
        child = Channel(self._launcher.next_number())
        self._children[child.number] = child
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._launcher.ensure()
                await self._connect(child)
                await child.greeted()
        except (ChildLost, TimeoutError, OSError) as error:
            self._discard(child)
            raise _Failed("crashed") from error
        except BaseException:
            self._discard(child)
            raise
        return child

    async def _connect(self, child: Channel) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                # A whole page fits, so that it leaves in one call instead of many turns of the loop.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER_BYTES)
            ours.setblocking(False)
            await asyncio.get_running_loop().create_unix_connection(lambda: child, sock=ours)
            self._launcher.start_child(child.number, theirs)

    def _keep(self, child: Channel) -> None:
        if not self._open or not child.usable:
            self._discard(child)
            return
        self._idle.append(child)
        loop = asyncio.get_running_loop()
        self._timers[child.number] = loop.call_later(self._idle_seconds, self._discard, child)

    def _discard(self, child: Channel) -> None:
        """End a child for good; the fork server has buried it before it obeys a later order to start one."""
        if self._children.pop(child.number, None) is None:
            return
        timer = self._timers.pop(child.number, None)
        if timer is not None:
            timer.cancel()
        if child in self._idle:
            self._idle.remove(child)
        child.close()
        self._launcher.kill_child(child.number)
        if self._open and self._owns_launcher and not self._children:
            self._cancel_server_timer()
            loop = asyncio.get_running_loop()
            self._server_timer = loop.call_later(self._server_idle_seconds, self._stop_server)

    def _stop_server(self) -> None:
        task = asyncio.get_running_loop().create_task(self._stop_unused_server())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _stop_unused_server(self) -> None:
        # A page may have come between the timer and this task: its child is registered first of all.
        if not self._children:
            await self._launcher.stop()

    def _cancel_server_timer(self) -> None:
        if self._server_timer is not None:
            self._server_timer.cancel()
            self._server_timer = None
