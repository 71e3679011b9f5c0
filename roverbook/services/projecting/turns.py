"""Whose turn it is: of all processes one works on visits at a time. Who dies holding the turn lets go of it:
the operating system or the database server sees to that."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

_NAME = "rover.projector"


@contextmanager
def projector_turn() -> Iterator[bool]:
    """True inside if the turn is ours until the end of the block; False if somebody else has it."""
    if connection.vendor == "sqlite":
        with _file_turn() as is_ours:
            yield is_ours
    else:
        with _server_turn() as is_ours:
            yield is_ours


@contextmanager
def _file_turn() -> Iterator[bool]:
    fd = os.open(_path(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)


def _path() -> str:
    database = str(connection.settings_dict["NAME"])
    if database.startswith("file:") or database == ":memory:":
        return f"/tmp/rover-{os.getuid()}-projector.lock"  # noqa: S108 - holds nothing, is only locked
    return str(Path(database).with_name(Path(database).name + ".projector.lock"))


@contextmanager
def _server_turn() -> Iterator[bool]:
    """A lock of the connection, which ends with it."""
    if not _ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"):
        yield False
        return
    try:
        yield True
    finally:
        if connection.connection is not None and not connection.connection.closed:
            _ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0))")


def _ask(question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [_NAME])
        row = cursor.fetchone()
    return bool(row and row[0])
