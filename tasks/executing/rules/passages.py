"""A page cut into passages that can answer a question, each with what it stands under."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from tasks.executing.protocol import Block, BlockKind, PageView
from tasks.executing.rules.ranking import weigh

MIN_CHARS = 2
MAX_PASSAGES = 2_000
_TEXT_KEYS = ("description", "articleBody", "text", "abstract")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """`text` as on the page (a heading only helps who asks when or how many); `about`: its heading, row
    head or question; `page` it stands on."""

    text: str
    about: str
    page: PageView
    weights: dict[str, float]
    is_heading: bool = False


def passages_of(page: PageView) -> Iterator[Passage]:
    """The passages of the main part: blocks, the answers of question lists, and texts in JSON-LD."""
    yield from islice(chain(_blocks(page), _sections(page), _linked(page)), MAX_PASSAGES)


def _blocks(page: PageView) -> Iterator[Passage]:
    for block in page.blocks:
        if not block.in_main or len(block.text) < MIN_CHARS or block.text.endswith("?"):
            continue
        about = block.headings[-1] if block.headings else page.title
        fields = [(block.text, 1.0), (about, 1.0), (page.title, 0.5), (" ".join(block.headings[:-1]), 0.4)]
        if block.columns:
            fields.append((" ".join(block.columns), 0.5))
        is_heading = block.kind is BlockKind.HEADING
        yield Passage(text=block.text, about=about, page=page, weights=weigh(fields), is_heading=is_heading)


def _sections(page: PageView) -> Iterator[Passage]:
    """A heading that is a question, with all that stands below it."""
    sections: dict[tuple[str, ...], list[Block]] = {}
    for block in page.blocks:
        if block.in_main and block.kind is not BlockKind.HEADING and block.headings:
            sections.setdefault(block.headings, []).append(block)
    for headings, blocks in sections.items():
        if len(blocks) > 1 and sum(len(block.text) for block in blocks) < 600 and headings[-1].endswith("?"):
            text = " ".join(block.text for block in blocks)
            weights = weigh([(headings[-1], 2.0), (text, 1.0), (page.title, 0.5)])
            yield Passage(text=text, about=headings[-1], page=page, weights=weights)


def _linked(page: PageView) -> Iterator[Passage]:
    for data in page.linked_data:
        name = data.node.get("name") or data.node.get("headline")
        about = name if isinstance(name, str) else page.title
        answer = data.node.get("acceptedAnswer")
        texts = [data.node.get(key) for key in _TEXT_KEYS]
        texts.append(answer.get("text") if isinstance(answer, dict) else None)
        for text in texts:
            # Only what the script says in the same letters can be quoted.
            if isinstance(text, str) and text and text in data.source:
                weights = weigh([(text, 1.0), (about, 1.0), (page.title, 0.5)])
                yield Passage(text=text, about=about, page=page, weights=weights)
