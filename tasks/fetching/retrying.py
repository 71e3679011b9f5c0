"""When to try a fetch again, and after how long."""

import random

from tasks.fetching.errors import FetchError

MAX_ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 30


def retry_delay(error: FetchError, *, attempt: int, rng: random.Random) -> float | None:
    """Seconds to wait before attempt `attempt` + 1 (attempts count from 1); None when it is no use.

    The back-off doubles and carries up to half of itself as jitter. A `Retry-After` in whole seconds is
    followed up to half a minute; a longer one ends the tries.
    """
    if not error.retryable or attempt >= MAX_ATTEMPTS:
        return None
    base = min(FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS)
    backoff = base + rng.uniform(0, base / 2)
    asked = str(error.data.get("retry_after") or "")
    if asked.isascii() and asked.isdigit():
        return max(float(asked), backoff) if int(asked) <= LONGEST_RETRY_AFTER_SECONDS else None
    return backoff
