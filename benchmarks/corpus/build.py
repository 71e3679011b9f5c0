"""Whole pages of realistic size: mean about 130 KB, a tenth of them over 280 KB."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.corpus import noise
from benchmarks.corpus.article import Article, block_html, make_article
from benchmarks.corpus.layouts import LAYOUTS, Parts
from benchmarks.corpus.prose import Prose

MEDIAN_BYTES = 90_000
SIGMA = 0.88  # of the logarithm of the size: puts the ninetieth percentile at three times the median
SMALLEST, LARGEST = 18_000, 1_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPage:
    """One page: its path on the site, its bytes in UTF-8, and the text that belongs to the article."""

    path: str
    html: bytes
    gold: str


def make_page(number: int, *, seed: int = 1) -> CorpusPage:
    """The page of that number; the same number and seed give the same bytes on every machine."""
    prose = Prose(seed * 1_000_003 + number)
    size = int(min(LARGEST, max(SMALLEST, prose.random.lognormvariate(math.log(MEDIAN_BYTES), SIGMA))))
    share = 0.15 if prose.random.random() < 0.25 else prose.random.uniform(0.6, 1.4)
    words = int(min(6_000, 120 + size / 130 * share))
    article = make_article(prose, words=words)
    path = f"/bench/{number:05}.html"
    body = LAYOUTS[number % len(LAYOUTS)](_parts(prose, article, size))
    missing = max(0, size - len(body))
    html = (
        f'<!DOCTYPE html>\n<html lang="en"><head>{_head(prose, article, path, missing)}</head>\n{body}</html>'
    )
    return CorpusPage(path=path, html=html.encode(), gold=article.gold)


def _parts(prose: Prose, article: Article, size: int) -> Parts:
    chance = prose.random
    blocks = [block_html(block, prose) for block in article.blocks]
    if chance.random() < 0.4:
        blocks[len(blocks) // 2] += noise.plea(prose)
    if chance.random() < 0.4:
        blocks[-1] += noise.author_box(prose)
    return Parts(
        article=article,
        prose=prose,
        blocks=tuple(blocks),
        menu=noise.menu(prose, 16 + min(260, size // 1_400)),
        consent=noise.consent(prose) if chance.random() < 0.5 else "",
        cards=noise.cards(prose, 4 + min(50, size // 6_000)),
        sidebar=noise.sidebar(prose) if chance.random() < 0.7 else "",
        comments=noise.comments(prose, chance.randint(0, min(60, size // 4_000))),
        footer=noise.footer(prose),
    )


def _head(prose: Prose, article: Article, path: str, missing: int) -> str:
    """Metadata as sites have it (six in ten with JSON-LD), and style, script and state to fill the page."""
    title, summary = escape(article.title), escape(article.summary)
    lines = [
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>{title} | {prose.title(2)}</title>",
        f'<meta name="description" content="{summary}">',
    ]
    if prose.random.random() < 0.75:
        lines += [
            f'<meta property="og:title" content="{title}"><meta property="og:type" content="article">',
            f'<meta property="og:description" content="{summary}">',
            f'<meta property="article:published_time" content="{article.published}T08:00:00Z">',
        ]
    if prose.random.random() < 0.6:
        node = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": article.title,
            "datePublished": article.published,
            "author": {"@type": "Organization", "name": article.author},
        }
        lines.append(f'<script type="application/ld+json">{json.dumps(node)}</script>')
    lines.append(f'<link rel="canonical" href="{path}">')
    lines += [noise.style(prose, missing * 3 // 10), noise.script(prose, missing * 4 // 10)]
    lines.append(noise.state(prose, missing * 3 // 10))
    return "\n".join(lines)


def write_corpus(folder: Path, count: int, *, seed: int = 1) -> None:
    """Puts pages 0 to `count` - 1 into a folder, with their gold texts; pages that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        target = folder / f"{number:05}.html"
        if not target.exists():
            page = make_page(number, seed=seed)
            target.with_suffix(".txt").write_text(page.gold, encoding="utf-8")
            target.write_bytes(page.html)


def read_corpus(folder: Path, count: int) -> Iterator[CorpusPage]:
    """The pages that `write_corpus` left."""
    for number in range(count):
        source = folder / f"{number:05}.html"
        gold = source.with_suffix(".txt").read_text(encoding="utf-8")
        yield CorpusPage(path=f"/bench/{source.name}", html=source.read_bytes(), gold=gold)
