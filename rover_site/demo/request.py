"""Reading requests off a connection: the small part of HTTP/1.1 that the demo site needs (RFC 9112)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 1024 * 1024


class BadRequest(Exception):
    """The bytes are no request that this server takes; the connection ends with a 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `path` is percent-decoded, `target` is as sent, header names are lower case."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    keep_alive: bool = True

    @property
    def accepts_gzip(self) -> bool:
        return "gzip" in self.headers.get("accept-encoding", "").lower()

    @property
    def form(self) -> dict[str, str]:
        """Fields of an urlencoded body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(slots=True)
class RequestReader:
    """Cuts a byte stream into requests; feed it what arrives, take what is complete."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[Request]:
        """Each request completed by `data`, in order. Raises: BadRequest."""
        self._buffer += data
        while (request := self._take()) is not None:
            yield request

    def _take(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BadRequest("head too large")
            return None
        request = _parse_head(bytes(self._buffer[:end]))
        length = _body_length(request.headers)
        total = end + 4 + length
        if len(self._buffer) < total:
            return None
        body = bytes(self._buffer[end + 4 : total])
        del self._buffer[:total]
        return _with_body(request, body) if length else request


def _parse_head(head: bytes) -> Request:
    first, *rest = head.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[0].isalpha() or parts[2] not in {"HTTP/1.1", "HTTP/1.0"}:
        raise BadRequest("no request line")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("no header line")
        headers[name.lower()] = value.strip()
    split = _split(parts[1])
    stays = "close" if parts[2] == "HTTP/1.0" else "keep-alive"
    return Request(
        method=parts[0].upper(),
        target=parts[1],
        path=unquote(split[0]) or "/",
        query=dict(parse_qsl(split[1], keep_blank_values=True)) if split[1] else {},
        headers=headers,
        keep_alive=headers.get("connection", stays).lower() != "close",
    )


def _split(target: str) -> tuple[str, str]:
    try:
        split = urlsplit(target) if "://" in target else urlsplit("//h" + target)
    except ValueError as error:
        raise BadRequest("no target") from error
    return split.path, split.query


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest("chunked bodies are not taken")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_BODY_BYTES:
        raise BadRequest("bad body length")
    return int(text)


def _with_body(request: Request, body: bytes) -> Request:
    return Request(
        method=request.method,
        target=request.target,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=body,
        keep_alive=request.keep_alive,
    )
