"""A page as Markdown: the article where there is one, else the whole body, else the bare text."""

import re
from dataclasses import dataclass
from typing import Any, Final

from trafilatura import extract as extract_article

from tasks.fetching.extraction import quality
from tasks.fetching.extraction.body_markdown import body_to_markdown
from tasks.fetching.extraction.document import Effort, Flag
from tasks.fetching.extraction.dom import (
    AMPERSAND,
    BLANK,
    Tree,
    absolutise,
    clean_tree,
    limit_spans,
    parse,
    protect_code,
    serialise,
)
from tasks.fetching.extraction.links import base_of, page_links
from tasks.fetching.extraction.markup_limits import exceeds_dom_limits
from tasks.fetching.extraction.metadata import read_metadata
from tasks.fetching.extraction.plain import bare_text
from tasks.fetching.extraction.reading import Reading
from tasks.fetching.extraction.sanitizing import clean

# Below this share of the visible text, an article this short is a teaser or a cookie text, not the page.
_POOR_SHARE: Final = 0.1
_MAX_BARE_CHARS: Final = 2_000_000
# The extractor copies its tree several times: about 35 bytes of memory for each character.
_MAX_ARTICLE_MARKUP: Final = 2_500_000
_MAX_LINKED_DATA: Final = 20
_FENCE_OPENING: Final = re.compile(r"^(`{3,})\n(.*)$", re.M)
_BARE_LINK: Final = re.compile(r"\bhref\s*=\s*[\"']?(https?://[^\s\"'<>]{1,2000})", re.I)
_NAVIGATION: Final = "nav,footer,aside,[role=navigation],[role=contentinfo]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A cleaned page and what was read from it on the way."""

    tree: Tree
    base: str
    fields: dict[str, Any]
    links: tuple[str, ...]
    languages: dict[str, str]
    facts: quality.PageFacts
    hidden_kept: bool


def read_html(markup: str, url: str, effort: Effort) -> Reading:
    """`markup` (decoded) of the page at `url` as Markdown with metadata, links, flags and the share kept."""
    markup = clean(markup).replace(AMPERSAND, " ").replace(BLANK, " ")
    limited = exceeds_dom_limits(markup)
    if effort is Effort.PLAIN or limited:
        return _read_bare(markup, url, Flag.DOM_LIMIT if limited else None)
    page = _open(markup, url)
    visible = quality.dense_length(page.facts.text)
    flags = [*quality.page_flags(page.facts)]
    if page.hidden_kept:
        flags.append(Flag.HIDDEN_KEPT)
    article = _article(page) if visible >= quality.SHORT_CHARS else None
    if article is None or _is_poor(article, visible):
        whole = _label_fences(_body(page), page.languages)
        if whole.strip() and quality.dense_length(whole) > quality.dense_length(article or ""):
            flags.append(Flag.FALLBACK_USED)
            article = whole
    kept = article or ""
    return Reading(
        markdown=kept,
        title=page.fields.get("title"),
        fields={"base": page.base, **page.fields},
        links=page.links,
        flags=tuple(flags),
        ratio=quality.ratio(kept, visible),
        visible_text=page.facts.text,
    )


def _open(markup: str, url: str) -> _Page:
    tree = parse(markup)
    declared = tree.css_first("base[href]")
    base = base_of(declared.attributes.get("href") if declared is not None else None, url)
    fields = read_metadata(tree, base)
    noscript = " ".join(node.text() for node in tree.css("noscript")[:20])
    has_password = tree.css_first('input[type="password" i]') is not None
    hidden_kept = clean_tree(tree)
    limit_spans(tree)
    targets = absolutise(tree, base)
    languages = protect_code(tree)
    facts = quality.PageFacts(
        markup=markup,
        text=_visible_text(tree),
        title=fields.get("title", ""),
        noscript=noscript,
        has_password_field=has_password,
    )
    return _Page(
        tree=tree,
        base=base,
        fields=fields,
        links=page_links(targets, url),
        languages=languages,
        facts=facts,
        hidden_kept=hidden_kept,
    )


def _visible_text(tree: Tree) -> str:
    body = tree.body
    text: str = body.text(separator=" ") if body is not None else ""
    # JSON-LD stays in the tree for the extractor, but nobody sees it.
    for script in tree.css("body script")[:_MAX_LINKED_DATA]:
        text = text.replace(script.text(separator=" "), " ")
    return text.replace(BLANK, "")


def _article(page: _Page) -> str | None:
    """The main content by trafilatura; its own metadata would cost 40 % more and give no more text."""
    markup = serialise(page.tree)
    if len(markup) > _MAX_ARTICLE_MARKUP:
        return None
    try:
        found = extract_article(
            markup,
            output_format="markdown",
            with_metadata=False,
            include_links=True,
            include_formatting=True,
            include_tables=True,
            include_comments=False,
        )
    except (RecursionError, ValueError, TypeError, AttributeError, LookupError, AssertionError):
        # A page that trips the extractor still has text; the body converter below is simpler.
        return None
    if not found:
        return None
    return _label_fences(found.replace(AMPERSAND, "&"), page.languages)


def _label_fences(markdown: str, languages: dict[str, str]) -> str:
    """Give code blocks the language that their HTML had; the extractor keeps only the text."""
    if not languages:
        return markdown

    def label(fence: re.Match[str]) -> str:
        language = languages.get(fence.group(2).strip(), "")
        return f"{fence.group(1)}{language}\n{fence.group(2)}"

    return _FENCE_OPENING.sub(label, markdown)


def _is_poor(article: str, visible: int) -> bool:
    length = quality.dense_length(article)
    return length < quality.SHORT_CHARS and length < _POOR_SHARE * visible


def _body(page: _Page) -> str:
    """The whole body converted, without navigation when there is something beside it."""
    body = page.tree.body
    if body is None:
        return ""
    whole = body_to_markdown(body)
    if page.tree.css_first(_NAVIGATION) is None:
        return whole
    for node in reversed(page.tree.css(_NAVIGATION)):
        node.decompose()
    core = body_to_markdown(body)
    return core if quality.dense_length(core) >= quality.SHORT_CHARS // 5 else whole


def _read_bare(markup: str, url: str, flag: Flag | None) -> Reading:
    """Title, text and absolute links by linear scans."""
    bare = bare_text(markup, _MAX_BARE_CHARS)
    links = page_links((link.replace("&amp;", "&") for link in _BARE_LINK.findall(markup)), url)
    return Reading(
        markdown=bare.text,
        title=bare.title,
        fields={"base": url},
        links=links,
        flags=(Flag.FALLBACK_USED, *((flag,) if flag else ())),
        ratio=1.0 if bare.complete else min(1.0, len(bare.text) / len(markup)),
        truncated=not bare.complete,
        visible_text=bare.text,
    )
