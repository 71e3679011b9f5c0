"""Days of the week and times of day in English and German."""

import re

from tasks.executing.rules.words import fold

_NAMES = {
    "monday": 0, "montag": 0, "mon": 0, "mo": 0, "tuesday": 1, "dienstag": 1, "tue": 1, "tues": 1, "tu": 1,
    "di": 1, "wednesday": 2, "mittwoch": 2, "wed": 2, "we": 2, "mi": 2, "thursday": 3, "donnerstag": 3,
    "thu": 3, "thur": 3, "thurs": 3, "th": 3, "do": 3, "friday": 4, "freitag": 4, "fri": 4, "fr": 4,
    "saturday": 5, "samstag": 5, "sonnabend": 5, "sat": 5, "sa": 5, "sunday": 6, "sonntag": 6, "sun": 6,
    "su": 6, "so": 6,
}  # fmt: skip
_LONG = {name: number for name, number in _NAMES.items() if len(name) > 5}
_PLURAL = r"(?:s|en)?"
_ANY = "|".join(sorted(_NAMES, key=len, reverse=True))
_DAY = re.compile(rf"\b({_ANY}){_PLURAL}\b\.?")
_RANGE = re.compile(rf"\b({_ANY}){_PLURAL}\b\.?\s*(?:-|–|—|to|bis|through|until)\s*({_ANY}){_PLURAL}\b")
_ASKED = re.compile(rf"\b({'|'.join(_LONG)}){_PLURAL}\b")
_DAILY = re.compile(r"\b(daily|every day|taeglich|jeden tag|seven days)\b")
_WEEKEND = re.compile(r"\b(weekends?|wochenende[ns]?)\b")
_WORKDAYS = re.compile(r"\b(weekdays|werktags|wochentags|unter der woche)\b")
TIME = re.compile(
    r"\b(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)\s*(?:uhr|h|am|pm)?\b|\b(?:1[0-2]|[1-9])\s?(?:am|pm)\b|\b\d{1,2}\s?(?:uhr|h)\b",
    re.I,
)
CLOSED = re.compile(r"\b(?:closed|geschlossen|ruhetag|zu)\b", re.I)


def days_in(text: str) -> frozenset[int]:
    """The days (0 is Monday) that `text` names, ranges filled in."""
    folded = fold(text)
    found: set[int] = set(range(7)) if _DAILY.search(folded) else set()
    if _WEEKEND.search(folded):
        found |= {5, 6}
    if _WORKDAYS.search(folded):
        found |= set(range(5))
    for first, last in _RANGE.findall(folded):
        start, end = _NAMES[first], _NAMES[last]
        found |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return frozenset(found | {_NAMES[name] for name in _DAY.findall(folded)})


def days_asked(prompt: str) -> frozenset[int]:
    """The days that a prompt asks about: only names in full, since 'do' and 'so' are words as well."""
    folded = fold(prompt)
    found = {_LONG[name] for name in _ASKED.findall(folded)}
    return frozenset(found | ({5, 6} if _WEEKEND.search(folded) else set()))


def says_hours(text: str) -> bool:
    """Whether `text` gives a time of day, or says closed."""
    return TIME.search(text) is not None or CLOSED.search(text) is not None
