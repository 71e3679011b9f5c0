"""Published signing keys: JWK thumbprints (RFC 7638, RFC 8037) and the key directory of an agent.

A directory is a JWK Set (RFC 7517 section 5) that a stranger serves. A key that cannot be used is left out,
since agents may publish keys of other kinds beside ours; a directory that is no JWK Set is refused whole.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DIRECTORY_PATH = "/.well-known/http-message-signatures-directory"
DIRECTORY_TYPE = "application/http-message-signatures-directory+json"
MAX_DIRECTORY_BYTES = 64 * 1024
MAX_KEYS = 64

PUBLISHED_TEST_KEYS = frozenset({"poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U"})
"""Keys whose private half is printed in a standard (RFC 9421 B.1.4), by thumbprint: anybody holds them."""


class InvalidDirectory(ValueError):
    """The answer is no key directory; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """A key of a directory. `not_before`, `not_after`: seconds since 1970, None for no bound."""

    public_key: Ed25519PublicKey
    not_before: float | None = None
    not_after: float | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """False before `not_before`, and from `not_after` on."""
        at = now.timestamp()
        has_begun = self.not_before is None or self.not_before <= at
        return has_begun and (self.not_after is None or at < self.not_after)


def thumbprint(public_key: Ed25519PublicKey) -> str:
    """The JWK thumbprint of a key: SHA-256 over its required members in their one form, as base64url."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public_key.public_bytes_raw())}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def read_directory(body: bytes) -> dict[str, PublishedKey]:
    """The Ed25519 keys of a directory by their thumbprint; what it calls them itself (`kid`) is not asked.

    Raises: InvalidDirectory for anything that is no JWK Set, is too long or has too many keys.
    """
    if len(body) > MAX_DIRECTORY_BYTES:
        raise InvalidDirectory(f"it is longer than {MAX_DIRECTORY_BYTES} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise InvalidDirectory("it is not JSON") from exc
    jwks = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(jwks, list):
        raise InvalidDirectory("it has no list of keys")
    if len(jwks) > MAX_KEYS:
        raise InvalidDirectory(f"it has more than {MAX_KEYS} keys")
    usable = (_published(jwk) for jwk in jwks if isinstance(jwk, dict))
    return {thumbprint(key.public_key): key for key in usable if key is not None}


def _published(jwk: Mapping[str, Any]) -> PublishedKey | None:
    fits = jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519"
    is_for_signing = jwk.get("use") in (None, "sig") and jwk.get("alg") in (None, "EdDSA", "Ed25519")
    # whoever publishes the private half shares the key with everybody
    if not fits or not is_for_signing or "d" in jwk:
        return None
    raw = _public_bytes(jwk.get("x"))
    bounds = jwk.get("nbf"), jwk.get("exp")
    if raw is None or not all(_is_time(bound) for bound in bounds):
        return None
    return PublishedKey(
        public_key=Ed25519PublicKey.from_public_bytes(raw), not_before=bounds[0], not_after=bounds[1]
    )


def _public_bytes(text: object) -> bytes | None:
    if not isinstance(text, str) or len(text) != 43:
        return None
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if _base64url(raw) == text else None  # one spelling for a key, or it had two thumbprints


def _is_time(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
