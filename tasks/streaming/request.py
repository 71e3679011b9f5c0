"""An HTTP request as the stream endpoints see it, from an ASGI scope."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_QUERY_FIELDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRequest:
    """`headers` have lower-case names; a repeated one is joined as RFC 9110 §5.3 says, cookies as RFC 9113
    §8.2.3. `task_id` is None when the path does not hold one."""

    method: str
    path: str
    task_id: UUID | None
    headers: Mapping[str, str]
    query: Mapping[str, str]


def read_request(scope: Scope, read_name: Callable[[str], UUID | None] | None = None) -> StreamRequest:
    """The request of an HTTP scope that Channels' URLRouter has matched. `read_name` tells the key of a task
    from its name in the path; without it that is the UUID with hyphens."""
    name = scope["url_route"]["kwargs"].get("task_id", "")
    return StreamRequest(
        method=scope["method"],
        path=scope["path"],
        task_id=(read_name or _uuid)(name),
        headers=_headers(scope["headers"]),
        query=_query(scope.get("query_string", b"")),
    )


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value
    return headers


def _query(raw: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(raw.decode("latin-1"), max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:  # too many fields: nobody who means well sends that many
        return {}


def _uuid(text: str) -> UUID | None:
    """Only the form with hyphens: the same task must not have many addresses."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
