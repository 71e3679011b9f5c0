"""What a body is: the declared type first, then what its first bytes say, and whether the two agree.

A small part of WHATWG MIME Sniffing: enough to keep a PNG out of the HTML reader and to rescue a page that
was served as octet-stream.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tasks.fetching.extraction.document import Source

SNIFF_BYTES: Final = 1_445

_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ\x90\x00", "application/x-msdownload"),
    (b"OggS\x00", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_HTML_TAGS: Final = re.compile(
    rb"<(?:!doctype html|html|head|script|iframe|h[1-6]|div|font|table|a|style|title|b|body|br|p|meta|link"
    rb"|main|article|section|nav|header|ul|ol|span|form|img|center)(?=[\s>/])|<!--",
    re.I,
)
_LEADING: Final = re.compile(rb"(?:\s|<\?xml[^>]*>|<!--.*?-->|<!doctype(?! html)[^>]*>)*", re.S | re.I)
_FEED_ROOT: Final = re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]")
_XML_ROOT: Final = re.compile(rb"<[A-Za-z_][\w.:-]*[\s/>]")
_JSON_START: Final = re.compile(rb"\s*(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]]|-?\d|true|false|null))")
# WHATWG MIME Sniffing 3: bytes that no text holds.
_BINARY: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_TYPE: Final = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+/[!#$%&'*+.^_`|~\w-]+)\s*(?:;|,|\Z)", re.A)
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;,]+))", re.I)
_UNKNOWN: Final = frozenset(
    {"application/octet-stream", "binary/octet-stream", "application/unknown", "unknown/unknown"}
)


class Family(StrEnum):
    """Which reader takes a body."""

    HTML = "html"
    XML = "xml"
    FEED = "feed"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    TEXT = "text"
    PDF = "pdf"
    IMAGE = "image"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """`declared` is the header's essence, `detected` what the bytes say, `essence` the one believed."""

    family: Family
    essence: str
    declared: str | None
    detected: str | None
    charset: str | None

    @property
    def contradicted(self) -> bool:
        """Whether the bytes belong to another reader than the header announced."""
        return self.declared is not None and _family(self.declared) not in (None, self.family)


def identify(source: Source) -> Identified:
    """What `source.body` is, from its header and its first 1,445 bytes."""
    declared, charset = parse_content_type(source.content_type)
    head = source.body[:SNIFF_BYTES]
    detected = sniff(head)
    essence = _believe(declared, detected, head)
    family = _family(essence) or Family.BINARY
    if family is Family.XML and detected == "application/feed+xml":
        family = Family.FEED
    return Identified(family=family, essence=essence, declared=declared, detected=detected, charset=charset)


def parse_content_type(value: str | None) -> tuple[str | None, str | None]:
    """Essence (lower case) and charset label of a Content-Type value; None for what is missing or broken."""
    found = _TYPE.match(value or "")
    if value is None or found is None:
        return None, None
    charset = _CHARSET.search(value)
    label = next((group for group in charset.groups() if group), None) if charset else None
    return found.group(1).lower(), label


def sniff(head: bytes) -> str | None:
    """The essence that the first bytes speak of; `text/plain` for unmarked text, None for unmarked binary."""
    for magic, essence in _MAGIC:
        if head.startswith(magic):
            return essence
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}[head[8:12]]
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:12] in (b"avif", b"avis") else "video/mp4"
    if head.startswith(_UTF16_BOMS):
        head = head[2:].replace(b"\x00", b"")
    return _sniff_text(head.removeprefix(b"\xef\xbb\xbf"))


def _sniff_text(head: bytes) -> str | None:
    if _BINARY.search(head) is not None:
        return _sniff_wide(head)
    lead = _LEADING.match(head)
    root = head[lead.end() :] if lead else head
    has_declaration = head.lstrip().startswith(b"<?xml")
    if _HTML_TAGS.match(root) is not None:
        return "application/xhtml+xml" if has_declaration else "text/html"
    if root.startswith(b"<"):
        return _sniff_xml(root, has_declaration)
    return "application/json" if _JSON_START.match(head) else "text/plain"


def _sniff_xml(root: bytes, has_declaration: bool) -> str:
    if _FEED_ROOT.match(root) is not None:
        return "application/feed+xml"
    if root.startswith(b"<svg"):
        return "image/svg+xml"
    is_xml = has_declaration or (_XML_ROOT.match(root) is not None and b" xmlns" in root)
    return "application/xml" if is_xml else "text/plain"


def _sniff_wide(head: bytes) -> str | None:
    """UTF-16 without a BOM has a zero in every other byte; anything else with control bytes is binary."""
    zeros = head.count(0)
    if zeros and abs(head[0::2].count(0) - head[1::2].count(0)) > 0.9 * zeros and zeros > 0.3 * len(head):
        return _sniff_text(head.replace(b"\x00", b""))
    return None


def _believe(declared: str | None, detected: str | None, head: bytes) -> str:
    """The header, unless it says nothing or the bytes prove that it is wrong."""
    if declared is None or declared in _UNKNOWN:
        return detected or "application/octet-stream"
    said, seen = _family(declared), _family(detected) if detected else Family.BINARY
    if detected is None:
        # Control bytes alone do not overrule a text type: old pages carry them.
        return "application/octet-stream" if _looks_binary(head) else declared
    if seen in (Family.PDF, Family.IMAGE, Family.BINARY) and detected != "image/svg+xml":
        return declared if said is seen else detected
    return _believe_text(declared, said, detected, seen)


def _believe_text(declared: str, said: Family | None, detected: str, seen: Family | None) -> str:
    """The same for bytes that are text of some kind."""
    if said in (None, Family.PDF, Family.IMAGE, Family.BINARY):
        # Plain text proves little: the first bytes of some media formats look like it.
        is_media = declared.startswith(("audio/", "video/", "font/"))
        return declared if is_media and detected == "text/plain" else detected
    if said is Family.HTML and seen in (Family.FEED, Family.JSON):
        return detected
    if (
        said in (Family.JSON, Family.FEED, Family.XML)
        and seen is Family.HTML
        and not declared.endswith("+xml")
    ):
        return detected
    return declared


def _looks_binary(head: bytes) -> bool:
    controls = len(_BINARY.findall(head))
    return controls > max(4, len(head) // 20)


def _family(essence: str) -> Family | None:
    """The reader for an essence, or None when the name alone does not tell."""
    exact = _FAMILIES.get(essence)
    if exact is not None:
        return exact
    for suffix, family in (("+json", Family.JSON), ("+xml", Family.XML), ("+zip", Family.BINARY)):
        if essence.endswith(suffix):
            return family
    main = essence.partition("/")[0]
    return {"text": Family.TEXT, "image": Family.IMAGE, "audio": Family.BINARY, "video": Family.BINARY}.get(
        main
    ) or (Family.BINARY if main == "font" else None)


_FAMILIES: Final = {
    "text/html": Family.HTML,
    "application/xhtml+xml": Family.HTML,
    "text/markdown": Family.MARKDOWN,
    "text/x-markdown": Family.MARKDOWN,
    "text/csv": Family.CSV,
    "text/tab-separated-values": Family.CSV,
    "application/csv": Family.CSV,
    "application/json": Family.JSON,
    "text/json": Family.JSON,
    "application/feed+json": Family.JSON,
    "application/x-ndjson": Family.TEXT,
    "application/jsonl": Family.TEXT,
    "application/rss+xml": Family.FEED,
    "application/atom+xml": Family.FEED,
    "application/rdf+xml": Family.FEED,
    "application/feed+xml": Family.FEED,
    "application/xml": Family.XML,
    "text/xml": Family.XML,
    "image/svg+xml": Family.IMAGE,
    "application/pdf": Family.PDF,
    "application/x-pdf": Family.PDF,
    "application/javascript": Family.TEXT,
    "application/x-javascript": Family.TEXT,
    "application/ecmascript": Family.TEXT,
    "application/typescript": Family.TEXT,
    "application/x-sh": Family.TEXT,
    "application/x-python": Family.TEXT,
    "application/x-yaml": Family.TEXT,
    "application/yaml": Family.TEXT,
    "application/toml": Family.TEXT,
    "application/sql": Family.TEXT,
    "application/x-httpd-php": Family.TEXT,
    "application/zip": Family.BINARY,
    "application/gzip": Family.BINARY,
    "application/x-rar-compressed": Family.BINARY,
    "application/x-7z-compressed": Family.BINARY,
    "application/zstd": Family.BINARY,
    "application/x-executable": Family.BINARY,
    "application/x-msdownload": Family.BINARY,
    "application/ogg": Family.BINARY,
    "application/vnd.sqlite3": Family.BINARY,
    "application/x-ole-storage": Family.BINARY,
    "application/octet-stream": Family.BINARY,
}
