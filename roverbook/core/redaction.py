"""Taking addresses of mail, card numbers and telephone numbers out of what agents and pages told."""

import re
from collections.abc import Callable, Iterator
from typing import Any

DEPTH_MAX = 32
"""Values nested deeper than this are dropped."""

_UUID = r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
_EMAIL = r"""
    (?<![\w.%+-]) \w (?:[\w.+'-]|%(?!40)){0,63} (?:@|%40)
    (?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}
    (?!(?:avif|gif|ico|jpe?g|png|svg|webp)\b) [^\W\d_]{2,24} (?![\w-])
"""
_CARD = r"(?<![\w.,]) \d (?:[\ \u00a0.-]?\d){11,} (?![\w])"
_DATE = r"\d{1,2}(?P<point>[./-])\d{1,2}(?P=point)(?:\d{4}|\d{2}(?![./-]?\d))"
_GAP = r"(?:[\ \u00a0./-]|\ ?\(|\)\ ?|\ [/-]\ )"
_PHONE = rf"""
      (?<![\w+]) \+ {_GAP}? [1-9] (?:{_GAP}{{0,2}}\d){{7,14}} (?!\w)
    | (?<![\w.,:/+-]) 00 {_GAP}? [1-9] (?:\d{{9,12}} | (?=\d*{_GAP}\d) (?:{_GAP}{{0,2}}\d){{8,13}}) (?!\w)
    | (?<![\w.,:/+-]) (?!{_DATE}) \(? 0 [1-9]
      (?:\d{{8,9}} | (?=\d{{0,4}}{_GAP}\d) (?:{_GAP}{{0,2}}\d){{7,10}}) (?!\w|[.,:/-]\d)
    | (?<![\w.,:/+-]) (?:1[ .-])? (?:[2-9]\d{{2}} (?P<gap>[ .-]) \d{{3}} (?P=gap) \d{{4}}
      | \([2-9]\d{{2}}\)\ ? \d{{3}} [ .-] \d{{4}}) (?!\w|[.,:/-]\d)
    | (?<=tel:)\d{{7,15}}(?!\d)
"""
_CALLED = r"""
    \b (?:tel(?:e(?:phone|fono?))? | phone(?:\ number)? | t[ée]l[ée]phone | mobile | cell | handy | fax
      | whatsapp)
    \ ?[.:=\#]?\ ? (?P<number>\d{7,15}) (?!\w)
"""


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"(?P<kept>{_UUID})|{text}", re.VERBOSE | re.IGNORECASE)


_EMAILS = _pattern(_EMAIL)
_CARDS = _pattern(_CARD)
_PHONES = _pattern(_PHONE)
_CALLEDS = _pattern(_CALLED)
_DIGITS = re.compile(r"\d")
_GROUPS = re.compile(r"\d+")

_SCHEMES = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d{2}|62\d{2}|35(?:2[89]|[3-8]\d))\d{12,15}"  # Discover, UnionPay, JCB
    r"|3(?:0[0-5]|[689]\d)\d{11,16}"  # Diners Club
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro
)


def redacted(text: str) -> str:
    """The text with `[email]`, `[card]` and `[phone]` in place of what looks like one."""
    if "@" in text or "%40" in text:
        text = _EMAILS.sub(_kept_or(lambda _: "[email]"), text)
    if sum(1 for _ in _some(_DIGITS.finditer(text), 7)) < 7:
        return text
    text = _CARDS.sub(_kept_or(_without_cards), text)
    text = _PHONES.sub(_kept_or(lambda _: "[phone]"), text)
    return _CALLEDS.sub(_kept_or(lambda found: found[0].replace(found["number"], "[phone]")), text)


def redacted_json(value: Any) -> Any:
    """A JSON value with every string in it redacted, names of fields too; card numbers also where they are
    numbers. What is nested too deep comes out as None."""
    return _redacted_json(value, DEPTH_MAX)


def is_card(digits: str) -> bool:
    """Whether the digits are a number that a card can have: a scheme's prefix and length, and Luhn's sum."""
    return _SCHEMES.fullmatch(digits) is not None and _luhn(digits)


def _redacted_json(value: Any, depth: int) -> Any:
    found = value
    match value:
        case str():
            found = redacted(value)
        case int() if 10**11 <= value < 10**19 and is_card(str(value)):
            found = "[card]"
        case dict() | list() if depth == 0:
            found = None
        case dict():
            found = {redacted(str(name)): _redacted_json(item, depth - 1) for name, item in value.items()}
        case list():
            found = [_redacted_json(item, depth - 1) for item in value]
    return found


def _kept_or(told: Callable[[re.Match[str]], str]) -> Callable[[re.Match[str]], str]:
    """What replaces a match: itself if it is one of the forms that are kept."""
    return lambda found: found[0] if found["kept"] else told(found)


def _without_cards(found: re.Match[str]) -> str:
    """A run of digits, with the groups taken out that make up cards' numbers: `4111 1111 1111 1111 12` ends
    in something that is no part of it."""
    run = found[0]
    groups = list(_GROUPS.finditer(run))
    told, end, first = "", 0, 0
    while first < len(groups):
        last = _card_from(groups, first)
        if last is None:
            first += 1
            continue
        told += run[end : groups[first].start()] + "[card]"
        end, first = groups[last].end(), last + 1
    return told + run[end:]


def _card_from(groups: list[re.Match[str]], first: int) -> int | None:
    """The group with which a card's number ends that begins with the one at `first`; None for no number."""
    digits, found = "", None
    for last in range(first, min(first + 19, len(groups))):
        digits += groups[last][0]
        if len(digits) > 19:
            break
        if is_card(_ascii(digits)):
            found = last
    return found


def _ascii(digits: str) -> str:
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _some(found: Iterator[re.Match[str]], most: int) -> Iterator[re.Match[str]]:
    for _, match in zip(range(most), found, strict=False):
        yield match
