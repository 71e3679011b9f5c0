"""Places for requests in flight: so many in total, so many to one host."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tasks.fetching.urls import Url


class Slots:
    """The places of one batch. Waiting is first come, first served, for each host on its own."""

    def __init__(self, *, total: int, per_host: int) -> None:
        self._total = asyncio.Semaphore(total)
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))

    async def take(self, host: str) -> None:
        """Wait for a place at `host`, then for one in total: in that order the queue of one slow host never
        holds places that other hosts could use."""
        await self._hosts[host].acquire()
        try:
            await self._total.acquire()
        except BaseException:
            self._hosts[host].release()
            raise

    def give(self, host: str) -> None:
        """Give the place back."""
        self._total.release()
        self._hosts[host].release()


class Seat:
    """The place of one item. It moves with the item's redirects and is left while the item only waits."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._host: str | None = None

    async def take(self, host: str) -> None:
        """Leave the current place, then wait for one at `host`: holding one while waiting for another could
        make two items wait for each other for ever."""
        self.leave()
        await self._slots.take(host)
        self._host = host

    def leave(self) -> None:
        """Give the place back, if one is held."""
        if self._host is not None:
            self._slots.give(self._host)
            self._host = None

    @asynccontextmanager
    async def gate(self, url: Url, hop: int) -> AsyncIterator[None]:
        """Around each hop of a fetch: a redirect counts against its own host. The place is kept after the
        last hop, until the item leaves it."""
        if hop > 0:
            await self.take(url.host)
        yield
