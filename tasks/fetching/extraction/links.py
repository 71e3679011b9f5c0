"""Absolute links: the base of a page and targets resolved against it, by WHATWG URL rules."""

import re
from collections.abc import Iterable
from typing import Final

import ada_url

from tasks.fetching.extraction.document import MAX_LINKS

MAX_TARGET_CHARS: Final = 8_192
# Everything else (`javascript:`, `data:`, `vbscript:`, `file:`, …) has no use in a document for agents.
_KEPT_SCHEMES: Final = ("http:", "https:", "mailto:", "tel:", "ftp:")
_PLAIN_ABSOLUTE: Final = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,5})?/[A-Za-z0-9/_~=&?+,;:@!$*%.-]*\Z")
_DOTTED: Final = re.compile(r"/\.|%2e", re.I)


def base_of(declared: str | None, url: str) -> str:
    """The first `<base href>` resolved against `url` when it is http(s), else `url` (WHATWG HTML 4.2.3)."""
    if not declared:
        return url
    base = resolve(declared, url)
    return base if base is not None and base.startswith("http") else url


def resolve(target: str, base: str) -> str | None:
    """`target` as an absolute URL, or None when it is malformed, too long or of a scheme that is dropped."""
    if len(target) > MAX_TARGET_CHARS:
        return None
    if _PLAIN_ABSOLUTE.match(target) and not _DOTTED.search(target):
        return target
    try:
        absolute: str = ada_url.join_url(base, target)
    except (ValueError, UnicodeError):
        return None
    return absolute if absolute.startswith(_KEPT_SCHEMES) else None


def page_links(targets: Iterable[str | None], url: str) -> tuple[str, ...]:
    """The http(s) targets, unique, in order, at most 5,000, without jumps inside the page at `url` itself."""
    own = url.partition("#")[0]
    seen: dict[str, None] = {}
    for target in targets:
        if target is None or not target.startswith("http") or _is_jump(target, own):
            continue
        seen[target] = None
        if len(seen) >= MAX_LINKS:
            break
    return tuple(seen)


def _is_jump(target: str, own: str) -> bool:
    page, hash_sign, fragment = target.partition("#")
    # `#!` and `#/route` are addresses of their own in pages that route by fragment.
    return bool(hash_sign) and page == own and not fragment.startswith(("!", "/"))
