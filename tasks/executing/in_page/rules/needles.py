"""A quick first look: which texts may speak of some words at all. Stemming every text takes long."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tasks.executing.rules.words import SAME

_HEAD: Final = 4
_TAIL: Final = 5
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


class Needles:
    """Pieces of `terms` (stems), and of words that mean the same. A text without any of them speaks of none;
    one with some of them may."""

    def __init__(self, terms: Iterable[str], *, more: str = "") -> None:
        pieces: set[str] = set()
        for term in terms:
            for word in (term, *SAME.get(term, ())):
                pieces |= {word[:_HEAD], word[-_TAIL:]} if len(word) > _TAIL else {word[:_HEAD]}
        patterns = [*map(re.escape, sorted(pieces)), *filter(None, (more,))]
        self._pattern = _compiled("|".join(patterns)) if patterns else None

    def may_be_in(self, text: str) -> bool:
        """Whether it is worth a second look."""
        if self._pattern is None:
            return False
        low = text.lower()
        plain = low if low.isascii() else low.translate(_UMLAUTS)
        return self._pattern.search(plain) is not None or not (plain.isascii() or self._is_plain(plain))

    @staticmethod
    def _is_plain(text: str) -> bool:
        """Without letters that folding would turn into others."""
        return not any("\u00c0" <= sign <= "\u024f" for sign in text)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
