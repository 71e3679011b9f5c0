"""Tokens of browser sessions: `rvrsess_<claims>.<signature>`, claims as base64url JSON that a page can read.

Signed with HMAC-SHA256 under the server's secret. They say whose page it is, never who may read what: that is
looked up each time.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from workspace.core.credentials import Unauthenticated

PREFIX = "rvrsess_"
_STREAM = "stream"
LIFETIME = timedelta(minutes=10)
PROOF_LIFETIME = timedelta(days=30)
"""For so long after its end a token still proves whose session it was, and opens that one again."""
MAX_CHARS = 4_096


class SessionTokenInvalid(Unauthenticated):
    """Not a token of this server, or changed on the way."""

    code = "SESSION_TOKEN_INVALID"


class SessionTokenExpired(Unauthenticated):
    """Its time is over; the page opens a new one."""

    code = "SESSION_TOKEN_EXPIRED"
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaims:
    """What a token says. `sid`: the session; `site_id`: its site's public id; `host`: that of the page.
    `is_stream`: it reads the session and does nothing: it stands in the address of a stream."""

    sid: str
    site_id: str
    host: str
    expires_at: datetime
    is_stream: bool = False


def sign_session(claims: SessionClaims, *, secret: bytes) -> str:
    """The token that says so."""
    told = {
        "sid": claims.sid,
        "siteId": claims.site_id,
        "host": claims.host,
        "exp": int(claims.expires_at.timestamp()),
    } | ({"scope": _STREAM} if claims.is_stream else {})
    body = _encode(json.dumps(told, separators=(",", ":")).encode())
    return f"{PREFIX}{body}.{_signature(body, secret)}"


def read_session(
    token: str, *, secret: bytes, now: datetime, grace: timedelta = timedelta(0)
) -> SessionClaims:
    """What a token says, if it is one of ours. `grace`: how long ago it may have expired.

    Raises:
        SessionTokenInvalid, SessionTokenExpired.
    """
    body, _, signature = token.removeprefix(PREFIX).partition(".")
    is_shaped = token.startswith(PREFIX) and len(token) <= MAX_CHARS and token.isascii()
    if not (is_shaped and hmac.compare_digest(signature, _signature(body, secret))):
        raise SessionTokenInvalid("This is no session token of this server.")
    claims = _claims(body)
    if claims.expires_at + grace <= now:
        raise SessionTokenExpired("The session token has expired; open the session again.")
    return claims


def _claims(body: str) -> SessionClaims:
    try:
        told: Mapping[str, Any] = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return SessionClaims(
            sid=str(told["sid"]),
            site_id=str(told["siteId"]),
            host=str(told["host"]),
            expires_at=datetime.fromtimestamp(told["exp"], UTC),
            is_stream=told.get("scope") == _STREAM,
        )
    # one that another version of this server signed
    except (ValueError, KeyError, TypeError, OverflowError, Base64Error) as exc:
        raise SessionTokenInvalid("The session token cannot be read.") from exc


def _signature(body: str, secret: bytes) -> str:
    return _encode(hmac.new(b"rover.session." + secret, body.encode(), sha256).digest())


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
