"""One stream from its first byte to its last."""

import asyncio
import logging
from dataclasses import dataclass

from django.db import DatabaseError

from tasks.streaming.follower import Follower
from tasks.streaming.framing import Framing
from tasks.streaming.hub import Hub
from tasks.streaming.leaving import Response
from tasks.streaming.replies import STREAM_HEADERS, Headers, Replies, content_type
from tasks.streaming.request import Receive, Send

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An accepted stream, before its first byte. `headers` go beside those of every stream."""

    hub: Hub
    follower: Follower
    framing: Framing
    opening: bytes
    replies: Replies
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def run(self, receive: Receive, send: Send) -> None:
        """Write until the task has ended, the stream's time is over, or the client is gone."""
        try:
            self.follower.response = Response()
            await self.follower.response.write(self._write(send), receive)
        finally:
            self.hub.leave(self.follower)

    async def _write(self, send: Send) -> None:
        """Everything there is to say. Each message holds all that is ready."""
        await self.replies.start(self.status, self._lines(), send=send)
        await send({"type": "http.response.body", "body": self.opening, "more_body": True})
        try:
            while data := await self.follower.read():
                await send({"type": "http.response.body", "body": data, "more_body": True})
                del data  # until there is more, which may be long
        except DatabaseError:
            logger.exception("a log could not be read; its stream ends and the client comes back")
        except asyncio.CancelledError:
            # a server that stops may cancel what has just been told to end, before that could say so
            if farewell := self.follower.farewell():
                await send({"type": "http.response.body", "body": farewell})
                await loop_has_come_round()
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.hub.is_closed:
            await loop_has_come_round()

    def _lines(self) -> Headers:
        return [*content_type(self.framing.media_type), *STREAM_HEADERS, *self.headers]


async def loop_has_come_round() -> None:
    """Daphne hands bytes to the kernel when its loop comes round again, and drops them if by then it stops
    and no application is at work any more."""
    for _ in range(2):
        await asyncio.sleep(0)
