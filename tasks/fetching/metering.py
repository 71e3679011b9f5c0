"""Counting the bytes of one HTTP answer as they arrive, before the HTTP parser sees them.

The parser hides interim (1xx) responses and bounds one header block only loosely, so both are bounded here.
"""

import re

from tasks.fetching.decoding import too_large
from tasks.fetching.errors import HeaderTooLarge, ProtocolError
from tasks.fetching.limits import Limits

BLANK_LINE = re.compile(rb"\n\r?\n")  # a bare LF ends a line too (RFC 9112 section 2.2)
LONGEST_BLANK_LINE = 3
STATUS_DIGITS = slice(9, 12)  # of "HTTP/1.1 200 OK"
LAST_CHUNK = b"0\r\n\r\n"


class AnswerMeter:
    """What has been read of the answer to one request.

    `n_bytes`: everything; `head_bytes`: status lines and header fields of interim and final responses;
    `body_bytes`: what came after, chunk framing included.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head = bytearray()
        self._n_interim = 0
        self._tail = b""
        self.n_bytes = 0
        self.head_bytes = 0
        self.body_bytes = 0
        self.is_head_complete = False

    def feed(self, data: bytes) -> None:
        """Counts `data`.

        Raises: HeaderTooLarge, BodyTooLarge (`what` wire), ProtocolError for more interim responses than
        allowed and for a peer that does not begin with a status line.
        """
        self.n_bytes += len(data)
        if self.is_head_complete:
            self._count_body(data)
            return
        searched = max(0, len(self._head) - LONGEST_BLANK_LINE + 1)
        self._head += data
        while blank := BLANK_LINE.search(self._head, searched):
            searched = 0
            if self._end_head(blank.end()):
                return
        self._check_head(self.head_bytes + len(self._head))

    def ends_cleanly(self, content_length: int | None) -> bool:
        """Whether a complete answer was followed by nothing, so that the connection may be used again.

        Bytes after the end would be read as the answer to the next request (RFC 9112 section 11.1).
        """
        return self.body_bytes in (0, content_length) or self._tail == LAST_CHUNK

    def _end_head(self, size: int) -> bool:
        """Whether the header that ends after `size` bytes is that of the final response."""
        self.head_bytes += size
        self._check_head(self.head_bytes)
        code = bytes(self._head[STATUS_DIGITS])
        rest = bytes(self._head[size:])
        self._head.clear()
        if code.startswith(b"1") and code != b"101":
            self._count_interim()
            self._head += rest
            return False
        self.is_head_complete = True
        self._count_body(rest)
        return True

    def _count_interim(self) -> None:
        self._n_interim += 1
        if self._n_interim > self._limits.interim_responses:
            raise ProtocolError(
                f"the server sent more than {self._limits.interim_responses} interim responses"
            )

    def _check_head(self, size: int) -> None:
        if size > self._limits.header_bytes:
            raise HeaderTooLarge(
                f"the response header is larger than {self._limits.header_bytes} bytes",
                bytes_seen=size,
                limit_bytes=self._limits.header_bytes,
            )
        if not b"HTTP/".startswith(self._head[:5]):
            raise ProtocolError("the server does not speak HTTP/1")

    def _count_body(self, data: bytes) -> None:
        self.body_bytes += len(data)
        self._tail = (self._tail + data[-len(LAST_CHUNK) :])[-len(LAST_CHUNK) :]
        if self.body_bytes > self._limits.wire_bytes:
            raise too_large("wire", self.body_bytes, self._limits.wire_bytes)
