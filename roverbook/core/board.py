"""The rules of a site's board: what is hot, which posts say the same, and how pages of it go on."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from tasks.core.runtime.fields import refused
from workspace.core.fields import FieldError

LIMIT_MAX = 50
_HOUR = timedelta(hours=1)
_WORDS = re.compile(r"[^\W\d_]+")
_PATH = re.compile(r"https?://[^/?#]*([^?#]*)", re.IGNORECASE)
_CURSOR_MAX = 400
_ID_MAX = 120


class Sort(StrEnum):
    """The orders of a board."""

    HOT = "hot"
    NEW = "new"
    TOP = "top"


class Heat(NamedTuple):
    """What places a post among the hot ones, the hottest first in descending order."""

    score: float
    created_at: datetime
    id: str


def hot_score(votes: int, age: timedelta) -> float:
    """(up - down) / (hours + 2)^1.5; what was written a moment ahead of our clock is new."""
    cooling: float = (max(0.0, age / _HOUR) + 2) ** 1.5
    return votes / cooling


def same_report(title: str, page_url: str) -> tuple[str, str]:
    """What two posts have in common that report the same: the title's words without case, signs and numbers,
    and the page's path."""
    plain = title.casefold()
    path = _PATH.match(page_url)
    return (" ".join(_WORDS.findall(plain)) or plain.strip(), path[1].rstrip("/") if path else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page of the board ended. `as_of`: the moment for which the order was made; `at`, `votes`, `id`
    of the last post that was told."""

    sort: Sort
    as_of: datetime
    at: datetime
    votes: int
    id: str

    def __str__(self) -> str:
        told = f"{self.sort} {_micros(self.as_of)} {_micros(self.at)} {self.votes} {self.id}"
        return urlsafe_b64encode(told.encode()).rstrip(b"=").decode()

    @property
    def heat(self) -> Heat:
        """Its place among the hot ones, of then."""
        return Heat(hot_score(self.votes, self.as_of - self.at), self.at, self.id)


def read_cursor(text: str, sort: Sort) -> Cursor:
    """The cursor that a page of this order gave. Raises InvalidArgument for any other text."""
    try:
        if len(text) > _CURSOR_MAX or not text.isascii():
            raise ValueError("too long")
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        told, as_of, at, votes, row_id = decoded.split(" ", 4)
        cursor = Cursor(sort=Sort(told), as_of=_moment(as_of), at=_moment(at), votes=int(votes), id=row_id)
        if cursor.sort is not sort or len(row_id) > _ID_MAX or abs(cursor.votes) > 2**31:
            raise ValueError("of another order")
    except (ValueError, OverflowError):
        message = "Must be the nextCursor of a page in the same order."
        raise refused([FieldError("cursor", message, "not_allowed")]) from None
    return cursor


def read_sort(text: str) -> Sort:
    """The order that `text` names, the hot ones for none. Raises InvalidArgument."""
    return Sort(_one_of("sort", text or Sort.HOT.value, [sort.value for sort in Sort]))


def read_type(text: str, types: Iterable[str]) -> str:
    """The type of post that `text` names, '' for all. Raises InvalidArgument."""
    return _one_of("type", text, types) if text else ""


def read_limit(value: int | str | None, *, most: int = LIMIT_MAX) -> int:
    """How many are wanted, `most` of them if it is not said; a larger number is brought down to it. Raises
    InvalidArgument."""
    if value in (None, ""):
        return most
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text[:9])):
        raise refused([FieldError("limit", "Must be a whole number from 1.", "out_of_range")])
    return min(most, int(text[:9]))


def _one_of(field: str, text: str, known: Iterable[str]) -> str:
    names = list(known)
    if text not in names:
        raise refused([FieldError(field, f"Must be one of {', '.join(names)}.", "not_allowed")])
    return text


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _moment(text: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(text))
