"""Page data from a terse notation: the lines in which an observation is rendered (observe/render.js).

    main
      heading 1 "Winter boots"
      link "Pricing" → /pricing
      textbox "Email" [type=email] [name=mail] [required]
      combobox "Size" [value="M"] options: S | M
      text: Warm and dry.

Ids are given in reading order to what a person can act on, and keys to the rest, as the observation does.
"""

import re
from itertools import count
from typing import Any
from urllib.parse import urljoin

URL = "https://shop.example/"
ACTED_ON = frozenset(
    [
        "button",
        "checkbox",
        "link",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "option",
        "radio",
        "switch",
        "tab",
        "treeitem",
        "combobox",
        "searchbox",
        "slider",
        "spinbutton",
        "textbox",
        "listbox",
        "iframe",
    ]
)
_LINE = re.compile(
    r"(?P<role>\w+)(?: (?P<level>\d))?(?: \"(?P<name>[^\"]*)\")?(?P<label>(?: \[[^\]]*\])*)(?: → (?P<url>\S+))?"
    r"(?: \(unavailable: (?P<unavailable>\w+)\))?(?: options: (?P<options>.*)|: (?P<text>.*))?"
)
_PROP = re.compile(r"\[([a-zA-Z]+)(?:=(\"[^\"]*\"|[^\]]*))?\]")


def page_data(
    tree: str, *, url: str = URL, title: str = "Shop", first_id: int = 1, modal: bool = False
) -> dict[str, Any]:
    """What `observe` would send of a page with this tree."""
    nodes: dict[str, dict[str, Any]] = {}
    roots: list[str] = []
    ids, numbers = count(first_id), count(1)
    stack: list[tuple[int, dict[str, Any]]] = []
    for line in filter(str.strip, tree.split("\n")):
        depth = len(line) - len(line.lstrip())
        node = _node(line.strip(), url, ids)
        key = str(node.get("id") or f"n{next(numbers)}")
        while stack and stack[-1][0] >= depth:
            stack.pop()
        (stack[-1][1].setdefault("children", []) if stack else roots).append(key)
        nodes[key] = node
        stack.append((depth, node))
    links = {
        str(node["id"]): node["url"] for node in nodes.values() if node.get("url") and node["role"] == "link"
    }
    capture = {"status": "normal", "attempts": 1, "waitedMs": 24, "reasons": []}
    return {
        "url": url,
        "title": title,
        "contentType": "text/html",
        "roots": roots,
        "nodes": nodes,
        "elementLinkRecord": links,
        "metadata": {
            "scrollingPerformed": False,
            "textOnly": False,
            "modal": modal,
            "truncated": False,
            "treeCapture": capture,
        },
    }


def _node(line: str, url: str, ids: "count[int]") -> dict[str, Any]:
    found = _LINE.fullmatch(line)
    assert found, f"no line of a tree: {line!r}"
    props: dict[str, Any] = {
        name: value.strip('"') if value else True for name, value in _PROP.findall(found["label"] or "")
    }
    hint = props.pop("hint", None)
    node: dict[str, Any] = {"role": found["role"]}
    if found["role"] in ACTED_ON or hint:
        node["id"] = next(ids)
    parts = {
        "name": found["name"],
        "level": int(found["level"]) if found["level"] else (2 if found["role"] == "heading" else None),
        "url": urljoin(url, found["url"]) if found["url"] else None,
        "props": props,
        "options": [each.strip() for each in found["options"].split("|")] if found["options"] else None,
        "unavailable": found["unavailable"],
        "text": found["text"],
        "hint": hint,
        "label": " ".join(
            filter(None, (f"[id={node['id']}]" if "id" in node else "", (found["label"] or "").strip()))
        ),
    }
    node.update({name: part for name, part in parts.items() if part})
    return node
