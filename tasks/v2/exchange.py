"""One request of a page, and the answers that all of these paths share.

Tokens travel in the body or in the Authorization header, never in cookies, so any origin may ask: what a key
or a session is good for is judged by what they say, and by the Origin that the browser tells.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.core.runtime.fields import refused
from tasks.streaming.replies import Replies
from tasks.streaming.request import Receive, Scope, StreamRequest, read_request
from tasks.v1.agents.exchange import decoded, read_body
from workspace.core.fields import FieldError

MAX_BODY_BYTES = 256 * 1024
MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Of a body that holds a page or a snapshot."""
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Idempotent-Replay, Retry-After, X-Request-Id",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Last-Event-ID, X-Rover-Session-Id, X-Rover-Site-Id, X-Rover-Host"
    ),
    "Access-Control-Max-Age": "86400",
}
REPLIES = Replies(
    CORS
    | {
        "Vary": "Authorization, Origin",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "X-Content-Type-Options": "nosniff",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with its body. `address`: the client's IP address, '' when there is none."""

    request: StreamRequest
    body: bytes
    address: str

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    @property
    def origin(self) -> str:
        """The page's origin as its browser tells it, else its referrer; 'null' for a page that hides both, as
        in a sandboxed frame; '' where nothing is said."""
        headers = self.request.headers
        origin = headers.get("origin", "")
        return origin if origin and origin != "null" else headers.get("referer", origin)

    @property
    def bearer(self) -> str:
        """The token of the Authorization header."""
        scheme, _, token = self.request.headers.get("authorization", "").strip().partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def fields(self) -> dict[str, Any]:
        """What the body says, whatever content type it came with, else the query; with the token of the
        header where nothing else names one.

        Raises:
            InvalidArgument: the body is no JSON object.
        """
        told = self._body() if self.body.strip() else dict(self.request.query)
        is_named = any(told.get(name) for name in ("sessionToken", "streamToken"))
        return told if is_named or not self.bearer else told | {"sessionToken": self.bearer}

    def _body(self) -> dict[str, Any]:
        try:
            told = decoded(self.body)
        except ValueError as exc:
            raise refused([FieldError("", str(exc), "not_json")]) from None
        if not isinstance(told, dict):
            raise refused([FieldError("", "Must be an object with named fields.", "wrong_type")])
        return told


async def read_call(scope: Scope, receive: Receive, *, maximum: int) -> Call:
    """The whole request.

    Raises:
        BodyTooLarge: more than `maximum` bytes.
        ClientLeft: there is nobody to answer.
    """
    request = read_request(scope)
    client = scope.get("client")
    return Call(
        request=request,
        body=await read_body(receive, maximum=maximum),
        address=client[0] if client else "",
    )


def event(name: str, data: Mapping[str, Any]) -> bytes:
    """A server-sent event without an id: a reader that comes back says itself what it has."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return f"event: {name}\ndata: {text}\n\n".encode()
