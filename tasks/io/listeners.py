"""Hearing "look now". Every listener also polls slowly, so that a lost wake-up costs time and no event."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.db import connection

from tasks.io.wakeups import CHANNEL, SOCKET_PREFIX, SOCKET_SUFFIX, make_socket_dir

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

logger = logging.getLogger(__name__)

EMBEDDED_POLL_SECONDS = 0.25
SERVICE_POLL_SECONDS = 1.0
RECONNECT_SECONDS = 1.0
Wake = Callable[[UUID], None]
Check = Callable[[], None]


class Listener(Protocol):
    """A source of wake-ups."""

    async def listen(self, *, wake: Wake, check: Check) -> None:
        """Until cancelled: call `wake` with the task of each hint, and `check` whenever any log may be longer
        without a hint. A source that fails is tried again; meanwhile `check` is called in its place."""


def configured_listener() -> Listener:
    """The listener that hears what `tasks.io.wakeups.poke` says under the present settings."""
    if settings.ROVER.redis_url:
        return RedisListener(settings.ROVER.redis_url)
    if connection.vendor == "postgresql":
        return PostgresListener(_connection_arguments())
    return EmbeddedListener(run_dir=settings.ROVER.run_dir, database=str(connection.settings_dict["NAME"]))


class EmbeddedListener:
    """A datagram socket of this process, and SQLite's own count of foreign commits as the safety net."""

    def __init__(self, *, run_dir: Path, database: str, poll_seconds: float = EMBEDDED_POLL_SECONDS) -> None:
        self._run_dir = run_dir
        self._version = DataVersion(database)
        self._poll_seconds = poll_seconds

    async def listen(self, *, wake: Wake, check: Check) -> None:
        """See `Listener`."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._version.close)
            try:
                stack.enter_context(self._hearing(wake, check))
            except OSError as exc:
                logger.warning("no socket for wake-ups (%s): events come by polling", exc)
            while True:
                await asyncio.sleep(self._poll_seconds)
                if self._version.has_moved():
                    check()

    @contextlib.contextmanager
    def _hearing(self, wake: Wake, check: Check) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        # the random part: a dead process may have left a socket of the same number, in a container always
        name = f"{SOCKET_PREFIX}{os.getpid()}-{secrets.token_hex(4)}{SOCKET_SUFFIX}"
        path = make_socket_dir(self._run_dir) / name
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.setblocking(False)
            receiver.bind(str(path))
            try:
                loop.add_reader(receiver.fileno(), _drain, receiver, wake, check)
                yield
            finally:
                loop.remove_reader(receiver.fileno())
                path.unlink(missing_ok=True)


def _drain(receiver: socket.socket, wake: Wake, check: Check) -> None:
    """A queue that was full has dropped hints of tasks that nobody named since: look at all of them."""
    n_hints = 0
    with contextlib.suppress(BlockingIOError):
        while hint := receiver.recv(64):
            n_hints += 1
            if len(hint) == 16:
                wake(UUID(bytes=hint))
    if n_hints >= _QUEUE_LENGTH:
        check()


def _queue_length() -> int:
    try:
        return int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text())
    except (OSError, ValueError):
        return 10


_QUEUE_LENGTH = _queue_length()


class DataVersion:
    """Tells whether anybody else has committed to an SQLite file, from its shared memory: a few microseconds,
    so it may run in the event loop."""

    def __init__(self, database: str) -> None:
        self._is_file = not (database.startswith("file:") or database == ":memory:")
        self._uri = f"file:{quote(database)}?mode=ro"
        self._reader: sqlite3.Connection | None = None
        self._seen: int | None = None

    def has_moved(self) -> bool:
        """True at the first call, after every foreign commit, and whenever it cannot tell."""
        if not self._is_file:
            return True
        try:
            if self._reader is None:
                self._reader = sqlite3.connect(self._uri, uri=True, timeout=0, check_same_thread=False)
            version: int = self._reader.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self.close()
            return True
        moved = version != self._seen
        self._seen = version
        return moved

    def close(self) -> None:
        """Let go of the file."""
        self._seen = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class PostgresListener:
    """LISTEN over one connection of its own."""

    def __init__(self, arguments: dict[str, Any], *, poll_seconds: float = SERVICE_POLL_SECONDS) -> None:
        self._arguments = arguments
        self._poll_seconds = poll_seconds

    async def listen(self, *, wake: Wake, check: Check) -> None:
        """See `Listener`."""
        import psycopg

        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True) as heard:
                    await heard.execute(f"LISTEN {CHANNEL}")
                    while True:
                        check()  # what was written before LISTEN, then the safety poll
                        async for notice in heard.notifies(timeout=self._poll_seconds):
                            _wake_by_name(notice.payload, wake)
            except psycopg.Error as exc:
                logger.warning("PostgreSQL sends no wake-ups (%s): events come by polling", exc)
                await _poll_for(RECONNECT_SECONDS, check)


class RedisListener:
    """One channel over one connection."""

    def __init__(self, url: str, *, poll_seconds: float = SERVICE_POLL_SECONDS) -> None:
        self._url = url
        self._poll_seconds = poll_seconds

    async def listen(self, *, wake: Wake, check: Check) -> None:
        """See `Listener`."""
        from redis import RedisError
        from redis.asyncio import Redis

        while True:
            try:
                async with Redis.from_url(self._url) as redis, redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    while True:
                        check()  # what was written before the subscription, then the safety poll
                        await self._hear(channel, wake)
            except (RedisError, OSError) as exc:
                logger.warning("Redis sends no wake-ups (%s): events come by polling", exc)
                await _poll_for(RECONNECT_SECONDS, check)

    async def _hear(self, channel: "PubSub", wake: Wake) -> None:
        """Pass on what comes within one poll's time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._poll_seconds
        while (left := until - loop.time()) > 0:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=left)
            if message is not None:
                _wake_by_name(message["data"].decode(), wake)


async def _poll_for(seconds: float, check: Check) -> None:
    check()
    await asyncio.sleep(seconds)
    check()


def _wake_by_name(payload: str, wake: Wake) -> None:
    """Others may write to the channel too: what is not a task's id is passed over."""
    with contextlib.suppress(ValueError):
        wake(UUID(payload))


def _connection_arguments() -> dict[str, Any]:
    """How to connect to Django's database, for a connection that Django does not know."""
    arguments = dict(connection.get_connection_params())
    for name in ("context", "cursor_factory", "prepare_threshold", "server_side_binding"):
        arguments.pop(name, None)
    return arguments
