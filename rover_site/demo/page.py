"""One stored answer of the demo site, and its bytes on the wire."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

Header = tuple[str, str]
HTML = "text/html; charset=utf-8"
GZIP_LEVEL = 6
SMALLEST_GZIP = 512  # below it the gzip frame saves nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer that is the same for every caller.

    `gzipped` is sent instead of `body` to a client that accepts gzip. `headers` may override any header but
    Content-Length and Content-Encoding, which follow from the body.
    """

    body: bytes
    content_type: str = HTML
    status: int = 200
    headers: tuple[Header, ...] = ()
    gzipped: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A page ready to write: head and body joined, with and without gzip, and the answer for a fresh copy."""

    status: int
    etag: str
    plain: bytes
    plain_head: bytes
    squeezed: bytes
    squeezed_head: bytes
    not_modified: bytes


def compressed(page: Page) -> Page:
    """The same page with its gzip form added, when that is worth a byte."""
    if page.gzipped is not None or len(page.body) < SMALLEST_GZIP:
        return page
    squeezed = gzip.compress(page.body, GZIP_LEVEL, mtime=0)
    return Page(
        body=page.body,
        content_type=page.content_type,
        status=page.status,
        headers=page.headers,
        gzipped=squeezed,
    )


def wire(page: Page) -> Wire:
    """The page as bytes of HTTP/1.1 messages, validators included (RFC 9110 8.8)."""
    etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
    common = [("ETag", etag), ("Vary", "Accept-Encoding"), *page.headers]
    plain_head = head(page.status, [*_entity(page, page.body), *common])
    squeezed_head, squeezed = plain_head, plain_head + page.body
    if page.gzipped is not None:
        fields = [*_entity(page, page.gzipped), ("Content-Encoding", "gzip"), *common]
        squeezed_head = head(page.status, fields)
        squeezed = squeezed_head + page.gzipped
    return Wire(
        status=page.status,
        etag=etag,
        plain=plain_head + page.body,
        plain_head=plain_head,
        squeezed=squeezed,
        squeezed_head=squeezed_head,
        not_modified=head(304, common),
    )


def _entity(page: Page, body: bytes) -> list[Header]:
    if page.status in {204, 304}:
        return []
    return [("Content-Type", page.content_type), ("Content-Length", str(len(body)))]


def head(status: int, fields: Sequence[Header]) -> bytes:
    """Status line and header block of an HTTP/1.1 answer, blank line included."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {status} {reason}", "Server: sandle"]
    lines += [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
