"""Content codings undone in a stream, never past a bound (RFC 9110 section 8.4.1).

Only what we ask for is undone: gzip and deflate, one at a time. Each step gives zlib the number of bytes it
may still produce, so that a bomb costs the memory of the bound and not that of its content.
"""

import zlib
from collections.abc import Iterable
from typing import Protocol

from tasks.fetching.errors import BodyTooLarge, DecodeFailed, Truncated
from tasks.fetching.limits import Limits

ACCEPT_ENCODING = "gzip, deflate"  # br and zstd have no bounded decoder in the standard library of 3.11

GZIP_WINDOW = 16 + zlib.MAX_WBITS
GZIP_MAGIC = b"\x1f\x8b"
GZIP_MEMBERS = 1000  # block-wise gzip of 20 MiB has 320; more members only burn CPU
ZLIB_HEADER_BYTES = 2


class _Inflater(Protocol):
    def feed(self, chunk: bytes, room: int) -> bytes:
        """At most `room` decoded bytes; raises zlib.error, DecodeFailed."""

    def is_complete(self) -> bool:
        """Whether the input may end here."""


class BodyDecoder:
    """Decodes one body chunk by chunk, and counts what goes in and out.

    `encodings`: the values of all Content-Encoding fields in order; `identity` and empty members are skipped.

    Raises: DecodeFailed for a coding that we never ask for, or more than one.
    """

    def __init__(self, encodings: Iterable[str], limits: Limits) -> None:
        self._limits = limits
        self._inflater = _inflater_for(encodings)
        self.wire_bytes = 0
        self.decoded_bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that `chunk` decodes to, possibly none.

        Raises: BodyTooLarge (`what` is wire, decoded or ratio), DecodeFailed when the bytes break the coding.
        """
        self.wire_bytes += len(chunk)
        if self.wire_bytes > self._limits.wire_bytes:
            raise too_large("wire", self.wire_bytes, self._limits.wire_bytes)
        if not chunk:
            return b""
        if self._inflater is None:
            decoded = chunk
        else:
            # One byte more than allowed: that byte is how an excess shows.
            decoded = _inflate(self._inflater, chunk, self._allowed_bytes() - self.decoded_bytes + 1)
        self.decoded_bytes += len(decoded)
        self._check_size()
        return decoded

    def finish(self) -> bytes:
        """What was held back, after the last chunk. An empty body is complete in every coding.

        Raises: Truncated when the coded stream has no end; DecodeFailed.
        """
        if self._inflater is not None and self.wire_bytes and not self._inflater.is_complete():
            raise Truncated("the compressed body ended early", bytes_seen=self.wire_bytes)
        return b""

    def _allowed_bytes(self) -> int:
        if self._inflater is None:
            return self._limits.decoded_bytes
        by_ratio = max(self._limits.ratio_floor_bytes, self._limits.ratio * self.wire_bytes)
        return min(self._limits.decoded_bytes, by_ratio)

    def _check_size(self) -> None:
        allowed = self._allowed_bytes()
        if self.decoded_bytes > allowed:
            what = "decoded" if allowed == self._limits.decoded_bytes else "ratio"
            raise too_large(what, self.decoded_bytes, allowed)


def too_large(what: str, bytes_seen: int, limit_bytes: int) -> BodyTooLarge:
    """The error for a body over its bound; `what` is wire, decoded or ratio."""
    return BodyTooLarge(
        f"the body is larger than {limit_bytes} bytes ({what})",
        bytes_seen=bytes_seen,
        limit_bytes=limit_bytes,
        what=what,
    )


def _inflate(inflater: _Inflater, chunk: bytes, room: int) -> bytes:
    try:
        return inflater.feed(chunk, room)
    except zlib.error as exc:
        raise DecodeFailed("the body does not match its Content-Encoding") from exc


def _inflater_for(encodings: Iterable[str]) -> _Inflater | None:
    names = [name for value in encodings for part in value.split(",") if (name := part.strip().lower())]
    codings = [name for name in names if name != "identity"]
    if not codings:
        return None
    if len(codings) > 1:
        raise DecodeFailed("the body has more than one content coding")
    match codings[0]:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case _:
            raise DecodeFailed("the body has a content coding that was not asked for")


class _Gzip:
    """gzip with its concatenated members (RFC 1952 section 2.2). Bytes that start no member end the stream:
    some servers pad, and user agents ignore it."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(GZIP_WINDOW)
        self._n_members = 1
        self._between = b""  # input after a member that is too short to tell what it is
        self._is_over = False

    def feed(self, chunk: bytes, room: int) -> bytes:
        parts: list[bytes] = []
        while chunk and room > 0 and not self._is_over:
            if self._member.eof and not (chunk := self._next_member(chunk)):
                break
            part = self._member.decompress(chunk, room)
            parts.append(part)
            room -= len(part)
            chunk = self._member.unused_data
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next_member(self, chunk: bytes) -> bytes:
        chunk = self._between + chunk
        self._between = b""
        if not GZIP_MAGIC.startswith(chunk[:2]):
            self._is_over = True
            return b""
        if len(chunk) < len(GZIP_MAGIC):
            self._between = chunk
            return b""
        self._n_members += 1
        if self._n_members > GZIP_MEMBERS:
            raise DecodeFailed("the compressed body has too many members")
        self._member = zlib.decompressobj(GZIP_WINDOW)
        return chunk

    def is_complete(self) -> bool:
        return self._member.eof


class _Deflate:
    """The zlib format, or raw deflate, which servers send under the same name (RFC 9110 section 8.4.1.2)."""

    def __init__(self) -> None:
        self._stream: zlib._Decompress | None = None
        self._start = b""

    def feed(self, chunk: bytes, room: int) -> bytes:
        if self._stream is not None:
            return b"" if self._stream.eof else self._stream.decompress(chunk, room)
        self._start += chunk
        if len(self._start) < ZLIB_HEADER_BYTES:
            return b""
        return self._begin(self._start, room)

    def _begin(self, start: bytes, room: int) -> bytes:
        self._start = b""
        if _has_zlib_header(start):
            try:
                self._stream = zlib.decompressobj(zlib.MAX_WBITS)
                return self._stream.decompress(start, room)
            except zlib.error:
                pass  # a raw stream can begin with the same two bytes: read it as one below
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._stream.decompress(start, room)

    def is_complete(self) -> bool:
        return self._stream is not None and self._stream.eof


def _has_zlib_header(start: bytes) -> bool:
    """RFC 1950 section 2.2: method 8, window up to 32 KiB, and the two bytes divisible by 31."""
    method_and_window, flags = start[0], start[1]
    is_deflate = method_and_window & 0x0F == 8 and method_and_window >> 4 <= 7
    return is_deflate and (method_and_window << 8 | flags) % 31 == 0
