"""RSS, Atom and JSON Feed as a list of entries."""

import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import feedparser

from tasks.fetching.extraction.body_markdown import body_to_markdown
from tasks.fetching.extraction.dom import absolutise, clean_tree, parse
from tasks.fetching.extraction.links import page_links, resolve
from tasks.fetching.extraction.markup_limits import exceeds_dom_limits
from tasks.fetching.extraction.plain import bare_text
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import finish, one_line

MAX_ITEMS: Final = 50
MAX_SUMMARY_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    title: str
    link: str | None
    date: str | None
    author: str | None
    summary: str


def read_feed(body: bytes, url: str) -> Reading | None:
    """Title and items of an RSS or Atom document: heading with link, date, summary; None when it is no feed.

    At most 50 items are shown; how many there are is in the metadata.
    """
    # A stream, never the bytes themselves: given bytes or text, the parser also accepts paths and URLs.
    parsed = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        return None
    feed = parsed.feed
    items = [_from_xml(entry, url) for entry in parsed.entries[:MAX_ITEMS]]
    return _render(
        title=one_line(_string(feed.get("title"))),
        description=_prose(_string(feed.get("subtitle")), url),
        items=items,
        total=len(parsed.entries),
        url=url,
        fields={"feed_version": one_line(_string(parsed.get("version")), 40)}
        | ({"language": one_line(_string(feed.get("language")), 40)} if feed.get("language") else {}),
    )


def read_json_feed(text: str, url: str) -> Reading | None:
    """The same for JSON Feed (jsonfeed.org); None when `text` is not one."""
    if "jsonfeed.org/version" not in text[:4_096]:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return None
    entries = [entry for entry in value["items"] if isinstance(entry, dict)]
    return _render(
        title=one_line(_string(value.get("title"))),
        description=_prose(_string(value.get("description")), url),
        items=[_from_json(entry, url) for entry in entries[:MAX_ITEMS]],
        total=len(entries),
        url=url,
        fields={"feed_version": one_line(_string(value.get("version")), 60)},
    )


def _from_xml(entry: Mapping[str, Any], url: str) -> _Item:
    contents = entry.get("content") or []
    whole = _string(contents[0].get("value")) if contents else ""
    return _Item(
        title=one_line(_text_of(_string(entry.get("title")))),
        link=resolve(_string(entry.get("link")), url) if entry.get("link") else None,
        date=_date(entry.get("published_parsed") or entry.get("updated_parsed"))
        or one_line(_string(entry.get("published") or entry.get("updated")), 60)
        or None,
        author=one_line(_string(entry.get("author")), 200) or None,
        summary=_prose(_string(entry.get("summary")) or whole, url),
    )


def _from_json(entry: Mapping[str, Any], url: str) -> _Item:
    link = entry.get("url") or entry.get("external_url")
    authors = entry.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else entry.get("author")
    markup = _string(entry.get("content_html"))
    plain = _string(entry.get("summary") or entry.get("content_text"))[:MAX_SUMMARY_CHARS]
    return _Item(
        title=one_line(_string(entry.get("title"))),
        link=resolve(link, url) if isinstance(link, str) else None,
        date=one_line(_string(entry.get("date_published")), 60) or None,
        author=one_line(_string(first.get("name")), 200) or None if isinstance(first, dict) else None,
        summary=plain or _prose(markup, url),
    )


def _render(
    *, title: str, description: str, items: Sequence[_Item], total: int, url: str, fields: dict[str, Any]
) -> Reading:
    parts = [f"# {title or 'Feed'}"]
    if description:
        parts.append(description)
    parts.extend(_item(item) for item in items)
    if total > len(items):
        parts.append(f"{total - len(items)} of {total} items left out.")
    return Reading(
        markdown="\n\n".join(parts),
        title=title or None,
        fields={**fields, "items": total, "items_shown": len(items)},
        links=page_links((item.link for item in items), url),
        truncated=total > len(items),
        ratio=len(items) / total if total else 1.0,
    )


def _item(item: _Item) -> str:
    title = (item.title or item.link or "Untitled").replace("[", "\\[").replace("]", "\\]")
    target = item.link.replace("(", "%28").replace(")", "%29") if item.link else None
    heading = f"## [{title}]({target})" if target else f"## {title}"
    byline = " · ".join(part for part in (item.date, item.author) if part)
    return "\n\n".join(part for part in (heading, byline, item.summary) if part)


def _prose(markup: str, url: str) -> str:
    """A summary that may be HTML as Markdown, cut at 2,000 characters."""
    if "<" not in markup and "&" not in markup:
        return markup.strip()[:MAX_SUMMARY_CHARS]
    markup = markup[: MAX_SUMMARY_CHARS * 20]
    if exceeds_dom_limits(markup):
        return bare_text(markup, MAX_SUMMARY_CHARS).text
    tree = parse(markup)
    clean_tree(tree)
    absolutise(tree, url)
    text = finish(body_to_markdown(tree.body)).strip() if tree.body is not None else ""
    return (
        text
        if len(text) <= MAX_SUMMARY_CHARS
        else text[:MAX_SUMMARY_CHARS].rpartition("\n")[0] or text[:MAX_SUMMARY_CHARS]
    )


def _text_of(markup: str) -> str:
    return bare_text(markup, MAX_SUMMARY_CHARS).text if "<" in markup or "&" in markup else markup


def _date(parsed: time.struct_time | None) -> str | None:
    """feedparser gives UTC; RFC 3339 is what the rest of the system speaks."""
    if parsed is None:
        return None
    try:
        return datetime(*parsed[:6], tzinfo=UTC).isoformat().replace("+00:00", "Z")
    except ValueError:
        return None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
