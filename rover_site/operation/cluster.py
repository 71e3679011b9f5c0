"""`rover worker`: the django-q2 cluster as we run it.

This process forks a sentinel, which forks workers, a pusher (database to workers) and a monitor (results).
django-q2 keeps that family going; what it lacks is put in here: a queue and events that survive kill -9 of
anybody, children that die with their parent, a stop that running batches hear of, and an end in bounded time.
"""

import gc
import logging
import signal
import time
from importlib import import_module
from multiprocessing.connection import wait
from typing import Any

import psutil

from rover_site.conf import RoverConf
from rover_site.operation.forkqueue import MessageQueue
from rover_site.operation.forkstate import BusyBoard, ForkFlag, SharedNumber
from rover_site.operation.parenthood import bind_children
from rover_site.operation.postman import PostmanThread
from rover_site.operation.projector import ProjectorThread
from rover_site.operation.signalpipe import SignalPipe
from rover_site.operation.sweeper import Sweeper
from tasks.io import draining

STOP_SECONDS = 8.5
"""Fetches in flight get 5 s to land; after this the rest is killed and its leases are found to be free."""
PRELOADED = ("httpx", "tasks.jobs")
"""Imported before the fork, so that the workers share the memory."""

logger = logging.getLogger("rover_site.worker")


def run_worker(conf: RoverConf) -> int:
    """Work on tasks until SIGTERM or SIGINT; a second signal ends everything at once.

    Returns 0 after a stop that was asked for and kept its time, else 1: then the caller starts it again.
    """
    for name in PRELOADED:
        import_module(name)
    drain, board = ForkFlag(), BusyBoard()
    draining.bind(drain)
    _connect(board)
    cluster = _cluster()
    signals = SignalPipe(
        (signal.SIGTERM, signal.SIGINT)
    )  # after the cluster, which installs handlers as well
    bind_children()
    _share_memory()
    cluster.start()
    sweeper = Sweeper(conf=conf, board=board)
    sweeper.start()
    postman = PostmanThread()
    postman.start()
    projector = ProjectorThread()
    projector.start()
    logger.info("%d worker processes ready", conf.workers)
    try:
        code = _watch(cluster.sentinel, signals, sweeper)
        drain.set()
        postman.tell()
        projector.tell()
        return max(code, _stop(cluster, signals))
    finally:
        projector.stop()
        postman.stop()
        sweeper.stop()


def _cluster() -> Any:
    from django_q import cluster

    cluster.Queue = MessageQueue
    cluster.Event = ForkFlag
    cluster.Value = SharedNumber
    return cluster.Cluster()


def _connect(board: BusyBoard) -> None:
    from django_q.signals import post_execute_in_worker, pre_execute

    def begin(**_: Any) -> None:
        board.begin()

    def end(**_: Any) -> None:
        board.end()

    pre_execute.connect(begin, weak=False)
    post_execute_in_worker.connect(end, weak=False)


def _share_memory() -> None:
    """Leave nothing that a child must not inherit, and no garbage collection that would copy every page."""
    from django.db import connections

    connections.close_all()
    gc.collect()
    gc.freeze()


def _watch(sentinel: Any, signals: SignalPipe, sweeper: Sweeper) -> int:
    """Until there is a reason to stop: 0 when asked to, 1 when something broke."""
    while True:
        wait([signals.fileno(), sentinel.sentinel, sweeper.alarm])
        if signals.take():
            logger.info("stopping")
            return 0
        if not sentinel.is_alive():
            logger.error("the process that keeps the workers died (exit code %s)", sentinel.exitcode)
            return 1
        if sweeper.alarmed():
            return 1


def _stop(cluster: Any, signals: SignalPipe) -> int:
    cluster.stop_event.set()
    deadline = time.monotonic() + STOP_SECONDS
    while cluster.sentinel.is_alive():
        left = deadline - time.monotonic()
        if left <= 0 or signals.take():
            logger.warning("killing what has not stopped yet")
            _kill_descendants()
            return 1
        wait([signals.fileno(), cluster.sentinel.sentinel], timeout=left)
    return 0


def _kill_descendants() -> None:
    family = psutil.Process().children(recursive=True)
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=1)
