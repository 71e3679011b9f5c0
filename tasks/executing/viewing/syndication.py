"""Feeds and site maps as lists of items."""

import json
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree, html

from tasks.executing.protocol import Item
from tasks.executing.viewing.dates import find_day
from tasks.fetching.extraction.links import resolve

MAX_ITEMS = 300
MAX_LOCATIONS = 5_000
MAX_SUMMARY_CHARS = 1_000


def read_xml_list(body: bytes, url: str) -> tuple[str, str, tuple[Item, ...]] | None:
    """Kind ('feed', 'sitemap' or 'sitemapindex'), title and items of RSS, Atom, RDF or a site map; else None.

    Entities are not expanded and nothing is loaded (CWE-611, CWE-776).
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    name = _name(root)
    if name in ("urlset", "sitemapindex"):
        return ("sitemap" if name == "urlset" else name), "", _locations(root, url)
    if name in ("rss", "RDF", "feed"):
        channel = next((node for node in root.iter() if _name(node) == "channel"), root)
        entries = [node for node in root.iter() if _name(node) in ("item", "entry")]
        return "feed", _child_text(channel, "title"), tuple(_entry(node, url) for node in entries[:MAX_ITEMS])
    return None


def read_json_feed(text: str, url: str) -> tuple[str, tuple[Item, ...]] | None:
    """Title and items of a JSON Feed (jsonfeed.org); None when `text` is none."""
    if "jsonfeed.org/version" not in text[:4_096]:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return None
    entries = [entry for entry in value["items"][:MAX_ITEMS] if isinstance(entry, dict)]
    return _string(value.get("title")), tuple(_json_entry(entry, url) for entry in entries)


def _json_entry(entry: dict[str, Any], url: str) -> Item:
    link = _string(entry.get("url")) or _string(entry.get("external_url"))
    said = _string(entry.get("date_published")) or _string(entry.get("date_modified"))
    day = find_day(said)
    return Item(
        title=_plain(_string(entry.get("title"))),
        url=_web(link, url),
        date=day.iso if day else None,
        dated_by=said,
        summary=_plain(_string(entry.get("summary")) or _string(entry.get("content_text")))[
            :MAX_SUMMARY_CHARS
        ],
        text=_plain(_string(entry.get("content_html"))),
    )


def _locations(root: Any, url: str) -> tuple[Item, ...]:
    found = []
    for node in root:
        link = _web(_child_text(node, "loc"), url)
        if link is None:
            continue
        said = _child_text(node, "lastmod")
        day = find_day(said)
        found.append(Item(title="", url=link, date=day.iso if day else None, dated_by=said))
        if len(found) == MAX_LOCATIONS:
            break
    return tuple(found)


def _entry(node: Any, url: str) -> Item:
    said = next(
        (text for name in ("pubDate", "published", "date", "updated") if (text := _child_text(node, name))),
        "",
    )
    summary = next(
        (
            text
            for name in ("description", "summary", "encoded", "content")
            if (text := _child_text(node, name))
        ),
        "",
    )
    return Item(
        title=_plain(_child_text(node, "title")),
        url=_web(_entry_link(node), url),
        date=_day(said),
        dated_by=said,
        summary=_plain(summary)[:MAX_SUMMARY_CHARS],
        text=_plain(_child_text(node, "encoded") or _child_text(node, "content")),
    )


def _entry_link(node: Any) -> str:
    """RSS writes the link as text, Atom as `href` of the link without `rel` or with `rel=alternate`."""
    for child in node:
        if _name(child) == "link":
            href = child.get("href")
            if href is None and (child.text or "").strip():
                return str(child.text).strip()
            if href is not None and child.get("rel", "alternate") == "alternate":
                return str(href)
    return ""


def _day(said: str) -> str | None:
    found = find_day(said)
    if found is not None and "," not in said:
        return found.iso
    try:
        moment = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return found.iso if found else None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat()


def _child_text(node: Any, name: str) -> str:
    for child in node:
        if _name(child) == name:
            return " ".join("".join(child.itertext()).split())
    return ""


def _name(node: Any) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _plain(text: str) -> str:
    """Text without markup: summaries are often escaped HTML."""
    if "<" not in text and "&" not in text:
        return " ".join(text.split())
    try:
        tree = html.fromstring(f"<div>{text[: MAX_SUMMARY_CHARS * 50]}</div>")
    except (etree.ParserError, ValueError):
        return ""
    return " ".join(str(tree.text_content()).split())


def _web(link: str, url: str) -> str | None:
    found = resolve(link, url) if link else None
    return found if found is not None and found.startswith("http") else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
