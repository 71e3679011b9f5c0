"""Sentences that read almost like English: a chain of word pairs learnt from the demo site's articles."""

import random
import re
from collections import defaultdict
from functools import cache
from itertools import pairwise

from rover_site.demo.documents import Section, documents
from rover_site.demo.markdown import plain

END = "."


class Prose:
    """A source of text that is the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._next, self._starts = _chain()

    def sentence(self) -> str:
        """8 to 30 words, a capital at the beginning and a full stop at the end."""
        length = self.random.randint(8, 30)
        words = [self.random.choice(self._starts)]
        while len(words) < length:
            following = self._next.get(words[-1])
            words.append(self.random.choice(following if following else self._starts).lower())
        comma = self.random.randint(4, max(4, length - 3))
        words[comma - 1] += ","
        return " ".join(words).strip(",").capitalize() + END

    def paragraph(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))

    def title(self, words: int = 6) -> str:
        """A headline: the first words of a sentence."""
        return " ".join(self.sentence().rstrip(END).replace(",", "").split()[:words])

    def word(self) -> str:
        return self.random.choice(self._starts).lower()

    def token(self, length: int = 24) -> str:
        """Letters and digits without meaning, as in identifiers and hashes."""
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


@cache
def _chain() -> tuple[dict[str, list[str]], list[str]]:
    following: dict[str, list[str]] = defaultdict(list)
    starts: list[str] = []
    for section in (Section.BLOG, Section.PAGES, Section.DOCS):
        for document in documents(section):
            words = re.findall(r"[A-Za-z][a-z']+", plain(document.body))
            starts += [word for word in words if len(word) > 3]
            for first, second in pairwise(words):
                following[first.lower()].append(second.lower())
                following[first].append(second.lower())
    return dict(following), starts
