"""Feeds and the files that machines ask for: RSS, Atom, JSON Feed, sitemap, robots.txt, llms.txt."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time
from email.utils import format_datetime
from xml.sax.saxutils import escape

from rover_site.demo.documents import Document, Section, documents
from rover_site.demo.layout import NAME, TAGLINE
from rover_site.demo.markdown import render
from rover_site.demo.page import Page
from rover_site.demo.shop import products


def rss(base_url: str) -> Page:
    """The blog as RSS 2.0."""
    items = "\n".join(
        f"<item><title>{escape(found.title)}</title><link>{base_url}{found.path}</link>"
        f'<guid isPermaLink="true">{base_url}{found.path}</guid>'
        f"<pubDate>{format_datetime(_moment(found))}</pubDate>"
        f"<description>{escape(found.description)}</description></item>"
        for found in documents(Section.BLOG)
    )
    return _xml(
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{NAME}</title><link>{base_url}/blog</link><description>{TAGLINE}</description>"
        f'<atom:link href="{base_url}/feed.xml" rel="self" type="application/rss+xml"/>\n'
        f"{items}</channel></rss>",
        "application/rss+xml",
    )


def atom(base_url: str) -> Page:
    """The blog as an Atom feed (RFC 4287)."""
    entries = "\n".join(
        f"<entry><title>{escape(found.title)}</title><id>{base_url}{found.path}</id>"
        f'<link href="{base_url}{found.path}"/><updated>{_moment(found).isoformat()}</updated>'
        f"<author><name>{found.author}</name></author><summary>{escape(found.description)}</summary>"
        f'<content type="html">{escape(render(found.body))}</content></entry>'
        for found in documents(Section.BLOG)
    )
    newest = _moment(documents(Section.BLOG)[0]).isoformat()
    return _xml(
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{NAME}</title><id>{base_url}/</id>'
        f'<updated>{newest}</updated><link rel="self" href="{base_url}/atom.xml"/>\n{entries}</feed>',
        "application/atom+xml",
    )


def json_feed(base_url: str) -> Page:
    """The blog as JSON Feed 1.1."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": NAME,
        "home_page_url": f"{base_url}/",
        "feed_url": f"{base_url}/feed.json",
        "items": [
            {
                "id": base_url + found.path,
                "url": base_url + found.path,
                "title": found.title,
                "summary": found.description,
                "content_html": render(found.body),
                "date_published": _moment(found).isoformat(),
                "authors": [{"name": found.author}],
                "tags": list(found.tags),
            }
            for found in documents(Section.BLOG)
        ],
    }
    return Page(body=json.dumps(feed, ensure_ascii=False).encode(), content_type="application/feed+json")


def sitemap(base_url: str, paths: Sequence[str]) -> Page:
    """All good pages, articles with their date (sitemaps.org 0.9)."""
    dates = {found.path: found.published for found in documents(Section.BLOG)}
    rows = "\n".join(
        f"<url><loc>{base_url}{path}</loc>"
        + (f"<lastmod>{dates[path]}</lastmod>" if dates.get(path) else "")
        + "</url>"
        for path in paths
    )
    return _xml(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}\n</urlset>', "application/xml"
    )


def robots(base_url: str) -> Page:
    """Everything is allowed but the staff pages (RFC 9309)."""
    text = f"User-agent: *\nDisallow: /staff/\nAllow: /\n\nSitemap: {base_url}/sitemap.xml\n"
    return Page(body=text.encode(), content_type="text/plain; charset=utf-8")


def llms(base_url: str) -> Page:
    """A guide to the site for language models (llmstxt.org)."""
    lines = [f"# {NAME}", "", f"> {TAGLINE}. A fictional site for demonstrations.", ""]
    lines += ["Every article and documentation page is also there as Markdown: add `.md` to its path.", ""]
    for title, section in (("Visiting", Section.PAGES), ("Articles", Section.BLOG), ("Data", Section.DOCS)):
        lines += [f"## {title}", ""]
        lines += [_line(base_url, found) for found in documents(section)] + [""]
    lines += ["## Shop", ""]
    lines += [
        f"- [{product.name}]({base_url}{product.path}): £{product.price}, {product.summary}"
        for product in products()
    ]
    return Page(body=("\n".join(lines) + "\n").encode(), content_type="text/plain; charset=utf-8")


def _line(base_url: str, found: Document) -> str:
    return f"- [{found.title}]({base_url}{found.path}.md): {found.description}"


def _moment(found: Document) -> datetime:
    return datetime.combine(found.published, time(9, 0), UTC)


def _xml(body: str, kind: str) -> Page:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'
    return Page(body=text.encode(), content_type=f"{kind}; charset=utf-8")
