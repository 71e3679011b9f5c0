"""Links that hand a task over to a browser.

The receipt stands in the fragment: browsers send that to no server, so it is in no log and no Referer. The
clean link, `open`, changes nothing else of the target; the readable one, `browserLink`, also shows the wish.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus

RECEIPT_PARAM = "rover_receipt"
ANCHOR_PARAM = "rover_anchor"
PROMPT_PARAM = "rover"
SHORTCUT_PARAM = "rover_shortcut"
MAX_LINK = 1_800
"""Characters of a whole `browserLink`; a longer one may be cut by mail programs, chats and proxies."""
MAX_PARAM = 1_024
"""Characters of the form-encoded prompt or shortcut in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What a fragment says to the embed. `anchor`: the page's own fragment, without '#', to be put back."""

    receipt: str | None = None
    anchor: str | None = None


def open_url(target: str, receipt: str) -> str:
    """The target with the receipt in its fragment; path and query stay as they are, byte for byte.

    `target`: an absolute URL as a created task holds it. Its own fragment moves into `rover_anchor`; of a
    target that is itself such a link only the anchor moves, never the old receipt.

    Raises:
        ValueError: the receipt is not made of URL-safe letters.
    """
    address, _, fragment = target.partition("#")
    return f"{address}#{_handover(fragment, receipt)}"


def browser_link(
    target: str, receipt: str, *, prompt: str | None = None, shortcut: str | None = None
) -> str | None:
    """The target with the wish as `?rover=` or `?rover_shortcut=`, and the receipt as in `open_url`. A
    shortcut wins over a prompt. Deep-link parameters that the target already has are replaced.

    None when there is no wish, when it holds control characters, line ends among them, or half a surrogate
    pair, when its encoded form is over 1,024 characters, or the link over 1,800.
    """
    name, wish = (SHORTCUT_PARAM, shortcut) if shortcut else (PROMPT_PARAM, prompt)
    if not wish or len(wish) > MAX_PARAM or not _is_plain(wish):
        return None
    value = _form_encoded(wish)
    if len(value) > MAX_PARAM:
        return None
    address, _, fragment = target.partition("#")
    path, _, query = address.partition("?")
    kept = [field for field in query.split("&") if field and not _is_deep_link(field)]
    link = f"{path}?{'&'.join([*kept, f'{name}={value}'])}#{_handover(fragment, receipt)}"
    return link if len(link) <= MAX_LINK else None


def parse_fragment(fragment: str) -> Fragment:
    """Read a fragment as the embed does: with or without '#' or '#?' in front, form-encoded fields, outer
    white space dropped, of a repeated field the last value that is not empty. Never raises."""
    fields = fragment.removeprefix("#").removeprefix("?")
    found = {name: value.strip() for name, value in parse_qsl(fields) if value.strip()}
    return Fragment(receipt=found.get(RECEIPT_PARAM), anchor=found.get(ANCHOR_PARAM))


_RECEIPT = re.compile(r"[A-Za-z0-9._~-]+")
_NOT_PLAIN = frozenset({"Cc", "Cs", "Zl", "Zp"})


def _handover(fragment: str, receipt: str) -> str:
    if not _RECEIPT.fullmatch(receipt):
        raise ValueError("a receipt is made of unreserved characters")
    earlier = parse_fragment(fragment)
    anchor = earlier.anchor if earlier.receipt else fragment
    # %20 rather than +: the same text whether a reader decodes forms or only escapes
    kept = f"&{ANCHOR_PARAM}={quote(anchor, safe='')}" if anchor else ""
    return f"{RECEIPT_PARAM}={receipt}{kept}"


def _is_plain(text: str) -> bool:
    return all(unicodedata.category(char) not in _NOT_PLAIN for char in text)


def _form_encoded(text: str) -> str:
    """application/x-www-form-urlencoded (WHATWG URL 5.2), as URLSearchParams writes it."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _is_deep_link(field: str) -> bool:
    return unquote_plus(field.partition("=")[0]) in (PROMPT_PARAM, SHORTCUT_PARAM)
