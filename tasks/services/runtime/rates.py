"""How often pages may open sessions and send telemetry: counted by the minute in the database, for all
processes together."""

import hmac
from datetime import datetime

from django.conf import settings
from django.db.models import F

from tasks.core.idempotency import network_of
from tasks.core.public_errors import TaskRateLimited
from tasks.core.runtime.telemetry import CALLS_PER_MINUTE
from tasks.models import CallerRate
from workspace.io.transactions import write_transaction

WINDOW_SECONDS = 60


def opening_count(*, address: str, now: datetime) -> None:
    """Count one opening.

    Raises:
        TaskRateLimited: the address has had its share of this minute.
    """
    limit = settings.ROVER.sessions_per_minute_ip
    network = network_of(address)
    if limit and network and counted("open", network, now) > limit:
        wait = WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS
        raise TaskRateLimited(
            f"One address may open {limit} sessions a minute here; try again in {wait} s.", retry_after_s=wait
        )


def telemetry_has_room(*, session_id: str, now: datetime) -> bool:
    """Count one batch; False when the session has sent enough in this minute."""
    return counted("telemetry", session_id, now) <= CALLS_PER_MINUTE


def counted(kind: str, value: str, now: datetime) -> int:
    """One more of a kind by somebody in this minute, and how many that makes."""
    # buckets hold hashes: addresses are nobody's business
    name = f"{kind}:{hmac.digest(settings.SECRET_KEY.encode(), value.encode(), 'sha256').hex()}"
    minute = int(now.timestamp()) // WINDOW_SECONDS
    with write_transaction():
        CallerRate.objects.get_or_create(bucket=name[:80], minute=minute, defaults={"count": 0})
        row = CallerRate.objects.filter(bucket=name[:80], minute=minute)
        row.update(count=F("count") + 1)
        count: int = row.values_list("count", flat=True).get()
    return count
