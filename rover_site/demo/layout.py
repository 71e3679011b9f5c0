"""The frame that every HTML page of the demo site shares."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from rover_site.demo.page import Page

NAME = "Sandle Light"
TAGLINE = "Lighthouse museum, bakery and shop on Sandle Point"
EMAIL = "hello@sandle.example"
PHONE = "+44 1632 960118"  # from the range kept free for fiction
_MENU = (
    ("/visit", "Visit"),
    ("/museum", "Museum"),
    ("/bakery", "Bakery"),
    ("/shop", "Shop"),
    ("/blog", "Blog"),
    ("/docs", "Data"),
    ("/contact", "Contact"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What differs from page to page. `main` is HTML; `meta` are further Open Graph properties."""

    path: str
    title: str
    description: str
    main: str
    image: str = "/images/tower.svg"
    kind: str = "website"
    json_ld: tuple[Mapping[str, Any], ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    markdown: bool = False
    status: int = 200


def html_page(base_url: str, sheet: Sheet, marker: str = "") -> Page:
    """The sheet inside the frame, with canonical link, Open Graph and JSON-LD for that origin. `marker` is an
    element for the head."""
    head = f"{_head(base_url, sheet)}\n{marker}" if marker else _head(base_url, sheet)
    text = (
        f'<!doctype html>\n<html lang="en-GB">\n<head>\n{head}\n</head>\n<body>\n'
        f'<a class="skip" href="#main">Skip to content</a>\n{_header(sheet.path)}\n'
        f'<main id="main"><div class="wrap">\n{sheet.main}\n</div></main>\n{_footer()}\n</body>\n</html>\n'
    )
    cache = ("Cache-Control", "public, max-age=300" if sheet.status == 200 else "no-store")
    return Page(body=text.encode(), status=sheet.status, headers=(cache,))


def _head(base_url: str, sheet: Sheet) -> str:
    title = sheet.title if sheet.path == "/" else f"{sheet.title} – {NAME}"
    graph = {
        "og:site_name": NAME,
        "og:type": sheet.kind,
        "og:title": sheet.title,
        "og:description": sheet.description,
        "og:url": base_url + sheet.path,
        "og:image": base_url + sheet.image,
        "og:locale": "en_GB",
        **sheet.meta,
    }
    lines = [
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f'<meta name="description" content="{escape(sheet.description)}">',
        f'<link rel="canonical" href="{escape(base_url + sheet.path)}">',
        '<link rel="stylesheet" href="/assets/site.css">',
        '<link rel="icon" type="image/png" href="/images/badge.png">',
        '<link rel="alternate" type="application/rss+xml" title="Blog (RSS)" href="/feed.xml">',
        '<link rel="alternate" type="application/atom+xml" title="Blog (Atom)" href="/atom.xml">',
        '<link rel="alternate" type="application/feed+json" title="Blog (JSON)" href="/feed.json">',
    ]
    if sheet.markdown:
        lines.append(f'<link rel="alternate" type="text/markdown" href="{escape(sheet.path)}.md">')
    lines += [f'<meta property="{name}" content="{escape(value)}">' for name, value in graph.items()]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    lines += [script(node) for node in sheet.json_ld]
    return "\n".join(lines)


def script(node: Mapping[str, Any]) -> str:
    """A JSON-LD block; `<` is written as an escape so that no text can end the script element."""
    text = json.dumps({"@context": "https://schema.org", **node}, ensure_ascii=False, indent=1)
    return '<script type="application/ld+json">' + text.replace("<", "\\u003c") + "</script>"


def _header(path: str) -> str:
    items = []
    for target, name in _MENU:
        here = ' aria-current="page"' if path == target or path.startswith(target + "/") else ""
        items.append(f'<li><a href="{target}"{here}>{name}</a></li>')
    return (
        '<header class="site"><div class="wrap"><a class="brand" href="/">'
        '<img src="/images/badge.png" width="28" height="28" alt=""> '
        f'{NAME}</a>\n<nav aria-label="Main"><ul>{"".join(items)}</ul></nav></div></header>'
    )


def _footer() -> str:
    return (
        '<footer class="site"><div class="wrap">'
        f"<div><p><strong>{NAME}</strong></p><p>1 Keepers' Lane, Sandle Point</p>"
        f'<p><a href="tel:{PHONE.replace(" ", "")}">{PHONE}</a></p>'
        f'<p><a href="mailto:{EMAIL}">{EMAIL}</a></p></div>'
        '<div><p><a href="/search">Search</a></p><p><a href="/faq">Questions</a></p>'
        '<p><a href="/accessibility">Accessibility</a></p><p><a href="/press">Press</a></p></div>'
        '<div><p><a href="/newsletter">Newsletter</a></p><p><a href="/feed.xml">RSS</a>, '
        '<a href="/atom.xml">Atom</a>, <a href="/feed.json">JSON feed</a></p>'
        '<p><a href="/files/price-list.pdf">Price list (PDF)</a></p>'
        '<p><a href="/privacy">Privacy</a></p></div>'
        "<div><p>A made-up place. It exists to show what a site looks like to an agent; "
        '<a href="/corners/">its broken corners</a> are kept on purpose.</p></div></div></footer>'
    )
