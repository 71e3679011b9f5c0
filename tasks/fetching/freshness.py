"""How long a stored page may be used without asking again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

MAX_DIGITS = 9
MAX_SECONDS = 10**MAX_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """The server's settings: lifetime of a page that names none, and the most that a page may name."""

    default: timedelta
    maximum: timedelta


def lifetime(header: Callable[[str], str | None], lifetimes: Lifetimes) -> timedelta | None:
    """How long a page with these response headers stays fresh; None when it must not be stored.

    `no-store` forbids storing (RFC 9111 §5.2.2.5); `s-maxage` goes before `max-age`; a number that does not
    parse is ignored, one that is too large is the largest there is (RFC 9111 §1.2.2).
    """
    directives = _directives(header("cache-control") or "")
    if "no-store" in directives:
        return None
    for name in ("s-maxage", "max-age"):
        value = directives.get(name, "")
        if value.isascii() and value.isdigit():
            digits = value.lstrip("0") or "0"
            # Python refuses to read numbers of thousands of digits, so the length is looked at first
            seconds = int(digits) if len(digits) <= MAX_DIGITS else MAX_SECONDS
            return min(timedelta(seconds=seconds), lifetimes.maximum)
    return min(lifetimes.default, lifetimes.maximum)


def _directives(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found.setdefault(name.lower(), value.strip().strip('"'))
    return found
