"""A page as a model gets to see it, and as what its quotes are held against."""

from collections.abc import Iterable, Iterator
from typing import Final

from tasks.core.printable import printable_block
from tasks.executing.protocol import Block, BlockKind, Item, Link, PageView

MAX_LINKS: Final = 80
_MAX_LINE_CHARS: Final = 300
_MAX_DATA_CHARS: Final = 2_000
_MAX_DATA: Final = 5
_LISTS: Final = ("feed", "sitemap", "sitemapindex")


def squeeze(text: str) -> str:
    """`text` on one line with single blanks, without what is not seen."""
    return " ".join(printable_block(text).replace("\u00ad", "").replace("\u200b", "").split())


def parts_of(page: PageView, *, chars: int) -> list[str]:
    """The text of `page` in parts of at most `chars` characters, cut at line ends where that can be."""
    parts = [""]
    for line in _lines(page):
        for piece in (line[at : at + chars] for at in range(0, len(line), chars)):
            if len(parts[-1]) + len(piece) >= chars and parts[-1]:
                parts.append("")
            parts[-1] += f"{piece}\n"
    return [part.rstrip("\n") for part in parts]


def head_of(page: PageView) -> str:
    """What `page` is called, and where it is."""
    known = {
        "Address": page.url,
        "Title": page.title,
        "Site": page.site_name,
        "Description": page.description,
        "Published": page.published or "",
    }
    return "\n".join(f"{name}: {squeeze(value)[:_MAX_LINE_CHARS]}" for name, value in known.items() if value)


def links_of(page: PageView) -> str:
    """Where `page` leads, the links of its main part first."""
    links = _unique(sorted(page.links, key=lambda link: not link.in_main))
    lines = [_link(link) for link in links[:MAX_LINKS]]
    lines += [f"(feed) {url}" for url in page.feeds]
    if len(links) > MAX_LINKS:
        lines.append(f"… and {len(links) - MAX_LINKS} more; search_page finds them by their words.")
    return "\n".join(lines)


def passages_of(page: PageView) -> Iterator[str]:
    """What `search_page` looks through: each block, item and link."""
    yield from (squeeze(block.text) for block in page.blocks)
    if page.kind in _LISTS:
        yield from map(_item, page.items)
    yield from map(_link, _unique(page.links))


def evidence_of(page: PageView) -> str:
    """All that can be quoted from `page`: one line for what belongs together, each squeezed."""
    groups = [
        page.title,
        page.description,
        page.site_name,
        " ".join(block.text for block in page.blocks),
        *(" ".join(columns) for columns in dict.fromkeys(block.columns for block in page.blocks) if columns),
        *(_item(item) for item in page.items),
        *(item.text for item in page.items),
        *(link.text for link in page.links),
        *_sources(page),
    ]
    return "\n".join(filter(None, map(squeeze, groups)))


def _lines(page: PageView) -> Iterator[str]:
    yield from _blocks(block for block in page.blocks if block.in_main)
    if page.kind in _LISTS:
        yield from (f"- {_item(item)}" for item in page.items)
    named = {link.text for link in page.links}  # shown among the links
    frame = [block for block in page.blocks if not block.in_main and block.text not in named]
    if frame:
        yield from ("(menus and footer of the page)", *_blocks(frame))
    sources = _sources(page)
    if sources:
        yield "(data of the page, JSON-LD)"
        yield from (squeeze(source)[:_MAX_DATA_CHARS] for source in sources[:_MAX_DATA])


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    columns: tuple[str, ...] = ()
    for block in blocks:
        if block.columns and block.columns != columns:
            yield f"(columns: {squeeze(', '.join(block.columns))})"
        columns = block.columns
        text = squeeze(block.text)
        if columns and not all(block.cells):
            text += f" (cells: {squeeze(' | '.join(block.cells))})"
        if block.kind is BlockKind.HEADING:
            yield f"{'#' * max(1, block.level)} {text}"
        else:
            yield f"- {text}" if block.kind is BlockKind.ITEM else text


def _item(item: Item) -> str:
    said = (item.title, f"({item.dated_by})" if item.dated_by else "", item.summary, item.url or "")
    return squeeze(" ".join(filter(None, said)))


def _link(link: Link) -> str:
    return f"{squeeze(link.text)[:_MAX_LINE_CHARS]} → {squeeze(link.url)[:_MAX_DATA_CHARS]}"


def _unique(links: Iterable[Link]) -> list[Link]:
    found: dict[str, Link] = {}
    for link in links:
        known = found.get(link.url)
        if known is None or not known.text:
            found[link.url] = link
    return list(found.values())


def _sources(page: PageView) -> list[str]:
    """The scripts that hold the page's data, each once: several nodes may stand in one."""
    return list(dict.fromkeys(data.source for data in page.linked_data))
