"""The life of one extraction child: take a page, answer, and end when old, fat, or without an owner."""

import contextlib
import ctypes
import os
import resource
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tasks.fetching.errors import ExtractFailed, FetchError
from tasks.fetching.extraction import wire
from tasks.fetching.extraction.extract import extract

ADDRESS_SPACE_BYTES: Final = 2 * 1024**3
_PR_SET_PDEATHSIG: Final = 1
_OUT_OF_MEMORY_STATUS: Final = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """When a child asks to be replaced: after this many pages, or with this much resident memory."""

    pages: int
    rss_bytes: int


def live(stream: socket.socket, server_pid: int, lifetime: Lifetime) -> None:
    """Serve pages from `stream` until it closes or this child asks to be replaced (in the forked process)."""
    _confine(server_pid)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.sendall(wire.pack({"pid": os.getpid()}, 0))
        pages = 0
        while (request := wire.receive(stream)) is not None:
            pages += 1
            reply, markdown = _answer(*request)
            # Nothing of the page may be alive when memory is measured.
            del request
            retire = pages >= lifetime.pages or resident_bytes() > lifetime.rss_bytes
            stream.sendall(wire.pack({**reply, "retire": retire}, len(markdown)))
            stream.sendall(markdown)
            if retire:
                return


def _confine(server_pid: int) -> None:
    """Bound memory, leave no core files, be the kernel's first victim, and die with the fork server."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The server may have died between the fork and the call above.
    if os.getppid() != server_pid:
        os._exit(0)


def _answer(head: dict[str, Any], body: bytearray) -> tuple[dict[str, Any], bytes]:
    source, effort = wire.request_source(head, bytes(body))
    body.clear()
    try:
        document = extract(source, effort=effort)
    except FetchError as error:
        if isinstance(error, ExtractFailed) and error.data.get("error") == "MemoryError":
            # After a failed allocation nothing in this process can be relied on.
            os._exit(_OUT_OF_MEMORY_STATUS)
        return {"error": wire.error_head(error)}, b""
    return {"document": wire.document_head(document)}, document.markdown.encode()


def resident_bytes() -> int:
    """Resident memory of this process now; where /proc is missing, its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()
