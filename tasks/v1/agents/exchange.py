"""One request of an agent, read whole and bounded, and the answers that all of these paths share."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tasks.core.http_signatures import SignedRequest
from tasks.core.public_errors import BodyTooLarge, InvalidRequest
from tasks.streaming.replies import Replies
from tasks.streaming.request import Receive, Scope, StreamRequest, read_request

MAX_BODY_BYTES = 256 * 1024
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Location, Preference-Applied, Retry-After, Idempotency-Replayed, Signature-Error, X-Request-Id"
    ),
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, Prefer, Idempotency-Key, Last-Event-ID, Signature, "
        "Signature-Input, Signature-Agent, Content-Digest, X-RTRVR-Client-Id, X-RTRVR-Agent-Id, "
        "X-RTRVR-Agent-Key, X-Client-Id"
    ),
    "Access-Control-Max-Age": "86400",
}
# An address of a task may hold its token: nobody keeps it, nobody passes it on, nobody lists it.
REPLIES = Replies(
    CORS
    | {
        "Vary": "Accept, Authorization, Prefer",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
)


class ClientLeft(Exception):
    """The client was gone before its request was complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request with its body. `address`: the client's IP address, '' when there is none. `lines`: the header
    lines as they came; `raw_target`: path and query byte for byte; `event`: the event that the path names."""

    request: StreamRequest
    body: bytes
    address: str
    lines: tuple[tuple[str, str], ...]
    raw_target: str
    event: str = ""

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names; repeated lines are joined."""
        return self.request.headers

    @property
    def task_id(self) -> UUID | None:
        """The task that the path names."""
        return self.request.task_id

    def lines_of(self, name: str) -> list[str]:
        """The values of a header, one for each line of it."""
        return [value for found, value in self.lines if found == name]

    def json(self) -> Any:
        """The decoded body, whatever content type it came with. Raises InvalidRequest."""
        try:
            return decoded(self.body)
        except ValueError as exc:
            raise InvalidRequest(str(exc), errors=[]) from None

    def signed(self, base_url: str) -> SignedRequest:
        """The request as its sender may have signed it: by the address that the outside knows."""
        origin = base_url.rstrip("/")
        return SignedRequest(
            method=self.method, url=origin + self.raw_target, headers=self.lines, body=self.body
        )


def decoded(body: bytes) -> Any:
    """The value of a JSON body. Raises ValueError with a sentence for its sender."""
    try:
        return json.loads(body, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except _NotOurs:
        raise
    except (ValueError, RecursionError):
        raise _NotOurs("The body is not JSON in UTF-8.") from None


class _NotOurs(ValueError):
    """JSON that we do not take, with a sentence for its sender."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotOurs("The body has a member twice.")
    return found


def _no_constant(name: str) -> Any:
    raise _NotOurs(f"{name} is no JSON value.")


async def read_exchange(
    scope: Scope, receive: Receive, read_name: Callable[[str], UUID | None], event: str = ""
) -> Exchange:
    """The whole request; `read_name` tells the key of a log from its name in the path.

    Raises:
        BodyTooLarge: more than 256 KiB; the rest is not read.
        ClientLeft: there is nobody to answer.
    """
    request = read_request(scope, read_name)
    client = scope.get("client")
    lines = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
    )
    raw_path = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    target = raw_path.partition(b"?")[0] + (b"?" + query if query else b"")
    body = await read_body(receive)
    return Exchange(
        request=request,
        body=body,
        address=client[0] if client else "",
        lines=lines,
        raw_target=target.decode("latin-1"),
        event=event,
    )


async def read_body(receive: Receive, *, maximum: int = MAX_BODY_BYTES) -> bytes:
    """The whole body of a request.

    Raises:
        BodyTooLarge: more than `maximum` bytes; the rest is not read.
        ClientLeft: there is nobody to answer.
    """
    parts: list[bytes] = []
    size = 0
    while (message := await receive())["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size > maximum:
            raise BodyTooLarge(f"A body has at most {maximum:,} bytes.", maximum=maximum)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
    raise ClientLeft
