"""What the answer of a receiver means, and when the message is sent again."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""Before the second attempt, the third, and so on; after the last there is no other."""
JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)
FAILURES_IN_A_ROW = 20
"""Attempts that may fail one after the other; then the endpoint is switched off."""
_GONE = 410
_TOO_MANY = 429


class Verdict(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    AGAIN = "again"
    FAILED = "failed"
    GONE = "gone"


def verdict_of(status: int | None) -> Verdict:
    """`status`: of the answer, None without one. Redirects are answers that deliver nothing."""
    if status is None or status == _TOO_MANY or status >= 500:
        return Verdict.AGAIN
    if 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == _GONE else Verdict.FAILED


def wait_before_next(
    n_attempts: int, *, spread: float, retry_after: str = "", now: datetime
) -> timedelta | None:
    """How long after `n_attempts` attempts the next one is due; None for no other. `spread`: -1 to 1, chance
    that becomes ±20 %. A later `Retry-After` is honoured, up to a day."""
    if not 0 < n_attempts <= len(WAITS):
        return None
    wait = WAITS[n_attempts - 1] * (1 + JITTER * spread)
    asked = retry_after_of(retry_after, now=now)
    return wait if asked is None else max(wait, min(asked, LONGEST_RETRY_AFTER))


def retry_after_of(text: str, *, now: datetime) -> timedelta | None:
    """What a `Retry-After` header asks for (RFC 9110 section 10.2.3), seconds or a date; None for neither.
    Seconds that no calendar holds count as the longest wait."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) < 9 else LONGEST_RETRY_AFTER
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(at - now, timedelta(0))
