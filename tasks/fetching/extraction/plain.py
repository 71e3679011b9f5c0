"""The bare text of a page that no parser may read, or that one could not: linear scans only."""

import html
import re
from dataclasses import dataclass
from typing import Final

_DROPPED: Final = re.compile(r"<(script|style|noscript|template|svg|iframe|head|title)(?=[\s>/])|<!--", re.I)
_LINE_TAGS: Final = re.compile(
    r"</?(?:address|article|blockquote|br|dd|div|dl|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|ol"
    r"|p|pre|section|table|td|th|title|tr|ul)(?=[\s>/])[^<>]*>",
    re.I,
)
_ANY_TAG: Final = re.compile(r"</?[a-zA-Z!?][^<>]*>")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_TITLE: Final = re.compile(r"<title(?:\s[^<>]*)?>([^<]{0,8000})", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class BareText:
    """What linear scans found in a page. `complete` says whether all of its text is there."""

    title: str | None
    text: str
    complete: bool


def bare_text(markup: str, limit: int) -> BareText:
    """Title and at most `limit` characters of the text of a page, by linear scans only."""
    title = _TITLE.search(markup)
    kept = _ANY_TAG.sub(" ", _LINE_TAGS.sub("\n", _without_dropped(markup)))
    # Twice the limit leaves room for what the next steps shorten; they must not copy megabytes for nothing.
    text = _BLANKS.sub(" ", html.unescape(kept[: 2 * limit]))
    paragraphs = "\n\n".join(line for line in (line.strip() for line in text.split("\n")) if line)
    return BareText(
        title=html.unescape(title.group(1)) if title else None,
        text=paragraphs[:limit],
        complete=len(kept) <= 2 * limit and len(paragraphs) <= limit,
    )


def _without_dropped(markup: str) -> str:
    """Without comments and elements nobody reads; an unclosed one takes the rest, as in a browser."""
    kept: list[str] = []
    position = 0
    while (opening := _DROPPED.search(markup, position)) is not None:
        kept.append(markup[position : opening.start()])
        name = opening.group(1)
        closing = re.compile(rf"</{name}\s*>" if name else "-->", re.I).search(markup, opening.end())
        if closing is None:
            return "".join(kept)
        position = closing.end()
    kept.append(markup[position:])
    return "".join(kept)
