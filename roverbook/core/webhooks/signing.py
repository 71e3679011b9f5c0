"""Signatures of webhooks: those of Standard Webhooks 1.0.0, and RoverBook's own, over the same bytes.

    webhook-signature      v1,<base64>, one for each secret; of "<webhook-id>.<webhook-timestamp>.<body>"
    X-RoverBook-Signature  t=<seconds>,v1=<hex>, one v1 for each secret; of "<seconds>.<body>"

Both are HMAC-SHA256. While a secret is being replaced there are two, the new one first.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
ENTROPY_BYTES = 32
KEY_BYTES = range(24, 65)


def new_secret() -> str:
    """A fresh secret: `whsec_` and 256 random bits in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(ENTROPY_BYTES)).decode()


def key_of(secret: str) -> bytes | None:
    """The 24 to 64 bytes behind `whsec_…`; None when the text is no such secret."""
    if not secret.startswith(PREFIX):
        return None
    try:
        text = secret.removeprefix(PREFIX).rstrip("=")
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) in KEY_BYTES else None


def signature_headers(
    *, message: str, delivery: str, event: str, timestamp: int, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers that say what is delivered and prove by whom; without `secrets` nothing is proved.

    `message`: the same at every attempt and for every endpoint, `delivery`: of this endpoint. `timestamp`:
    of this attempt, in seconds since 1970.
    """
    headers = {
        "Webhook-Id": message,
        "Webhook-Timestamp": str(timestamp),
        "X-RoverBook-Event": event,
        "X-RoverBook-Delivery": delivery,
    }
    if secrets:
        headers["Webhook-Signature"] = " ".join(
            standard_signature(secret, message=message, timestamp=timestamp, body=body) for secret in secrets
        )
        own = ",".join(f"v1={own_signature(secret, timestamp=timestamp, body=body)}" for secret in secrets)
        headers["X-RoverBook-Signature"] = f"t={timestamp},{own}"
    return headers


def standard_signature(secret: str, *, message: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`; the key is what the base64 after `whsec_` stands for, of another text its UTF-8."""
    key = key_of(secret) or secret.encode()
    signed = hmac.new(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


def own_signature(secret: str, *, timestamp: int, body: bytes) -> str:
    """Hex; the key is the secret's whole text."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
