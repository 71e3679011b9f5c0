"""Text from the web, made harmless for a terminal.

A page, a URL or an error message is written by strangers. Escape sequences could rewrite the screen, the
window title or the clipboard (ECMA-48 §5.4, §8.3; OSC 52); bidirectional controls could make a line read
differently from what it says (UAX #9 §2.8).
"""

import re

_SEQUENCE = re.compile(
    r"(?:\x1b[PX\]^_]|[\x90\x98\x9d\x9e\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, …
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_BIDI_AND_INVISIBLE = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_LINE_ENDS = re.compile(r"(?:\r\n|[\t\n\v\f\r\x85\u2028\u2029])+")
_UNSAFE_IN_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f{_BIDI_AND_INVISIBLE}]")
_UNSAFE_IN_BLOCK = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI_AND_INVISIBLE}]")
_OTHER_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` as part of one line: escape sequences, control characters and bidirectional controls are gone,
    a run of line ends or tabs is one space, a lone surrogate is U+FFFD."""
    text = _LINE_ENDS.sub(" ", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _UNSAFE_IN_LINE.sub("", text))


def printable_block(text: str) -> str:
    """`text` as lines: as `printable`, but tabs stay and every line end becomes one LF."""
    text = _OTHER_LINE_ENDS.sub("\n", _SEQUENCE.sub("", text))
    return _SURROGATE.sub("\ufffd", _UNSAFE_IN_BLOCK.sub("", text))
