"""Idempotency-Key: which task a key already stands for.

The key's row and the task are written in one transaction. So a second request with the key finds either the
whole task or nothing; one that comes while the first is being written waits for it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tasks.core.idempotency import WINDOW
from tasks.core.public_errors import IdempotencyKeyReused
from tasks.models import RememberedKey
from workspace.io.transactions import write_transaction

PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is remembered, see `tasks.core.idempotency`."""

    scope: str
    fingerprint: str


def replayed(key: Key | None, *, now: datetime) -> UUID | None:
    """The task that the key stands for, or None when it is new, or older than its window.

    Raises:
        IdempotencyKeyReused: it stands for another body.
    """
    if key is None:
        return None
    known = RememberedKey.objects.filter(scope=key.scope).first()
    if known is None:
        return None
    if known.created_at <= now - WINDOW:
        known.delete()
        return None
    if known.fingerprint != key.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key was used with another body; take a new one.")
    return known.task_id


def remember(key: Key | None, *, task_id: UUID, now: datetime) -> None:
    """Write the key down, in the transaction that does what it is for. Raises IntegrityError when another
    request was faster."""
    if key is not None:
        RememberedKey.objects.create(
            scope=key.scope, fingerprint=key.fingerprint, task_id=task_id, created_at=now
        )


def keys_prune(*, now: datetime) -> None:
    """Forget the keys that are over."""
    with write_transaction():
        old = RememberedKey.objects.filter(created_at__lte=now - WINDOW)
        RememberedKey.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])).delete()
