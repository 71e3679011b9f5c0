"""The part of a page that matters: an article as a list of blocks, its HTML and its gold text."""

from dataclasses import dataclass
from enum import StrEnum
from html import escape

from benchmarks.corpus.prose import Prose


class BlockKind(StrEnum):
    """What a block is made of."""

    PARAGRAPH = "p"
    HEADING = "h2"
    LIST = "ul"
    QUOTE = "blockquote"
    TABLE = "table"
    CODE = "pre"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`cells` are rows of text: one row for most kinds, one per item or table row for the others."""

    kind: BlockKind
    cells: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        return " ".join(cell for row in self.cells for cell in row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article. `published` is an ISO date."""

    title: str
    summary: str
    author: str
    published: str
    blocks: tuple[Block, ...]

    @property
    def gold(self) -> str:
        """The text of the body: what F1 is measured against. Captions of pictures count as neither."""
        return "\n".join(block.text for block in self.blocks if block.kind is not BlockKind.FIGURE)


_WEIGHTS = {
    BlockKind.PARAGRAPH: 62,
    BlockKind.HEADING: 13,
    BlockKind.LIST: 7,
    BlockKind.QUOTE: 5,
    BlockKind.TABLE: 4,
    BlockKind.CODE: 3,
    BlockKind.FIGURE: 6,
}


def make_article(prose: Prose, *, words: int) -> Article:
    """An article of about that many words; it begins and ends with a paragraph."""
    blocks = [_block(prose, BlockKind.PARAGRAPH)]
    count = len(blocks[0].text.split())
    while count < words:
        after_heading = blocks[-1].kind is BlockKind.HEADING
        kind = BlockKind.PARAGRAPH if after_heading else _pick(prose)
        blocks.append(_block(prose, kind))
        count += len(blocks[-1].text.split())
    blocks.append(_block(prose, BlockKind.PARAGRAPH))
    day = (
        f"20{prose.random.randint(15, 25)}-{prose.random.randint(1, 12):02}-{prose.random.randint(1, 28):02}"
    )
    return Article(
        title=prose.title(prose.random.randint(4, 9)),
        summary=prose.sentence(),
        author=prose.random.choice(("The editors", "The newsroom", "Staff writers", "The science desk")),
        published=day,
        blocks=tuple(blocks),
    )


def _pick(prose: Prose) -> BlockKind:
    return prose.random.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]


def _block(prose: Prose, kind: BlockKind) -> Block:
    chance = prose.random
    cells: tuple[tuple[str, ...], ...]
    match kind:
        case BlockKind.HEADING:
            cells = ((prose.title(chance.randint(2, 7)),),)
        case BlockKind.LIST:
            cells = tuple((prose.sentence(),) for _ in range(chance.randint(3, 7)))
        case BlockKind.TABLE:
            width = chance.randint(2, 5)
            rows = chance.randint(3, 9)
            cells = tuple(tuple(_cell(prose, row, column) for column in range(width)) for row in range(rows))
        case BlockKind.CODE:
            cells = tuple(
                (f"{prose.word()}_{number} = {prose.word()}({chance.randint(0, 99)})",)
                for number in range(chance.randint(3, 10))
            )
        case BlockKind.PARAGRAPH:
            cells = ((prose.paragraph(chance.randint(2, 6)),),)
        case BlockKind.QUOTE | BlockKind.FIGURE:
            cells = ((prose.sentence(),),)
    return Block(kind=kind, cells=cells)


def _cell(prose: Prose, row: int, column: int) -> str:
    if row == 0 or column == 0:
        return prose.title(2)
    return f"{prose.random.randint(1, 9_999):,}"


def block_html(block: Block, prose: Prose) -> str:
    """The block as semantic HTML; some words of a paragraph become links or emphasis."""
    match block.kind:
        case BlockKind.PARAGRAPH:
            return f"<p>{_marked(block.text, prose)}</p>"
        case BlockKind.HEADING:
            return f'<h2 id="{prose.token(6)}">{escape(block.text)}</h2>'
        case BlockKind.LIST:
            return "<ul>" + "".join(f"<li>{escape(row[0])}</li>" for row in block.cells) + "</ul>"
        case BlockKind.QUOTE:
            return f"<blockquote><p>{escape(block.text)}</p></blockquote>"
        case BlockKind.CODE:
            return "<pre><code>" + "\n".join(escape(row[0]) for row in block.cells) + "</code></pre>"
        case BlockKind.FIGURE:
            source = f"/media/{prose.token(12)}.jpg"
            return (
                f'<figure><img src="{source}" data-src="{source}" srcset="{source} 640w, {source} 1280w" '
                f'alt="{escape(block.text)}" loading="lazy"><figcaption>{escape(block.text)}</figcaption>'
                f"</figure>"
            )
        case BlockKind.TABLE:
            return _table(block)


def _table(block: Block) -> str:
    header, *rows = block.cells
    top = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _marked(text: str, prose: Prose) -> str:
    words = [escape(word) for word in text.split(" ")]
    for _ in range(len(words) // 45):
        at = prose.random.randrange(len(words))
        link = f'<a href="/topic/{prose.token(6)}">%s</a>'
        mark = prose.random.choice((link, "<em>%s</em>", "<strong>%s</strong>"))
        words[at] = mark.replace("%s", words[at])
    return " ".join(words)
