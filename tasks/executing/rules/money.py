"""Amounts of money as pages write them."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_SIGN = r"(?:€|£|\$|US\$|CHF|Fr\.|EUR|Euro|USD|GBP|SEK|kr|zł|PLN|¥)"
_NUMBER = r"\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?:{_SIGN}\s?(?:{_NUMBER})(?:[.,][-–—]+)?|(?:{_NUMBER})(?:[.,][-–—]+)?\s?{_SIGN})(?!\w)",
    re.I,
)
_FREE = re.compile(r"\b(?:free|free of charge|kostenlos|kostenfrei|frei|gratis|umsonst)\b", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`words` as on the page, `value` for comparing (None where it cannot be told)."""

    words: str
    value: Decimal | None


def find_amounts(text: str) -> list[Amount]:
    """Every amount with a currency in `text`, in order."""
    return [Amount(words=found[0], value=read_value(found[0])) for found in _AMOUNT.finditer(text)]


def find_free(text: str) -> Amount | None:
    """A word that says that something costs nothing."""
    found = _FREE.search(text)
    return Amount(words=found[0], value=Decimal(0)) if found else None


def read_value(words: str) -> Decimal | None:
    """The number in `words`: a comma or point with one or two digits behind it splits off the cents."""
    digits = re.sub(r"[^\d.,]", "", words).rstrip(".,")
    found = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", digits)
    if found is None:
        return None
    whole = re.sub(r"\D", "", found[1])
    try:
        return Decimal(f"{whole or '0'}.{found[2] or '0'}")
    except InvalidOperation:
        return None
