"""How well texts fit a question: BM25, and the share of the question that a text covers."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.executing.rules.words import likeness, stems

K1 = 1.4
B = 0.6
Counts = Counter[str]


def weigh(fields: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Stems of several texts with the weight of the text they stand in, added up."""
    weights: dict[str, float] = {}
    for text, weight in fields:
        for word in stems(text):
            weights[word] = weights.get(word, 0.0) + weight
    return weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """`score`: BM25, comparable within one ranking. `coverage`: 0..1, the share of the question's weight
    (rare words weigh more) that the text speaks of."""

    score: float
    coverage: float


class Ranking:
    """Fits of `texts` (weights by stem, see `weigh`) to questions; the texts themselves tell how rare a
    word is."""

    def __init__(self, texts: Sequence[dict[str, float]]) -> None:
        self._texts = texts
        self._lengths = [sum(text.values()) for text in texts]
        self._mean = (sum(self._lengths) / len(texts) if texts else 0.0) or 1.0
        self._vocabulary: Counts = Counter(word for text in texts for word in text)

    def fits(self, question: Sequence[str]) -> list[Fit]:
        """The fit of every text to `question` (stems)."""
        likes = {wanted: self._likes(wanted) for wanted in question}
        idf = {wanted: self._idf(likes[wanted]) for wanted in question}
        total = sum(idf.values()) or 1.0
        return [
            self._fit(text, length, likes, idf, total)
            for text, length in zip(self._texts, self._lengths, strict=True)
        ]

    def _likes(self, wanted: str) -> dict[str, float]:
        return {word: like for word in self._vocabulary if (like := likeness(wanted, word)) > 0}

    def _idf(self, likes: dict[str, float]) -> float:
        n = sum(1 for text in self._texts if any(word in text for word in likes)) if likes else 0
        return math.log(1 + (len(self._texts) - n + 0.5) / (n + 0.5))

    def _fit(
        self,
        text: dict[str, float],
        length: float,
        likes: dict[str, dict[str, float]],
        idf: dict[str, float],
        total: float,
    ) -> Fit:
        score = covered = 0.0
        norm = K1 * (1 - B + B * length / self._mean)
        for wanted, words in likes.items():
            found = [(like, text[word] * like) for word, like in words.items() if word in text]
            if not found:
                continue
            often = sum(count for _, count in found)
            score += idf[wanted] * often * (K1 + 1) / (often + norm)
            covered += idf[wanted] * max(like for like, _ in found)
        return Fit(score=score, coverage=covered / total)


def coverage(question: Sequence[str], text: str) -> float:
    """The plain share (0..1) of `question` (stems) that `text` speaks of; 0 for an empty question."""
    if not question:
        return 0.0
    words = set(stems(text))
    return sum(max((likeness(wanted, word) for word in words), default=0.0) for wanted in question) / len(
        question
    )


def covers(question: Sequence[str], text: str) -> bool:
    """Whether `text` speaks of every word of `question`; of an empty question it does not."""
    words = set(stems(text))
    return bool(question) and all(any(likeness(wanted, word) > 0 for word in words) for wanted in question)


def speaks_of(weights: dict[str, float], question: Sequence[str]) -> bool:
    """`covers` for a text that is weighed already."""
    return all(
        wanted in weights or any(likeness(wanted, word) > 0 for word in weights) for wanted in question
    )


def excess(question: Sequence[str], text: str) -> int:
    """How many distinct words of `text` the question does not ask for: 0 means it names exactly the thing."""
    return sum(all(likeness(wanted, word) < 0.9 for wanted in question) for word in set(stems(text)))
