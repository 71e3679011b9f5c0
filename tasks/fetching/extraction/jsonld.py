"""schema.org in JSON-LD: which types a page names, and the fields of its primary node."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tasks.fetching.extraction.document import MAX_SCHEMA_TYPES

MAX_DEPTH: Final = 8
MAX_TYPED: Final = 500
_PRIMARY: Final = ("Article", "NewsArticle", "BlogPosting", "WebPage", "Product")


def typed_nodes(blocks: Iterable[str]) -> list[dict[str, Any]]:
    """Every node with an `@type`, in document order; a malformed block is skipped.

    Depth is 8; a typed node is recorded and entered only through `@graph`.
    """
    found: list[dict[str, Any]] = []
    for block in blocks:
        try:
            # Real pages carry raw newlines inside strings.
            value = json.loads(block, strict=False)
        except (ValueError, RecursionError):
            continue
        found.extend(_walk(value, MAX_DEPTH))
        if len(found) >= MAX_TYPED:
            break
    return found[:MAX_TYPED]


def _walk(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth <= 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth - 1)
    elif isinstance(value, dict):
        if _types(value):
            yield value
            yield from _walk(value.get("@graph"), depth - 1)
        else:
            for item in value.values():
                yield from _walk(item, depth - 1)


def _types(node: dict[str, Any]) -> list[str]:
    named = node.get("@type")
    values = named if isinstance(named, list) else [named]
    return [_short(value) for value in values if isinstance(value, str) and value.strip()]


def _short(name: str) -> str:
    """`https://schema.org/Article` and `schema:Article` mean `Article`."""
    return name.strip().rstrip("/").rpartition("/")[2].rpartition(":")[2][:100]


def schema_types(nodes: Iterable[dict[str, Any]]) -> list[str]:
    """The types in first-seen order, unique, at most 50."""
    return list(dict.fromkeys(name for node in nodes for name in _types(node) if name))[:MAX_SCHEMA_TYPES]


def primary_fields(nodes: list[dict[str, Any]]) -> dict[str, str]:
    """Title, description, author, published, modified, image and language of the primary node, if present."""
    node = _primary(nodes)
    if node is None:
        return {}
    fields = {
        "title": _text(node.get("headline")) or _text(node.get("name")),
        "description": _text(node.get("description")),
        "author": _named(node.get("author"), "name"),
        "published": _text(node.get("datePublished")),
        "modified": _text(node.get("dateModified")),
        "image": _named(node.get("image"), "url"),
        "language": _text(node.get("inLanguage")),
    }
    return {name: value for name, value in fields.items() if value}


def _primary(nodes: list[dict[str, Any]]) -> dict[str, Any] | None:
    for wanted in _PRIMARY:
        for node in nodes:
            if wanted in _types(node):
                return node
    return nodes[0] if nodes else None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _named(value: object, key: str) -> str | None:
    """A string, an object's `key`, or the first of a list of these."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get(key) or value.get("@id")
    return _text(value)
