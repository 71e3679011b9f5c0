"""One open stream: where it stands in a log, and what it is to write next."""

import asyncio
from collections.abc import Awaitable, Callable

from tasks.streaming.framing import Framing
from tasks.streaming.grants import Grant
from tasks.streaming.leaving import Response
from tasks.streaming.log import Page
from tasks.streaming.tail import Tail

ReadPage = Callable[[Tail, int, Framing], Awaitable[Page]]
STUCK_SECONDS = 15  # after its time a stream may take this long to write its last bytes


class Follower:
    """Holds a position, never events: a slow reader falls back to reading the log and costs no memory.

    `part` is the part of all streams that beats with it. `response` is what writes it, once it is written."""

    __slots__ = (
        "_beat", "_deadline", "_ending", "_framing", "_left_bytes", "_over", "_read_page", "_waiter",
        "grant", "part", "position", "response", "tail",
    )  # fmt: skip

    def __init__(
        self,
        *,
        tail: Tail,
        grant: Grant,
        part: int,
        framing: Framing,
        position: int,
        read_page: ReadPage,
        deadline: float,
        max_bytes: int,
    ) -> None:
        self.tail = tail
        self.grant = grant
        self.part = part
        self.position = position
        self.response: Response | None = None
        self._framing = framing
        self._read_page = read_page
        self._deadline = deadline
        self._left_bytes = max_bytes
        self._beat = self._ending = self._over = False
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """The next bytes, waiting for them: whole events, a heartbeat, or the farewell. Empty at the end."""
        while not self._over:
            if self.tail.is_over_at(self.position):
                self._over = True
            elif self._ending or self._left_bytes <= 0:
                self._ending = True
                return self.farewell()
            elif self.position < self.tail.last_seq:
                return await self._take()
            elif self._beat:
                self._beat = False
                return self._framing.heartbeat
            else:
                self._waiter = asyncio.get_running_loop().create_future()
                try:
                    await self._waiter
                finally:
                    self._waiter = None
        return b""

    def farewell(self) -> bytes:
        """The last bytes of a stream that was told to end; empty when they were taken before."""
        if self._over or not self._ending:
            return b""
        self._over = True
        return self._framing.farewell

    def wake(self) -> None:
        """Let a waiting `read` look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def end(self) -> None:
        """Let `read` say farewell and end."""
        self._ending = True
        self.wake()

    def tick(self, now: float) -> None:
        """A heartbeat is due; a stream over its time ends, and is cut if it cannot even write that."""
        if now < self._deadline:
            self._beat = True
            self.wake()
        elif now < self._deadline + STUCK_SECONDS or self.response is None:
            self.end()
        else:
            self.response.cut()

    async def _take(self) -> bytes:
        self._beat = False
        if self.tail.has_after(self.position):
            data = self.tail.after(self.position, self._framing)
            self.position = self.tail.last_seq
        else:
            page = await self._read_page(self.tail, self.position, self._framing)
            data, self.position = page.data, page.last_seq
            if not data:  # what was in the log is gone: the task was deleted
                self._over = True
                return self._framing.farewell
        self._left_bytes -= len(data)
        return data
