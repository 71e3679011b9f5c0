"""XML that is neither a page nor a feed: site maps as lists of URLs, the rest in a fence."""

import html
import re
from typing import Final

from tasks.fetching.extraction.links import page_links, resolve
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import clean, fence

MAX_SHOWN: Final = 1_000
_SITEMAP: Final = re.compile(r"<(?:\w+:)?(urlset|sitemapindex)[\s>]")
_ENTRY: Final = re.compile(r"<(?:\w+:)?(loc|lastmod)\s*>([^<]{0,8192})(?:<!\[CDATA\[([^\]]{0,8192})\]\]>)?")


def read_xml(text: str, url: str) -> Reading:
    """A site map (sitemaps.org) as a list of at most 1,000 URLs with dates; other XML fenced as it came."""
    text = clean(text)
    kind = _SITEMAP.search(text[:16_384])
    if kind is None:
        return Reading(markdown=fence(text, "xml"), visible_text=text)
    entries = _entries(text, url)
    shown = [f"- {link}" + (f" ({date})" if date else "") for link, date in entries[:MAX_SHOWN]]
    name = "Site map index" if kind.group(1) == "sitemapindex" else "Site map"
    left_out = len(entries) - len(shown)
    parts = [f"# {name}: {len(entries)} URLs", "\n".join(shown)]
    if left_out:
        parts.append(f"{left_out} of {len(entries)} URLs left out.")
    return Reading(
        markdown="\n\n".join(parts),
        title=name,
        fields={"urls": len(entries)},
        links=page_links((link for link, _ in entries), ""),
        truncated=left_out > 0,
        ratio=len(shown) / len(entries) if entries else 1.0,
    )


def _entries(text: str, url: str) -> list[tuple[str, str | None]]:
    """URL and date of each entry; a `lastmod` belongs to the `loc` before it."""
    entries: list[tuple[str, str | None]] = []
    for name, plain, quoted in _ENTRY.findall(text):
        value = html.unescape(plain.strip()) or quoted.strip()
        if name == "loc":
            link = resolve(value, url)
            if link is not None:
                entries.append((link, None))
        elif entries and entries[-1][1] is None:
            entries[-1] = (entries[-1][0], re.sub(r"[^\w:.+-]", "", value)[:40] or None)
    return entries
