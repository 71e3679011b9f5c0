"""How much of an article a text has, and how much else: precision, recall and F1 over words."""

import re
from collections import Counter
from collections.abc import Iterable
from statistics import mean

_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_WORD = re.compile(r"\w+")


def f1(markdown: str, gold: str) -> float:
    """F1 of the bag of words of a Markdown text against the gold text, 0..1. Link targets do not count."""
    found, wanted = _words(_LINK.sub(r"\1", markdown)), _words(gold)
    common = (found & wanted).total()
    return 2 * common / (found.total() + wanted.total()) if common else 0.0


def mean_f1(pairs: Iterable[tuple[str, str]]) -> float:
    """The mean over (Markdown, gold) pairs; a page without text counts as 0."""
    return mean(f1(markdown, gold) for markdown, gold in pairs)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))
