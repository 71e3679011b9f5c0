"""A whole body as Markdown, for pages in which no article can be told from its surroundings."""

import re
from typing import Final

from tasks.fetching.extraction.dom import BLANK, Tree
from tasks.fetching.extraction.sanitizing import fence

_BLOCKS: Final = frozenset(
    """
    address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol p pre section summary
    table tbody tfoot thead tr ul
    """.split()  # noqa: SIM905 - a list of sixty quoted names reads worse
)
_HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_MARKS: Final = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}
_LISTS: Final = ("ul", "ol", "menu")
_SPECIAL: Final = re.compile(r"([\\*_`\[\]<])")
_SPACE: Final = re.compile(r"\s+")
# CommonMark 2.4: a backslash escapes punctuation only, so that of "1." goes before the dot.
_BLOCK_START: Final = re.compile(r"\A(\d{1,9}(?=[.)])|)(#{1,6}|[-+>.)])(?=\s|$)")
_MAX_INDENT: Final = 20


def body_to_markdown(body: Tree) -> str:
    """Headings, paragraphs, lists, quotes, tables with a head, links and code of `body` as Markdown.

    Iterative, so that no nesting depth can exhaust the stack.
    """
    writer = _Writer()
    stack: list[tuple[Tree, bool]] = [(body, False)]
    while stack:
        node, leaving = stack.pop()
        if leaving:
            writer.leave(node)
        elif node.tag == "-text":
            writer.text(node.text_content or "")
        elif writer.enter(node):
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
    writer.flush()
    return writer.markdown()


class _Writer:
    """Collects inline text until a block ends, then writes it with the prefix of its surroundings."""

    def __init__(self) -> None:
        self._blocks: list[tuple[str, bool]] = []
        self._inline: list[str] = []
        # Links and emphasis being written: the node's identity and where in the inline text it began.
        self._open: list[tuple[int, int]] = []
        self._prefix = ""
        self._lists: list[int | None] = []
        self._tables: list[int | None] = []
        self._quotes = 0
        # Inside a link or a cell a block boundary is only a blank: neither may span blocks in Markdown.
        self._joined = 0
        self._code = 0

    def enter(self, node: Tree) -> bool:
        """Open `node`. Returns whether its children are to be visited."""
        tag = node.tag
        if tag == "pre" and not self._joined:
            self.flush()
            self._blocks.append((fence(node.text().replace(BLANK, "")).rstrip("\n"), False))
            return False
        if tag in _BLOCKS:
            self._boundary()
            self._enter_block(node, tag)
        elif tag in ("td", "th"):
            self._enter_cell()
        elif tag == "br":
            self._inline.append(" " if self._joined else "\n")
        elif (tag == "a" or tag in _MARKS) and not self._code:
            self._open.append((node.mem_id, len(self._inline)))
            self._joined += tag == "a"
            self._code += tag == "code"
        return True

    def _enter_block(self, node: Tree, tag: str) -> None:
        if tag in _LISTS:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "table":
            # Without a head it is as often a layout as data: its cells become paragraphs.
            self._tables.append(0 if node.css_first("th") is not None else None)
        elif tag == "blockquote":
            self._quotes += 1
        elif self._joined:
            return
        elif tag in _HEADINGS:
            self._prefix = _HEADINGS[tag]
        elif tag == "li":
            self._prefix = self._marker()
        elif tag == "tr" and self._in_data_table:
            self._prefix = "| "
        elif tag == "hr":
            self._blocks.append(("---", False))

    def _enter_cell(self) -> None:
        if self._in_data_table:
            self._joined += 1
        else:
            self._boundary()

    def leave(self, node: Tree) -> None:
        """Close what `enter` opened."""
        tag = node.tag
        if self._open and self._open[-1][0] == node.mem_id:
            self._close_inline(node, tag)
        elif tag in ("td", "th"):
            self._leave_cell()
        elif tag in _BLOCKS:
            self._boundary()
            self._leave_block(node, tag)

    def _close_inline(self, node: Tree, tag: str) -> None:
        """Put the marks around what was written since `node` was opened; around nothing, none."""
        _, start = self._open.pop()
        self._joined -= tag == "a"
        self._code -= tag == "code"
        content = "".join(self._inline[start:])
        del self._inline[start:]
        core = content.strip()
        if core:
            before, _, after = content.partition(core)
            marked = (
                _link(core, node.attributes.get("href") or "")
                if tag == "a"
                else _MARKS[tag] + core + _MARKS[tag]
            )
            self._inline.append(f"{before}{marked}{after}")
        else:
            self._inline.append(content)

    def _leave_cell(self) -> None:
        if self._in_data_table:
            self._joined -= 1
            self._inline.append(" | ")
        else:
            self._boundary()

    def _leave_block(self, node: Tree, tag: str) -> None:
        if tag in _LISTS:
            self._lists.pop()
        elif tag == "table":
            self._tables.pop()
        elif tag == "blockquote":
            self._quotes -= 1
        elif tag == "tr" and self._in_data_table and not self._joined:
            rows = self._tables[-1] = (self._tables[-1] or 0) + 1
            if rows == 1:
                self._blocks.append(("|" + " --- |" * max(1, len(node.css("td,th"))), True))

    @property
    def _in_data_table(self) -> bool:
        return bool(self._tables) and self._tables[-1] is not None

    def text(self, text: str) -> None:
        """Add prose; its Markdown characters are escaped, code stays as it is."""
        text = _SPACE.sub(" ", text)
        self._inline.append(text if self._code else _SPECIAL.sub(r"\\\1", text))

    def _boundary(self) -> None:
        if self._joined:
            self._inline.append(" ")
        else:
            self.flush()

    def flush(self) -> None:
        """End the current block."""
        joined = "".join(self._inline)
        self._inline.clear()
        # Emphasis around whole blocks: its end finds nothing open and is not written either.
        if self._open:
            self._open.clear()
            self._code = 0
        lines = [line for line in (" ".join(line.split()) for line in joined.split("\n")) if line.strip("| ")]
        if not lines:
            return
        prefix, self._prefix = self._prefix, ""
        quote = "> " * self._quotes
        lines[0] = prefix + (lines[0] if prefix else _BLOCK_START.sub(r"\1\\\2", lines[0]))
        block = "  \n".join(quote + line for line in lines)
        # Items and rows of one list or table follow each other without a blank line.
        tight = bool(prefix) and not prefix.startswith("#")
        self._blocks.append((block, tight))

    def markdown(self) -> str:
        """Everything written so far."""
        parts: list[str] = []
        was_tight = False
        for block, tight in self._blocks:
            parts.append("\n" if tight and was_tight else "\n\n")
            parts.append(block)
            was_tight = tight
        return "".join(parts[1:])

    def _marker(self) -> str:
        if not self._lists:
            return "- "
        indent = "  " * (min(len(self._lists), _MAX_INDENT) - 1)
        number = self._lists[-1]
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "


def _link(text: str, href: str) -> str:
    if any(sign in href for sign in " <>()"):
        return f"[{text}](<" + href.replace("<", "%3C").replace(">", "%3E") + ">)"
    return f"[{text}]({href})"
