"""Blog, documentation and plain pages: documents turned into sheets."""

from collections.abc import Iterator
from datetime import date
from html import escape

from rover_site.demo.documents import Document, Section, documents
from rover_site.demo.layout import NAME, Sheet
from rover_site.demo.markdown import render
from rover_site.demo.page import Page

WORDS_PER_MINUTE = 220
EXAMPLE_BASE = "http://127.0.0.1:8080"  # how the texts spell "this site"


def everything() -> Iterator[Document]:
    """Every written page of the site."""
    for section in Section:
        yield from documents(section)


def sheet(document: Document, base_url: str) -> Sheet:
    """The page of one document on that origin."""
    if document.section is Section.BLOG:
        return _article(document, base_url)
    if document.section is Section.DOCS:
        return _manual(document, base_url)
    body = f'<div class="prose"><h1>{escape(document.title)}</h1>\n{_body(document, base_url)}</div>'
    return Sheet(
        path=document.path,
        title=document.title,
        description=document.description,
        main=body,
        image=document.image,
        markdown=True,
    )


def markdown_page(document: Document, base_url: str) -> Page:
    """The document as Markdown, under the path of the page with `.md` added."""
    text = f"# {document.title}\n\n{document.body.replace(EXAMPLE_BASE, base_url)}\n"
    return Page(body=text.encode(), content_type="text/markdown; charset=utf-8")


def blog_index() -> Sheet:
    """The list of articles, newest first."""
    cards = "\n".join(card(document, level=2) for document in documents(Section.BLOG))
    return Sheet(
        path="/blog",
        title="Blog",
        description="News and stories from the tower, the bakery, the garden and the workshop.",
        main=f'<h1>Blog</h1>\n<p class="lead">Stories from the tower, about once a month.</p>\n'
        f'<ul class="cards">{cards}</ul>',
    )


def docs_index(base_url: str) -> Sheet:
    """The first page of the documentation: what there is."""
    rows = "\n".join(
        f'<li><a href="{document.path}">{escape(document.title)}</a>: {escape(document.description)}</li>'
        for document in documents(Section.DOCS)
    )
    main = f"<h1>Open data</h1>\n<p>Four data sets of the museum, free to use.</p>\n<ul>{rows}</ul>"
    return Sheet(
        path="/docs",
        title="Open data",
        description="Tides, light log, bird counts and light characters, with documentation.",
        main=_beside_contents(main, "/docs"),
    )


def card(document: Document, *, level: int) -> str:
    """An article as a tile with a heading of that level."""
    return (
        f'<li class="card"><img src="{document.image}" alt="" width="720" height="320" loading="lazy"><div>'
        f'<p class="meta">{_day(document.published)}</p>'
        f'<h{level}><a href="{document.path}">{escape(document.title)}</a></h{level}>'
        f"<p>{escape(document.description)}</p></div></li>"
    )


def _article(document: Document, base_url: str) -> Sheet:
    day = document.published.isoformat()
    minutes = max(1, round(document.words / WORDS_PER_MINUTE))
    posting = {
        "@type": "BlogPosting",
        "headline": document.title,
        "description": document.description,
        "datePublished": day,
        "author": {"@type": "Organization", "name": document.author},
        "publisher": {"@type": "Organization", "name": NAME},
        "image": base_url + document.image,
        "mainEntityOfPage": base_url + document.path,
        "wordCount": document.words,
        "keywords": list(document.tags),
        "inLanguage": "en-GB",
    }
    main = (
        f"<article><h1>{escape(document.title)}</h1>\n"
        f'<p class="meta">{escape(document.author)} · '
        f'<time datetime="{day}">{_day(document.published)}</time>'
        f" · {minutes} min · {escape(', '.join(document.tags))}</p>\n"
        f'<p class="lead">{escape(document.description)}</p>\n{_body(document, base_url)}</article>\n'
        f"{_neighbours(document)}"
    )
    return Sheet(
        path=document.path,
        title=document.title,
        description=document.description,
        main=main,
        image=document.image,
        kind="article",
        json_ld=(posting,),
        meta={"article:published_time": day, "article:author": document.author},
        markdown=True,
    )


def _manual(document: Document, base_url: str) -> Sheet:
    main = f'<div class="prose"><h1>{escape(document.title)}</h1>\n{_body(document, base_url)}</div>'
    node = {"@type": "TechArticle", "headline": document.title, "description": document.description}
    return Sheet(
        path=document.path,
        title=document.title,
        description=document.description,
        main=_beside_contents(main, document.path),
        json_ld=(node,),
        markdown=True,
    )


def _beside_contents(main: str, path: str) -> str:
    rows = [("/docs", "Overview"), *((found.path, found.title) for found in documents(Section.DOCS))]
    items = "".join(
        f'<li><a href="{target}"{" aria-current=page" if target == path else ""}>{escape(title)}</a></li>'
        for target, title in rows
    )
    return (
        f'<div class="split"><nav aria-label="Documentation"><ul>{items}</ul></nav>\n<div>{main}</div></div>'
    )


def _neighbours(document: Document) -> str:
    others = [found for found in documents(Section.BLOG) if found.path != document.path]
    near = sorted(others, key=lambda found: len(set(found.tags) & set(document.tags)), reverse=True)[:3]
    cards = "\n".join(card(found, level=3) for found in near)
    return f'<aside aria-label="More to read"><h2>More to read</h2><ul class="cards">{cards}</ul></aside>'


def _body(document: Document, base_url: str) -> str:
    return render(document.body.replace(EXAMPLE_BASE, base_url))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
