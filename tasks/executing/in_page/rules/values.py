"""Values that a wish names: addresses, names, days, times, numbers, and whatever it gives a name itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from tasks.core.runtime.gates import folded


class FieldKind(StrEnum):
    """What a field asks for, as far as rules can tell."""

    EMAIL = "email"
    PHONE = "phone"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    NAME = "name"
    DATE = "date"
    TIME = "time"
    COUNT = "count"
    MESSAGE = "message"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the words of a wish give. `pairs`: name and value as written. `ambiguous`: a day that could be
    read in two ways."""

    text: str
    today: date
    language: str = "en"
    email: str = ""
    phone: str = ""
    name: str = ""
    day: date | None = None
    ambiguous: bool = False
    time: tuple[int, int] | None = None
    count: int | None = None
    pairs: tuple[tuple[str, str], ...] = ()


EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?<![.-])")
PHONE: Final = re.compile(r"(?<![\w.@+/-])\+?\(?\d[\d ()/-]{5,24}\d(?![\w@]|[./-]\d)")
_KINDS: Final[Sequence[tuple[FieldKind, re.Pattern[str]]]] = (
    (FieldKind.EMAIL, re.compile(r"\be ?-?mail|\bmailadresse")),
    (FieldKind.PHONE, re.compile(r"phone|\btel\b|\btel\.|telefon|mobil|handy|rufnummer")),
    (FieldKind.FIRST_NAME, re.compile(r"first.?name|given.?name|forename|vorname|\bfname\b")),
    (FieldKind.LAST_NAME, re.compile(r"last.?name|surname|family.?name|nachname|familienname|\blname\b")),
    (FieldKind.TIME, re.compile(r"\btime\b|uhrzeit|\bzeit\b|\bstunde")),
    (FieldKind.DATE, re.compile(r"\bdate\b|datum|\bday\b|\btag\b|arrival|anreise")),
    (
        FieldKind.COUNT,
        re.compile(
            r"\bguests?\b|\bpeople\b|\bpersons?\b|\bparty\b|personen|gaeste|number of|anzahl|\bseats?\b"
            r"|plaetze"
            r"|quantity|\bqty\b|\bmenge\b|\btickets?\b|\badults\b|erwachsene|\bcovers\b"
        ),
    ),
    (
        FieldKind.MESSAGE,
        re.compile(r"message|comment|nachricht|kommentar|anmerk|\bnotes?\b|\brequests?\b|wuensche|anliegen"),
    ),
    (
        FieldKind.NAME,
        re.compile(
            r"(?<!user)(?<!user )(?<!company )(?<!firmen)(?<!benutzer)\bname\b|\bfullname\b|your name"
        ),
    ),
)
_BY_TYPE: Final = {
    "email": FieldKind.EMAIL,
    "tel": FieldKind.PHONE,
    "date": FieldKind.DATE,
    "datetime-local": FieldKind.DATE,
    "time": FieldKind.TIME,
}
_BIRTH: Final = re.compile(r"birth|geburt")
_MONTHS: Final = {
    month: at + 1
    for names in (
        "january february march april may june july august september october november december",
        "januar februar maerz april mai juni juli august september oktober november dezember",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mrz apr mai jun jul aug sep okt nov dez",
    )
    for at, month in enumerate(names.split())
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAYS: Final = {
    day: at
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    )
    for at, day in enumerate(names.split())
} | {"sonnabend": 5}
_NUMBERS: Final = {
    word: at
    for names in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "null eins zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf",
    )
    for at, word in enumerate(names.split())
} | {"einen": 1, "eine": 1, "zweit": 2, "dritt": 3, "viert": 4}
_NUMBER: Final = r"\d{1,3}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_ISO: Final = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DOTTED: Final = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}|\d{2})(?!\d))?")
_SLASHED: Final = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_DAY_MONTH: Final = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_MONTH})\b\.?,?(?:\s+(\d{{4}}))?"
)
_MONTH_DAY: Final = re.compile(rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b,?(?:\s+(\d{{4}}))?")
_WEEKDAY: Final = re.compile(rf"\b(next |naechsten |kommenden )?({'|'.join(_WEEKDAYS)})s?\b")
_RELATIVE: Final = re.compile(
    r"\b(day after tomorrow|uebermorgen|tomorrow|(?<!guten )morgen|today|tonight|heute)\b"
)
_CLOCK: Final = re.compile(
    r"(?<![\d.:])([01]?\d|2[0-3])[:.]([0-5]\d)(?![\d.])\s*(am|pm|a\.m\.|p\.m\.)?|(?<![\d.:])(1[0-2]"
    r"|0?[1-9])\s*(am|pm|a\.m\.|p\.m\.)|\b([01]?\d|2[0-3])(?:[:.]([0-5]\d))?\s*uhr\b"
)
_PEOPLE: Final = re.compile(
    rf"\b({_NUMBER})\s+(?:people|persons?|guests?|adults?|seats?|tickets?|personen|leute|gaeste"
    rf"|erwachsene|plaetze|of us)\b"
    rf"|\b(?:table|party|group|tisch|room|zimmer) (?:for|of|fuer) (?:a party of )?({_NUMBER})\b|\b(?:zu"
    rf"|for|fuer) ({_NUMBER})\b(?! ?(?:uhr|[:./]|am\b|pm\b|euro|€|st\b|nd\b|th\b))"
    rf"|\b({_NUMBER})\s?(?:x|times|mal|stueck|pieces?)\b"
)
_NAME: Final = re.compile(
    r"(?:\b[Mm]y name is|\b[Nn]ame is|\bname:|\b[Nn]ame\b|\b[Nn]amed?|\bI am|\bI'm"
    r"|\bunder(?: the name(?: of)?)?|\bin the name of"
    r"|\bon behalf of|\b[Mm]ein [Nn]ame ist|\b[Ii]ch hei(?:ß|ss)e|\b[Ii]ch bin|\bauf den [Nn]amen?"
    r"|\bunter(?: dem [Nn]amen)?"
    r"|\bals)\s*:?\s+(?P<name>(?:[A-ZÄÖÜ][\w'’-]+)(?:\s+(?:(?:von|van|de|der|di|la|le"
    r"|zu)\s+)*[A-ZÄÖÜ][\w'’-]+){0,3})"
)
_FOR_NAME: Final = re.compile(r"\b(?:for|für)\s+((?:[A-ZÄÖÜ][a-zäöüß'’-]+)(?:\s+[A-ZÄÖÜ][a-zäöüß'’-]+){1,2})")
_LABELLED: Final = re.compile(
    r"(?:^|[\s,;(])(?P<name>[A-Za-zÄÖÜäöüß][\wÄÖÜäöüß-]*(?: [\wÄÖÜäöüß-]+){0,4}?)\s*(?:=|:(?!//|\d))\s*"
    r"(?P<value>\"[^\"]*\"|“[^”]*”|„[^“]*“|[^,;\n]+?)"
    r"(?=\s*(?:[,;\n]|$)|\.(?:\s|$)|\s+(?:and|und)\s+[\wÄÖÜäöüß -]{2,40}?\s*[=:])"
)
_AS: Final = re.compile(
    r"\b(?:with|use|using|mit|enter|put|set)\s+(?P<value>\"[^\"]+\"|“[^”]+”|„[^“]+“"
    r"|[^\s,;]+(?:\s[^\s,;]+){0,3}?)\s+(?:as|als)\s+"
    r"(?:(?:the|my|a|an|der|die|das|mein|meine)\s+)?(?P<name>[\w-]+(?:\s[\w-]+){0,2}?)(?=\s*(?:[,;.]|$)"
    r"|\s+(?:and|und|with|mit)\b)",
    re.I,
)
_IS: Final = re.compile(
    r"\b(?:my|the|mein|meine|der|die|das)\s+(?P<name>[\w-]+(?:\s[\w-]+){0,2}?)\s+(?:is|are|should be"
    r"|shall be|ist|sind|lautet|soll)\s+"
    r"(?P<value>\"[^\"]+\"|“[^”]+”|„[^“]+“|[^,;]+?)(?=\s*(?:[,;]|$)|\.(?:\s|$)|\s+(?:and|und)\s+(?:my|the"
    r"|mein|meine|der|die|das)\b)",
    re.I,
)
_QUOTES: Final = "\"“”„»«' "


def given_by(text: str, *, today: date, language: str = "en") -> Given:
    """The values that `text` names; `today` tells what "Friday" is."""
    text = text[:4_000]
    plain = folded_long(text)
    email = EMAIL.search(text)
    day, ambiguous = find_date(plain, today)
    return Given(
        text=text,
        today=today,
        language=language,
        email=email[0] if email else "",
        phone=_phone(text),
        name=_name(text),
        day=day,
        ambiguous=ambiguous,
        time=find_time(plain),
        count=find_count(plain),
        pairs=tuple(_pairs(text)),
    )


def folded_long(text: str) -> str:
    """`folded` for texts of any length."""
    return " ".join(folded(text[at : at + 500]) for at in range(0, min(len(text), 4_000), 500))


def kind_of(*, kind: str, field: str, words: str) -> FieldKind:
    """What a field asks for, by its type, its form name and its label."""
    if _BIRTH.search(folded(f"{words} {field}")):
        return FieldKind.OTHER
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    said = folded(f"{words} {field.replace('_', ' ').replace('-', ' ')}")
    found = next((each for each, pattern in _KINDS if pattern.search(folded(words))), None)
    return found or next((each for each, pattern in _KINDS if pattern.search(said)), FieldKind.OTHER)


def find_date(plain: str, today: date) -> tuple[date | None, bool]:
    """The first day that folded text names, and whether it can be read in two ways."""
    if (found := _SLASHED.search(plain)) and not _ISO.search(plain) and not _DOTTED.search(plain):
        one, two, year = int(found[1]), int(found[2]), int(found[3])
        if one <= 12 and two <= 12 and one != two:
            return None, True
        return (_day(year, one, two) if two > 12 else _day(year, two, one)), False
    return _written(plain, today) or _relative(plain, today), False


def find_time(plain: str) -> tuple[int, int] | None:
    """The first time of day that folded text names."""
    for found in _CLOCK.finditer(_DOTTED.sub(" ", _ISO.sub(" ", plain))):
        if found[1]:
            return _hour(int(found[1]), int(found[2]), found[3])
        if found[4]:
            return _hour(int(found[4]), 0, found[5])
        return int(found[6]), int(found[7] or 0)
    return None


def find_count(plain: str) -> int | None:
    """How many, where it is said of what or whom."""
    found = _PEOPLE.search(_ISO.sub(" ", _DOTTED.sub(" ", plain)))
    return number_in(next(filter(None, found.groups()))) if found else None


def number_in(text: str) -> int | None:
    """The number that a text is or begins with."""
    plain = folded(text)
    digits = re.match(r"\D{0,3}(\d{1,9})\b", plain)
    if digits:
        return int(digits[1])
    return next((_NUMBERS[word] for word in plain.split()[:3] if word in _NUMBERS), None)


def unquoted(value: str) -> str:
    """A value without the quotes around it."""
    return value.strip().strip(_QUOTES).strip()


def _phone(text: str) -> str:
    for found in PHONE.finditer(_ISO.sub(" ", text)):
        n_digits = sum(sign.isdigit() for sign in found[0])
        if 7 <= n_digits <= 15 and not _SLASHED.search(found[0]):
            return found[0].strip()
    return ""


def _name(text: str) -> str:
    for found in (*_NAME.finditer(text), *_FOR_NAME.finditer(text)):
        name = found.groupdict().get("name") or found[found.lastindex or 1]
        words = [word for word in name.split() if not _is_calendar(word)]
        if words and len(words) == len(name.split()):
            return name
    return ""


def _is_calendar(word: str) -> bool:
    plain = folded(word)
    return (
        plain in _WEEKDAYS
        or plain in _MONTHS
        or plain in ("personen", "erwachsene", "uhr", "email", "e-mail")
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pattern in (_LABELLED, _AS, _IS):
        for found in pattern.finditer(text):
            value = unquoted(found["value"])
            if value:
                yield (
                    re.split(r"\b(?:and|und|with|using|mit|my|the)\s+", found["name"], flags=re.I)[
                        -1
                    ].strip(),
                    value,
                )


def _written(plain: str, today: date) -> date | None:
    if found := _ISO.search(plain):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.search(plain):
        return _with_year(int(found[1]), int(found[2]), found[3], today)
    if found := _DAY_MONTH.search(plain):
        return _with_year(int(found[1]), _MONTHS[found[2]], found[3], today)
    if found := _MONTH_DAY.search(plain):
        return _with_year(int(found[2]), _MONTHS[found[1]], found[3], today)
    return None


def _relative(plain: str, today: date) -> date | None:
    if found := _RELATIVE.search(plain):
        days = {"today": 0, "tonight": 0, "heute": 0, "tomorrow": 1, "morgen": 1}.get(found[1], 2)
        return today + timedelta(days=days)
    if found := _WEEKDAY.search(plain):
        ahead = (_WEEKDAYS[found[2]] - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    return None


def _with_year(day: int, month: int, year: str | None, today: date) -> date | None:
    if year:
        return _day(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = _day(today.year, month, day)
    return found if found is None or found >= today else _day(today.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _hour(hour: int, minute: int, half: str | None) -> tuple[int, int]:
    if half and half.startswith("p") and hour < 12:
        return hour + 12, minute
    return (0 if half and half.startswith("a") and hour == 12 else hour), minute
