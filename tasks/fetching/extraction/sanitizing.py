"""Text that may be stored, sent and printed: valid UTF-8, no control characters, bounded fields."""

import re
from typing import Final

from tasks.fetching.extraction.document import MAX_FIELD_CHARS

# CR, VT, FF, NEL and the Unicode separators all end a line somewhere; one spelling keeps NDJSON sane.
_LINE_ENDS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SUSPECT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` with \\n line ends without NUL, other control characters, lone surrogates and a leading BOM."""
    text = text.removeprefix("\ufeff")
    if _SUSPECT.search(text) is None:
        return text
    return _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", text))


def one_line(text: str, limit: int = MAX_FIELD_CHARS) -> str:
    """`text` cleaned, on one line, single-spaced, at most `limit` characters; may be empty."""
    # A title of a megabyte must not be split word by word before it is cut.
    return " ".join(clean(text[: limit * 4]).split())[:limit].rstrip()


def finish(markdown: str) -> str:
    """A whole document: cleaned, without blank lines around it, exactly one final newline; or empty."""
    tidy = clean(markdown).strip("\n").rstrip()
    return tidy + "\n" if tidy.strip() else ""


def fence(code: str, language: str = "") -> str:
    """`code` as a block whose fence is longer than any run of back-ticks inside (CommonMark 4.5)."""
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{code.rstrip()}\n{ticks}\n"
