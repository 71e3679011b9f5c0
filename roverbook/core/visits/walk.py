"""The pages of a visit, in the order in which they were seen."""

from collections import Counter

from roverbook.core.visits.folded import KINDS_MAX, PAGES_MAX, FoldedMove
from roverbook.core.visits.paths import page_path, page_url


class Walk:
    """From page to page. `backtracks`: how often a page was come back to."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.current = ""
        self.backtracks = 0
        self._seen: set[str] = set()
        self._moves: Counter[tuple[str, str]] = Counter()

    def see(self, url: object) -> None:
        """This page is shown now. The same one again is no move."""
        page = page_url(url) if isinstance(url, str) else ""
        if not page or page == self.current:
            return
        before, after = page_path(self.current), page_path(page)
        if before and before != after and (len(self._moves) < KINDS_MAX or (before, after) in self._moves):
            self._moves[before, after] += 1
        self.backtracks += page in self._seen
        self._seen.add(page)
        self.current = page
        if len(self.pages) < PAGES_MAX:
            self.pages.append(page)

    def moves(self) -> tuple[FoldedMove, ...]:
        """From where to where, and how often."""
        found = sorted(self._moves.items())
        return tuple(FoldedMove(from_path=a, to_path=b, count=count) for (a, b), count in found)
