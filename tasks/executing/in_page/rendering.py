"""A seen page as text for a model, one node a line, as the page's own script renders it.

No text of the page starts a line or has a bracket: none passes for an element.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from tasks.executing.in_page.page import SeenNode, SeenPage

_LEVELS: Final = (1_000, 240, 80, 0)
_NAME_MIN: Final = 60
_INDENT_MAX: Final = 20
_QUOTED: Final = frozenset({"placeholder", "value"})


def render_page(page: SeenPage, *, max_chars: int) -> str:
    """The tree in at most `max_chars` characters: texts are cut before lines are."""
    text = ""
    for longest in _LEVELS:
        text = "\n".join(_lines(page, longest))
        if len(text) <= max_chars:
            return text
    kept = text[: max(0, max_chars - 40)].rpartition("\n")[0]
    n_left = text.count("\n") - kept.count("\n")
    return f"{kept}\n… {n_left} more lines"


def _lines(page: SeenPage, longest: int) -> Iterator[str]:
    parts = urlsplit(page.url)
    origin = f"{parts.scheme}://{parts.netloc}/"
    depth: dict[int, int] = {}
    for node in page.nodes:
        above = depth.get(node.above.at, 0) if node.above is not None else -1
        line = _line(node, longest, origin)
        depth[node.at] = above + 1 if line else above
        if line:
            yield "  " * min(depth[node.at], _INDENT_MAX) + line


def _line(node: SeenNode, longest: int, origin: str) -> str:
    body = f": {_escaped(node.text, longest)}" if node.text and longest else ""
    if node.role == "text":
        return f"text{body}" if body else ""
    parts = [node.role if node.role.isidentifier() else "generic"]
    if node.level:
        parts.append(str(node.level))
    if node.name:
        name = _escaped(node.name, max(longest, _NAME_MIN)).replace('"', "'")
        parts.append(f'"{name}"')
    parts.extend(_labels(node))
    if node.url:
        short = node.url.removeprefix(origin)
        url = short if short == node.url else f"/{short}"
        parts.append(f"→ {_escaped(url, max(longest, 200))}")
    if node.unavailable:
        parts.append("(not to be seen)")
    if node.options and longest:
        parts.append("options: " + _escaped(" | ".join(node.options), longest * 4))
    return " ".join(parts) + body


def _labels(node: SeenNode) -> Iterator[str]:
    if node.id is not None:
        yield f"[id={node.id}]"
    for name, value in node.props.items():
        if not name.isidentifier():
            continue
        if value is True:
            yield f"[{name}]"
        else:
            text = _escaped(str(value), 200)
            yield f'[{name}="{text.replace(chr(34), "&quot;")}"]' if name in _QUOTED else f"[{name}={text}]"


def _escaped(text: str, longest: int) -> str:
    line = " ".join(text.split())
    cut = line if len(line) <= longest else line[: max(0, longest - 1)] + "…"
    return cut.replace("[", "&#91;").replace("]", "&#93;")
