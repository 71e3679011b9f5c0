"""Running a batch in a worker: claim, resume, fetch, record, finish."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Count
from django.utils import timezone

from tasks.core.errors import LeaseLost
from tasks.core.events import EventKind, NewEvent
from tasks.core.limits import Concurrency
from tasks.core.states import ItemStatus, TaskStatus
from tasks.fetching.engine import Engine, Group
from tasks.io.draining import is_draining
from tasks.models import BatchItem, Task
from tasks.services.batch_log import BatchLog, append_under_lease
from tasks.services.batch_plan import batch_groups, items_suspect, items_unstart
from tasks.services.batch_writer import BatchWriter
from tasks.services.engines import Workshop, open_engine
from tasks.services.leases import LEASE, Lease, lease_release, task_finish
from tasks.services.pages import namespace_of
from workspace.io.transactions import write_transaction

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.2  # how soon a clean stop is noticed
STOP_GRACE_SECONDS = 5.0


class _Ending(Enum):
    DONE = auto()
    STOPPED = auto()
    LOST = auto()


def batch_run(*, lease: Lease, workshop: Workshop) -> None:
    """Run the batch that `lease` is for, until every item has an outcome, it is cancelled, or the worker is
    asked to stop. A lost lease ends the run without a word: another worker has the batch."""
    task = Task.objects.get(pk=lease.task_id)
    if lease.crashed:
        items_suspect(lease)
    _log_start(task, lease)
    ending = _Ending.LOST
    try:
        ending = workshop.run(_Run(task, lease, workshop).run(batch_groups(task)))
    except* LeaseLost:
        logger.warning("batch %s goes on with another worker", task.pk, extra={"task_id": str(task.pk)})
    except* DatabaseError:
        logger.exception("batch %s pauses: the database fails", task.pk, extra={"task_id": str(task.pk)})
        _release(lease, pause=LEASE)
    if ending is _Ending.DONE:
        _finish(task, lease)
    elif ending is _Ending.STOPPED:
        _release(lease)


def _log_start(task: Task, lease: Lease) -> None:
    total = task.params["total"]
    given = effective_concurrency(task)
    effective = {"concurrency": given.total, "per_domain_concurrency": given.per_host}
    started = {"task_kind": task.kind, "total": total, "attempt": lease.token}
    events = [
        NewEvent(kind=EventKind.TASK_STARTED, payload=started),
        NewEvent(kind=EventKind.BATCH_START, payload={"total": total, "effective": effective}),
    ]
    with write_transaction():
        append_under_lease(task_id=lease.task_id, events=events, now=timezone.now())


def effective_concurrency(task: Task) -> Concurrency:
    """What the batch asked for, within what this server gives."""
    asked = Concurrency(total=task.params["concurrency"], per_host=task.params["per_domain_concurrency"])
    return asked.within(settings.ROVER.fetch_concurrency, settings.ROVER.fetch_per_host_concurrency)


class _Run:
    """One run of one batch: the engine, its writer, and the watch over both."""

    def __init__(self, task: Task, lease: Lease, workshop: Workshop) -> None:
        self._task = task
        self._workshop = workshop
        self._stopping = False
        self._engine: Engine | None = None
        self._writer = BatchWriter(
            BatchLog(lease, namespace_of(task.owner_id)),
            use_stored=not task.params["force_refresh"],
            on_cancel=self._stop,
        )

    async def run(self, groups: Sequence[Group]) -> _Ending:
        """Whether the batch came to its end (or was cancelled), or the worker stopped before.

        Raises:
            ExceptionGroup: with LeaseLost, or a database error.
        """
        try:
            async with asyncio.TaskGroup() as parts:
                writing = parts.create_task(self._writer.run())
                watching = parts.create_task(self._watch())
                try:
                    await self._work(groups)
                finally:
                    watching.cancel()
                    writing.cancel()
        finally:
            self._writer.close()
        return _Ending.STOPPED if self._stopping else _Ending.DONE

    async def _work(self, groups: Sequence[Group]) -> None:
        concurrency = effective_concurrency(self._task)
        async with open_engine(self._writer, concurrency, self._workshop) as engine:
            self._engine = engine
            if self._stopping:
                engine.stop()
            running = asyncio.create_task(engine.run(groups))
            try:
                await self._wait(running)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def _wait(self, running: asyncio.Task[None]) -> None:
        """Until the engine is done; once the worker stops, what is in flight has a few seconds to land."""
        while not running.done():
            await asyncio.wait([running], timeout=LOOK_SECONDS)
            if self._stopping and not running.done():
                await asyncio.wait([running], timeout=STOP_GRACE_SECONDS)
                return
        running.result()

    async def _watch(self) -> None:
        """Renew the lease, and see a cancel or a stop of the worker soon."""
        beat_in = 0.0
        while True:
            if beat_in <= 0:
                await self._writer.beat()
                beat_in = BEAT_SECONDS
            if is_draining() and not self._stopping:
                self._stopping = True
                self._stop()
            await asyncio.sleep(LOOK_SECONDS)
            beat_in -= LOOK_SECONDS

    def _stop(self) -> None:
        if self._engine is not None:
            self._engine.stop()


def _release(lease: Lease, pause: timedelta = timedelta(0)) -> None:
    with write_transaction():
        items_unstart(lease)
        lease_release(lease=lease, now=timezone.now(), pause=pause)
    logger.info("batch %s waits for the next worker", lease.task_id, extra={"task_id": str(lease.task_id)})


def _finish(task: Task, lease: Lease) -> None:
    """End the batch with its roll-up. A batch whose items all have an outcome is completed, even if a cancel
    came while the last one landed."""
    now = timezone.now()
    items = BatchItem.objects.filter(task=task)
    with write_transaction():
        rows = items.values_list("status").annotate(n=Count("pk")).order_by()
        counts = dict.fromkeys(ItemStatus, 0) | {ItemStatus(status): n for status, n in rows}
        result: dict[str, Any] = {
            "total": task.params["total"],
            "succeeded": counts[ItemStatus.DONE],
            "failed": counts[ItemStatus.FAILED],
            "duration_ms": int((now - task.created_at).total_seconds() * 1000),
        }
        status, events = TaskStatus.COMPLETED, _completed(result)
        if counts[ItemStatus.PENDING]:
            result["skipped"] = counts[ItemStatus.PENDING]
            status, events = TaskStatus.CANCELLED, [_cancelled(result)]
        if task_finish(lease=lease, now=now, status=status, result=result, events=events):
            items.filter(status=ItemStatus.PENDING).update(status=ItemStatus.SKIPPED)


def _completed(result: dict[str, Any]) -> list[NewEvent]:
    counts = {name: result[name] for name in ("succeeded", "failed")}
    return [
        NewEvent(kind=EventKind.FINAL, payload=counts | {"duration_s": result["duration_ms"] / 1000}),
        NewEvent(
            kind=EventKind.TASK_COMPLETED, payload={"result": result, "duration_ms": result["duration_ms"]}
        ),
    ]


def _cancelled(result: dict[str, Any]) -> NewEvent:
    """The same roll-up as a completed batch has, and how many were never started."""
    payload = {"at": "between_items", "result": result, "duration_ms": result["duration_ms"]}
    return NewEvent(kind=EventKind.TASK_CANCELLED, payload=payload)
