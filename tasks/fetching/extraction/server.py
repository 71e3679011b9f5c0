"""The process that extraction children are forked from: every parser is loaded, a fork costs milliseconds.

Started by `launcher.Launcher` as `python -m tasks.fetching.extraction.server FD OWNER_PID PAGES RSS_BYTES`.
It obeys 9-byte orders on the socket FD: `S` and a number with a socket attached (start a child), `K` and a
number (kill it). When the socket closes, because the owner closed it or died, it kills every child and ends.
"""

import gc
import importlib
import logging
import os
import select
import signal
import socket
import struct
import sys
from typing import Final

ORDER: Final = struct.Struct(">cQ")
START: Final = b"S"
KILL: Final = b"K"
_CHECK_MILLISECONDS: Final = 1_000
_WARM_UP: Final = b"<html><body><h1>Title</h1>" + b"<p>Some words to read.</p>" * 40 + b"</body></html>"


NICENESS: Final = 5
"""Extraction is the hungry part. Behind the owner it does not keep the owner from handing over the next page,
and the server's answers and heartbeats do not wait for pages to be read."""


def main(arguments: list[str]) -> None:
    """Serve orders until the owner is gone."""
    control_fd, owner_pid, pages, rss_bytes = (int(argument) for argument in arguments)
    # Ctrl-C and a service manager's stop reach the whole tree; only the owner decides when this one ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    logging.disable()
    os.nice(NICENESS)
    control = socket.socket(fileno=control_fd)
    _preload()
    server = _ForkServer(control, owner_pid, pages=pages, rss_bytes=rss_bytes)
    try:
        server.serve()
    finally:
        server.kill_all()


def _preload() -> None:
    """Import everything and read one page, so that children inherit compiled patterns and warm caches."""
    from tasks.fetching.extraction.document import Source
    from tasks.fetching.extraction.extract import extract

    importlib.import_module("tasks.fetching.extraction.child")

    extract(Source(body=_WARM_UP, url="https://warm-up.invalid/", content_type="text/html"))
    gc.collect()
    # Objects in the permanent generation are not touched by collections: their pages stay shared.
    gc.freeze()


class _ForkServer:
    def __init__(self, control: socket.socket, owner_pid: int, *, pages: int, rss_bytes: int) -> None:
        self._control = control
        self._owner_pid = owner_pid
        self._pages = pages
        self._rss_bytes = rss_bytes
        self._children: dict[int, int] = {}

    def serve(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        while True:
            ready = poll.poll(_CHECK_MILLISECONDS)
            self._reap()
            # A process forked by the owner may hold a copy of the socket: its closing is not the only sign.
            if os.getppid() != self._owner_pid:
                return
            if ready and not self._obey():
                return

    def _obey(self) -> bool:
        """Carry out one order. Returns False when the owner has closed the socket."""
        try:
            order, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size, 1)
        except ConnectionResetError:
            return False
        if len(order) < ORDER.size:
            return False
        verb, number = ORDER.unpack(order)
        if verb == START and descriptors:
            self._start(number, descriptors[0])
        elif verb == KILL:
            self._kill(number)
        return True

    def _start(self, number: int, descriptor: int) -> None:
        server_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(descriptor, server_pid)
        self._children[number] = pid
        os.close(descriptor)

    def _become_child(self, descriptor: int, server_pid: int) -> None:
        status = 1
        try:
            from tasks.fetching.extraction.child import Lifetime, live

            self._control.close()
            stream = socket.socket(fileno=descriptor)
            live(stream, server_pid, Lifetime(pages=self._pages, rss_bytes=self._rss_bytes))
            status = 0
        finally:
            # Never return into the server's loop, and run none of its exit handlers.
            os._exit(status)

    def _kill(self, number: int) -> None:
        pid = self._children.pop(number, None)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            # Waiting here keeps the promise that a replacement never lives beside its predecessor.
            os.waitpid(pid, 0)

    def _reap(self) -> None:
        for number, pid in list(self._children.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._children[number]

    def kill_all(self) -> None:
        for number in list(self._children):
            self._kill(number)


if __name__ == "__main__":
    main(sys.argv[1:])
