"""Verifying JWTs with the keys that an OpenID Connect issuer publishes.

Keys are kept in the process: reading them again costs a request to the issuer and changes no answer. Who
calls with made-up key ids must not make this server ask the issuer again and again, so every reading has its
time.
"""

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from workspace.core.oidc import (
    ALGORITHMS,
    Claimed,
    Flaw,
    Header,
    InvalidJwt,
    IssuerUnavailable,
    check_shape,
    claims_read,
    fits,
    header_read,
    is_loopback,
    is_trustworthy_url,
)

logger = logging.getLogger(__name__)

Read = Callable[[], object]
"""Reads a key set (RFC 7517 §5). Raises OSError, ValueError, HTTPException or RecursionError."""

DISCOVERY = "/.well-known/openid-configuration"
FETCH_SECONDS = 5
MAX_BYTES = 256 * 1024
FRESH_SECONDS = 300
STALE_SECONDS = 3600
UNKNOWN_KID_SECONDS = 30
RETRY_SECONDS = 5
MAX_RETRY_SECONDS = 60
LEAST_RSA_BITS = 2048
_KEY_MEMBERS = ("kty", "n", "e", "crv", "x", "y")
_OTHER_MEMBERS = ("kid", "use", "key_ops", "alg")
_DEFAULT_ALGORITHM = {"RSA": "RS256", "EC": None, "OKP": "EdDSA"}
_jws = jwt.PyJWS(algorithms=sorted(ALGORITHMS))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """A key that can be used, and how it was published."""

    jwk: Mapping[str, Any]
    key: Any


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A key set and when, by the clock of its keeper, it was read."""

    keys: tuple[PublishedKey, ...]
    read_at: float


class KeyRing:
    """The keys of one issuer, read when they are needed. Threads share it.

    - Keys are read again after `FRESH_SECONDS`. While that fails, those in hand are used on, up to
      `STALE_SECONDS` after they were read; then, and before the first success, nobody can be recognised.
    - A key id that is not among them is looked for once more in keys read anew, but not oftener than every
      `UNKNOWN_KID_SECONDS`.
    - After a failure there is a pause of `RETRY_SECONDS`, twice as long each time, up to `MAX_RETRY_SECONDS`.

    `clock` counts seconds and never goes back.
    """

    def __init__(self, read: Read, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._n_failures = 0
        self._next_try = self._next_search = float("-inf")

    def find(self, header: Header) -> PublishedKey | None:
        """The one key that may have made a signature with this header; None when there is none, or when the
        header has no key id and several could be meant.

        Raises:
            IssuerUnavailable: the issuer had to be asked and did not answer.
        """
        before = self._reading
        reading = self._current()
        if reading is before and not _has_kid(reading, header.kid):
            reading = self._searched(reading)
        fitting = [
            key
            for key in reading.keys
            if header.kid in (None, key.jwk.get("kid")) and fits(key.jwk, header.algorithm)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _current(self) -> _Reading:
        reading = self._reading
        if reading is not None and self._age(reading) < FRESH_SECONDS:
            return reading
        is_usable = reading is not None and self._age(reading) < STALE_SECONDS
        # one thread reads anew; meanwhile the others go on with what there is
        if self._lock.acquire(blocking=not is_usable):
            try:
                if self._reading is reading and self._clock() >= self._next_try:
                    self._read_anew()
            finally:
                self._lock.release()
        reading = self._reading
        if reading is None or self._age(reading) >= STALE_SECONDS:
            raise _unavailable()
        return reading

    def _searched(self, seen: _Reading) -> _Reading:
        """Keys that were read later than `seen`, if it is time for that."""
        with self._lock:
            now = self._clock()
            if self._reading is seen and now >= max(self._next_try, self._next_search):
                self._next_search = now + UNKNOWN_KID_SECONDS
                self._read_anew()
            if self._n_failures:
                raise _unavailable()  # the key may exist: to call the token bad would be a guess
            return self._reading or seen

    def _read_anew(self) -> None:
        try:
            keys = _usable_keys(self._read())
        except (OSError, ValueError, HTTPException, RecursionError) as exc:
            self._n_failures += 1
            pause = min(RETRY_SECONDS * 2 ** min(self._n_failures - 1, 10), MAX_RETRY_SECONDS)
            self._next_try = self._clock() + pause
            logger.warning("the keys of the OIDC issuer cannot be read; next try in %s s: %s", pause, exc)
        else:
            self._reading = _Reading(keys, self._clock())
            self._n_failures = 0

    def _age(self, reading: _Reading) -> float:
        return self._clock() - reading.read_at


class Issuer:
    """Who may sign JWTs for this server, and for whom they must be."""

    def __init__(self, *, issuer: str, audience: str, keys: KeyRing) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def verified(self, token: str, *, now: datetime) -> Claimed:
        """Whom this JWT names.

        Raises:
            InvalidJwt: it is not good, now.
            IssuerUnavailable: that cannot be told, because the issuer's keys cannot be read.
        """
        check_shape(token)
        try:
            header = header_read(jwt.get_unverified_header(token))
        except (jwt.PyJWTError, ValueError, RecursionError) as exc:
            raise InvalidJwt(Flaw.MALFORMED) from exc
        found = self._keys.find(header)
        if found is None:
            raise InvalidJwt(Flaw.SIGNATURE)
        try:
            payload: bytes = _jws.decode(token, key=found.key, algorithms=[header.algorithm])
        except (jwt.PyJWTError, ValueError) as exc:
            raise InvalidJwt(Flaw.SIGNATURE) from exc
        return claims_read(_claims(payload), issuer=self._issuer, audience=self._audience, now=now)


@lru_cache(maxsize=8)
def configured_issuer(*, issuer: str, audience: str, jwks: str) -> Issuer:
    """The issuer of these settings; the same object for the same settings, because it keeps the keys.

    `jwks` is the key set itself (it begins with `{`), an http(s) address, or the path of a file. When it is
    empty, the issuer's discovery document names the address (OpenID Connect Discovery 1.0 §4).
    """
    return Issuer(issuer=issuer, audience=audience, keys=KeyRing(key_source(issuer, jwks)))


def key_source(issuer: str, jwks: str) -> Read:
    """What reads the keys, by these settings; see `configured_issuer`."""
    jwks = jwks.strip()
    if not jwks:
        return lambda: _get_json(_discovered(issuer))
    if jwks.startswith("{"):
        return lambda: json.loads(jwks)
    if "://" in jwks:
        return lambda: _get_json(jwks)
    return lambda: json.loads(Path(jwks).read_bytes())


def _discovered(issuer: str) -> str:
    """The address of the keys. The document must be this issuer's own, letter by letter (§4.3)."""
    document = _get_json(issuer.rstrip("/") + DISCOVERY)
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError("the discovery document is not that of the configured issuer")
    address = document.get("jwks_uri")
    if not isinstance(address, str):
        raise ValueError("the discovery document names no address of keys")
    return address


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead from https to http, or to another machine of the network."""

    def redirect_request(self, *args: Any) -> None:
        return None


def _get_json(url: str) -> object:
    """The JSON at an address from the settings or from the issuer's discovery document."""
    if not is_trustworthy_url(url):
        raise ValueError("keys are read over https, or over http from this machine")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_loopback(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - checked above
    deadline = time.monotonic() + FETCH_SECONDS
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=FETCH_SECONDS) as response:
            return json.loads(_body(response, deadline))
    except HTTPError as exc:
        exc.close()
        raise


def _body(response: HTTPResponse, deadline: float) -> bytes:
    """The whole body: the time-out of a socket counts from byte to byte and would not end a slow drip."""
    body = b""
    while part := response.read1(64 * 1024):
        body += part
        if len(body) > MAX_BYTES:
            raise ValueError("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    return body


def _usable_keys(document: object) -> tuple[PublishedKey, ...]:
    """The keys of a set that can verify something here; kinds that are not known are passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("that is no key set")
    usable = [key for jwk in listed if isinstance(jwk, dict) and (key := _usable_key(jwk))]
    if not usable:
        raise ValueError("the key set has no key that can be used")
    return tuple(usable)


def _usable_key(jwk: dict[str, Any]) -> PublishedKey | None:
    if not any(fits(jwk, algorithm) for algorithm in ALGORITHMS):
        return None
    # a set made by hand may hold private keys: those parts are not even kept
    public = {name: jwk[name] for name in _KEY_MEMBERS if name in jwk}
    others = {name: jwk[name] for name in _OTHER_MEMBERS if name in jwk}
    try:
        key = jwt.PyJWK.from_dict(public, algorithm=_DEFAULT_ALGORITHM[jwk["kty"]]).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA_BITS:  # RFC 7518 §3.3
        return None
    return PublishedKey(jwk=public | others, key=key)


def _has_kid(reading: _Reading, kid: str | None) -> bool:
    return kid is None or any(key.jwk.get("kid") == kid for key in reading.keys)


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload.decode())
    except (ValueError, RecursionError) as exc:
        raise InvalidJwt(Flaw.MALFORMED) from exc
    if not isinstance(claims, dict):
        raise InvalidJwt(Flaw.MALFORMED)
    return claims


def _unavailable() -> IssuerUnavailable:
    return IssuerUnavailable(
        "The keys of the token's issuer cannot be read just now.", next_action="Try again in a moment."
    )
