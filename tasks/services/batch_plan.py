"""What is left to do of a batch, read from its items; starting for the first time is the same as resuming."""

from collections.abc import Iterable, Sequence

from django.db.models import F

from tasks.core.states import ItemStatus
from tasks.fetching.engine import Done, Failed, Group, Item, Outcome, StoredPage
from tasks.fetching.errors import FetchError, InvalidUrl
from tasks.fetching.urls import parse
from tasks.models import BatchItem, Task
from tasks.services.leases import Lease
from tasks.services.pages import page_key
from workspace.io.transactions import write_transaction

MOST_CRASHES_OF_ITEM = 2


class WorkerCrashed(FetchError):
    """The workers that fetched this item died, twice."""

    code = "worker_crashed"


_CRASHED = "two workers died while they fetched this URL, so it is not tried again"


def items_suspect(lease: Lease) -> None:
    """Note that the items in flight may be why the last worker died; at the second time they are out."""
    with write_transaction():
        in_flight = BatchItem.objects.filter(
            task_id=lease.task_id, status=ItemStatus.PENDING, started_token__isnull=False
        )
        in_flight.update(crashes=F("crashes") + 1, started_token=None)


def items_unstart(lease: Lease) -> None:
    """Forget the starts of this run; a clean stop is nobody's fault."""
    with write_transaction():
        BatchItem.objects.filter(
            task_id=lease.task_id, status=ItemStatus.PENDING, started_token=lease.token
        ).update(started_token=None)


def batch_groups(task: Task) -> list[Group]:
    """Pending items by cache key, with the outcome that a duplicate of theirs has on record.

    Items that were in flight when a worker died come last.
    """
    by_key: dict[str, list[BatchItem]] = {}
    for row in BatchItem.objects.filter(task=task).order_by("index"):
        by_key.setdefault(_key(row), []).append(row)
    groups = []
    for key, rows in by_key.items():
        pending = [row for row in rows if row.status == ItemStatus.PENDING]
        if pending:
            groups.append(Group(key=key, items=_items(pending), recorded=_recorded(rows, pending)))
    return sorted(groups, key=lambda group: any(item.suspect for item in group.items))


def _key(row: BatchItem) -> str:
    try:
        return page_key(parse(row.url))
    except InvalidUrl:
        return f"invalid-{row.index}"


def _items(rows: Iterable[BatchItem]) -> list[Item]:
    return [Item(index=row.index, url=row.url, suspect=row.crashes > 0) for row in rows]


def _recorded(rows: Sequence[BatchItem], pending: Sequence[BatchItem]) -> Outcome | None:
    if any(row.crashes >= MOST_CRASHES_OF_ITEM for row in pending):
        return Failed(error=WorkerCrashed(_CRASHED), duration_ms=0)
    for row in rows:
        if row.status == ItemStatus.FAILED:
            return Failed(error=_recorded_error(row), duration_ms=0)
        if row.status == ItemStatus.DONE:
            return Done(page=_recorded_page(row), duration_ms=0)
    return None


def _recorded_page(row: BatchItem) -> StoredPage:
    return StoredPage(
        page_id=row.page_id,
        final_url=row.final_url,
        http_status=row.http_status or 0,
        n_bytes=row.n_bytes or 0,
        tokens=row.tokens or 0,
    )


def _recorded_error(row: BatchItem) -> FetchError:
    error = FetchError(row.error)
    error.code = row.code  # type: ignore[misc]  # the record stands for whichever class it was
    if row.http_status is not None:
        error.data["http_status"] = row.http_status
    return error
