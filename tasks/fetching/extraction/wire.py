"""How an owner and an extraction child talk: a JSON head and a raw body over one stream socket.

JSON instead of pickle: a child reads hostile bytes, so what it answers must not be able to run code here.
"""

import json
import socket
import struct
from typing import Any, Final

from tasks.fetching.errors import ExtractFailed, FetchError, UnsupportedContent
from tasks.fetching.extraction.document import Document, Effort, Source

MAX_FRAME_BYTES: Final = 128 * 1024 * 1024
PREFIX: Final = struct.Struct(">II")

_ERRORS: Final[dict[str, type[FetchError]]] = {
    error.code: error for error in (ExtractFailed, UnsupportedContent)
}


def pack(head: dict[str, Any], body_length: int) -> bytes:
    """The bytes of a frame that go before its body of `body_length` bytes."""
    encoded = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return PREFIX.pack(len(encoded), body_length) + encoded


def receive(stream: socket.socket) -> tuple[dict[str, Any], bytearray] | None:
    """The next frame of a blocking `stream` as head and body; None when the other side has closed."""
    prefix = _exactly(stream, PREFIX.size)
    if prefix is None:
        return None
    head_length, body_length = PREFIX.unpack(prefix)
    head, body = _exactly(stream, head_length), _exactly(stream, body_length)
    if head is None or body is None:
        return None
    return json.loads(head), body


def _exactly(stream: socket.socket, size: int) -> bytearray | None:
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = stream.recv_into(view)
        if count == 0:
            return None
        view = view[count:]
    return received


def request_head(source: Source, effort: Effort) -> dict[str, Any]:
    """What a child needs to know beside the body."""
    return {
        "url": source.url,
        "content_type": source.content_type,
        "content_disposition": source.content_disposition,
        "effort": effort.value,
    }


def request_source(head: dict[str, Any], body: bytes) -> tuple[Source, Effort]:
    """The inverse of `request_head`."""
    source = Source(
        body=body,
        url=head["url"],
        content_type=head["content_type"],
        content_disposition=head["content_disposition"],
    )
    return source, Effort(head["effort"])


def document_head(document: Document) -> dict[str, Any]:
    """Every field but the Markdown, which travels as the body."""
    return {
        "title": document.title,
        "metadata": document.metadata,
        "links": document.links,
        "content_hash": document.content_hash,
        "tokens": document.tokens,
        "tokenizer": document.tokenizer,
        "quality": document.quality,
        "flags": document.flags,
        "kind": document.kind,
        "extractor": document.extractor,
    }


def error_head(error: FetchError) -> dict[str, Any]:
    """An expected failure, to be raised again on the other side."""
    return {"code": error.code, "message": error.message, "data": error.data}


def read_reply(head: dict[str, Any], body: bytes) -> Document:
    """The document of a child's reply.

    Raises:
        UnsupportedContent, ExtractFailed: what the child raised.
        KeyError, TypeError, ValueError: the reply is malformed.
    """
    failure = head.get("error")
    if failure is not None:
        raise _ERRORS[failure["code"]](failure["message"], **failure["data"])
    fields = head["document"]
    return Document(
        markdown=body.decode("utf-8"),
        **{**fields, "links": tuple(fields["links"]), "flags": tuple(fields["flags"])},
    )
