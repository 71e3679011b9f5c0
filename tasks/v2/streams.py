"""The stream of a session: its projection, whenever that changes.

    ready       {sessionId, ts} once
    projection  at once and on every change, with the events that this stream has not told yet
    ping        {ts} every 15 s
    error       {message}, and the end: the token's time is over, or the session is gone

Changes that come close together are told as one.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from tasks.core.negotiation import MediaType
from tasks.core.runtime.projection import EVENTS_MAX, ResyncReason
from tasks.io.database_threads import DatabaseThreads
from tasks.selectors.runtime import session_news, session_versions
from tasks.streaming.gathering import GatheredReads
from tasks.streaming.hub import Hub
from tasks.streaming.leaving import Response
from tasks.streaming.replies import STREAM_HEADERS, content_type
from tasks.streaming.request import Receive, Send
from tasks.streaming.stream import loop_has_come_round
from tasks.streaming.watches import Watch
from tasks.v2.exchange import REPLIES, event

logger = logging.getLogger(__name__)

PING_SECONDS = 15.0
COALESCE_SECONDS = 0.15
STREAMS_EACH = 8
"""Of one session: two for each of a few tabs."""
VERSIONS_A_QUERY = 500
OPENING = b"retry: 3000\n"
_BEHIND = -1
TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the word for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads which session from where. `until`: when the token's time is over."""

    session_id: str
    stream_id: UUID
    seq_after: int
    until: datetime


class SessionStreams:
    """Opens streams of sessions; belongs to one event loop at a time."""

    def __init__(self, database: DatabaseThreads, hub: Callable[[], Hub]) -> None:
        self._database = database
        self._hub = hub
        self._versions: tuple[asyncio.AbstractEventLoop, GatheredReads[str, int]] | None = None

    def open(self, reader: Reader) -> "SessionStream":
        """A stream, ready to run.

        Raises:
            TooManyStreams: the process or the session holds as many as it may.
        """
        hub = self._hub()
        watch = hub.watch(reader.stream_id, most=STREAMS_EACH)
        return SessionStream(reader, hub=hub, watch=watch, versions=self._gathered(), database=self._database)

    def _gathered(self) -> GatheredReads[str, int]:
        loop = asyncio.get_running_loop()
        if self._versions is None or self._versions[0] is not loop:
            reads = GatheredReads(database=self._database, read=session_versions, most=VERSIONS_A_QUERY)
            self._versions = (loop, reads)
        return self._versions[1]


class SessionStream:
    """One stream from its first byte to its last."""

    def __init__(
        self,
        reader: Reader,
        *,
        hub: Hub,
        watch: Watch,
        versions: GatheredReads[str, int],
        database: DatabaseThreads,
    ) -> None:
        self._reader = reader
        self._hub = hub
        self._watch = watch
        self._versions = versions
        self._database = database
        self._version: int | None = None
        self._run_id = ""
        self._seq = reader.seq_after

    async def run(self, receive: Receive, send: Send) -> None:
        """Write until the token's time is over, the session or the client is gone, or the process stops."""
        try:
            await Response().write(self._write(send), receive)
        finally:
            self._hub.unwatch(self._watch)

    async def _write(self, send: Send) -> None:
        await REPLIES.start(200, [*content_type(MediaType.SSE), *STREAM_HEADERS], send=send)
        ready = event("ready", {"sessionId": self._reader.session_id, "ts": _now_ms()})
        await _send(send, OPENING + ready)
        try:
            farewell = await self._follow(send)
        except DatabaseError:
            logger.exception("a session could not be read; its stream ends and the page comes back")
            farewell = "unavailable"
        except asyncio.CancelledError:
            # a server that stops may cancel what has just been told to end, before that could say so
            if self._watch.has_ended:
                await _send(send, b"", more=False)
                await loop_has_come_round()
            raise
        await _send(send, event("error", {"message": farewell}) if farewell else b"", more=False)
        if self._watch.has_ended:
            await loop_has_come_round()

    async def _follow(self, send: Send) -> str:
        """Tell changes until there is a reason to end; returns it, '' for the process's stop."""
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + PING_SECONDS
        while not self._watch.has_ended:
            left = (self._reader.until - timezone.now()).total_seconds()
            if left <= 0:
                return TOKEN_EXPIRED
            version = await self._versions.get(self._reader.session_id)
            if version is None:
                return "session_not_found"
            if version != self._version:
                await _send(send, event("projection", await self._news()))
                await asyncio.sleep(COALESCE_SECONDS)
            if loop.time() >= ping_at:
                ping_at = loop.time() + PING_SECONDS
                await _send(send, event("ping", {"ts": _now_ms()}))
            if self._version != _BEHIND:
                await self._watch.wait(max(0.0, min(ping_at - loop.time(), left)))
        return ""

    async def _news(self) -> dict[str, Any]:
        """What the page is to be shown now, with the events since the last time. A run that it has not heard
        of is told from its beginning, unless the page itself said how far it knows it."""
        told = await self._database.run(
            session_news,
            self._reader.session_id,
            run_id=self._run_id,
            seq_after=self._seq,
            resync=ResyncReason.INITIAL if self._version is None else None,
        )
        is_whole = len(told.projection["events"]) < EVENTS_MAX
        self._version = told.version if is_whole else _BEHIND
        self._run_id, self._seq = told.run_id, told.seq
        return told.projection


def _now_ms() -> int:
    return int(timezone.now().timestamp() * 1_000)


async def _send(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})
