"""Text and values of strangers on their way into a visit: cut, and without what is nobody's business."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from roverbook.core.redaction import redacted, redacted_json

PROMPT_MAX = 8_000
SUMMARY_MAX = 2_000
ERROR_MAX = 1_000
TARGET_MAX = 300
NAME_MAX = 80
ARG_MAX = 500
ARGS_MAX = 40
ARGS_BYTES = 4_000
HIDDEN = "[hidden]"
_SECRET = re.compile(
    r"passw|kennwort|\bpin\b|\bcvc|\bcvv|\botp\b|secret|one-time|security code|\btan\b", re.I
)
_TYPED = ("text", "value", "key")


@lru_cache(maxsize=4_096)
def _cleaned(text: str, most: int) -> str:
    return redacted(text)[:most]


def clean(text: Any, most: int) -> str:
    """The text redacted and cut; '' for what is no text. What is cut off is redacted too, as far as it may
    have begun before the cut."""
    return _cleaned(text[: most + 200], most) if isinstance(text, str) and text else ""


def clean_args(args: Any, *, target: str) -> dict[str, Any]:
    """Arguments of a tool: redacted, cut, of at most 4,000 bytes as JSON, else {"truncated": True}. What is
    typed into a field whose name (`target`) speaks of a secret is hidden."""
    if not isinstance(args, Mapping):
        return {}
    is_secret = _SECRET.search(target) is not None
    kept: dict[str, Any] = {}
    for name, value in list(args.items())[:ARGS_MAX]:
        shown = str(name)[:NAME_MAX]
        if isinstance(value, str):
            is_typed = is_secret and shown in _TYPED
            kept[shown] = HIDDEN if is_typed or _SECRET.search(shown) else clean(value, ARG_MAX)
        else:
            kept[shown] = value if value is None or isinstance(value, bool) else redacted_json(value)
    if len(kept) <= 3 and all(not isinstance(value, list | dict) for value in kept.values()):
        return kept
    return kept if _size(kept) <= ARGS_BYTES else {"truncated": True}


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))
