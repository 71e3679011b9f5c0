"""What lines for people are made of: words with a tone, and fields of a log that may hold anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from tasks.core.printable import printable

REASON_LENGTH = 200
Payload = Mapping[str, Any]


class Tone(StrEnum):
    """What a word means to the reader; the terminal gives each a colour, never the meaning itself."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    QUIET = "quiet"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one kind of event is told. `varied`: the word and tone of one event, where they depend on it."""

    word: str
    tone: Tone
    details: Callable[[Payload], tuple[str, ...]]
    varied: Callable[[Payload], tuple[str, Tone]] | None = None


def text_of(values: Payload, key: str) -> str:
    """What a key holds, harmless; empty for nothing. A log of another version may hold anything."""
    value = values.get(key)
    return "" if value is None else printable(str(value))


def number_of(values: Payload, key: str) -> float | None:
    """The finite number that a key holds."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def mapping_of(values: Payload, key: str) -> Payload:
    """The object that a key holds, else an empty one."""
    value = values.get(key)
    return value if isinstance(value, Mapping) else {}


def phrase(text: str) -> str:
    """`text`, cut where it is longer than a reason may be."""
    return text if len(text) <= REASON_LENGTH else f"{text[: REASON_LENGTH - 1]}…"
