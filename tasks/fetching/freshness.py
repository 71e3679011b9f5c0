"""How long a stored answer may be used, and how: RFC 9111, with the two extensions of RFC 5861.

The cache reads `s-maxage` as shared caches do, because what origins say there is meant for whoever stands
between them and readers; with it comes their rule that such an answer is never used stale (§5.2.2.10).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

MAX_DIGITS = 9
MAX_SECONDS = 10**MAX_DIGITS
HEURISTIC_SHARE = 0.1
HEURISTIC_MAX = timedelta(hours=24)
NOTHING = timedelta(0)
HEURISTIC_STATUSES = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses whose lifetime a cache may guess (RFC 9110 §15.1)."""

FRESHNESS_FIELDS = ("cache-control", "expires", "last-modified", "etag", "vary")
"""What of an answer is kept to judge a later confirmation by; its age is of the moment."""

Header = Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """The server's settings: lifetime of an answer that names none, the least and the most that it may have,
    and the longest that it may be used beyond it.

    `minimum` is for lifetimes that the cache chose; `force_minimum` makes it one for those of origins, too.
    `is_shared`: the cache serves several people, who must not see each other's `private` answers.
    """

    default: timedelta
    maximum: timedelta
    minimum: timedelta = NOTHING
    force_minimum: bool = False
    stale: timedelta = NOTHING
    is_shared: bool = False


class Basis(StrEnum):
    """What a lifetime rests on."""

    S_MAXAGE = "s-maxage"
    MAX_AGE = "max-age"
    EXPIRES = "expires"
    HEURISTIC = "heuristic"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Until when a stored answer may be used, in aware times.

    Up to `fresh_until` without asking. Up to `stale_until` while it is asked for anew, up to `error_until`
    when asking fails; both are `fresh_until` where the origin forbids it.
    """

    fresh_until: datetime
    stale_until: datetime
    error_until: datetime
    basis: Basis


def judge(
    *, status: int, header: Header, asked_at: datetime, answered_at: datetime, lifetimes: Lifetimes
) -> Freshness | None:
    """What may be done with an answer; None when it must not be stored.

    `asked_at`, `answered_at`: when the request left and the answer came, by our clock.
    """
    directives = read_directives(header("cache-control") or "")
    if "no-store" in directives or ("private" in directives and lifetimes.is_shared):
        return None
    basis, named = _named(directives, header, answered_at)
    if basis is None:
        basis, span = _guessed(status, header, answered_at, lifetimes)
    else:
        span = max(named, lifetimes.minimum) if lifetimes.force_minimum else named
    if _must_ask(directives, header):
        span = NOTHING
    left = min(span, lifetimes.maximum) - _age(header, asked_at, answered_at)
    fresh_until = answered_at + max(left, NOTHING)
    beyond = _beyond(directives, header, basis, lifetimes)
    return Freshness(
        fresh_until=fresh_until,
        stale_until=fresh_until + beyond("stale-while-revalidate"),
        error_until=fresh_until + beyond("stale-if-error"),
        basis=basis,
    )


# --- lifetime ---


def _named(
    directives: Mapping[str, str], header: Header, answered_at: datetime
) -> tuple[Basis | None, timedelta]:
    """The lifetime that the origin named (RFC 9111 §4.2.1). A number that does not parse is ignored, one that
    is too large is the largest there is (§1.2.2); an `Expires` that is no date has passed (§5.3)."""
    for basis in (Basis.S_MAXAGE, Basis.MAX_AGE):
        if (seconds := _seconds(directives.get(basis))) is not None:
            return basis, seconds
    expires = header("expires")
    if expires is None:
        return None, NOTHING
    until, since = http_date(expires), http_date(header("date")) or answered_at
    return Basis.EXPIRES, max(until - since, NOTHING) if until else NOTHING


def _guessed(
    status: int, header: Header, answered_at: datetime, lifetimes: Lifetimes
) -> tuple[Basis, timedelta]:
    """A tenth of the time since the page was changed, else the default (RFC 9111 §4.2.2)."""
    if status not in HEURISTIC_STATUSES:
        return Basis.DEFAULT, NOTHING
    changed, since = http_date(header("last-modified")), http_date(header("date")) or answered_at
    if changed is None or changed > since:
        return Basis.DEFAULT, max(lifetimes.default, lifetimes.minimum)
    span = min((since - changed) * HEURISTIC_SHARE, HEURISTIC_MAX)
    return Basis.HEURISTIC, max(span, lifetimes.minimum)


def _must_ask(directives: Mapping[str, str], header: Header) -> bool:
    """Whether it is never used without asking; what names fields only is read as if it named none."""
    varies = {part.strip() for part in (header("vary") or "").split(",")}
    return "no-cache" in directives or "*" in varies


def _age(header: Header, asked_at: datetime, answered_at: datetime) -> timedelta:
    """How old the answer was when it came (RFC 9111 §4.2.3)."""
    date = http_date(header("date"))
    apparent = max(answered_at - date, NOTHING) if date else NOTHING
    told = _seconds((header("age") or "").split(",")[0].strip()) or NOTHING
    return max(apparent, told + max(answered_at - asked_at, NOTHING))


def _beyond(
    directives: Mapping[str, str], header: Header, basis: Basis, lifetimes: Lifetimes
) -> Callable[[str], timedelta]:
    """How long beyond its lifetime, for the reason that a directive names; the server's setting bounds it."""
    is_forbidden = (
        basis is Basis.S_MAXAGE
        or not directives.keys().isdisjoint({"must-revalidate", "proxy-revalidate"})
        or _must_ask(directives, header)
    )

    def span(directive: str) -> timedelta:
        if is_forbidden:
            return NOTHING
        named = _seconds(directives.get(directive))
        return lifetimes.stale if named is None else min(named, lifetimes.stale)

    return span


# --- reading ---

_DIRECTIVE = re.compile(
    r"""\s*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)
        (?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,;"]*)))?""",
    re.VERBOSE,
)


def read_directives(text: str) -> dict[str, str]:
    """The directives of a Cache-Control, names in lower case; of one that comes twice the first counts. What
    does not parse is passed over up to the next comma."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        if match := _DIRECTIVE.match(text, place):
            value = match["quoted"] if match["quoted"] is not None else match["plain"] or ""
            found.setdefault(match["name"].lower(), value.strip())
            place = match.end()
        comma = text.find(",", place)
        place = len(text) if comma < 0 else comma + 1
    return found


def http_date(text: str | None) -> datetime | None:
    """An HTTP date in any of its three forms (RFC 9110 §5.6.7), aware; None for what is none."""
    if not text or not re.match(r"\s*[A-Za-z]{3,9},? ", text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _seconds(text: str | None) -> timedelta | None:
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    # Python refuses to read numbers of thousands of digits, so the length is looked at first
    return timedelta(seconds=int(digits) if len(digits) <= MAX_DIGITS else MAX_SECONDS)
