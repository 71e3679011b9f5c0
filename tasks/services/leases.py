"""Who works on a task. A queue message only wakes a worker; what it may do is decided here.

A task is claimable while it is a worker's, pending or running, its `not_before` has come, and nobody's lease
on it is live. Claiming raises `lease_token`; every later write of the worker names its token, so that a
worker which lost its lease, by a pause or a split network, cannot write any more. A lease is renewed while
the worker lives and ends by expiry, by release (a clean stop), or at once when its process is seen to be
gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from tasks.core.events import TERMINAL_EVENTS, EventKind, NewEvent
from tasks.core.states import RESUMABLE, UNHINTED, TaskKind, TaskStatus
from tasks.io.ownership import is_gone, owner_name
from tasks.models import Task
from tasks.services.events import insert_events
from workspace.io.queue import Job, enqueue, waiting
from workspace.io.transactions import write_transaction

LEASE = timedelta(seconds=10)
"""A worker on another machine that died is replaced after this long; on the same machine it takes a sweep."""
REHINT = timedelta(seconds=5)
"""A hint that nobody acted on is taken for lost after this long."""
MAX_CRASHES = 5
"""Workers that may die in a row on one task without recording anything; then the task fails."""
MOST_CRASHES = {TaskKind.AGENT.value: 2}
"""The same for kinds that begin anew each time."""
SWEEP_LIMIT = 500
_WORKABLE = (TaskStatus.PENDING, TaskStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write to one task of this kind. `crashed` says that the worker before died without
    releasing it, `crashes` how many did so in a row."""

    task_id: UUID
    token: int
    crashed: bool
    kind: str = ""
    crashes: int = 0

    @property
    def verdict(self) -> tuple[str, str] | None:
        """Why the task must not go on, as a code and a sentence; None when it may."""
        if self.crashed and self.kind not in RESUMABLE:
            return "owner_died", _OWNER_DIED
        most = MOST_CRASHES.get(self.kind, MAX_CRASHES)
        if self.crashes > most:
            message = f"{self.crashes} workers in a row died on this task without getting anywhere."
            return "worker_crashed", message
        return None


def lease_claim(*, task_id: UUID, now: datetime) -> Lease | None:
    """Take the task, or None when it has ended, is no worker's, or another worker's lease is live. Whether it
    may go on after crashes is `Lease.verdict`."""
    with write_transaction():
        before = Task.objects.filter(pk=task_id).values("lease_owner", "kind", "crashes").first()
        if before is None:
            return None
        crashed = before["lease_owner"] != ""
        claimed = Task.objects.filter(_claimable(now), pk=task_id).update(
            lease_owner=owner_name(),
            lease_token=F("lease_token") + 1,
            lease_expires_at=now + LEASE,
            hinted_at=None,
            crashes=F("crashes") + int(crashed),
            updated_at=now,
        )
        if not claimed:
            return None
        token: int = Task.objects.values_list("lease_token", flat=True).get(pk=task_id)
    crashes = before["crashes"] + int(crashed)
    return Lease(task_id=task_id, token=token, crashed=crashed, kind=before["kind"], crashes=crashes)


_OWNER_DIED = "The worker died and this kind of task cannot go on where it stopped; request it again."


def lease_release(*, lease: Lease, now: datetime, pause: timedelta = timedelta(0)) -> None:
    """Give the task back, so that any worker may go on, at once or after `pause`; for a clean stop."""
    with write_transaction():
        Task.objects.filter(pk=lease.task_id, lease_token=lease.token).update(
            lease_owner="", lease_expires_at=now + pause if pause else None, hinted_at=None, updated_at=now
        )


def task_fail(*, lease: Lease, now: datetime, error: str, message: str) -> bool:
    """End a task as failed under `lease`; False when it had ended or the lease is lost."""
    return task_finish(
        lease=lease,
        now=now,
        status=TaskStatus.FAILED,
        error=error,
        events=[NewEvent(kind=EventKind.TASK_FAILED, payload={"error": error, "message": message})],
    )


def task_finish(
    *,
    lease: Lease,
    now: datetime,
    status: TaskStatus,
    events: list[NewEvent],
    error: str = "",
    result: dict[str, object] | None = None,
) -> bool:
    """Write the last events and the terminal status in one transaction; the terminal event gets `duration_ms`
    since the task was made. False when it had ended or the lease is lost: then nothing is written."""
    with write_transaction():
        row = Task.objects.filter(pk=lease.task_id, lease_token=lease.token, status=TaskStatus.RUNNING)
        ended = row.update(
            status=status,
            error=error,
            result=result,
            lease_owner="",
            lease_expires_at=None,
            finished_at=now,
            updated_at=now,
            last_seq=F("last_seq") + len(events),
        )
        if not ended:
            return False
        last_seq, created_at = Task.objects.values_list("last_seq", "created_at").get(pk=lease.task_id)
        duration_ms = int((now - created_at).total_seconds() * 1000)
        for event in events:
            if event.kind in TERMINAL_EVENTS:
                event.payload.setdefault("duration_ms", duration_ms)
        insert_events(task_id=lease.task_id, events=events, first_seq=last_seq - len(events) + 1, now=now)
    return True


def leases_sweep(*, now: datetime) -> int:
    """Wake workers for every task that nobody works on; returns how many hints were sent.

    Any number of sweepers may run: the conditional update lets one of them send each hint.
    """
    _expire_dead_owners(now)
    orphans = Q(hinted_at=None)
    if waiting() == 0:  # hints that wait in the queue are not lost
        orphans |= Q(hinted_at__lt=now - REHINT)
    found = Task.objects.filter(_claimable(now), orphans).exclude(kind__in=UNHINTED).order_by("created_at")
    sent = 0
    for task_id, hinted_at in found.values_list("pk", "hinted_at")[:SWEEP_LIMIT]:
        with write_transaction():
            if Task.objects.filter(_claimable(now), pk=task_id, hinted_at=hinted_at).update(hinted_at=now):
                enqueue(Job.RUN_TASK, task_id=str(task_id))
                sent += 1
    return sent


def _claimable(now: datetime) -> Q:
    """A lease far in the future was written by a clock that has since been set back; it does not count."""
    free = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now) | Q(lease_expires_at__gt=now + 3 * LEASE)
    ready = Q(not_before=None) | Q(not_before__lte=now) | Q(cancellation_requested=True)
    return Q(status__in=_WORKABLE, by_worker=True) & free & ready


def _expire_dead_owners(now: datetime) -> None:
    live = Task.objects.filter(status__in=_WORKABLE, lease_expires_at__gte=now).exclude(lease_owner="")
    for task_id, owner, token in live.values_list("pk", "lease_owner", "lease_token")[:SWEEP_LIMIT]:
        if is_gone(owner):
            with write_transaction():
                Task.objects.filter(pk=task_id, lease_token=token).update(lease_expires_at=now - LEASE)
