"""What an image file says about itself in its first bytes: its format and its size in pixels."""

import re
import struct
from typing import Final

from tasks.fetching.extraction.reading import Reading

_SVG_NUMBER: Final = re.compile(rb"\b(width|height)\s*=\s*[\"']\s*(\d{1,6})(?:\.\d+)?(?:px)?\s*[\"']", re.I)
_SVG_BOX: Final = re.compile(
    rb"viewBox\s*=\s*[\"']\s*[-\d.]+[\s,]+[-\d.]+[\s,]+(\d{1,6})(?:\.\d+)?[\s,]+(\d{1,6})", re.I
)
_SVG_TITLE: Final = re.compile(rb"<title[^<>]*>([^<]{1,2000})", re.I)
_JPEG_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def read_image(body: bytes, essence: str, file_name: str | None) -> Reading:
    """One line with type, dimensions when readable, and size in bytes."""
    size = dimensions(body, essence)
    title = _SVG_TITLE.search(body[:65_536]) if essence == "image/svg+xml" else None
    text = title.group(1).decode("utf-8", "replace") if title else None
    shown = f"{size[0]} × {size[1]} px, " if size else ""
    name = f" {file_name}" if file_name else ""
    line = f"Image{name}: {essence}, {shown}{len(body)} bytes." + (f" {text}" if text else "")
    fields = {"size_bytes": len(body)} | ({"width": size[0], "height": size[1]} if size else {})
    return Reading(markdown=line, title=text or file_name, fields=fields)


def dimensions(body: bytes, essence: str) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, JPEG, WebP or SVG; None when the header does not tell."""
    reader = {
        "image/png": _png,
        "image/gif": _gif,
        "image/jpeg": _jpeg,
        "image/webp": _webp,
        "image/svg+xml": _svg,
    }
    try:
        return reader[essence](body) if essence in reader else None
    except struct.error:
        return None


def _png(body: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack_from(">II", body, 16)
    return (width, height) if body[12:16] == b"IHDR" else None


def _gif(body: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack_from("<HH", body, 6)
    return width, height


def _jpeg(body: bytes) -> tuple[int, int] | None:
    """Walk the segments to the first frame header (ITU T.81 B.2.2)."""
    position = 2
    while position + 9 <= len(body) and body[position] == 0xFF:
        marker = body[position + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, position + 5)
            return width, height
        (length,) = struct.unpack_from(">H", body, position + 2)
        position += 2 + max(2, length)
    return None


def _webp(body: bytes) -> tuple[int, int] | None:
    """RFC 9649 2.5 to 2.7: lossy, lossless and extended headers."""
    chunk = body[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 26)
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 21)
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if chunk == b"VP8X" and len(body) >= 30:
        return int.from_bytes(body[24:27], "little") + 1, int.from_bytes(body[27:30], "little") + 1
    return None


def _svg(body: bytes) -> tuple[int, int] | None:
    opening = body[: body.find(b">", max(0, body.find(b"<svg"))) + 1][:16_384]
    named = {name.lower(): int(value) for name, value in _SVG_NUMBER.findall(opening)}
    if b"width" in named and b"height" in named:
        return named[b"width"], named[b"height"]
    box = _SVG_BOX.search(opening)
    return (int(box.group(1)), int(box.group(2))) if box else None
