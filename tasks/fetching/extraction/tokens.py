"""How many tokens a text costs a model, estimated offline.

The weights were fitted by least squares against the real o200k vocabulary on English, code, markup and 31
other languages; docs/decisions/0003-extraction.md has the error bounds. No vocabulary is loaded: that costs
each process 66 to 145 MiB and each install 48 to 75 MB.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

TOKENIZER: Final = "estimate-o200k"

_SAMPLE_WINDOWS: Final = 6
_SAMPLE_CHARS: Final = 2_048

# A vocabulary of this family cuts words at a change of case and numbers into groups of three.
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]")
_DIGITS: Final = re.compile(r"\d{1,3}")
_SIGNS: Final = re.compile("[^\\w\\s\u0080-\U0010ffff]+|_+")
_LINES: Final = re.compile(r"\n+")

# Tokens of a word by its length, 1 to 12 letters; the last figure is per letter of longer words. The second
# row is for languages with accented letters, whose words a vocabulary made from English cuts smaller.
_ENGLISH: Final = (0.75, 0.64, 1.1, 1.07, 1.17, 0.95, 1.4, 1.42, 1.46, 1.55, 1.59, 1.5, 0.11)
_ACCENTED: Final = (0.02, 0.27, 1.03, 0.92, 1.18, 1.37, 1.79, 1.76, 1.81, 2.28, 2.24, 2.32, 0.48)
_ACCENT_SHARE: Final = 0.008
_DIGIT_WEIGHTS: Final = (1.48, 2.09, 1.94)
_SIGN_WEIGHTS: Final = (0.43, 0.73, 1.45)
_LONG_SIGNS_WEIGHT: Final = 0.89
_LINE_WEIGHT: Final = 1.66
_LATIN: Final = (re.compile("[\u00c0-\u024f\u1e00-\u1eff]"), 1.03)
_SCRIPTS: Final = (
    (re.compile("[\u0400-\u052f]"), 0.32),
    (re.compile("[\u0370-\u03ff]"), 0.43),
    (re.compile("[\u0600-\u06ff]"), 0.34),
    (re.compile("[\u0590-\u05ff]"), 0.41),
    (re.compile("[\u0900-\u0dff]"), 0.40),
    (re.compile("[\u0e00-\u0eff]"), 0.36),
    (re.compile("[\u0530-\u058f\u10a0-\u10ff]"), 0.38),
    (re.compile("[\u3400-\u9fff]"), 0.72),
    (re.compile("[\u3040-\u30ff]"), 0.54),
    (re.compile("[\uac00-\ud7af]"), 0.62),
    (re.compile("[\u00a0-\u00bf\u2010-\u206f\u3000-\u303f\uff00-\uff65]"), 0.51),
    (re.compile("[\u1e00\u2070-\u2fff\ua000-\uabff\ue000-\ufeff\U00010000-\U0010ffff]"), 1.92),
)


def count_tokens(text: str) -> int:
    """About how many o200k tokens `text` has; 0 only for the empty text.

    Above 12,288 characters six evenly spread windows are counted, so the cost stays under 2 ms.
    """
    if not text:
        return 0
    size = len(text)
    if size <= _SAMPLE_WINDOWS * _SAMPLE_CHARS:
        return max(1, round(_weigh(text)))
    step = (size - _SAMPLE_CHARS) / (_SAMPLE_WINDOWS - 1)
    starts = (int(step * number) for number in range(_SAMPLE_WINDOWS))
    sample = "".join(text[start : start + _SAMPLE_CHARS] for start in starts)
    return max(1, round(_weigh(sample) * size / len(sample)))


def _weigh(text: str) -> float:
    words = Counter(map(len, _WORD.findall(text)))
    accents = 0 if text.isascii() else len(_LATIN[0].findall(text))
    letters = sum(length * count for length, count in words.items())
    table = _ACCENTED if accents > _ACCENT_SHARE * letters else _ENGLISH
    total = sum(count * _word_weight(length, table) for length, count in words.items())
    groups = Counter(map(len, _DIGITS.findall(text)))
    total += sum(count * _DIGIT_WEIGHTS[length - 1] for length, count in groups.items())
    signs = Counter(map(len, _SIGNS.findall(text)))
    total += sum(count * _sign_weight(length) for length, count in signs.items())
    total += _LINE_WEIGHT * len(_LINES.findall(text))
    if text.isascii():
        return total
    others = sum(weight * len(pattern.findall(text)) for pattern, weight in _SCRIPTS)
    return total + accents * _LATIN[1] + others


def _word_weight(length: int, table: Sequence[float]) -> float:
    return table[length - 1] if length < len(table) else table[-1] * length


def _sign_weight(length: int) -> float:
    return (
        _SIGN_WEIGHTS[length - 1] if length <= len(_SIGN_WEIGHTS) else _LONG_SIGNS_WEIGHT * math.sqrt(length)
    )
