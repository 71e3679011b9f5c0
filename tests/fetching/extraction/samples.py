"""Pages and files that several tests of extraction read."""

from tasks.fetching.extraction.document import Document, Source
from tasks.fetching.extraction.extract import extract

URL = "https://site.test/blog/post.html"
_WORDS = (
    "The harbour master counted the boats before sunrise and wrote their names into a heavy ledger",
    "Every spring the river carries gravel from the mountains and slowly moves the mouth of the bay",
    "Nobody remembers who planted the row of poplars along the old road between the two villages",
    "A lamp in the signal tower burned through the storm although its keeper had left at midnight",
    "Traders from the south brought salt and copper and took back wool and smoked fish in return",
)


def paragraph(number: int = 0) -> str:
    """A paragraph that an article extractor takes for content; each number gives another text."""
    sentences = [
        f"{_WORDS[(number + turn) % len(_WORDS)]}, in year {number * 7 + turn}." for turn in range(4)
    ]
    return f"<p>{' '.join(sentences)}</p>"


def article(inner: str = "", *, head: str = "", paragraphs: int = 4) -> str:
    """A page with a navigation, an article that holds `inner` in its middle, and a footer."""
    half = paragraphs // 2
    before = "".join(paragraph(number) for number in range(half))
    after = "".join(paragraph(number) for number in range(half, paragraphs))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Harbour notes</title>{head}</head>'
        '<body><nav><ul><li><a href="/a">Nav one</a><li><a href="/b">Nav two</a></ul></nav>'
        f"<main><article><h1>Harbour notes</h1>{before}{inner}{after}</article></main>"
        "<footer>Imprint and privacy</footer></body></html>"
    )


def source(
    body: str | bytes, content_type: str | None = "text/html; charset=utf-8", url: str = URL
) -> Source:
    """`body` as an answer from `url`."""
    raw = body.encode() if isinstance(body, str) else body
    return Source(body=raw, url=url, content_type=content_type)


def read(
    body: str | bytes, content_type: str | None = "text/html; charset=utf-8", url: str = URL
) -> Document:
    """The document that `extract` makes of `body`."""
    return extract(source(body, content_type, url))
