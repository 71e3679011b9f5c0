"""Standard output and standard error: colour, plain ASCII where the locale asks for it, and the footer."""

import os
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from tasks.core.human import WORD_WIDTH, EventLine
from tasks.core.human_forms import Tone
from tasks.core.wire import json_line

ASCII = {
    "✓": "[ok]",
    "✗": "[!!]",
    "⊘": "[x]",
    "●": "[>]",
    "○": "[ ]",
    "…": "...",
    "—": "-",
    "·": "-",
    "━": "#",
    "╸": ">",
    "─": ".",
}
_COLOURS = {Tone.GOOD: "32", Tone.BAD: "1;31", Tone.WARN: "33", Tone.QUIET: "2"}
_STATE_COLOURS = {"✓": Tone.GOOD, "✗": Tone.BAD, "⊘": Tone.WARN}
_STATE = re.compile("([✓✗⊘]) ([a-z]+|[0-9,]+)")
ERASE_LINE = "\r\x1b[2K"


class Terminal:
    """Where a command writes. Answers go to standard output, line by line; progress and hints to standard
    error. The footer is one line below the answers, only on a terminal that a person watches."""

    def __init__(
        self, *, color: str = "auto", environ: Mapping[str, str] | None = None, stdout: TextIO | None = None
    ) -> None:
        environ = os.environ if environ is None else environ
        self._out = sys.stdout if stdout is None else stdout
        self._err = sys.stderr
        self._is_ascii = not _shows_unicode(self._out, environ)
        self._out_is_coloured = wants_colour(self._out, color, environ)
        self.has_footer = _is_watched(self._err, environ)
        self._footer_shown = False

    def line(self, text: str, *, tone: Tone | None = None) -> None:
        """One line of the answer, flushed."""
        self._erase_footer()
        self._out.write(self._encodable(self._coloured(text, tone)) + "\n")
        self._out.flush()

    def lines(self, texts: list[str]) -> None:
        """Several lines of the answer; the states in them get their colours."""
        for text in texts:
            self.line(_STATE.sub(self._coloured_state, text) if self._out_is_coloured else text)

    def event(self, line: EventLine) -> None:
        """One event of a log."""
        word = self._coloured(f"{line.word:<{WORD_WIDTH}}", line.tone)
        self.line(f"{line.lead}{word} {line.tail}".rstrip())

    def verbatim(self, text: str) -> None:
        """Text of a page: nothing is replaced but what the stream cannot encode."""
        encoding = self._out.encoding or "utf-8"
        self._out.write(text.encode(encoding, "backslashreplace").decode(encoding))
        self._out.flush()

    def json(self, value: dict[str, Any]) -> None:
        """One JSON object on one line."""
        self.bytes_line(json_line(value).encode() + b"\n")

    def bytes_line(self, data: bytes) -> None:
        """One line of machine-readable output as it is, flushed."""
        self._erase_footer()
        self._out.flush()
        self._out.buffer.write(data)
        self._out.buffer.flush()

    def note(self, text: str) -> None:
        """A hint or warning, on standard error."""
        self._erase_footer()
        self._err.write(self._encodable(text) + "\n")
        self._err.flush()

    def footer(self, text: str) -> None:
        """Redraw the line of progress; does nothing where nobody watches."""
        if self.has_footer:
            self._err.write(f"{ERASE_LINE}{self._encodable(text)[: self.width]}")
            self._err.flush()
            self._footer_shown = True

    def close(self) -> None:
        """Take the footer away."""
        self._erase_footer()

    @property
    def width(self) -> int:
        """Columns that the footer may take: one less than there are, so that no terminal wraps it."""
        try:
            return max(os.get_terminal_size(self._err.fileno()).columns - 1, 20)
        except (OSError, ValueError):
            return 79

    def _erase_footer(self) -> None:
        if self._footer_shown:
            self._err.write(ERASE_LINE)
            self._err.flush()
            self._footer_shown = False

    def _coloured(self, text: str, tone: Tone | None) -> str:
        code = _COLOURS.get(tone) if tone and self._out_is_coloured else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    def _coloured_state(self, match: re.Match[str]) -> str:
        return self._coloured(match[0], _STATE_COLOURS[match[1]])

    def _encodable(self, text: str) -> str:
        if self._is_ascii:
            for glyph, plain in ASCII.items():
                text = text.replace(glyph, plain)
        encoding = self._out.encoding or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)


def wants_colour(stream: TextIO, color: str, environ: Mapping[str, str]) -> bool:
    """`--color` first, then NO_COLOR (no-color.org: any non-empty value), then FORCE_COLOR, then what the
    stream is."""
    if color != "auto":
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def _is_watched(stream: TextIO, environ: Mapping[str, str]) -> bool:
    return stream.isatty() and environ.get("TERM", "dumb") != "dumb" and not environ.get("CI")


def _shows_unicode(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """By the stream and by the locale (POSIX XBD 8.2): Python writes UTF-8 under LC_ALL=C too, where the
    terminal may not show it. Without any locale the terminal is taken for a modern one."""
    if (stream.encoding or "").lower().replace("-", "") != "utf8":
        return False
    ctype, lang = environ.get("LC_CTYPE"), environ.get("LANG")
    if ctype == "C.UTF-8" and lang not in (None, "", "C", "POSIX"):
        ctype = None  # Python sets it itself when LANG names a locale that is not installed (PEP 538)
    return "utf" in (environ.get("LC_ALL") or ctype or lang or "UTF-8").lower()
