"""The forms of a page, and where a filled one leads."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from tasks.executing.protocol import Form, FormField, FormRefused
from tasks.fetching.extraction.dom import Tree
from tasks.fetching.extraction.links import resolve

MAX_FORMS = 20
MAX_FIELDS = 60
MAX_OPTIONS = 200
_SEARCH_NAMES = frozenset(
    {"q", "s", "query", "search", "suche", "suchbegriff", "keyword", "keywords", "term"}
)
_UNSENT = frozenset({"submit", "button", "image", "reset"})
_REFUSED = frozenset({"password", "file"})


def read_forms(tree: Tree, base: str) -> tuple[Form, ...]:
    """At most 20 forms in document order; those that lead nowhere are left out."""
    labels = {
        node.attributes["for"]: _text(node) for node in tree.css("label[for]")[:500] if node.attributes["for"]
    }
    return tuple(form for node in tree.css("form")[:MAX_FORMS] if (form := _form(node, base, labels)))


def _form(node: Tree, base: str, labels: Mapping[str, str]) -> Form | None:
    attributes = node.attributes
    action = resolve((attributes.get("action") or "").strip() or base, base)
    if action is None or not action.startswith("http"):
        return None
    fields = tuple(_fields(node, labels))
    legend = node.css_first("legend, h1, h2, h3, h4")
    button = node.css_first("button, input[type=submit]")
    said = [
        attributes.get("aria-label") or "",
        _text(legend) if legend is not None else "",
        (_text(button) or button.attributes.get("value") or "") if button is not None else "",
        attributes.get("name") or attributes.get("id") or "",
    ]
    return Form(
        action=action.partition("#")[0],
        method=(attributes.get("method") or "get").strip().lower(),
        fields=fields,
        label=" ".join(filter(None, said)),
        is_search=_is_search(attributes, fields),
    )


def _is_search(attributes: Mapping[str, str | None], fields: tuple[FormField, ...]) -> bool:
    open_fields = [field for field in fields if field.kind != "hidden"]
    if (attributes.get("role") or "").lower() == "search":
        return bool(open_fields)
    typed = [field for field in open_fields if field.kind in ("text", "search")]
    return (
        len(typed) == 1
        and len(open_fields) <= 2
        and (typed[0].kind == "search" or typed[0].name.lower() in _SEARCH_NAMES)
    )


def _fields(form: Tree, labels: Mapping[str, str]) -> Iterator[FormField]:
    radios: dict[str, list[Any]] = {}
    for node in form.css("input, select, textarea")[:MAX_FIELDS]:
        attributes = node.attributes
        name = attributes.get("name") or ""
        kind = (attributes.get("type") or "text").lower() if node.tag == "input" else node.tag
        if not name or kind in _UNSENT or "disabled" in attributes:
            continue
        if kind == "radio":
            radios.setdefault(name, []).append(node)
            continue
        yield FormField(
            name=name,
            kind=kind,
            label=_label(node, labels),
            value=_value(node, kind),
            required="required" in attributes,
            options=_options(node) if kind == "select" else (),
        )
    for name, nodes in radios.items():
        chosen = [node for node in nodes if "checked" in node.attributes]
        yield FormField(
            name=name,
            kind="radio",
            label=_label_of_group(nodes[0]) or name,
            value=(chosen[0].attributes.get("value") or "on") if chosen else "",
            required=any("required" in node.attributes for node in nodes),
            options=tuple((node.attributes.get("value") or "on", _label(node, labels)) for node in nodes),
        )


def _value(node: Tree, kind: str) -> str:
    attributes = node.attributes
    if kind == "checkbox":
        return (attributes.get("value") or "on") if "checked" in attributes else ""
    if kind == "textarea":
        return str(node.text())
    if kind == "select":
        chosen = node.css_first("option[selected]")
        return (chosen.attributes.get("value") or "") if chosen is not None else ""
    return attributes.get("value") or ""


def _options(select: Tree) -> tuple[tuple[str, str], ...]:
    found = []
    for option in select.css("option")[:MAX_OPTIONS]:
        text = _text(option)
        value = option.attributes.get("value")
        found.append((text if value is None else value, text))
    return tuple((value, text) for value, text in found if value)


def _label(node: Tree, labels: Mapping[str, str]) -> str:
    attributes = node.attributes
    own = labels.get(attributes.get("id") or "")
    if own:
        return own
    parent = node.parent
    for _ in range(3):
        if parent is None:
            break
        if parent.tag == "label":
            # The options of a select are no part of what it is called.
            inner = [_text(option) for option in node.css("option")]
            text = _text(parent)
            for option in inner:
                text = text.replace(option, "")
            return " ".join(text.split())
        parent = parent.parent
    return attributes.get("aria-label") or attributes.get("placeholder") or attributes.get("name") or ""


def _label_of_group(node: Tree) -> str:
    parent = node.parent
    for _ in range(5):
        if parent is None or parent.tag == "form":
            return ""
        if parent.tag == "fieldset":
            legend = parent.css_first("legend")
            return _text(legend) if legend is not None else ""
        parent = parent.parent
    return ""


def _text(node: Tree) -> str:
    return re.sub(r"\s+", " ", node.text()).strip(" :*")


def address_of(form: Form, values: Mapping[str, str]) -> str:
    """Where the GET form leads when sent with `values` (WHATWG HTML 4.10.21.3: the query is replaced).

    Raises: FormRefused for another method, or a field for a password or file.
    """
    if form.method != "get":
        raise FormRefused(
            "The form is not sent by GET, so sending it could change something.", url=form.action
        )
    if any(field.kind in _REFUSED for field in form.fields):
        raise FormRefused("The form asks for a password or a file.", url=form.action)
    known = {field.name for field in form.fields}
    pairs = [(field.name, values.get(field.name, field.value)) for field in form.fields]
    pairs += [(name, value) for name, value in values.items() if name not in known]
    optional = {field.name for field in form.fields if field.kind in ("checkbox", "radio")}
    query = urlencode([(name, value) for name, value in pairs if value or name not in optional])
    parts = urlsplit(form.action)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
