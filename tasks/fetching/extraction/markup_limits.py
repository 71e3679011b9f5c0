"""Whether a page may enter a DOM at all, told from its text in linear time.

A tree builder can be made quadratic: 100,000 open `<div>` or one tag with 100,000 attributes take it over
ten seconds. So the size of the tree is estimated before anything builds it.
"""

import re
from itertools import accumulate
from operator import sub
from typing import Final

from tasks.fetching.extraction.document import MAX_DEPTH, MAX_NODES

MAX_ATTRIBUTES: Final = 1_000
# Above it the copies that an article extractor makes of a tree would cost hundreds of MiB.
MAX_MARKUP_CHARS: Final = 5_000_000

_TAG: Final = re.compile(r"<(/?[a-zA-Z][^\s/>]*)")
_LONG_TAG: Final = re.compile(r"<[a-zA-Z][^<>]{2048,}")
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
# Elements that never nest in themselves or whose end tag may be left out: they add no depth of their own.
_SHALLOW: Final = frozenset(
    """
    area base br col embed hr img input link meta param source track wbr p li dd dt tr td th thead tbody tfoot
    option optgroup colgroup rp rt path rect circle line polygon use html head body
    """.split()  # noqa: SIM905 - a list of forty quoted names reads worse
)


def exceeds_dom_limits(markup: str) -> bool:
    """Whether `markup` is too large for a tree.

    Over 5,000,000 characters, 200,000 nodes, 512 levels of depth or 1,000 attributes in one tag.
    """
    if len(markup) > MAX_MARKUP_CHARS:
        return True
    # Each tag and each comment costs a `<`, and each can bring one text node along.
    if 2 * markup.count("<") - 2 * markup.count("</") > MAX_NODES:
        return True
    if _too_deep(markup):
        return True
    return any(_attributes(tag) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(markup))


def _too_deep(markup: str) -> bool:
    """Depth is the running sum of starts and ends above its lowest point: stray end tags close nothing."""
    depths = list(accumulate(map(_STEPS.__getitem__, _TAG.findall(markup))))
    return max(map(sub, depths, accumulate(depths, min, initial=0)), default=0) > MAX_DEPTH


class _Steps(dict[str, int]):
    """What one tag, as `_TAG` finds it, adds to the depth."""

    def __missing__(self, tag: str) -> int:
        name = tag.removeprefix("/").lower()
        step = 0 if name in _SHALLOW else -1 if tag.startswith("/") else 1
        # Names come from pages: only the usual ones are worth remembering.
        if len(self) < 1_000:
            self[tag] = step
        return step


_STEPS: Final = _Steps()


def _attributes(tag: str) -> int:
    return len(_QUOTED.sub("", tag).split())
