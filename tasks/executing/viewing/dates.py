"""Days as pages write them, in English, German and numbers."""

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    "jan": 1, "january": 1, "januar": 1, "jänner": 1, "feb": 2, "february": 2, "februar": 2, "mar": 3,
    "march": 3, "märz": 3, "mär": 3, "apr": 4, "april": 4, "may": 5, "mai": 5, "jun": 6, "june": 6, "juni":
    6, "jul": 7, "july": 7, "juli": 7, "aug": 8, "august": 8, "sep": 9, "sept": 9, "september": 9, "oct":
    10, "october": 10, "okt": 10, "oktober": 10, "nov": 11, "november": 11, "dec": 12, "december": 12,
    "dez": 12, "dezember": 12,
}  # fmt: skip
_NAME = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?!\d)")
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:\.|st|nd|rd|th)?\s+{_NAME},?\s+(\d{{4}})\b", re.I)
_MONTH_FIRST = re.compile(rf"\b{_NAME}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.I)
_DOTTED = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day: `iso` as YYYY-MM-DD, `words` as the page writes it."""

    iso: str
    words: str


def find_day(text: str) -> Day | None:
    """The first day that `text` names. 3/4/2026 names none: countries read it differently."""
    found = [day for reader in (_iso, _day_first, _month_first, _dotted, _slashed) if (day := reader(text))]
    return min(found, key=lambda day: text.find(day.words)) if found else None


def _iso(text: str) -> Day | None:
    found = _ISO.search(text)
    return _day(found, found[1], found[2], found[3]) if found else None


def _day_first(text: str) -> Day | None:
    found = _DAY_FIRST.search(text)
    return _day(found, found[3], str(_MONTHS[found[2].lower()]), found[1]) if found else None


def _month_first(text: str) -> Day | None:
    found = _MONTH_FIRST.search(text)
    return _day(found, found[3], str(_MONTHS[found[1].lower()]), found[2]) if found else None


def _dotted(text: str) -> Day | None:
    found = _DOTTED.search(text)
    return _day(found, found[3], found[2], found[1]) if found else None


def _slashed(text: str) -> Day | None:
    found = _SLASHED.search(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    if first > 12:
        return _day(found, found[3], found[2], found[1])
    return _day(found, found[3], found[1], found[2]) if second > 12 else None


def _day(found: re.Match[str], year: str, month: str, day: str) -> Day | None:
    try:
        return Day(iso=date(int(year), int(month), int(day)).isoformat(), words=found[0])
    except ValueError:
        return None
