"""Who owns a lease: enough to tell, on the same machine, whether that process still lives."""

import contextlib
import os
import socket
from functools import cache
from pathlib import Path
from uuid import uuid4

import psutil


def owner_name() -> str:
    """`host|pid namespace|pid|start time|random` of this process.

    A bare pid is not enough: in a container the server is always pid 1, and pids are used again.
    """
    return f"{_machine()}|{os.getpid()}|{_started(os.getpid()):.2f}|{uuid4().hex[:8]}"


def is_gone(owner: str) -> bool:
    """True when `owner` was a process of this machine and is certainly dead (a zombie counts as dead).

    False for owners of other machines: about them only the lease's expiry speaks.
    """
    host, namespace, pid, started, _ = owner.split("|")
    if f"{host}|{namespace}" != _machine():
        return False
    try:
        process = psutil.Process(int(pid))
        return process.status() == psutil.STATUS_ZOMBIE or abs(process.create_time() - float(started)) > 1
    except psutil.NoSuchProcess:
        return True


@cache
def _machine() -> str:
    namespace = ""
    with contextlib.suppress(OSError):  # only Linux has pid namespaces to tell apart
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()[:60]}|{namespace}"


def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()
