"""What a page says about itself, field by field from the first source that has a value.

Order: JSON-LD, Open Graph with `article:*`, Twitter card, `<meta name>`, `<title>`; for the
language `html[lang]` comes before `og:locale`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from tasks.fetching.extraction import jsonld
from tasks.fetching.extraction.dom import Tree
from tasks.fetching.extraction.links import resolve
from tasks.fetching.extraction.sanitizing import one_line

_SOURCES: Final = {
    "title": ("og:title", "twitter:title", "title", "dc.title", "citation_title"),
    "description": ("og:description", "twitter:description", "description", "dc.description"),
    "author": (
        "article:author",
        "og:article:author",
        "twitter:creator",
        "author",
        "dc.creator",
        "citation_author",
    ),
    "published": (
        "article:published_time",
        "og:published_time",
        "og:article:published_time",
        "datepublished",
        "date",
        "dc.date",
        "citation_publication_date",
    ),
    "modified": ("article:modified_time", "og:updated_time", "datemodified", "last-modified"),
    "image": ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"),
    "og_type": ("og:type",),
    "language": ("og:locale", "content-language", "language"),
}
_HTTP_URL: Final = re.compile(r"https?://", re.I)
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*\Z")


def read_metadata(tree: Tree, base: str) -> dict[str, Any]:
    """title, description, author, published, modified, image, og_type, canonical, language and schema_types.

    Only the fields that the page has; strings of one line and at most 2,000 characters, URLs absolute.
    """
    nodes = jsonld.typed_nodes(script.text() for script in tree.css('script[type="application/ld+json"]'))
    linked = jsonld.primary_fields(nodes)
    metas = _metas(tree)
    fields: dict[str, Any] = {}
    for field, names in _SOURCES.items():
        candidates = (linked.get(field), *_early(tree, field), *map(metas.get, names), *_late(tree, field))
        value = next((text for text in map(_checker(field, base), candidates) if text), None)
        if value is not None:
            fields[field] = value
    canonical = _canonical(tree, base)
    if canonical is not None:
        fields["canonical"] = canonical
    types = jsonld.schema_types(nodes)
    if types:
        fields["schema_types"] = [one_line(name, 100) for name in types]
    return fields


def _metas(tree: Tree) -> dict[str, str]:
    """First non-empty content by lower-case property or name."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        content = attributes.get("content")
        if not content or not content.strip():
            continue
        for key in ("property", "name", "itemprop", "http-equiv"):
            name = attributes.get(key)
            if name:
                found.setdefault(name.strip().lower(), content)
    return found


def _early(tree: Tree, field: str) -> tuple[str | None, ...]:
    """The language of the root: sites leave `og:locale` at its default far more often."""
    root = tree.css_first("html") if field == "language" else None
    return (root.attributes.get("lang"),) if root is not None else ()


def _late(tree: Tree, field: str) -> tuple[str | None, ...]:
    """The title element, else the first heading, when no meta has a title."""
    if field != "title":
        return ()
    return tuple(
        node.text() for node in map(tree.css_first, ("head > title", "title", "h1")) if node is not None
    )


def _checker(field: str, base: str) -> Callable[[str | None], str | None]:
    """How one candidate for `field` is read: None when it is no value for it."""
    if field == "image":
        return lambda text: _web_url(text, base)
    if field == "author":
        # Open Graph wants a profile URL as author; that is no name for a reader.
        return lambda text: None if text is None or _HTTP_URL.match(text.strip()) else one_line(text) or None
    if field == "language":
        return _language
    return lambda text: one_line(text) or None if text else None


def _language(text: str | None) -> str | None:
    trimmed = (text or "").strip()
    return trimmed.replace("_", "-") if _LANGUAGE.match(trimmed) else None


def _web_url(text: str | None, base: str) -> str | None:
    absolute = resolve(text.strip(), base) if text and text.strip() else None
    if absolute is None or not absolute.startswith("http"):
        return None
    return one_line(absolute) if len(absolute) <= 2_000 else None


def _canonical(tree: Tree, base: str) -> str | None:
    node = tree.css_first('link[rel~="canonical" i][href]')
    return _web_url(node.attributes.get("href"), base) if node is not None else None
