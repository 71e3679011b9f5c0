"""Every typed node of a page's JSON-LD, nested ones included."""

import json
from collections.abc import Iterable, Iterator

from tasks.executing.protocol import LinkedData

MAX_NODES = 300
MAX_DEPTH = 10
MAX_SCRIPT_CHARS = 500_000


def read_linked_data(scripts: Iterable[str]) -> tuple[LinkedData, ...]:
    """The nodes with an `@type`, outer before inner; a malformed script is skipped."""
    found: list[LinkedData] = []
    for script in scripts:
        try:
            # Real pages carry raw newlines inside strings.
            value = json.loads(script[:MAX_SCRIPT_CHARS], strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _typed(value, MAX_DEPTH):
            found.append(LinkedData(node=node, source=script))
            if len(found) == MAX_NODES:
                return tuple(found)
    return tuple(found)


def _typed(value: object, depth: int) -> Iterator[dict[str, object]]:
    if depth <= 0:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _typed(entry, depth - 1)
    elif isinstance(value, dict):
        if value.get("@type"):
            yield value
        for entry in value.values():
            if isinstance(entry, (list, dict)):
                yield from _typed(entry, depth - 1)
