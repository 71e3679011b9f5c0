"""One answer of a server as a `PageView`. Runs in a thread: nothing here waits."""

import re

from tasks.executing.protocol import Block, BlockKind, LinkedData, PageUnreadable, PageView
from tasks.executing.viewing.blocks import Content, read_content
from tasks.executing.viewing.forms import read_forms
from tasks.executing.viewing.linked_data import read_linked_data
from tasks.executing.viewing.syndication import read_json_feed, read_xml_list
from tasks.fetching.extraction import charset
from tasks.fetching.extraction.document import Source
from tasks.fetching.extraction.dom import Tree, absolutise, clean_tree, parse
from tasks.fetching.extraction.links import base_of, resolve
from tasks.fetching.extraction.markup_limits import exceeds_dom_limits
from tasks.fetching.extraction.metadata import read_metadata
from tasks.fetching.extraction.plain import bare_text
from tasks.fetching.extraction.sanitizing import clean
from tasks.fetching.extraction.sniffing import Family, identify

MAX_MARKUP_CHARS = 2_000_000
MAX_BARE_CHARS = 200_000
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_OWNERS = ("WebSite", "Organization", "LocalBusiness")


def read_page(source: Source, *, status: int) -> PageView:
    """What `source` holds for a decider; the same bytes always give the same view.

    Raises: PageUnreadable for bytes that are no page, feed, site map or text.
    """
    what = identify(source)
    if what.family in (Family.BINARY, Family.PDF, Family.IMAGE):
        raise PageUnreadable(f"{what.essence} holds no text", url=source.url, content_type=what.essence)
    if what.family in (Family.FEED, Family.XML):
        found = read_xml_list(source.body, source.url)
        if found is not None:
            kind, title, items = found
            size = len(source.body)
            return PageView(url=source.url, status=status, kind=kind, title=title, items=items, n_bytes=size)
    text = charset.decode(source.body, what.charset).text
    if what.family is Family.HTML:
        return _read_html(clean(text), source, status)
    feed = read_json_feed(text, source.url) if what.family is Family.JSON else None
    if feed is not None:
        return PageView(
            url=source.url, status=status, kind="feed", title=feed[0], items=feed[1], n_bytes=len(source.body)
        )
    return _read_plain(clean(text), source, status)


def _read_plain(text: str, source: Source, status: int) -> PageView:
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text[:MAX_BARE_CHARS])]
    blocks = tuple(Block(kind=BlockKind.TEXT, text=part) for part in paragraphs if part)
    return PageView(url=source.url, status=status, kind="text", blocks=blocks, n_bytes=len(source.body))


def _read_html(markup: str, source: Source, status: int) -> PageView:
    if len(markup) > MAX_MARKUP_CHARS or exceeds_dom_limits(markup):
        return _read_plain(bare_text(markup, MAX_BARE_CHARS).text, source, status)
    tree = parse(markup)
    declared = tree.css_first("base[href]")
    base = base_of(declared.attributes.get("href") if declared is not None else None, source.url)
    fields = read_metadata(tree, base)
    nodes = read_linked_data(node.text() for node in tree.css('script[type="application/ld+json"]')[:50])
    feeds = _feeds(tree, base)
    site_name = _site_name(tree, nodes)
    forms = read_forms(tree, base)
    clean_tree(tree)
    absolutise(tree, base)
    content = read_content(tree.body) if tree.body is not None else Content()
    return PageView(
        url=source.url,
        status=status,
        kind="html",
        title=_title(content, fields.get("title", ""), site_name),
        description=fields.get("description", ""),
        language=fields.get("language", ""),
        site_name=site_name,
        published=fields.get("published"),
        blocks=tuple(content.blocks),
        items=tuple(content.items),
        links=tuple(content.links),
        linked_data=nodes,
        forms=forms,
        feeds=feeds,
        n_bytes=len(source.body),
    )


def _title(content: Content, named: str, site_name: str) -> str:
    """What the page calls itself: its one first-level heading, unless that is the name of the whole site."""
    tops = [block.text for block in content.blocks if block.level == 1 and block.in_main]
    return tops[0] if len(tops) == 1 and (tops[0] != site_name or not named) else named or "".join(tops[:1])


def _feeds(tree: Tree, base: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for node in tree.css("link[rel~=alternate][href]")[:50]:
        kind = (node.attributes.get("type") or "").split(";")[0].strip().lower()
        target = resolve(node.attributes.get("href") or "", base)
        if kind in _FEED_TYPES and target is not None and target.startswith("http"):
            found[target] = None
    return tuple(found)


def _site_name(tree: Tree, nodes: tuple[LinkedData, ...]) -> str:
    meta = tree.css_first('meta[property="og:site_name"][content]')
    if meta is not None and (meta.attributes.get("content") or "").strip():
        return str(meta.attributes["content"]).strip()
    for data in nodes:
        name = data.node.get("name")
        if isinstance(name, str) and any(kind in _OWNERS for kind in data.types):
            return name
    return ""
