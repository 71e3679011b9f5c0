"""The text of a PDF, page by page."""

import io
import re
from datetime import datetime
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tasks.fetching.errors import UnsupportedContent
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import clean, one_line

MAX_PAGES: Final = 200
MAX_CHARS: Final = 2_000_000


def read_pdf(body: bytes) -> Reading:
    """Text of at most 200 pages, each after a `<!-- page N of M -->` line, with the document's metadata.

    Raises:
        UnsupportedContent: the document is encrypted, or is no PDF that can be read.
    """
    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted:
            raise UnsupportedContent(
                "the PDF is encrypted", content_type="application/pdf", size_bytes=len(body)
            )
        total = len(reader.pages)
        info = _info(reader)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OSError) as error:
        raise UnsupportedContent(
            "the PDF cannot be read", content_type="application/pdf", size_bytes=len(body)
        ) from error
    parts, unreadable, shown = _pages(reader, total)
    fields: dict[str, Any] = {**info, "pages": total, "pages_shown": shown}
    if unreadable:
        fields["pages_unreadable"] = unreadable
    title = fields.pop("title", None)
    return Reading(
        markdown="\n\n".join(parts),
        title=title,
        fields=fields,
        truncated=shown < total,
        ratio=(shown - unreadable) / total if total else 0.0,
        visible_text="".join(part for part in parts if not part.startswith("<!-- page")),
    )


def _pages(reader: PdfReader, total: int) -> tuple[list[str], int, int]:
    """Parts of the document, how many pages failed, how many were read."""
    parts: list[str] = []
    unreadable = chars = shown = 0
    for number in range(1, min(total, MAX_PAGES) + 1):
        text = _page_text(reader, number - 1)
        unreadable += text is None
        shown = number
        parts.append(f"<!-- page {number} of {total} -->")
        if text:
            parts.append(text)
            chars += len(text)
        if chars > MAX_CHARS:
            break
    return parts, unreadable, shown


_BROKEN_PAGE = (
    PyPdfError,
    ArithmeticError,  # a page of width 0
    AssertionError,
    AttributeError,  # an object of another type than the page says
    LookupError,
    NotImplementedError,  # a filter or encoding that pypdf does not know
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What pypdf raises on pages that break the rules of the format."""


def _page_text(reader: PdfReader, index: int) -> str | None:
    """One page's text, None when it is broken: the other pages are still worth reading."""
    try:
        text = clean(reader.pages[index].extract_text())
    except _BROKEN_PAGE:
        return None
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _info(reader: PdfReader) -> dict[str, Any]:
    info = reader.metadata
    if info is None:
        return {}
    found = {
        "title": _text(info.title),
        "author": _text(info.author),
        "description": _text(info.subject),
        "published": _moment(info, "creation_date"),
        "modified": _moment(info, "modification_date"),
    }
    return {name: value for name, value in found.items() if value}


def _text(value: object) -> str | None:
    return one_line(value) or None if isinstance(value, str) else None


def _moment(info: Any, name: str) -> str | None:
    try:
        value = getattr(info, name)
    except (ValueError, TypeError):
        return None
    return value.isoformat() if isinstance(value, datetime) else None
