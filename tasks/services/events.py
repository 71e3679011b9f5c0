"""Appending to a task's log: the only writer of events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tasks.core.errors import LeaseLost
from tasks.core.events import NewEvent
from tasks.io.wakeups import poke
from tasks.models import Event, Task
from workspace.io.transactions import write_transaction


def events_append(
    *, task_id: UUID, events: Sequence[NewEvent], now: datetime, lease_token: int | None = None
) -> int:
    """Write `events` at the end of the log and return the last seq. Readers are woken after the commit.

    With `lease_token` only while that lease holds. The number comes from the task's row in the same
    transaction, so it has no gap and grows in the order of commits.

    Raises:
        LeaseLost: another worker owns the task now.
    """
    with write_transaction():
        row = Task.objects.filter(pk=task_id)
        if lease_token is not None:
            row = row.filter(lease_token=lease_token)
        if not row.update(last_seq=F("last_seq") + len(events), updated_at=now):
            raise LeaseLost(f"task {task_id} is owned by another worker")
        last_seq: int = Task.objects.values_list("last_seq", flat=True).get(pk=task_id)
        insert_events(task_id=task_id, events=events, first_seq=last_seq - len(events) + 1, now=now)
    return last_seq


def insert_events(*, task_id: UUID, events: Sequence[NewEvent], first_seq: int, now: datetime) -> None:
    """Insert rows under numbers that the caller reserves on the task's row; poke after the commit."""
    if not events:
        return
    Event.objects.bulk_create(
        Event(
            task_id=task_id,
            seq=seq,
            kind=event.kind,
            payload=event.payload,
            outcome_index=event.outcome_index,
            created_at=now,
        )
        for seq, event in enumerate(events, start=first_seq)
    )
    transaction.on_commit(lambda: poke(task_id))
