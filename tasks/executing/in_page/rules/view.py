"""A seen page as the `PageView` that the rules for questions read."""

import re
from collections.abc import Callable, Iterable

from tasks.executing.in_page.page import SeenNode, SeenPage
from tasks.executing.protocol import Block, BlockKind, Item, Link, PageView
from tasks.executing.viewing.dates import find_day

_FRAME = frozenset({"navigation", "banner", "contentinfo", "complementary", "menu", "menubar", "toolbar"})
_SCOPES = frozenset({"listitem", "article", "region", "cell", "group", "tabpanel", *_FRAME})
_CELLS = frozenset({"cell", "gridcell", "rowheader", "columnheader"})
_FIELDS = frozenset({"textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider", "option"})
_YEAR = re.compile(r"\d{4}")
_ENDS = (".", "!", "?", "…")
MAX_BLOCKS = 3_000
_MAX_ITEMS = 300
_MAX_ITEM_CHARS = 1_500


Keep = Callable[[str], bool]


def page_view(page: SeenPage, *, keep: Keep | None = None, most: int = MAX_BLOCKS) -> PageView:
    """What the page says, as blocks, items and links: at most `most` blocks, and with `keep` only those that
    it takes, be it for their text or for what they stand under."""
    reader = _Reader(page, keep, most)
    reader.read()
    return PageView(
        url=page.url.partition("#")[0],
        status=200,
        kind="html",
        title=title_of(page),
        blocks=tuple(reader.blocks),
        items=tuple(reader.items),
        links=tuple(reader.links),
    )


def title_of(page: SeenPage) -> str:
    """What the page calls itself: its one first-level heading, else its title."""
    tops = [node.words for node in page.nodes if node.level == 1 and node.role == "heading" and node.words]
    return tops[0] if len(tops) == 1 else page.title


def text_of(node: SeenNode, limit: int = _MAX_ITEM_CHARS) -> str:
    """All that a node says, as a reader would say it."""
    parts = [node.words]
    size = len(parts[0])
    for inner in node.inside():
        if inner.role in _FIELDS or size > limit:
            continue
        said = inner.words
        if said and not (inner.role == "text" and inner.above is not None and said == inner.above.name):
            parts.append(said)
            size += len(said)
    return " ".join(filter(None, parts))[:limit]


class _Reader:
    """One pass in reading order; places are numbers of nodes."""

    def __init__(self, page: SeenPage, keep: Keep | None, most: int) -> None:
        self._page = page
        self._keep = keep
        self._most = most
        self._kept: dict[tuple[str, ...], bool] = {}
        self._has_main = any(node.role == "main" for node in page.nodes)
        n_nodes = len(page.nodes)
        self._main = [False] * n_nodes
        self._frame = [False] * n_nodes
        self._scope = [-1] * n_nodes
        self._row = [False] * n_nodes
        self._headed = [False] * n_nodes
        self._listed = [False] * n_nodes
        self._headings: dict[int, tuple[tuple[int, str], ...]] = {-1: ()}
        self._texts: dict[int, tuple[str, ...]] = {-1: ()}
        self._columns: dict[int, tuple[str, ...]] = {}
        self.blocks: list[Block] = []
        self.items: list[Item] = []
        self.links: list[Link] = []
        self._run: list[str] = []
        self._run_of: SeenNode | None = None
        self._last_role = ""

    def read(self) -> None:
        for node in self._page.nodes:
            if len(self.blocks) >= self._most:
                break
            self._place(node)
            self._note(node)
        self._flush()

    def _place(self, node: SeenNode) -> None:
        at, above, role = node.at, node.above, node.role
        if above is not None:
            up = above.at
            self._main[at] = self._main[up]
            self._frame[at] = self._frame[up]
            self._row[at] = self._row[up]
            self._headed[at] = self._headed[up] or above.role == "heading"
            self._listed[at] = self._listed[up]
            self._scope[at] = self._scope[up]
        self._main[at] |= role == "main"
        self._frame[at] |= role in _FRAME
        self._row[at] |= role == "row"
        self._listed[at] |= role == "listitem"
        if role in _SCOPES:
            self._headings[at] = self._headings[self._scope[at]]
            self._texts[at] = self._texts[self._scope[at]]
            self._scope[at] = at

    def _in_main(self, node: SeenNode) -> bool:
        return not self._frame[node.at] and (self._main[node.at] or not self._has_main)

    def _note(self, node: SeenNode) -> None:
        if node.role == "link" and node.url:
            self.links.append(
                Link(url=node.url.partition("#")[0], text=text_of(node, 500), in_main=self._in_main(node))
            )
        if node.role in ("listitem", "article", "row") and len(self.items) < _MAX_ITEMS:
            self._item(node)
        if node.role == "row":
            self._flush()
            self._row_of(node)
        elif node.role == "heading":
            self._flush()
            self._heading(node)
        elif not self._row[node.at]:
            self._words(node)

    def _heading(self, node: SeenNode) -> None:
        level = node.level or 2
        scope = self._scope[node.at]
        known = tuple(each for each in self._headings[scope] if each[0] < level)
        text = node.words or text_of(node, 300)
        if text:
            above = tuple(said for _, said in known)
            self._texts[scope] = above
            self._add(BlockKind.HEADING, text, node, level=level)
            self._headings[scope] = (*known, (level, text))
            self._texts[scope] = (*above, text)

    def _words(self, node: SeenNode) -> None:
        """Text and the links in it are one block; two texts in a row are two."""
        if node.role in _FIELDS or self._headed[node.at]:
            return
        said = node.text or (node.name if node.role in ("link", "button", "status", "alert", "cell") else "")
        is_inline = node.role in ("text", "link") and node.above is self._run_of
        goes_on = (
            is_inline
            and node.role != self._last_role
            and not (node.role == "link" and self._run and self._run[-1].endswith(_ENDS))
        )
        if not goes_on:
            self._flush()
        if said and node.role != "button":
            self._run.append(said)
            self._run_of = node.above
            self._last_role = node.role
            self._node = node

    def _flush(self) -> None:
        if self._run:
            kind = BlockKind.ITEM if self._listed[self._node.at] else BlockKind.TEXT
            self._add(kind, " ".join(self._run), self._node)
        self._run = []
        self._run_of = None
        self._last_role = ""

    def _row_of(self, node: SeenNode) -> None:
        nodes = [each for each in node.children if each.role in _CELLS]
        cells = tuple(text_of(each, 500) for each in nodes)
        table = node.above.at if node.above is not None else -1
        if not any(cells):
            return
        if all(each.role == "columnheader" for each in nodes):
            self._columns.setdefault(table, cells)
            return
        self._add(
            BlockKind.ROW,
            " ".join(filter(None, cells)),
            node,
            cells=cells,
            columns=self._columns.get(table, ()),
        )

    def _add(
        self,
        kind: BlockKind,
        text: str,
        node: SeenNode,
        *,
        level: int = 0,
        cells: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
    ) -> None:
        in_main = self._in_main(node)
        headings = self._texts[self._scope[node.at]] if in_main else ()
        if kind is not BlockKind.HEADING and not self._is_kept(text, headings):
            return
        group = node.above.at if node.above is not None else -1
        self.blocks.append(
            Block(
                kind=kind,
                text=text,
                headings=headings,
                cells=cells,
                columns=columns,
                level=level,
                group=group,
                in_main=in_main,
            )
        )

    def _is_kept(self, text: str, headings: tuple[str, ...]) -> bool:
        if self._keep is None or self._keep(text):
            return True
        if headings not in self._kept:
            self._kept[headings] = any(map(self._keep, headings))
        return self._kept[headings]

    def _item(self, node: SeenNode) -> None:
        text = text_of(node, _MAX_ITEM_CHARS)
        if self._keep is not None and not (self._keep(text) or _YEAR.search(text)):
            return
        inner = list(_first(node.inside(), 60))
        heading = next((each for each in inner if each.role == "heading" and each.words), None)
        link = next((each for each in inner if each.role == "link" and each.url and each.words), None)
        if not text or (heading is None and link is None) or any(each.role == node.role for each in inner):
            return
        day = find_day(text) if _YEAR.search(text) else None
        self.items.append(
            Item(
                title=" ".join(each.words for each in (heading or link,) if each is not None),
                url=link.url.partition("#")[0] if link is not None else None,
                date=day.iso if day is not None else None,
                dated_by=day.words if day is not None else "",
                summary=next((each.text for each in inner if len(each.text) > 20), ""),
                text=text,
                group=node.above.at if node.above is not None else -1,
                in_main=self._in_main(node),
            )
        )


def _first(nodes: Iterable[SeenNode], limit: int) -> Iterable[SeenNode]:
    for count, node in enumerate(nodes):
        if count >= limit:
            return
        yield node
