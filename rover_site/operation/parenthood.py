"""Worker processes that end at once when their parent dies, however it dies."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import util

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.25
GENERATIONS = 2
"""Sentinel, then workers, pusher and monitor. What a worker starts itself is its own business: a thread may
fork there, and Linux would deliver the parent's death at the end of that thread."""


@dataclass(slots=True, weakref_slot=True)
class _Generation:
    number: int = 0


_generation = _Generation()


def bind_children() -> None:
    """From now on each process that `multiprocessing` forks from the main thread dies with its parent."""
    util.register_after_fork(_generation, _enter_child)


def _enter_child(generation: _Generation) -> None:
    generation.number += 1
    if generation.number > GENERATIONS:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_poll_parent, name="parent watch", daemon=True).start()
    if _is_orphan():  # the parent was faster
        os._exit(1)


def _is_orphan() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and os.getppid() != parent.pid


def _poll_parent() -> None:
    while not _is_orphan():
        time.sleep(POLL_SECONDS)
    os._exit(1)
