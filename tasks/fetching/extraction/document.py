"""What extraction takes and what it gives: the two values every other module of this package speaks in."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import Any, Final

EXTRACTOR: Final = f"rover-1 trafilatura-{version('trafilatura')}"
"""What made a document; another one may make another of the same bytes."""
MAX_FIELD_CHARS: Final = 2_000
MAX_LINKS: Final = 5_000
MAX_SCHEMA_TYPES: Final = 50
MAX_NODES: Final = 200_000
MAX_DEPTH: Final = 512


class Kind(StrEnum):
    """How the bytes were read."""

    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    JSON = "json"
    FEED = "feed"
    CSV = "csv"
    PDF = "pdf"
    XML = "xml"
    IMAGE = "image"
    EMPTY = "empty"


class Flag(StrEnum):
    """What a reader of the document should know before trusting it."""

    SHORT = "short"
    FALLBACK_USED = "fallback_used"
    DOM_LIMIT = "dom_limit"
    DEGRADED = "degraded"
    TRUNCATED = "truncated"
    HIDDEN_KEPT = "hidden_kept"
    JS_REQUIRED = "js_required"
    CHALLENGE = "challenge"
    LOGIN_WALL = "login_wall"
    PAYWALL = "paywall"
    SOFT_404 = "soft_404"


class Effort(StrEnum):
    """How much work one page may cost: everything, or only linear scans after a first try failed."""

    FULL = "full"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One answer of a server, decoded from its Content-Encoding. `url` is the final URL after redirects."""

    body: bytes
    url: str
    content_type: str | None
    content_disposition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One extracted document. Every string is valid UTF-8 without control characters but \\n and \\t.

    `links` are absolute http(s) URLs in document order, `metadata` is JSON-ready, `quality` lies in 0..1,
    `tokens` is counted by `tokenizer` over `markdown`.
    """

    markdown: str
    title: str | None
    metadata: dict[str, Any]
    links: tuple[str, ...]
    content_hash: str
    tokens: int
    tokenizer: str
    quality: float
    flags: tuple[str, ...]
    kind: str
    extractor: str


def content_hash(markdown: str) -> str:
    """The one spelling of a document's identity: `sha256:` and the hex digest of its UTF-8 bytes."""
    return "sha256:" + hashlib.sha256(markdown.encode("utf-8", "replace")).hexdigest()
