"""What a reader asks of a collection: filters, a span of time, words, how many, and where to go on."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core import signing

from workspace.core.errors import ErrorKind, RoverError
from workspace.core.fields import FieldError, InvalidFields, shown

LIMIT, LIMIT_MOST = 50, 200
VALUE_MAX = 300
EVERYTHING = "all"
FORMATS = ("json", "csv", "ndjson")
_SALT = "roverbook.collections"
_CURSOR_MAX = 1_000
_MILLIS_DIGITS = 15
TIMES, WORDS = ("since", "until"), ("q",)
_PAGING = ("limit", "cursor", "format")
_UNSTORABLE = frozenset("\0") | frozenset(map(chr, range(0xD800, 0xE000)))

Position = tuple[str, str]
"""Where a page ends: the two values by which the collection is sorted, as text."""


class InvalidCursor(RoverError):
    """The cursor is none of ours, or it is of another question."""

    code = "invalid_cursor"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A parameter that cuts a collection down. `lookup`: the database's; '' where the collection sees to it
    by itself. `choices`: all that is accepted; empty for any text. `default`: what it is when nobody asks.
    `flaw`: what is wrong with a value, '' for nothing."""

    name: str
    lookup: str = ""
    choices: tuple[str, ...] = ()
    most: int = VALUE_MAX
    default: str = ""
    flaw: Callable[[str], str] | None = None
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A question. `values`: by the name of the filter, without the empty ones. `since` is included, `until`
    is not."""

    values: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""

    @property
    def site_id(self) -> str:
        """The only site that is asked for; '' for all of the caller's."""
        return self.values.get("siteId", "")

    def given(self) -> dict[str, str]:
        """Everything that cuts the collection down, as text."""
        told = {"since": _iso(self.since), "until": _iso(self.until), "q": self.q}
        return {**self.values, **{name: value for name, value in told.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A `Wanted`, how many records at most, after which, and whether as a file ('' for a page)."""

    wanted: Wanted
    limit: int
    after: Position | None
    form: str


def read_question(
    name: str,
    filters: Sequence[Filter],
    query: Mapping[str, Sequence[str]],
    *,
    most: int = LIMIT_MOST,
    has_times: bool = True,
    has_words: bool = True,
) -> Question:
    """The question that the parameters of an address ask of the collection `name`. `has_times`, `has_words`:
    whether it can be cut down by time and by words.

    Raises:
        InvalidFields: with every parameter that is wrong.
        InvalidCursor: the cursor is none of ours, or of another question.
    """
    reader = _Reader(query)
    values = {one.name: reader.chosen(one) for one in filters}
    since, until = reader.moment("since"), reader.moment("until", is_end=True)
    if since and until and since >= until:
        reader.refuse("until", "Must be later than since.", "out_of_range")
    wanted = Wanted(
        values={key: value for key, value in values.items() if value},
        since=since,
        until=until,
        q=reader.text("q"),
    )
    limit = reader.number("limit", default=min(LIMIT, most), most=most)
    form = reader.one_of("format", FORMATS)
    cursor = reader.text("cursor", most=_CURSOR_MAX)
    known = [*(one.name for one in filters), *_PAGING]
    reader.finish(known=[*known, *(TIMES if has_times else ()), *(WORDS if has_words else ())])
    after = read_cursor(cursor, name, wanted) if cursor else None
    return Question(wanted=wanted, limit=limit, after=after, form=form)


def write_cursor(position: Position, name: str, wanted: Wanted) -> str:
    """An opaque text from which nobody but us makes another."""
    return signing.dumps([_mark(name, wanted), *position], salt=_SALT)


def read_cursor(text: str, name: str, wanted: Wanted) -> Position:
    """Raises: InvalidCursor."""
    try:
        mark, first, second = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise InvalidCursor(
            "This cursor cannot be read.", next_action="Begin again without a cursor."
        ) from None
    if mark != _mark(name, wanted):
        raise InvalidCursor(
            "This cursor belongs to another question.",
            next_action="Send the cursor with the parameters of the request that it came from.",
        )
    return first, second


def _mark(name: str, wanted: Wanted) -> str:
    told = json.dumps([name, sorted(wanted.given().items())], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


class _Reader:
    """Takes parameters one by one and keeps what is wrong with them."""

    def __init__(self, query: Mapping[str, Sequence[str]]) -> None:
        self._query = query
        self._errors: list[FieldError] = []

    def refuse(self, name: str, message: str, code: str) -> None:
        self._errors.append(FieldError(name, message, code))

    def finish(self, *, known: Sequence[str]) -> None:
        """Raises: InvalidFields."""
        for name in self._query:
            if name not in known:
                self.refuse(shown(name), "There is no parameter with this name here.", "unknown_field")
        if self._errors:
            raise InvalidFields(self._errors)

    def text(self, name: str, *, most: int = VALUE_MAX) -> str:
        given = list(self._query.get(name, ()))
        if len(given) > 1:
            self.refuse(name, "Must be given once.", "duplicate")
        value = given[0].strip() if given else ""
        if len(value) > most:
            self.refuse(name, f"Must be at most {most} characters long.", "too_long")
        elif not _UNSTORABLE.isdisjoint(value):
            self.refuse(name, "Must not contain NUL or half a character.", "not_allowed")
        else:
            return value
        return ""

    def one_of(self, name: str, choices: Sequence[str]) -> str:
        value = self.text(name)
        if value and value not in choices:
            self.refuse(name, f"Must be one of {', '.join(choices)}.", "not_allowed")
            return ""
        return value

    def chosen(self, one: Filter) -> str:
        value = self.one_of(one.name, one.choices) if one.choices else self.text(one.name, most=one.most)
        if value and one.flaw is not None and (flaw := one.flaw(value)):
            self.refuse(one.name, flaw, "not_allowed")
        return value or one.default

    def number(self, name: str, *, default: int, most: int) -> int:
        value = self.text(name)
        if not value:
            return default
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
        if not 1 <= number <= most:
            self.refuse(name, f"Must be a whole number from 1 to {most}.", "out_of_range")
            return default
        return number

    def moment(self, name: str, *, is_end: bool = False) -> datetime | None:
        """A day (as an end, with all of it), a time, or milliseconds since 1970; without a zone it is UTC."""
        value = self.text(name)
        if not value:
            return None
        found = _moment(value, is_end=is_end)
        if found is None:
            self.refuse(name, "Must be a day, a time (ISO 8601), or milliseconds since 1970.", "not_allowed")
        return found


def _moment(text: str, *, is_end: bool) -> datetime | None:
    try:
        if text.isascii() and text.isdigit() and len(text) > 8:
            return datetime.fromtimestamp(int(text[:_MILLIS_DIGITS]) / 1_000, UTC)
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text) + timedelta(days=1 if is_end else 0)
            return datetime.combine(day, time.min, UTC)
        at = datetime.fromisoformat(text)
        return (at.replace(tzinfo=UTC) if at.tzinfo is None else at).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def columns_of(record: Mapping[str, Any], nested: Sequence[str]) -> list[str]:
    """The columns of a table of such records: members of the objects named `nested` have their own."""
    return [
        column
        for name, value in record.items()
        for column in (
            [f"{name}.{inner}" for inner in value]
            if name in nested and isinstance(value, Mapping)
            else [name]
        )
    ]


def flat(record: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The record as a row with these columns; None where it has nothing."""
    row: dict[str, Any] = {}
    for column in columns:
        outer, _, inner = column.partition(".")
        value = record.get(outer)
        row[column] = value.get(inner) if inner and isinstance(value, Mapping) else None if inner else value
    return row
