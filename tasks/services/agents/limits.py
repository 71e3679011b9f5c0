"""How many tasks a caller may start: counted by the minute in the database, for all processes together."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import connection

from tasks.core.attribution import Agent, Trust
from tasks.core.idempotency import network_of
from tasks.core.public_errors import TaskRateLimited
from tasks.models import CallerRate
from workspace.io.transactions import write_transaction

WINDOW_SECONDS = 60
_NAMED = frozenset({Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY, Trust.SELF_REPORTED})
_COUNT = """
INSERT INTO tasks_callerrate (bucket, minute, count) VALUES {rows}
ON CONFLICT (bucket, minute) DO UPDATE SET count = tasks_callerrate.count + 1
RETURNING bucket, count
"""


def count_start(*, address: str, agent: Agent, site_id: str, now: datetime) -> None:
    """Count one task, inside the transaction that makes it: one that is refused is not counted.

    Raises:
        TaskRateLimited: the caller's network, the agent or the site has had its share of this minute.
    """
    bounds = _bounds(address, agent, site_id)
    if not bounds:
        return
    minute = int(now.timestamp()) // WINDOW_SECONDS
    counts = _counted(sorted(bounds), minute)
    for bucket, (limit, whose) in bounds.items():
        if counts[bucket] > limit:
            wait = WINDOW_SECONDS - int(now.timestamp()) % WINDOW_SECONDS
            raise TaskRateLimited(
                f"{whose} may start {limit} tasks a minute here; try again in {wait} s.", retry_after_s=wait
            )


def rates_prune(*, now: datetime) -> None:
    """Forget the counts of minutes that are over."""
    old = int((now - timedelta(seconds=2 * WINDOW_SECONDS)).timestamp()) // WINDOW_SECONDS
    with write_transaction():
        CallerRate.objects.filter(minute__lt=old).delete()


def _bounds(address: str, agent: Agent, site_id: str) -> dict[str, tuple[int, str]]:
    """Bucket to limit and whose it is. Buckets hold hashes: addresses and keys are nobody's business."""
    conf = settings.ROVER
    named = agent.trust in _NAMED
    wanted = (
        ("ip", network_of(address), conf.tasks_per_minute_ip, "One address"),
        ("agent", agent.key if named else "", conf.tasks_per_minute_agent, "One agent"),
        ("site", site_id, conf.tasks_per_minute_site, "All agents together"),
    )
    return {_bucket(kind, value): (limit, whose) for kind, value, limit, whose in wanted if limit and value}


def _bucket(kind: str, value: str) -> str:
    return f"{kind}:{hmac.new(settings.SECRET_KEY.encode(), value.encode(), sha256).hexdigest()}"


def _counted(buckets: list[str], minute: int) -> dict[str, int]:
    """One more for each, in one statement; sorted, so that two callers cannot wait for each other."""
    rows = ", ".join(["(%s, %s, 1)"] * len(buckets))
    values = [value for bucket in buckets for value in (bucket, minute)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(rows=rows), values)
        return dict(cursor.fetchall())
