"""The site search: every word of the question must occur; titles weigh more."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from html import escape

from rover_site.demo.articles import everything
from rover_site.demo.layout import Sheet
from rover_site.demo.markdown import plain
from rover_site.demo.shop import products

TITLE_WEIGHT = 12
MOST_RESULTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One result."""

    path: str
    title: str
    summary: str
    score: int


def search(question: str) -> list[Hit]:
    """The best pages first; nothing for an empty question."""
    words = _words(question)
    if not words:
        return []
    hits = []
    for path, title, summary, counts in _index():
        if all(counts[word] for word in words):
            score = sum(counts[word] for word in words)
            hits.append(Hit(path=path, title=title, summary=summary, score=score))
    return sorted(hits, key=lambda hit: (-hit.score, hit.path))[:MOST_RESULTS]


def results_sheet(question: str) -> Sheet:
    """The form, and what was found when something was asked."""
    hits = search(question)
    rows = "".join(
        f'<li><a href="{hit.path}">{escape(hit.title)}</a><br>{escape(hit.summary)}</li>' for hit in hits
    )
    found = ""
    if question.strip():
        count = f"{len(hits)} result{'' if len(hits) == 1 else 's'}"
        found = f'<p role="status">{count} for “{escape(question)}”.</p><ol>{rows}</ol>'
    return Sheet(
        path="/search",
        title="Search",
        description="Search articles, pages and products of Sandle Light.",
        main='<div class="prose"><h1>Search</h1><form action="/search" method="get" role="search">'
        '<label for="q">Words to look for</label>'
        f'<input type="search" id="q" name="q" value="{escape(question)}" required>'
        "<button>Search</button></form>"
        f"{found}</div>",
    )


@cache
def _index() -> tuple[tuple[str, str, str, Counter[str]], ...]:
    rows = [(found.path, found.title, found.description, plain(found.body)) for found in everything()]
    rows += [(product.path, product.name, product.summary, product.text) for product in products()]
    return tuple(
        (path, title, summary, Counter(_words(title) * TITLE_WEIGHT + _words(summary) + _words(text)))
        for path, title, summary, text in rows
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
