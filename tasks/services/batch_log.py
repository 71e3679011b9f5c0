"""Recording what a batch does: starts, outcomes, signs of life, a few at a time in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from tasks.core.errors import LeaseLost
from tasks.core.events import EventKind, NewEvent
from tasks.core.payloads import item_done, item_failed, item_started
from tasks.core.states import ItemStatus, TaskStatus
from tasks.fetching.engine import ConfirmedPage, Done, Failed, Item, NewPage, Outcome, Start, StoredPage
from tasks.models import BatchItem, Task
from tasks.services.events import insert_events
from tasks.services.leases import LEASE, Lease
from tasks.services.pages import (
    AUTHORITATIVE_STATUSES,
    pages_confirm,
    pages_drop,
    pages_known,
    pages_store,
)
from workspace.io.transactions import write_transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEntry:
    """An item is about to be fetched. Without `use_stored` its origin is asked even about a fresh page."""

    item: Item
    key: str
    use_stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEntry:
    """An item has ended."""

    item: Item
    key: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Nothing but a sign of life."""


Entry = StartEntry | OutcomeEntry | Beat


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of a few entries. `starts` answers the StartEntries by item index."""

    cancelled: bool
    starts: dict[int, Start]


class BatchLog:
    """Writes for one lease. Every transaction renews the lease first and fails when it is lost.

    An item has one outcome: the engine records one, the lease keeps other writers away, and the event table
    has a constraint that makes a second one impossible.
    """

    def __init__(self, lease: Lease, namespace: str) -> None:
        self._lease = lease
        self._namespace = namespace

    def commit(self, entries: Sequence[Entry], now: datetime) -> Committed:
        """Record `entries` in order, all or none, and renew the lease.

        Raises:
            LeaseLost: another worker owns the task, or it has ended.
        """
        starts = [entry for entry in entries if isinstance(entry, StartEntry)]
        outcomes = [entry for entry in entries if isinstance(entry, OutcomeEntry)]
        with write_transaction():
            last_seq, cancelled = self._lock()
            events = [] if cancelled else self._start(starts)
            events += self._end(outcomes, self._store_pages(outcomes))
            insert_events(task_id=self._lease.task_id, events=events, first_seq=last_seq + 1, now=now)
            self._renew(last_seq + len(events), now, progress=bool(outcomes))
            answers = self._answers(starts, now) if not cancelled else dict.fromkeys(_indices(starts), _STOP)
        return Committed(cancelled=cancelled, starts=answers)

    def _answers(self, starts: Sequence[StartEntry], now: datetime) -> dict[int, Start]:
        known: dict[bool, dict[str, Start]] = {}
        for use_stored in {entry.use_stored for entry in starts}:
            keys = {entry.key for entry in starts if entry.use_stored is use_stored}
            known[use_stored] = pages_known(self._namespace, keys, now, refresh=not use_stored)
        return {entry.item.index: known[entry.use_stored].get(entry.key, _GO) for entry in starts}

    def _lock(self) -> tuple[int, bool]:
        """The last seq and the cancel flag. The row stays ours until the commit: SQLite's write transaction
        has the whole file, PostgreSQL locks the row."""
        task = Task.objects.select_for_update().filter(
            pk=self._lease.task_id, lease_token=self._lease.token, status=TaskStatus.RUNNING
        )
        row = task.values_list("last_seq", "cancellation_requested").first()
        if row is None:
            raise LeaseLost(f"task {self._lease.task_id} is owned by another worker or has ended")
        return row

    def _renew(self, last_seq: int, now: datetime, *, progress: bool) -> None:
        """Extend the lease; recorded progress clears the count of crashes."""
        changes = {"last_seq": last_seq, "lease_expires_at": now + LEASE, "updated_at": now}
        Task.objects.filter(pk=self._lease.task_id).update(**changes, **({"crashes": 0} if progress else {}))

    def _start(self, starts: Sequence[StartEntry]) -> list[NewEvent]:
        if starts:
            indices = _indices(starts)
            BatchItem.objects.filter(task_id=self._lease.task_id, index__in=indices).update(
                started_token=self._lease.token
            )
        return [NewEvent(kind=EventKind.ITEM_STARTED, payload=item_started(entry.item)) for entry in starts]

    def _store_pages(self, outcomes: Sequence[OutcomeEntry]) -> list[int | None]:
        """The row id of each outcome's page: stored just now, known before, or none."""
        new = {
            entry.key: entry.outcome.page
            for entry in outcomes
            if isinstance(entry.outcome, Done) and isinstance(entry.outcome.page, NewPage)
        }
        ids = pages_store(self._namespace, new) if new else {}
        confirmed = {
            entry.key: entry.outcome.page
            for entry in outcomes
            if isinstance(entry.outcome, Done) and isinstance(entry.outcome.page, ConfirmedPage)
        }
        pages_confirm(self._namespace, confirmed)
        pages_drop(self._namespace, [entry.key for entry in outcomes if _is_gone(entry.outcome)])
        return [_page_id(entry, ids) for entry in outcomes]

    def _end(self, outcomes: Sequence[OutcomeEntry], page_ids: Sequence[int | None]) -> list[NewEvent]:
        """The rows exist since the batch was made, so the insert below always turns into an update: of any
        number of rows in one statement. A second outcome of an item breaks the event table's constraint."""
        if outcomes:
            BatchItem.objects.bulk_create(
                [self._row(entry, page_id) for entry, page_id in zip(outcomes, page_ids, strict=True)],
                update_conflicts=True,
                unique_fields=["task", "index"],
                update_fields=_OUTCOME_COLUMNS,
            )
        return [_outcome_event(entry) for entry in outcomes]

    def _row(self, entry: OutcomeEntry, page_id: int | None) -> BatchItem:
        return BatchItem(
            task_id=self._lease.task_id,
            index=entry.item.index,
            url=entry.item.url,
            **_columns(entry.outcome, page_id),
        )


_OUTCOME_COLUMNS = [
    "status",
    "code",
    "error",
    "http_status",
    "final_url",
    "cache_status",
    "tokens",
    "n_bytes",
    "duration_ms",
    "page",
]


def _outcome_event(entry: OutcomeEntry) -> NewEvent:
    item, outcome = entry.item, entry.outcome
    if isinstance(outcome, Done):
        kind, payload = EventKind.ITEM_DONE, item_done(item, outcome)
    else:
        kind, payload = EventKind.ITEM_FAILED, item_failed(item, outcome)
    return NewEvent(kind=kind, payload=payload, outcome_index=item.index)


def append_under_lease(*, task_id: UUID, events: list[NewEvent], now: datetime) -> None:
    """Append inside a transaction that has checked the lease already."""
    Task.objects.filter(pk=task_id).update(last_seq=F("last_seq") + len(events))
    last_seq: int = Task.objects.values_list("last_seq", flat=True).get(pk=task_id)
    insert_events(task_id=task_id, events=events, first_seq=last_seq - len(events) + 1, now=now)


def _is_gone(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and outcome.error.data.get("http_status") in AUTHORITATIVE_STATUSES


_GO, _STOP = Start(go=True), Start(go=False)


def _indices(starts: Sequence[StartEntry]) -> list[int]:
    return [entry.item.index for entry in starts]


def _page_id(entry: OutcomeEntry, stored: dict[str, int]) -> int | None:
    match entry.outcome:
        case Done(page=StoredPage(page_id=page_id)):
            return page_id
        case Done(page=ConfirmedPage(page=page, freshness=freshness)):
            return page.page_id if freshness is not None else None
        case _:
            return stored.get(entry.key)


def _columns(outcome: Outcome, page_id: int | None) -> dict[str, Any]:
    """The item's columns that its outcome decides."""
    if isinstance(outcome, Failed):
        return {
            "status": ItemStatus.FAILED,
            "code": outcome.error.code,
            "error": outcome.error.message,
            "http_status": outcome.error.data.get("http_status"),
            "duration_ms": outcome.duration_ms,
        }
    return {
        "status": ItemStatus.DONE,
        "page_id": page_id,
        "duration_ms": outcome.duration_ms,
        **_page_columns(outcome.page),
    }


def _page_columns(page: StoredPage | ConfirmedPage | NewPage) -> dict[str, Any]:
    if isinstance(page, ConfirmedPage):
        page = page.page
    if isinstance(page, StoredPage):
        return {
            "final_url": page.final_url,
            "http_status": page.http_status,
            "tokens": page.tokens,
            "n_bytes": page.n_bytes,
            "cache_status": "hit",
        }
    return {
        "final_url": page.fetched.final_url.href,
        "http_status": page.fetched.status,
        "tokens": page.document.tokens,
        "n_bytes": page.fetched.wire_bytes,
        "cache_status": "miss",
    }
