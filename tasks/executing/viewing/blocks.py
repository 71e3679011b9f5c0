"""The visible text of a page in blocks under their headings, and the lists of like things among them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tasks.executing.protocol import Block, BlockKind, Item, Link
from tasks.executing.viewing.dates import find_day
from tasks.fetching.extraction.dom import Tree

MAX_BLOCKS: Final = 5_000
MAX_ITEMS: Final = 500
MAX_ITEM_CHARS: Final = 1_500
MAX_BLOCK_CHARS: Final = 20_000
_BLOCK_TAGS: Final = """
address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option p pre section
summary table tbody td tfoot th thead tr ul button label
"""
_BREAKING: Final = frozenset(_BLOCK_TAGS.split())
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_SCOPES: Final = frozenset({"li", "article", "aside", "nav", "footer", "section", "td", "th", "dd"})
_FRAME_TAGS: Final = frozenset({"nav", "aside"})
_FRAME_ROLES: Final = frozenset({"navigation", "contentinfo", "banner", "complementary"})
_UNREAD: Final = frozenset({"script", "style", "template", "select", "textarea", "-comment"})
_MENU_SHARE: Final = 0.6
_SPACE: Final = re.compile(r"\s+")


@dataclass(slots=True)
class Content:
    """What the walk through a body gives."""

    blocks: list[Block] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def read_content(body: Tree) -> Content:
    """Blocks, items and links of `body`, whose links are absolute and whose hidden text is gone."""
    walk = _Walk(body)
    walk.run()
    return walk.content


def text_of(node: Tree) -> str:
    """The text of `node` with blanks where blocks meet, as a reader would say it."""
    parts: list[str] = []
    stack: list[tuple[Tree, bool]] = [(node, False)]
    while stack:
        current, leaving = stack.pop()
        tag = current.tag
        if tag == "-text":
            parts.append(current.text_content or "")
        elif tag in _BREAKING or tag == "br":
            parts.append(" ")
        if leaving or tag == "-text" or tag in _UNREAD:
            continue
        stack.append((current, True))
        stack.extend((child, False) for child in reversed(list(current.iter(include_text=True))))
    return _SPACE.sub(" ", "".join(parts)).strip()


class _Walk:
    """One pass in document order; iterative, so that no nesting depth can exhaust the stack."""

    def __init__(self, body: Tree) -> None:
        self.content = Content()
        self._body = body
        self._has_main = body.css_first("main, [role=main]") is not None
        self._repeated = {node.mem_id for node in _repeated(body)}
        self._headings: list[tuple[int, str]] = []
        self._saved: list[list[tuple[int, str]]] = []
        self._inline: list[str] = []
        self._link_chars: list[int] = []
        self._main = 0
        self._frame = 0
        self._groups: dict[int, int] = {}
        self._term = ""

    def run(self) -> None:
        stack: list[tuple[Tree, bool]] = [(self._body, False)]
        while stack and len(self.content.blocks) < MAX_BLOCKS:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif node.tag == "-text":
                self._inline.append(node.text_content or "")
            elif node.tag == "br":
                self._inline.append(" ")
            elif node.tag not in _UNREAD and self._enter(node):
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
        self._flush(self._body)

    def _enter(self, node: Tree) -> bool:
        tag = node.tag
        if tag == "a":
            self._link(node)
            self._link_chars.append(len(text_of(node)))
            return True
        if tag not in _BREAKING:
            return True
        self._flush(node.parent)
        self._open_region(node)
        if self._is_container(node):
            self._item(node)
        if tag in _SCOPES or node.mem_id in self._repeated:
            self._saved.append(list(self._headings))
        if tag == "table" and node.css_first("tr") is not None and not _is_layout(node):
            self._table(node)
            return False
        return True

    def _leave(self, node: Tree) -> None:
        tag = node.tag
        if tag not in _BREAKING:
            return
        self._flush(node)
        if tag in _SCOPES or node.mem_id in self._repeated:
            self._headings = self._saved.pop()
        self._close_region(node)

    def _open_region(self, node: Tree) -> None:
        self._main += _is_main(node)
        self._frame += self._is_frame(node)

    def _close_region(self, node: Tree) -> None:
        self._frame -= self._is_frame(node)
        self._main -= _is_main(node)

    def _is_frame(self, node: Tree) -> bool:
        role = (node.attributes.get("role") or "").lower()
        if node.tag in _FRAME_TAGS or role in _FRAME_ROLES:
            return True
        parent = node.parent
        return node.tag in ("header", "footer") and parent is not None and not _inside_article(parent)

    @property
    def _in_main(self) -> bool:
        return self._frame == 0 and (self._main > 0 or not self._has_main)

    def _path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._headings) if self._in_main else ()

    def _flush(self, node: Tree | None) -> None:
        text = _SPACE.sub(" ", "".join(self._inline)).strip()[:MAX_BLOCK_CHARS]
        self._inline.clear()
        links, self._link_chars = self._link_chars, []
        if not text or node is None:
            return
        tag = _kind_tag(node)
        if tag in _HEADINGS:
            level = _HEADINGS[tag]
            self._headings = [known for known in self._headings if known[0] < level]
            self._add(BlockKind.HEADING, text, level=level)
            self._headings.append((level, text))
        elif tag == "dt":
            self._term = text
        elif tag == "dd":
            self._add(
                BlockKind.DEFINITION, f"{self._term} {text}".strip(), cells=(self._term, text), node=node
            )
        else:
            kinds = {"li": BlockKind.ITEM, "address": BlockKind.ADDRESS, "pre": BlockKind.CODE}
            # A row of links is a menu, whatever element it is made of.
            is_menu = len(links) >= 3 and sum(links) >= _MENU_SHARE * len(text)
            self._frame += is_menu
            self._add(kinds.get(tag, BlockKind.TEXT), text, node=node)
            self._frame -= is_menu

    def _add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        cells: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        node: Tree | None = None,
    ) -> None:
        self.content.blocks.append(
            Block(
                kind=kind,
                text=text,
                headings=self._path(),
                cells=cells,
                columns=columns,
                level=level,
                group=self._group(node),
                in_main=self._in_main,
            )
        )

    def _group(self, node: Tree | None) -> int:
        """A number for the list or table that `node` is a member of."""
        while node is not None and node.tag not in ("ul", "ol", "dl", "table", "body", "-document"):
            node = node.parent
        return self._groups.setdefault(node.mem_id if node is not None else 0, len(self._groups))

    def _table(self, table: Tree) -> None:
        columns: tuple[str, ...] = ()
        for row in table.css("tr")[:MAX_BLOCKS]:
            nodes = [child for child in row.iter() if child.tag in ("td", "th")]
            cells = tuple(text_of(cell) for cell in nodes)
            if not any(cells):
                continue
            if all(cell.tag == "th" for cell in nodes) and not columns:
                columns = cells
                continue
            text = " ".join(filter(None, cells))[:MAX_BLOCK_CHARS]
            self._add(BlockKind.ROW, text, cells=cells, columns=columns, node=table)
            for anchor in row.css("a"):
                self._link(anchor)
            if row.css_first("a") is not None:
                self._item(row)

    def _link(self, node: Tree) -> None:
        url = node.attributes.get("href") or ""
        text = (
            text_of(node) or (node.attributes.get("aria-label") or node.attributes.get("title") or "").strip()
        )
        if not text:
            image = node.css_first("img[alt]")
            text = (image.attributes.get("alt") or "").strip() if image is not None else ""
        if url:
            url = (
                url.partition("#")[0]
                if url.startswith("http") and "#!" not in url and "#/" not in url
                else url
            )
            self.content.links.append(Link(url=url, text=text[:500], in_main=self._in_main))

    def _is_container(self, node: Tree) -> bool:
        if node.mem_id in self._repeated:
            return True
        if node.tag not in ("li", "article"):
            return False
        inner = node.css("li, article")
        return all(found.mem_id == node.mem_id for found in inner)

    def _item(self, node: Tree) -> None:
        if len(self.content.items) >= MAX_ITEMS:
            return
        text = text_of(node)
        if not text or len(text) > MAX_ITEM_CHARS:
            return
        heading = next((found for found in node.css("h1,h2,h3,h4,h5,h6,dt") if text_of(found)), None)
        anchor = heading.css_first("a[href^=http]") if heading is not None else None
        if anchor is None:
            anchors = node.css("a[href^=http]")
            anchor = next((found for found in anchors if text_of(found)), None)
        if heading is None and anchor is None:
            return
        title = text_of(heading) if heading is not None else text_of(anchor)
        href = anchor.attributes.get("href") if anchor is not None else None
        iso, said = _date_in(node, text)
        self.content.items.append(
            Item(
                title=title,
                url=href.partition("#")[0] if href else None,
                date=iso,
                dated_by=said,
                summary=_summary(node, title),
                text=text,
                headings=self._path(),
                group=self._group_of_item(node),
                in_main=self._in_main,
            )
        )

    def _group_of_item(self, node: Tree) -> int:
        parent = node.parent
        return self._groups.setdefault(parent.mem_id if parent is not None else 0, len(self._groups))


def _repeated(body: Tree) -> Iterator[Tree]:
    """Divs and sections that stand side by side with the same class and each name something."""
    parents = {node.parent.mem_id: node.parent for node in body.css("div[class], section[class]")[:5_000]}
    for parent in parents.values():
        children = [child for child in parent.iter() if child.tag in ("div", "section")]
        classes = Counter((child.tag, child.attributes.get("class") or "") for child in children)
        for child in children:
            name = child.attributes.get("class") or ""
            if name and classes[(child.tag, name)] >= 2 and child.css_first("a, h2, h3, h4, h5") is not None:
                yield child


def _kind_tag(node: Tree) -> str:
    """The tag that says what text directly below `node` is; wrappers inside a heading or item count as it."""
    current = node
    for _ in range(4):
        tag: str = current.tag
        if tag in _HEADINGS or tag in ("li", "dt", "dd", "address", "pre"):
            return tag
        if tag not in ("div", "p", "a") or current.parent is None:
            return str(node.tag)
        current = current.parent
    return str(node.tag)


def _is_main(node: Tree) -> bool:
    return bool(node.tag == "main" or node.attributes.get("role") == "main")


def _inside_article(node: Tree) -> bool:
    while node is not None and node.tag not in ("body", "-document"):
        if node.tag in ("article", "main", "section", "li"):
            return True
        node = node.parent
    return False


def _is_layout(table: Tree) -> bool:
    """A table around tables, or around headings, is there for the looks."""
    return any(found.mem_id != table.mem_id for found in table.css("table")) or (
        table.css_first("h1, h2, h3") is not None
    )


def _date_in(node: Tree, text: str) -> tuple[str | None, str]:
    stamp = node.css_first("time")
    if stamp is not None:
        words = text_of(stamp)
        day = find_day(stamp.attributes.get("datetime") or "") or find_day(words)
        if day is not None:
            return day.iso, words or day.words
    day = find_day(text)
    return (day.iso, day.words) if day is not None else (None, "")


def _summary(node: Tree, title: str) -> str:
    for paragraph in node.css("p"):
        text = text_of(paragraph)
        day = find_day(text)
        if (
            text
            and text != title
            and not (day is not None and len(text) < len(day.words) + 15)
            and len(text) > 20
        ):
            return text
    return ""
