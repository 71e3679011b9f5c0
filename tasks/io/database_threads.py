"""A fixed number of threads that talk to the database, each over its own lasting connection.

An event loop must not block on a query, and a thread for each request would mean a connection for each
request. A job is taken by any free thread, or by the thread that an earlier job ran in: what holds a database
cursor between two steps has to go on where it began.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThreads:
    """Threads are started by the first job and end with `close`."""

    def __init__(self, *, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._own_jobs: dict[int, deque[_Job]] = {}
        self._closed = False

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, run in one of the threads. Connections that broke or became too
        old are dropped before and after. A job whose caller is cancelled while it waits is not run."""
        return await self.submit(lambda: _with_fresh_connections(function, *args, **kwargs))

    async def submit(self, call: Callable[[], T], *, thread: int | None = None) -> T:
        """As `run` without touching connections. With `thread`, the identifier of one of these threads, that
        one runs it."""
        future: Future[T] = Future()
        self._put(_Job(future, call), thread)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """End the threads after the jobs they have begun, and close their connections. A job put in later is
        cancelled; calling this again does nothing."""
        with self._changed:
            self._closed = True
            waiting = [*self._jobs, *(job for own in self._own_jobs.values() for job in own)]
            self._jobs.clear()
            self._own_jobs.clear()
            self._changed.notify_all()
        for job in waiting:
            job.future.cancel()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _put(self, job: "_Job", thread: int | None) -> None:
        with self._changed:
            if self._closed:
                job.future.cancel()
                return
            if not self._threads:
                self._start()
            if thread is None:
                self._jobs.append(job)
                self._changed.notify()
            else:
                self._own_jobs.setdefault(thread, deque()).append(job)
                self._changed.notify_all()

    def _start(self) -> None:
        # Daemons: a process that ends by a signal must not wait for a slow query; the database rolls back.
        self._threads = [
            threading.Thread(target=self._work, name=f"{self._name}-{n}", daemon=True)
            for n in range(self._size)
        ]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        try:
            while job := self._next():
                job.run()
                del job  # a waiting thread must not keep the last job's objects alive
        finally:
            connections.close_all()

    def _next(self) -> "_Job | None":
        me = threading.get_ident()
        with self._changed:
            while not self._closed:
                if own := self._own_jobs.get(me):
                    return own.popleft()
                if self._jobs:
                    return self._jobs.popleft()
                self._changed.wait()
        return None


class _Job:
    __slots__ = ("_call", "_context", "future")

    def __init__(self, future: Future[Any], call: Callable[[], Any]) -> None:
        self.future = future
        self._call = call
        self._context = copy_context()

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._context.run(self._call)
        except BaseException as exc:  # noqa: BLE001 - handed to whoever awaits the job
            self.future.set_exception(exc)
        else:
            self.future.set_result(result)


def _with_fresh_connections(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
