"""Addresses in text of strangers: those outside of a site are taken out, so that no text leads there."""

import re
from collections.abc import Callable

from workspace.core.hosts import is_public_suffix

REMOVED = "[link removed]"
_ADDRESS = re.compile(
    r"""(?P<scheme>[a-z][a-z0-9+.-]{0,20}:)?[/\\]{2}[^\s<>"'`]+"""  # https://…, //…
    r"""|\b(?:javascript|data|vbscript|mailto|file|blob):[^\s<>"'`]+"""
    r"""|\bwww\.[^\s<>"'`]+"""
    r"""|(?<![\w./@-])(?P<bare>(?:[\w-]{1,63}\.){1,8}(?P<suffix>[^\W\d_]{2,24}))(?::\d{1,5})?[/?#][^\s<>"'`]*""",
    re.IGNORECASE | re.VERBOSE,
)
_TRAILING = ".,;:!?)]}…"


def without_foreign_links(text: str, in_scope: Callable[[str], bool]) -> str:
    """`text` with `[link removed]` in place of every address that `in_scope` does not admit. An address has a
    scheme or two slashes, begins with `www.`, or is a domain with a path; only http(s) is ever admitted."""
    return _ADDRESS.sub(lambda found: _kept(found, in_scope), text)


def is_link_in_scope(url: str, in_scope: Callable[[str], bool]) -> bool:
    """Whether `url` is an http(s) address that `in_scope` admits."""
    return url.lower().startswith(("https://", "http://")) and in_scope(url)


def _kept(found: re.Match[str], in_scope: Callable[[str], bool]) -> str:
    whole = found[0]
    address = whole.rstrip(_TRAILING)
    after = whole[len(address) :]
    if found["bare"] and not is_public_suffix(found["suffix"].lower()):
        return whole  # a file, a fraction: `notes.txt/2`
    url = address
    if found["bare"] or address.lower().startswith("www."):
        url = f"https://{address}"
    elif address.startswith("//"):
        url = f"https:{address}"
    return whole if is_link_in_scope(url, in_scope) else REMOVED + after
