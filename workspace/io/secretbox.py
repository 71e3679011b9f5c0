"""Sealing values that must be shown or used again, with a key derived from the server's secret key.

Values that only need to be recognised are stored as digests instead (`workspace.core.tokens.digest`).
"""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """A sealed value was made under another secret key, or was altered."""


def seal(value: str) -> str:
    """The value encrypted and authenticated, as ASCII text."""
    return _box(_keys()).encrypt(value.encode()).decode()


def unseal(sealed: str) -> str:
    """The value again; those of `SECRET_KEY_FALLBACKS` are read as well.

    Raises:
        Unreadable: the secret key has changed, or the text is not one of ours.
    """
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken as exc:
        raise Unreadable("sealed under another secret key") from exc


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS))


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    # the secret key is long and random, so one hash is enough to derive from it
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"rover.secretbox:" + k.encode()).digest()))
            for k in keys
        ]
    )
