"""Times and lengths of time as people type them into the filter line. All times are UTC."""

import re
from datetime import UTC, date, datetime, timedelta

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|sec|m|min|h)?", re.ASCII)
_UNITS = {"ms": 1, "s": 1_000, "sec": 1_000, "": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_AGO = re.compile(r"-(\d{1,4})([dhm])", re.ASCII)
_AGO_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}t\d{2}:\d{2}(:\d{2})?z?", re.ASCII)
_DAYS_AGO = re.compile(r"-(\d{1,4})", re.ASCII)
_NAMED_DAYS = {"today": 0, "yesterday": 1}
_SOME_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
EARLIEST = date(1971, 1, 1)
LATEST = date(9000, 1, 1)


def milliseconds(text: str) -> float | None:
    """`500ms`, `30s`, `5m`, `1h`, `30` (seconds); None for anything else."""
    found = _DURATION.fullmatch(text.lower())
    return float(found[1]) * _UNITS[found[2] or ""] if found else None


def moment(text: str, now: datetime) -> datetime | None:
    """A day (its beginning), a time, or so long before `now`; None for anything else."""
    text = text.lower()
    if ago := _AGO.fullmatch(text):
        return now - int(ago[1]) * _AGO_UNITS[ago[2]]
    if _TIME.fullmatch(text):
        return _time(text)
    found = day(text, now) if text in _NAMED_DAYS or _DATE.fullmatch(text) else None
    return datetime(found.year, found.month, found.day, tzinfo=UTC) if found else None


def day(text: str, now: datetime) -> date | None:
    """A date, `today`, `yesterday`, or `-2` for the day before; None for anything else."""
    text = text.lower()
    if text in _NAMED_DAYS:
        return now.astimezone(UTC).date() - timedelta(days=_NAMED_DAYS[text])
    if ago := _DAYS_AGO.fullmatch(text):
        return now.astimezone(UTC).date() - timedelta(days=int(ago[1]))
    if not _DATE.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def is_moment(text: str) -> bool:
    """Whether `moment` can read it."""
    return moment(text, _SOME_MOMENT) is not None


def is_day(text: str) -> bool:
    """Whether `day` can read it."""
    return day(text, _SOME_MOMENT) is not None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.upper().removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if EARLIEST <= found.date() <= LATEST else None
