"""Texts of strangers as pages show them: without what could hide or turn them, of a length that can be read,
and links that lead to web pages alone. Escaping is the templates' part."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.core.printable import printable, printable_block
from tasks.fetching.errors import InvalidUrl
from tasks.fetching.urls import parse
from workspace.core.hosts import parse_host

LINE, BLOCK = 200, 8_000
"""Characters of a text on one line, and on several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address: `href` is '' when it is none that may be followed from here."""

    text: str
    href: str


def line(value: object, most: int = LINE) -> str:
    """`value` as one line, cut at `most` characters with an ellipsis; '' for None."""
    text = "" if value is None else printable(str(value)).strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def block(value: object, most: int = BLOCK) -> str:
    """`value` as lines; what is cut off at `most` characters is said at the end. '' for None."""
    text = "" if value is None else printable_block(str(value)).strip()
    return text if len(text) <= most else f"{text[:most].rstrip()}…\n({len(text):,} characters in all)"


def as_json(value: Any, most: int = BLOCK) -> str:
    """A value of a log or a result as indented JSON, cut as a block is."""
    return block(json.dumps(value, ensure_ascii=False, indent=2, default=str), most)


def link(value: object) -> Link | None:
    """The address in `value`, in the spelling in which a browser goes there; None when there is none. One
    that is not http(s), or that holds a user name to look like another host, is text."""
    if not isinstance(value, str) or not value.strip():
        return None
    if printable(value) != value:
        return Link(text=line(value), href="")
    try:
        url = parse(value)
    except InvalidUrl:
        return Link(text=line(value), href="")
    if parse_host(url.href) is None or url.had_userinfo:
        return Link(text=line(value), href="")
    href = f"{url.href}#{url.fragment}" if url.fragment else url.href
    return Link(text=line(href), href=href)


def rest(values: Mapping[str, Any], *told: str) -> str:
    """The members that were not told, as JSON; '' when that is all of them."""
    left = {name: value for name, value in values.items() if name not in told}
    return as_json(left) if left else ""
