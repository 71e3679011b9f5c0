"""Cells of CSV exports that no spreadsheet takes for a formula.

Names, prompts and notes are written by strangers; a cell that begins with "=" or its like would run in the
owner's spreadsheet. A leading apostrophe tells every spreadsheet that the cell is text.
"""

import json
import math
import unicodedata
from datetime import date, datetime

# The last is the mathematical minus, which compatibility folding leaves alone.
_FORMULA = frozenset("=+-@\N{MINUS SIGN}")
_CONTROLS = frozenset("\t\r\n")


def safe_cell(value: object) -> str:
    """The text of one cell; the CSV writer quotes it.

    Text that begins, after white space and invisible characters, with = + - @ (full-width and small forms
    too), or anywhere in that beginning holds a tab, carriage return or newline, gets an apostrophe in front.
    Finite numbers are numbers and stay bare, also negative ones; None is empty, booleans are true and false,
    times ISO 8601, lists and dicts JSON. NUL and lone surrogates, which no UTF-8 file can hold, become
    U+FFFD.
    """
    if _is_number(value):
        return str(value)
    text = _text(value)
    return f"'{_storable(text)}" if _runs(text) else _storable(text)


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _storable(text: str) -> str:
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text
    )


def _runs(text: str) -> bool:
    """Whether some spreadsheet may read the cell as a formula."""
    for char in text:
        if char in _CONTROLS:
            return True
        if not (char.isspace() or unicodedata.category(char) in {"Cc", "Cf"}):
            return unicodedata.normalize("NFKC", char)[:1] in _FORMULA
    return False
