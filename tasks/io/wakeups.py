"""Telling readers "look now". The log is the truth: a lost wake-up costs a reader one safety poll, no event.

Three ways, chosen by the settings: Redis when there is one, else the database's own NOTIFY when it is
PostgreSQL, else a datagram to every reading process of this machine. `tasks.io.listeners` is the other side.
"""

import contextlib
import hashlib
import logging
import os
import socket
import stat
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger(__name__)

CHANNEL = "rover_events"
SOCKET_PREFIX = "events-"
SOCKET_SUFFIX = ".sock"
MAX_SOCKET_PATH_BYTES = 100  # sockaddr_un holds 108 on Linux, 104 on BSD
LONGEST_SOCKET_NAME = "events-4194304-ffffffff.sock"
SOCKETS_LISTED_SECONDS = 0.2  # for so long a new reader may wait for its safety poll
REDIS_PAUSE_SECONDS = 1.0  # a Redis that failed is left alone for this long: writers must not wait for it
REDIS_TIMEOUT_SECONDS = 0.5


def poke(task_id: UUID) -> None:
    """Wake every process that reads this task's log. Never fails; call it after the commit."""
    if settings.ROVER.redis_url:
        _publish(task_id)
    elif connection.vendor == "postgresql":
        _notify(task_id)
    else:
        _send_datagrams(task_id)


@cache
def socket_dir(run_dir: Path) -> Path:
    """The folder of the readers' sockets: `run_dir`, or a short one below the system's folder for temporary
    files when a path in `run_dir` would not fit into a socket address."""
    if len(os.fsencode(run_dir / LONGEST_SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES:
        return run_dir
    name = hashlib.sha256(os.fsencode(run_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"rover-{os.getuid()}-{name}"


def make_socket_dir(run_dir: Path) -> Path:
    """`socket_dir`, made for this user alone.

    Raises:
        OSError: it cannot be made, or it is not this user's: the short one has a name that others can guess.
    """
    directory = socket_dir(run_dir)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{directory} belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        directory.chmod(0o700)
    return directory


class _Sockets:
    """The sockets in the folder, listed again when the folder has changed or after a moment: the clock of a
    file system is too coarse to see two changes of one tick."""

    def __init__(self) -> None:
        self._known: tuple[str, int] | None = None
        self._listed_at = 0.0
        self._paths: list[str] = []

    def list(self) -> list[str]:
        """Their paths; none when the folder does not exist."""
        directory = str(socket_dir(settings.ROVER.run_dir))
        try:
            known = (directory, os.stat(directory).st_mtime_ns)  # noqa: PTH116 - half the time of Path.stat
            now = time.monotonic()
            if known != self._known or now - self._listed_at > SOCKETS_LISTED_SECONDS:
                self._paths = [
                    entry.path
                    for entry in os.scandir(directory)
                    if entry.name.startswith(SOCKET_PREFIX) and entry.name.endswith(SOCKET_SUFFIX)
                ]
                self._known, self._listed_at = known, now
        except OSError:
            return []
        return self._paths


_sockets = _Sockets()


def _send_datagrams(task_id: UUID) -> None:
    paths = _sockets.list()
    if not paths:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for path in paths:
            try:
                sender.sendto(task_id.bytes, path)
            except ConnectionRefusedError:  # its reader died
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - the list holds plain strings
            except OSError:
                continue  # gone, or full: a reader that finds its queue full looks at every log


def _notify(task_id: UUID) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(task_id)])
    except DatabaseError:
        logger.warning("readers could not be notified of task %s", task_id, exc_info=True)


class _Breaker:
    """Keeps writers away from a Redis that does not answer."""

    until = 0.0


@cache
def _redis(url: str) -> "Redis":
    from redis import Redis

    return Redis.from_url(
        url, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
    )


def _publish(task_id: UUID) -> None:
    from redis import RedisError

    if time.monotonic() < _Breaker.until:
        return
    try:
        _redis(settings.ROVER.redis_url).publish(CHANNEL, str(task_id))
    except RedisError:
        _Breaker.until = time.monotonic() + REDIS_PAUSE_SECONDS
        logger.warning("Redis does not take wake-ups; readers poll", exc_info=True)
