"""Whether an answer rests on what was read: its quotes must stand on the pages that it names."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from tasks.executing.model.pages import evidence_of, squeeze
from tasks.executing.model.tools import Quoted, ToolError
from tasks.executing.protocol import Citation, PageView

MAX_QUOTE_CHARS: Final = 600
_MIN_QUOTE_CHARS: Final = 2
_LIST_MARKS: Final = re.compile(r"(?m)^\s*(?:#{1,6}|[-*•])\s+")
_SAME: Final = str.maketrans("‘’‚′“”„″«»‐‑–—−", '\'\'\'\'""""""-----')
"""Signs that models put for one another; each is one character, so that places stay the same."""

PageOf = Callable[[str], PageView | None]


def check_citations(given: Sequence[Quoted], page_of: PageOf) -> list[tuple[Citation, PageView]]:
    """The citations with the page's own spelling of each quote, and their pages; each quote once.

    `page_of`: the page that was read at an address, None for one that was not.

    Raises: ToolError for the first one that does not hold.
    """
    checked: dict[Citation, PageView] = {}
    for number, citation in enumerate(given, 1):
        page = page_of(citation.url)
        if page is None:
            raise ToolError(f"Citation {number} names a page that was not read in this run.")
        quote = find_quote(citation.quote, page)
        if quote is None:
            raise ToolError(
                f"Citation {number}: the quote does not stand on that page. Quote word for word, without "
                "leaving anything out."
            )
        checked[Citation(url=page.url, quote=quote, title=page.title)] = page
    return list(checked.items())


def find_quote(quote: str, page: PageView) -> str | None:
    """`quote` as it stands on `page` (blanks joined), at most 600 characters of it; None if it does not."""
    evidence = evidence_of(page)
    same = evidence.translate(_SAME)
    for wanted in dict.fromkeys((squeeze(quote), squeeze(_LIST_MARKS.sub("", quote)))):
        at = same.find(wanted.translate(_SAME)) if _says_something(wanted) else -1
        if at >= 0:
            return _cut(evidence[at : at + len(wanted)])
    return None


def _says_something(quote: str) -> bool:
    return len(quote) >= _MIN_QUOTE_CHARS and any(char.isalnum() for char in quote)


def _cut(quote: str) -> str:
    if len(quote) <= MAX_QUOTE_CHARS:
        return quote
    cut = quote[:MAX_QUOTE_CHARS]
    return cut.rpartition(" ")[0] or cut
