"""Prefixed bearer tokens: made from 256 random bits, known to the database by their digest alone."""

import hashlib
import secrets
from enum import StrEnum

ENTROPY_BYTES = 32
OWNER_TOKEN_PREFIX = "rvo_"  # noqa: S105 - a public prefix, no secret


class Scope(StrEnum):
    """What an owner token may do."""

    MANAGE = "manage"
    READ = "read"
    FETCH = "fetch"


def mint(prefix: str) -> str:
    """A fresh token, `prefix` and 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(ENTROPY_BYTES)


def digest(token: str) -> str:
    """SHA-256 of the token in hex: enough for 256 random bits, so no key and no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def hint(token: str) -> str:
    """The last four characters, by which a person tells tokens apart."""
    return token[-4:]
