"""A page as a tree ready for reading: scripts and hidden text gone, links absolute, code kept as it is.

One parse by the WHATWG rules (lexbor); the cleaned tree is serialised once for the article extractor.
"""

import html
import re
from collections.abc import Iterable
from typing import Any, Final

from selectolax.lexbor import LexborHTMLParser

from tasks.fetching.extraction.links import resolve

# The article extractor unescapes its whole output once more, drops blank lines even in code, and forgets the
# language of a code block. Two symbols that no prose uses carry these things through it.
AMPERSAND: Final = "\u2425"
BLANK: Final = "\u2424"

_NEVER_SHOWN: Final = "style,noscript,template,svg,iframe,object,embed,canvas,audio,video,dialog:not([open])"
_SCRIPTS: Final = 'script:not([type="application/ld+json"])'
_HIDDEN_OR_STYLED: Final = "[hidden],[aria-hidden],[style]"
_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|text-indent\s*:\s*-\d{4,}", re.I
)
_POSITIONED: Final = re.compile(r"position\s*:\s*(?:absolute|fixed)", re.I)
_OFF_SCREEN: Final = re.compile(r"(?:left|top|right)\s*:\s*-\d{4,}|clip\s*:\s*rect\(\s*0", re.I)
_NO_WIDTH: Final = re.compile(r"(?<![-\w])width\s*:\s*0(?:px)?\s*(?:;|!|$)", re.I)
_NO_HEIGHT: Final = re.compile(r"(?<![-\w])height\s*:\s*0(?:px)?\s*(?:;|!|$)", re.I)
_ZERO_TEXT: Final = re.compile(r"font-size\s*:\s*0(?:px|em|rem|%|pt)?\s*(?:;|!|$)", re.I)
_LANGUAGE: Final = re.compile(r"(?:^|\s)(?:language|lang|highlight-source|brush:)[-\s]?([\w+#-]{1,30})", re.I)
_KEPT_SHARE: Final = 5
_MAX_SPAN: Final = 20
_MAX_STYLE_CHARS: Final = 1_000

Tree = Any


def parse(markup: str) -> Tree:
    """The document tree of `markup`; never fails, whatever the markup."""
    return LexborHTMLParser(markup)


def clean_tree(tree: Tree) -> bool:
    """Remove what no reader sees. Returns True when hidden text was kept, being nearly the whole page."""
    _remove(tree.css(_SCRIPTS))
    _remove(tree.css(_NEVER_SHOWN))
    suspects = tree.css(_HIDDEN_OR_STYLED)
    hidden = [node for node in suspects if node.tag not in ("html", "body") and _is_hidden(node)]
    if not hidden:
        return False
    # Pages that reveal themselves by script hide their main container at first.
    if _hides_nearly_all(tree, hidden):
        return True
    _remove(hidden)
    return False


def limit_spans(tree: Tree) -> None:
    """Drop cell spans over 20: a hostile one would be written out column by column."""
    for cell in tree.css("[colspan],[rowspan]"):
        attributes = cell.attrs
        for name in ("colspan", "rowspan"):
            value = (attributes.get(name) or "1").strip()
            if name in attributes and not (value.isdecimal() and len(value) < 3 and int(value) <= _MAX_SPAN):
                del attributes[name]


def _is_hidden(node: Tree) -> bool:
    attributes = node.attributes
    if attributes.get("hidden", "until-found") != "until-found" or attributes.get("aria-hidden") == "true":
        return True
    style = (attributes.get("style") or "")[:_MAX_STYLE_CHARS]
    if not style:
        return False
    if _HIDING.search(style) or (_POSITIONED.search(style) and _OFF_SCREEN.search(style)):
        return True
    if _NO_WIDTH.search(style) and _NO_HEIGHT.search(style):
        return True
    # Layouts set the font size of a row to zero and restore it in the cells: only a leaf is hidden by it.
    return _ZERO_TEXT.search(style) is not None and next(node.iter(), None) is None


def _hides_nearly_all(tree: Tree, hidden: list[Tree]) -> bool:
    body = tree.body
    if body is None:
        return False
    total = len(body.text())
    return any(_KEPT_SHARE * (total - len(node.text())) < total for node in hidden)


def _remove(nodes: Iterable[Tree]) -> None:
    """Destroy nodes given in document order, last first: an outer node frees what inner handles point to."""
    once = {node.mem_id: node for node in nodes}
    for node in reversed(once.values()):
        node.decompose()


def absolutise(tree: Tree, base: str) -> list[str]:
    """Make every `a[href]` absolute, unwrap those without a usable target, return the targets in order."""
    targets: list[str] = []
    known: dict[str, str | None] = {}
    dead: list[Tree] = []
    for anchor in tree.css("a"):
        attributes = anchor.attrs
        href = attributes.get("href")
        if href is None:
            dead.append(anchor)
            continue
        if href not in known:
            known[href] = resolve(href, base)
        target = known[href]
        if target is None:
            dead.append(anchor)
            continue
        targets.append(target)
        attributes["href"] = target
    for anchor in dead:
        anchor.unwrap()
    return targets


def protect_code(tree: Tree) -> dict[str, str]:
    """Flatten each `<pre>` to its text, blank lines marked; return the languages by first line of a block."""
    languages: dict[str, str] = {}
    for block in tree.css("pre"):
        for line_break in block.css("br"):
            line_break.replace_with("\n")
        text = block.text().strip("\n")
        language = _language(block)
        marked = "\n".join(line if line.strip() else BLANK for line in text.split("\n"))
        block.inner_html = f"<span>{html.escape(marked, quote=False)}</span>"
        if language and "\n" in text:
            languages.setdefault(text.partition("\n")[0].strip(), language)
    return languages


def _language(block: Tree) -> str | None:
    code = block.css_first("code")
    parent = block.parent
    for node in (code, block, parent):
        if node is None or node.tag in ("body", "html", "-document"):
            continue
        named = node.attributes.get("data-lang") or node.attributes.get("data-language")
        found = _LANGUAGE.search(node.attributes.get("class") or "")
        if named or found:
            return re.sub(r"[^\w+#-]", "", named or (found.group(1) if found else "")).lower()
    return None


def serialise(tree: Tree) -> str:
    """The tree as HTML with every literal ampersand replaced by `AMPERSAND` (restored after extraction)."""
    markup: str = tree.html or ""
    return markup.replace("&amp;", AMPERSAND)
