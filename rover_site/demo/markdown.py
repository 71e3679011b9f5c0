"""The subset of Markdown in which the demo site's pages are written, rendered to HTML.

Blocks: `#` headings, paragraphs, `-` and `1.` lists, `>` quotes, pipe tables, fenced code, images alone in a
paragraph. Spans: `code`, **strong**, *emphasis*, [links](/path). Raw HTML is escaped.
"""

import re
from collections.abc import Callable, Iterator
from html import escape

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IMAGE = re.compile(r"^!\[([^\]]*)\]\(([^)\s]+)\)$")
_SPANS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*([^*]+)\*"), r"<em>\1</em>"),
)


def render(text: str) -> str:
    """HTML of a page body; headings get an id so that they can be linked to."""
    return "\n".join(_block(block) for block in _blocks(text))


def plain(text: str) -> str:
    """The words of a page body without marks, for search and feeds."""
    without = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", text)
    without = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", without)
    without = re.sub(r"^\|[-| ]+\|$|^```\w*$", "", without, flags=re.MULTILINE)
    return re.sub(r"\s+", " ", re.sub(r"^#+ |[*`|]|^> ", " ", without, flags=re.MULTILINE)).strip()


def slug(title: str) -> str:
    """An id for a heading: lower-case ASCII words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _blocks(text: str) -> Iterator[str]:
    """Paragraph-sized pieces; a fence stays whole even with blank lines inside."""
    position = 0
    for fence in _FENCE.finditer(text):
        yield from _paragraphs(text[position : fence.start()])
        yield fence.group(0)
        position = fence.end()
    yield from _paragraphs(text[position:])


def _paragraphs(text: str) -> Iterator[str]:
    return (part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip())


def _block(block: str) -> str:
    for start, write in _KINDS:
        if re.match(start, block):
            return write(block)
    return f"<p>{_spans(' '.join(block.splitlines()))}</p>"


def _heading(block: str) -> str:
    marks, _, title = block.partition(" ")
    level = len(marks)
    return f'<h{level} id="{slug(title)}">{_spans(title)}</h{level}>'


def _fence(block: str) -> str:
    _, name, code, _ = _FENCE.split(block)
    language = f' class="language-{name}"' if name else ""
    return f"<pre><code{language}>{escape(code, quote=False)}</code></pre>"


def _bullets(block: str) -> str:
    return f"<ul>\n{_items(block, r'^- ')}\n</ul>"


def _numbers(block: str) -> str:
    return f"<ol>\n{_items(block, r'^[0-9]+[.] ')}\n</ol>"


def _items(block: str, mark: str) -> str:
    items = re.split(mark, block, flags=re.MULTILINE)[1:]
    return "\n".join(f"<li>{_spans(' '.join(item.split()))}</li>" for item in items)


def _quote(block: str) -> str:
    inner = " ".join(line.removeprefix(">").strip() for line in block.splitlines())
    return f"<blockquote><p>{_spans(inner)}</p></blockquote>"


def _table(block: str) -> str:
    header, _, *rows = ([cell.strip() for cell in row.strip("|").split("|")] for row in block.splitlines())
    top = "".join(f'<th scope="col">{_spans(cell)}</th>' for cell in header)
    body = "\n".join("<tr>" + "".join(f"<td>{_spans(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = f"<thead><tr>{top}</tr></thead>"
    return f'<div class="scroll"><table>\n{top}\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _picture(block: str) -> str:
    _, alt, source, _ = _IMAGE.split(block)
    alt = escape(alt)
    return (
        f'<figure><img src="{escape(source)}" alt="{alt}" width="720" height="320" loading="lazy">'
        f"<figcaption>{alt}</figcaption></figure>"
    )


def _spans(text: str) -> str:
    """Inline marks. Code spans are set apart first: nothing inside them is a mark."""
    parts = re.split(r"`([^`]+)`", text)
    for index, part in enumerate(parts):
        html = escape(part, quote=False)
        if index % 2:
            parts[index] = f"<code>{html}</code>"
            continue
        for pattern, replacement in _SPANS:
            html = pattern.sub(replacement, html)
        parts[index] = html
    return "".join(parts)


_KINDS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"#{1,4} ", _heading),
    (r"```", _fence),
    (r"- ", _bullets),
    (r"[0-9]+[.] ", _numbers),
    (r">", _quote),
    (r"\|", _table),
    (r"!\[[^\]]*\]\([^)\s]+\)$", _picture),
)
