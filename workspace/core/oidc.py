"""The rules for a JWT of an OpenID Connect issuer: what it may look like, which keys fit it, whom it names.

RoverError
├── InvalidToken
│   └── InvalidJwt      it is not good; the challenge says why in general words
├── Forbidden
│   └── UnknownOwner    it is good, but its subject is no owner here
├── IssuerUnavailable   nobody can tell now: the issuer's keys cannot be read
├── InvalidIdentity     a subject or issuer that no token could carry
└── IdentityTaken       the subject belongs to another owner
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from workspace.core.credentials import Forbidden, InvalidToken
from workspace.core.errors import ErrorKind, RoverError

MAX_CHARACTERS = 16 * 1024
MAX_ISSUER = 500
MAX_SUBJECT = 255
LEEWAY_SECONDS = 60
"""How far the issuer's clock may be ahead of ours. It does not lengthen a token's life."""
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The key type and curve of each algorithm that is accepted (RFC 7518 §3.1, RFC 8037 §3.1). All are
asymmetric: with HS256 anybody could sign, since the keys are public."""
_TYPES = frozenset({"jwt", "at+jwt"})
_THREE_PARTS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_USERNAME = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+")
_MAX_USERNAME = 150


class Flaw(StrEnum):
    """Why a JWT is refused. What concerns its claims is told only about one whose signature is good; the
    words for everything before that do not say which step failed."""

    TOO_LONG = "the token is too long"
    MALFORMED = "the token is malformed"
    SIGNATURE = "the signature of the token cannot be verified"
    ISSUER = "the token is of another issuer"
    AUDIENCE = "the token is for another audience"
    NO_END = "the token has no exp"
    EXPIRED = "the token has expired"
    EARLY = "the token is not valid yet"
    SUBJECT = "the token has no sub that can be used"
    OWNER = "the owner of the token may not sign in any more"


class InvalidJwt(InvalidToken):
    """`message` is a `Flaw`: it goes into the challenge as error_description (RFC 6750 §3), whose characters
    are limited, so nothing that a caller sent may be in it."""

    def __init__(self, message: str, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.challenge = f'{InvalidToken.challenge}, error_description="{message}"'


class UnknownOwner(Forbidden):
    code = "unknown_owner"


class IssuerUnavailable(RoverError):
    code = "issuer_unavailable"
    kind = ErrorKind.UNAVAILABLE
    retryable = True


class InvalidIdentity(RoverError):
    code = "invalid_identity"
    kind = ErrorKind.INVALID


class IdentityTaken(RoverError):
    code = "identity_taken"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header of a JWT says about its signature. `kid` is only ever compared, never looked up by."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """Whom a verified JWT names. `email` is '' unless the issuer says that it has verified it."""

    issuer: str
    subject: str
    email: str = ""


def looks_like_jwt(token: str) -> bool:
    """True for what is meant as a JWT in its compact form: three parts (RFC 7515 §3.1)."""
    return token.count(".") == 2


def check_shape(token: str) -> None:
    """Pass what is short enough and consists of three parts in base64url. Nothing is decoded.

    Raises:
        InvalidJwt: it is not so.
    """
    if len(token) > MAX_CHARACTERS:
        raise InvalidJwt(Flaw.TOO_LONG)
    if not _THREE_PARTS.fullmatch(token):
        raise InvalidJwt(Flaw.MALFORMED)


def header_read(raw: Mapping[str, Any]) -> Header:
    """The header of a JWT, of which nothing is trusted yet. `jwk`, `jku` and `x5u`, by which a token brings
    its own key, are not looked at.

    Raises:
        InvalidJwt: the algorithm is not among `ALGORITHMS`; an extension is marked as critical
            (RFC 7515 §4.1.11: none is understood here); or `typ` says that it is no token of access or
            identity but, say, a notice of sign-out (RFC 8725 §3.11).
    """
    algorithm, kid, typ = raw.get("alg"), raw.get("kid"), raw.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidJwt(Flaw.SIGNATURE)
    if "crit" in raw or "b64" in raw or not isinstance(kid, str | None):
        raise InvalidJwt(Flaw.MALFORMED)
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in _TYPES:
        raise InvalidJwt(Flaw.MALFORMED)
    return Header(algorithm=algorithm, kid=kid)


def fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """True when a published key may verify this algorithm: type and curve are the algorithm's, and the key's
    own `use`, `key_ops` and `alg`, where it has them, allow it (RFC 7517 §4.2 to §4.4)."""
    key_type, curve = ALGORITHMS[algorithm]
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == key_type
        and (curve is None or jwk.get("crv") == curve)
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and jwk.get("alg", algorithm) == algorithm
    )


def claims_read(claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime) -> Claimed:
    """Whom the claims of a JWT with a good signature name.

    `iss` is exactly `issuer`; `aud` is `audience` or a list with it; `exp` is there and ahead of `now`; `nbf`
    and `iat`, where they are there, are at most `LEEWAY_SECONDS` ahead of it; `sub` is a usable name.

    Raises:
        InvalidJwt: one of these does not hold.
    """
    if claims.get("iss") != issuer:
        raise InvalidJwt(Flaw.ISSUER)
    if not _contains(claims.get("aud"), audience):
        raise InvalidJwt(Flaw.AUDIENCE)
    _check_times(claims, now.timestamp())
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise InvalidJwt(Flaw.SUBJECT)
    email = claims.get("email")
    is_verified = isinstance(email, str) and claims.get("email_verified") is True
    return Claimed(issuer=issuer, subject=subject, email=str(email) if is_verified else "")


def is_subject(text: str) -> bool:
    """True for a name of 1 to 255 printable characters: what is not printable (a NUL, half a surrogate pair)
    no database would take."""
    return 0 < len(text) <= MAX_SUBJECT and text.isprintable() and not text.isspace()


def usernames(claimed: Claimed) -> list[str]:
    """What a new owner may be called, best first: the verified e-mail address, then a digest of the identity,
    short and in full. An address with letters beyond ASCII is passed over: it could look like another's."""
    digest = hashlib.sha256(f"{claimed.issuer}|{claimed.subject}".encode()).hexdigest()
    names = [f"oidc-{digest[:12]}", f"oidc-{digest}"]
    email = claimed.email
    return [email, *names] if len(email) <= _MAX_USERNAME and _USERNAME.fullmatch(email) else names


def is_trustworthy_url(url: str) -> bool:
    """True for an address whose answers nobody on the way can forge: https, or http to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or "")))


def is_loopback(host: str) -> bool:
    """True for `localhost` and the loopback addresses."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _contains(claimed: object, audience: str) -> bool:
    return audience in claimed if isinstance(claimed, list) else claimed == audience


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    end = claims.get("exp")
    if end is None:
        raise InvalidJwt(Flaw.NO_END)
    if _seconds(end) <= now:
        raise InvalidJwt(Flaw.EXPIRED)
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims[name]) > now + LEEWAY_SECONDS:
            raise InvalidJwt(Flaw.EARLY)


def _seconds(value: object) -> int | float:
    """A NumericDate (RFC 7519 §2): seconds since 1970, with or without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidJwt(Flaw.MALFORMED)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidJwt(Flaw.MALFORMED)
    return value
