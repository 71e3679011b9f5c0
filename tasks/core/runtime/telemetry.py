"""Telemetry of pages, cut and cleaned before it is kept. It is never refused: what is too much is counted.

An event is {name, ts, seq, payload}. Kept are the first `EVENTS_MAX` that are one, as long as they come in
`BATCH_BYTES`. Of a payload long texts, deep parts and many members are cut; if the event is over
`EVENT_BYTES` even so, only its size stays. Nothing that opens a door stays: values under secret names, tokens
and keys wherever they stand, user names, queries and fragments of addresses.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tasks.core.printable import printable, printable_block
from tasks.core.runtime.fields import is_shallow, json_bytes
from tasks.core.runtime.masking import MASK, masked_credentials
from tasks.core.storable import storable

EVENTS_MAX = 80
EVENT_BYTES = 4 * 1024
BATCH_BYTES = 64 * 1024
CALLS_PER_MINUTE = 60
"""Of one session; further ones are answered the same and kept nowhere."""
RETENTION_DAYS = 30
NAME_MAX = 80
TEXT_MAX = 500
MEMBERS_MAX = 32
DEPTH_MAX = 5
TEXT_READ = 2_000

_SECRET_NAMES = re.compile(
    r"api_?key|token|secret|passw|passphrase|cookie|authori[sz]ation|credential|signature|receipt|session_?key"
    r"|card_?number|cvc|cvv|iban|(?:^|_)(?:access|auth|otp|pin|ssn)(?:_|$)",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[-.\s]")
_WORD = re.compile(r"[^\s\"'<>]+")
_USERINFO = re.compile(r"://[^/?#]*@")
_QUERY = re.compile(r"[?#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a batch, ready for JSON, and how many events are not."""

    events: tuple[dict[str, Any], ...]
    dropped: int

    def as_wire(self) -> dict[str, int]:
        """{accepted, dropped}."""
        return {"accepted": len(self.events), "dropped": self.dropped}


def kept_events(events: Iterable[Any]) -> Kept:
    """What is kept of these values of strangers. Never raises on JSON."""
    kept: list[dict[str, Any]] = []
    dropped, room = 0, BATCH_BYTES
    for value in events:
        size = _raw_size(value) if len(kept) < EVENTS_MAX else None
        event = _event(value) if size is not None and size <= room else None
        if size is None or event is None:
            dropped += 1
            continue
        room -= size
        kept.append(event)
    return Kept(events=tuple(kept), dropped=dropped)


def cleaned_text(text: str, *, max_chars: int = TEXT_MAX) -> str:
    """Text without what opens doors, cut at `max_chars` with a sign that it was."""
    plain = masked_credentials(_WORD.sub(_bare_address, printable_block(text[:TEXT_READ])))
    return plain if len(plain) <= max_chars else plain[: max_chars - 1] + "…"


def _raw_size(value: Any) -> int | None:
    """The size of an event as it came; None for one that is nested too deeply to be looked at."""
    return len(json.dumps(value)) if is_shallow(value) else None


def _bare_address(match: re.Match[str]) -> str:
    """A word; if it holds an address, without user name, query and fragment."""
    word = match.group()
    if "://" in word:
        return _USERINFO.sub("://", _QUERY.split(word, maxsplit=1)[0])
    head, _, query = word.partition("?")
    return head if "/" in head and "=" in query else word


def _event(value: Any) -> dict[str, Any] | None:
    """The event as it is kept; None for what is none."""
    if not isinstance(value, Mapping):
        return None
    name = value.get("name")
    if not isinstance(name, str) or not (plain := cleaned_text(printable(name)).strip()[:NAME_MAX]):
        return None
    event = {"name": plain, "ts": _number(value.get("ts")), "seq": _number(value.get("seq"))}
    told = {key: item for key, item in event.items() if item is not None}
    payload = value.get("payload")
    return told if payload is None else _sized(told, payload)


def _sized(event: dict[str, Any], payload: Any) -> dict[str, Any]:
    whole = event | {"payload": storable(_clean(payload, DEPTH_MAX))}
    size = json_bytes(whole)
    return whole if size <= EVENT_BYTES else event | {"payload": {"truncated": True, "bytes": size}}


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return cleaned_text(value)
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return dict(_member(str(name), item, depth) for name, item in islice(value.items(), MEMBERS_MAX))
    if isinstance(value, list | tuple):
        return [_clean(item, depth - 1) for item in value[:MEMBERS_MAX]]
    return value


def _member(name: str, value: Any, depth: int) -> tuple[str, Any]:
    shown = cleaned_text(name, max_chars=NAME_MAX)
    return shown, MASK if _is_secret(name) else _clean(value, depth - 1)


def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(_SEPARATORS.sub("_", name)) is not None


def _number(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return storable(value) if is_number and abs(value) < 2**53 else None
