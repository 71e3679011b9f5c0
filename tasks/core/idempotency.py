"""Idempotency-Key: which key, whose, and for which body. The record itself is a service's business.

A key is remembered for `WINDOW`. The same key of the same caller with the same body gives the task that is
already there; with another body it is refused. As the answer holds access tokens, nobody else's key may meet.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from tasks.core.public_errors import InvalidIdempotencyKey, InvalidRequest

MAX_KEY = 128
WINDOW = timedelta(hours=24)
UNGUESSABLE = 22
"""Characters from which a key may carry 128 random bits (a UUID has 36, base64url 22)."""


def parse_key(values: Sequence[str]) -> str | None:
    """The key of a request's Idempotency-Key header lines; None when there is no such line.

    1 to 128 visible ASCII characters without a comma, bare or as a structured-field string (RFC 8941 §3.3.3):
    `abc` and `"abc"` are the same key. No comma, because two header lines may arrive as one with a comma.

    Raises:
        InvalidIdempotencyKey: empty, too long, other characters, an unclosed quote, or more than one line.
    """
    if not values:
        return None
    if len(values) > 1:
        raise InvalidIdempotencyKey("Send one Idempotency-Key, not several.")
    text = values[0].strip(" \t")
    if text.startswith('"'):
        if not _STRING.fullmatch(text):
            raise InvalidIdempotencyKey("The Idempotency-Key begins with a quote and is no quoted string.")
        text = _ESCAPED.sub(r"\1", text[1:-1])
    if not _KEY.fullmatch(text):
        raise InvalidIdempotencyKey(
            f"An Idempotency-Key is 1 to {MAX_KEY} visible ASCII characters without a comma."
        )
    return text


def fingerprint(body: object, *, execution: str) -> str:
    """SHA-256 in hex of what was asked for: the decoded JSON body and the execution mode that counts.

    The order of names, white space, escapes, and 1 written as 1.0 make no difference. How long the caller
    wants to wait is not part of it.

    Raises:
        InvalidRequest: the body is no JSON value: NaN, nested too deeply, or not of JSON's types.
    """
    return _digest([execution, body])


def scope(*, operation: str, caller: str, key: str) -> str:
    """The text, 64 hex digits, under which a key is remembered; it holds neither key nor address in clear.

    `operation`: what the key is for, such as "create" or "handoff:" and the id of the parent task.
    `caller`: as `caller_of` gives it.
    """
    return _digest([operation, caller, key])


def caller_of(*, address: str, agent_key: str | None, is_verified: bool, key: str) -> str:
    """Who a key belongs to. A verified agent is itself, wherever it calls from. An agent's own word for its
    key is believed only when the idempotency key is too long to be guessed: agent keys are public, and who
    guesses both would get another caller's access tokens. Everybody else is the network the call came from.
    """
    if agent_key and is_verified:
        return f"verified:{agent_key}"
    if agent_key and len(key) >= UNGUESSABLE:
        return f"agent:{agent_key}"
    return f"network:{network_of(address)}"


def network_of(address: str) -> str:
    """The bucket of an IP address: IPv4 whole, also when mapped into IPv6; of IPv6 the /64 that one
    subscriber has. 'unknown' for anything else, such as a local socket."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


_KEY = re.compile(rf"[!-+\--~]{{1,{MAX_KEY}}}")
_STRING = re.compile(r'"(?:[ !#-\[\]-~]|\\["\\])*+"')
_ESCAPED = re.compile(r"\\(.)")


def _digest(value: object) -> str:
    try:
        text = json.dumps(_settled(value), separators=(",", ":"), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidRequest("The body is not a JSON value that can be compared.", errors=[]) from None
    return hashlib.sha256(text.encode()).hexdigest()


def _settled(value: Any) -> Any:
    """`value` with every whole number as an integer: JSON has one kind of number (RFC 8785 §3.2.2.3)."""
    if isinstance(value, dict):
        return {name: _settled(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
