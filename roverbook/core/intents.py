"""The kind of a wish, so that like is compared with like.

A visit by a shortcut is of that shortcut. Any other is of the kind that the rules for answering understand in
its prompt (English and German): 'find', 'list', 'price', 'form', … A prompt that fits none is 'find'.
"""

import hashlib
from functools import lru_cache

from tasks.executing.rules.understanding import understand

INTENT_CHARS = 64
_PROMPT_CHARS = 400
"""A wish says in its first words what it is; hostile lengths need not be read."""
_SHORTCUT = "shortcut:"


def intent_of(prompt: str, shortcut: str) -> str:
    """At most 64 characters; '' when a visit had neither prompt nor shortcut."""
    shortcut = shortcut.strip()
    if shortcut:
        return _short(_SHORTCUT + shortcut)
    prompt = " ".join(prompt[:_PROMPT_CHARS].split())
    return _kind(prompt) if prompt else ""


@lru_cache(maxsize=1_024)
def _kind(prompt: str) -> str:
    return str(understand(prompt).kind)


def _short(name: str) -> str:
    """Long names keep their beginning and get a digest, so that two of them stay two."""
    if len(name) <= INTENT_CHARS:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[: INTENT_CHARS - 9]}~{digest}"
