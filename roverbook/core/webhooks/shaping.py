"""The body of a webhook: one JSON object of at most 64 KiB.

What agents and pages wrote goes in as text and nothing else: addresses lose their query and fragment, where
tokens and searches stand; what pages contain, and what opens an agent's memory, is left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.core.storable import storable

API_VERSION = "1"
MAX_BYTES = 64 * 1024
TEXT_MAX = 4_000
DEPTH_MAX = 12
CUTS_TOLD = 20
LEFT_OUT = frozenset(
    {"args", "payload", "snapshot", "html", "pageContent", "observation", "agentMemoryKey", "memoryKey"}
)
"""Members with what stands on a page or is typed into it, and the keys of private notes."""
_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://[^\s\"'<>?#]*)[?#][^\s\"'<>]*", re.IGNORECASE)
_USERINFO = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)[^\s/\"'<>?#@]*@", re.IGNORECASE)


def body_of(
    *,
    message: str,
    event: str,
    created_ms: int,
    site_id: str,
    data: Mapping[str, Any],
    limit: int = MAX_BYTES,
) -> str:
    """The JSON text; its UTF-8 is no longer than `limit` bytes. What does not fit is taken out of `data`, the
    largest first; the member `cut` then names what is missing or shorter than it was."""
    cuts: list[str] = []
    shaped = _shaped(storable(dict(data)), path="data", depth=0, cuts=cuts)
    envelope = {
        "id": message,
        "event": event,
        "createdAt": created_ms,
        "siteId": site_id,
        "apiVersion": API_VERSION,
        "data": shaped,
    }
    while len(text := _encoded(_with_cuts(envelope, cuts)).encode()) > limit and shaped:
        cuts.append(_take_largest(shaped))
    return text.decode()


def without_queries(text: str) -> str:
    """`text` in which every address ends before its query and fragment, and names no user."""
    return _USERINFO.sub(r"\1", _ADDRESS.sub(r"\1", text))


def _shaped(value: Any, *, path: str, depth: int, cuts: list[str]) -> Any:
    if isinstance(value, str):
        text = without_queries(value)
        if len(text) > TEXT_MAX:
            cuts.append(path)
            return text[: TEXT_MAX - 1] + "…"
        return text
    if isinstance(value, dict | list) and depth >= DEPTH_MAX:
        cuts.append(path)
        return None
    if isinstance(value, dict):
        return {
            without_queries(name): _shaped(item, path=f"{path}.{name[:40]}", depth=depth + 1, cuts=cuts)
            for name, item in value.items()
            if name not in LEFT_OUT
        }
    if isinstance(value, list):
        return [
            _shaped(item, path=f"{path}[{n}]", depth=depth + 1, cuts=cuts) for n, item in enumerate(value)
        ]
    return value


def _take_largest(shaped: dict[str, Any]) -> str:
    """Shorten or remove the largest member of `shaped`; returns its path. A list loses its second half."""
    name = max(shaped, key=lambda each: len(_encoded(shaped[each])))
    value = shaped[name]
    if isinstance(value, list) and len(value) > 1:
        shaped[name] = value[: len(value) // 2]
    else:
        del shaped[name]
    return f"data.{name[:40]}"


def _with_cuts(envelope: dict[str, Any], cuts: list[str]) -> dict[str, Any]:
    told = list(_distinct(cuts))[:CUTS_TOLD]
    return {**envelope, "cut": told} if told else envelope


def _distinct(names: list[str]) -> Iterator[str]:
    return iter(dict.fromkeys(names))


def _encoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
