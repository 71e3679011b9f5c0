"""How many tasks a caller may start: counted by the minute in the database, for all processes together."""

import hmac
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from tasks.core.attribution import Agent, Trust
from tasks.core.idempotency import network_of
from tasks.core.public_errors import TaskRateLimited
from tasks.io.companion import DailyLimit
from tasks.models import CallerRate
from workspace.io.transactions import write_transaction

WINDOW_SECONDS = 60
DAY_MINUTES = 24 * 60
_NAMED = frozenset({Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY, Trust.SELF_REPORTED})
_COUNT = """
INSERT INTO tasks_callerrate (bucket, minute, count) VALUES {rows}
ON CONFLICT (bucket, minute) DO UPDATE SET count = tasks_callerrate.count + excluded.count
RETURNING bucket, minute, count
"""
_COUNTED = "SELECT bucket, minute, count FROM tasks_callerrate WHERE (bucket, minute) IN (VALUES {rows})"

Bucket = tuple[str, int]
"""What is counted, and its minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Who wants to start a task where, and when. `address`: the IP address, '' when there is none; `daily`:
    what the site's owner allows this agent, None for no limit."""

    address: str
    agent: Agent
    site_id: str
    now: datetime
    daily: DailyLimit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """The most tasks of one bucket, whose they are, in which span of time, and when that ends (epoch
    seconds)."""

    limit: int
    whose: str
    span: str
    ends_at: int


def count_start(
    *, address: str, agent: Agent, site_id: str, now: datetime, daily: DailyLimit | None = None
) -> None:
    """Count one task, inside the transaction that makes it: one that is refused is not counted.

    Raises:
        TaskRateLimited: the caller's network, the agent or the site has had its share of this minute, or the
            agent that of this day.
    """
    start = Start(address=address, agent=agent, site_id=site_id, now=now, daily=daily)
    bounds = _bounds(start)
    _check(start, bounds, _count(dict.fromkeys(bounds, 1)))


def count_starts(starts: Sequence[Start]) -> list[TaskRateLimited | None]:
    """The same for many tasks in two statements: what `count_start` would raise for each, in this order.

    Raises:
        TaskRateLimited: a writer beside this one has counted too, and which task was too many has to be seen
            one by one. Where writers wait for each other this does not happen.
    """
    bounds = [_bounds(start) for start in starts]
    counts: Counter[Bucket] = Counter(_counted({bucket for each in bounds for bucket in each}))
    new: Counter[Bucket] = Counter()
    refusals: list[TaskRateLimited | None] = []
    for start, each in zip(starts, bounds, strict=True):
        try:
            _check(start, each, {bucket: counts[bucket] + 1 for bucket in each})
        except TaskRateLimited as refusal:
            refusals.append(refusal)
            continue
        counts.update(each.keys())
        new.update(each.keys())
        refusals.append(None)
    total = _count(new)
    for start, each in zip(starts, bounds, strict=True):
        _check(start, each, total)
    return refusals


def rates_prune(*, now: datetime) -> None:
    """Forget the counts of minutes that are over."""
    old = int((now - timedelta(seconds=2 * WINDOW_SECONDS)).timestamp()) // WINDOW_SECONDS
    with write_transaction():
        CallerRate.objects.filter(minute__lt=old).delete()


def _bounds(start: Start) -> dict[Bucket, _Bound]:
    """What holds for each bucket. Buckets hold hashes: addresses and keys are nobody's business. The bucket
    of a day has its last minute, so that it is forgotten when the day is over."""
    conf = settings.ROVER
    minute = int(start.now.timestamp()) // WINDOW_SECONDS
    named = start.agent.trust in _NAMED
    wanted = (
        ("ip", network_of(start.address), conf.tasks_per_minute_ip, "One address"),
        ("agent", start.agent.key if named else "", conf.tasks_per_minute_agent, "One agent"),
        ("site", start.site_id, conf.tasks_per_minute_site, "All agents together"),
    )
    ends_at = (minute + 1) * WINDOW_SECONDS
    bounds = {
        (_name(kind, value), minute): _Bound(limit=limit, whose=whose, span="a minute", ends_at=ends_at)
        for kind, value, limit, whose in wanted
        if limit and value
    }
    if start.daily is not None:
        last = (minute // DAY_MINUTES + 1) * DAY_MINUTES - 1
        bounds[_name("daily", f"{start.site_id} {start.daily.agent_key}"), last] = _Bound(
            limit=start.daily.most,
            whose="This agent",
            span="a day",
            ends_at=(last + 1) * WINDOW_SECONDS,
        )
    return bounds


def _name(kind: str, value: str) -> str:
    return f"{kind}:{hmac.digest(settings.SECRET_KEY.encode(), value.encode(), 'sha256').hex()}"


def _check(start: Start, bounds: Mapping[Bucket, _Bound], counts: Mapping[Bucket, int]) -> None:
    """`counts`: with this task; a bucket without one has room. Raises TaskRateLimited."""
    for bucket, bound in bounds.items():
        if counts.get(bucket, 0) > bound.limit:
            wait = bound.ends_at - int(start.now.timestamp())
            raise TaskRateLimited(
                f"{bound.whose} may start {bound.limit} tasks {bound.span} here; try again in {wait} s.",
                next_action="Wait that long before the next task.",
                retry_after_s=wait,
            )


def _count(new: Mapping[Bucket, int]) -> dict[Bucket, int]:
    """Add so many to each, in one statement, and return the sums; sorted, so that two callers cannot wait for
    each other."""
    return _rows(_COUNT, "(%s, %s, %s)", [(*bucket, new[bucket]) for bucket in sorted(new)])


def _counted(buckets: Collection[Bucket]) -> dict[Bucket, int]:
    """How often each was counted so far; what was never counted is left out."""
    return _rows(_COUNTED, "(%s, %s)", list(buckets))


def _rows(query: str, row: str, values: Sequence[tuple[str | int, ...]]) -> dict[Bucket, int]:
    if not values:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            query.format(rows=", ".join([row] * len(values))), [value for each in values for value in each]
        )
        return {(bucket, minute): count for bucket, minute, count in cursor.fetchall()}
