"""A queue between forked processes that survives the death of any reader or writer.

`multiprocessing.Queue` guards its pipe with a lock; a reader killed while it waits takes the lock with it,
and every other reader waits for ever. Here the kernel hands each message, whole, to exactly one reader.
"""

import array
import os
import pickle
import select
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

INLINE_BYTES = 60_000 if sys.platform == "linux" else 1_900
"""Larger messages travel as an open temporary file: a datagram must fit the socket's buffer whole."""
FIRST_PAUSE_SECONDS = 0.0005
LONGEST_PAUSE_SECONDS = 0.05
STOP = "STOP"
# macOS has no SEQPACKET for local sockets; its datagrams keep their borders as well
_KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM


class MessageQueue:
    """What django-q2 asks of a queue. With a `maxsize` a writer waits until readers have taken what it wrote
    before, so that at most one message is under way: what waits in the database can be taken by others, what
    waits here cannot. `STOP` is never held back."""

    def __init__(self, maxsize: int = 0) -> None:
        self._maxsize = maxsize
        self._reader, self._writer = socket.socketpair(socket.AF_UNIX, _KIND)

    def put(self, message: Any) -> None:
        """Send one message to whichever reader asks next."""
        if self._maxsize and message != STOP:
            self._wait_until_empty()
        data = pickle.dumps(message)
        if len(data) <= INLINE_BYTES:
            self._writer.send(data)
            return
        with tempfile.TemporaryFile() as file:  # has no name, so a reader's death leaves nothing behind
            file.write(data)
            file.flush()
            socket.send_fds(self._writer, [b"file"], [file.fileno()])

    def get(self) -> Any:
        """The next message; waits for it."""
        data, fds = self._receive()
        if not fds:
            return pickle.loads(data)  # noqa: S301 - the other end is this program
        with os.fdopen(fds[0], "rb") as file:
            file.seek(0)
            return pickle.load(file)  # noqa: S301 - likewise

    def empty(self) -> bool:
        """True when no message waits."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        return not poll.poll(0)

    def qsize(self) -> int:
        """1 when at least one message waits, else 0: sockets do not count."""
        return 0 if self.empty() else 1

    def close(self) -> None:
        """Nothing: django-q2 closes its queue and goes on asking whether it is empty."""

    join_thread = close

    def __del__(self) -> None:
        for end in (self._reader, self._writer):
            with suppress(OSError):
                end.close()

    def _receive(self) -> tuple[bytes, list[int]]:
        room = socket.CMSG_SPACE(array.array("i").itemsize)
        data, ancillary, _, _ = self._reader.recvmsg(INLINE_BYTES, room)
        fds = array.array("i")
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
        return data, list(fds)

    def _wait_until_empty(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self.empty():
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
