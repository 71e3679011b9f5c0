"""A page as a visitor's browser observed it, read from data that anybody may have written.

The form of the data is that of `observe.d.ts`. Its texts are a stranger's: data, never instructions.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final
from urllib.parse import urlsplit

from tasks.core.printable import printable, printable_block
from tasks.core.runtime.fields import refused
from workspace.core.field_types import EXACT_INTEGER
from workspace.core.fields import FieldError, shown

NODES_MAX: Final = 20_000
DEPTH_MAX: Final = 200
ENTRIES_MAX: Final = 60_000
"""Entries of `nodes` that are looked at; an honest page has no more than it shows."""
TEXT_MAX: Final = 5_000
ALL_TEXT_MAX: Final = 1_000_000
NAME_MAX: Final = 300
URL_MAX: Final = 4_000
OPTIONS_MAX: Final = 60
PROPS_MAX: Final = 40
MASK: Final = "••••"
"""What stands for a value that does not leave the page."""
_LABEL: Final = re.compile(r"\[([a-zA-Z]+)(?:=(\"[^\"]*\"|[^\]\"]*))?\]")


@dataclass(slots=True, kw_only=True, eq=False)
class SeenNode:
    """A node of the page's semantic tree; what it does not say is empty.

    `id`: of what a person can act on. `props`: states by their names in HTML and ARIA, texts or True.
    `above`: what it stands in. `at`: its place in reading order.
    """

    key: str
    role: str
    name: str = ""
    text: str = ""
    id: int | None = None
    level: int = 0
    url: str = ""
    props: Mapping[str, str | bool] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    hint: str = ""
    unavailable: str = ""
    frame: int | None = None
    above: "SeenNode | None" = None
    children: list["SeenNode"] = field(default_factory=list)
    at: int = 0

    def prop(self, name: str) -> str:
        """A property as text; '' when it is not there or only says that something is so."""
        value = self.props.get(name, "")
        return value if isinstance(value, str) else ""

    def has(self, name: str) -> bool:
        """Whether a state holds."""
        return self.props.get(name) in (True, "true")

    @property
    def words(self) -> str:
        """What it says: its name, else its text."""
        return self.name or self.text

    @property
    def shown(self) -> str:
        """What people call it: `button "Order"`."""
        said = self.words[:80].replace('"', "'")
        return f'{self.role} "{said}"' if said else self.role

    def around(self) -> Iterator["SeenNode"]:
        """What it stands in, the nearest first."""
        node = self.above
        while node is not None:
            yield node
            node = node.above

    def inside(self) -> Iterator["SeenNode"]:
        """What stands in it, in reading order."""
        stack = self.children[::-1]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children[::-1])

    def is_in(self, *roles: str) -> bool:
        """Whether something of these roles is around it."""
        return any(node.role in roles for node in self.around())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPage:
    """A page, its nodes in reading order. `truncated`: something of it is missing."""

    url: str
    title: str
    content_type: str
    roots: tuple[SeenNode, ...]
    nodes: tuple[SeenNode, ...]
    by_id: Mapping[int, SeenNode]
    text_only: bool = False
    modal: bool = False
    truncated: bool = False

    def element(self, number: int | None) -> SeenNode | None:
        """What has this id."""
        return None if number is None else self.by_id.get(number)

    @property
    def digest(self) -> str:
        """What the page says and what its fields hold, in 16 hex digits; ids and addresses do not count."""
        sums = hashlib.sha256()
        for node in self.nodes:
            states = sorted((name, value) for name, value in node.props.items() if name != "focused")
            sums.update(repr((node.role, node.name, node.text, states)).encode("utf-8", "replace"))
        return sums.hexdigest()[:16]


def read_page(data: object) -> SeenPage:
    """A page of strangers. Unknown names are left out, texts cut and made printable, a node that two parents
    name stands at the first, and what is beyond the bounds is missing (`truncated`).

    Raises:
        InvalidArgument: it is no page data; what is wrong is named.
    """
    if not isinstance(data, Mapping):
        raise _wrong("", "Must be an object with named fields.")
    nodes, roots = data.get("nodes", {}), data.get("roots", [])
    if not isinstance(nodes, Mapping):
        raise _wrong("nodes", "Must be an object with named fields.")
    if not isinstance(roots, list):
        raise _wrong("roots", "Must be a list of keys of nodes.")
    metadata = data.get("metadata")
    told = metadata if isinstance(metadata, Mapping) else {}
    tree = _Tree(nodes)
    tops = tree.read(roots)
    return SeenPage(
        url=_url(_line(data, "url", URL_MAX)),
        title=_line(data, "title", NAME_MAX),
        content_type=_line(data, "contentType", 100),
        roots=tuple(tops),
        nodes=tuple(tree.order),
        by_id=tree.by_id,
        text_only=told.get("textOnly") is True,
        modal=told.get("modal") is True,
        truncated=told.get("truncated") is True or tree.is_cut,
    )


class _Tree:
    """The nodes on their way from data to a tree."""

    def __init__(self, nodes: Mapping[Any, Any]) -> None:
        self._nodes = nodes
        self._room = ALL_TEXT_MAX
        self._seen: set[str] = set()
        self.order: list[SeenNode] = []
        self.by_id: dict[int, SeenNode] = {}
        self.is_cut = False

    def read(self, roots: list[Any]) -> list[SeenNode]:
        """The nodes that can be reached from `roots`, each once. Raises InvalidArgument."""
        tops: list[SeenNode] = []
        stack: list[tuple[Any, SeenNode | None, int]] = [
            (key, None, 0) for key in reversed(roots[:NODES_MAX])
        ]
        while stack:
            key, above, depth = stack.pop()
            if not isinstance(key, str):
                raise _wrong(
                    "roots" if above is None else _path(above.key, "children"), "Must be a list of keys."
                )
            if key in self._seen or key not in self._nodes:
                continue
            if len(self.order) >= NODES_MAX:
                self.is_cut = True
                break
            self._seen.add(key)
            node = self._node(key, above)
            (tops if above is None else above.children).append(node)
            below = node if depth < DEPTH_MAX else above
            stack.extend((each, below, depth + 1) for each in reversed(self._children(key)))
        return tops

    def _children(self, key: str) -> list[Any]:
        children = self._nodes[key].get("children", [])
        if not isinstance(children, list):
            raise _wrong(_path(key, "children"), "Must be a list of keys.")
        return children[:NODES_MAX]

    def _node(self, key: str, above: SeenNode | None) -> SeenNode:
        data = self._nodes[key]
        if not isinstance(data, Mapping):
            raise _wrong(_path(key), "Must be an object with named fields.")
        text = self._block(data, key)
        level = data.get("level")
        frame = data.get("frame")
        node = SeenNode(
            key=key,
            role=_line(data, "role", 40, key) or "generic",
            name=_line(data, "name", NAME_MAX, key),
            text=text,
            id=_id(data.get("id"), key),
            level=level if type(level) is int and 0 < level < 10 else 0,
            url=_url(_line(data, "url", URL_MAX, key)),
            props=_props(data, key),
            options=_options(data, key),
            hint=_line(data, "hint", 40, key),
            unavailable=_line(data, "unavailable", 40, key),
            frame=frame if type(frame) is int else None,
            above=above,
            at=len(self.order),
        )
        self.order.append(node)
        if node.id is not None:
            if node.id in self.by_id:
                raise _wrong(_path(key, "id"), "Another element has this id.", "duplicate")
            self.by_id[node.id] = node
        return node

    def _block(self, data: Mapping[str, Any], key: str) -> str:
        value = data.get("text")
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _wrong(_path(key, "text"), "Must be text.")
        text = value[: min(TEXT_MAX, self._room)]
        self._room -= len(text)
        self.is_cut = self.is_cut or len(text) < len(value)
        return text.strip() if text.isprintable() else _clean(text)


def _clean(text: str) -> str:
    return " ".join(printable_block(text).split())


def _line(data: Mapping[str, Any], name: str, longest: int, key: str = "") -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(_path(key, name) if key else name, "Must be text.")
    return _plain(value, longest)


def _url(text: str) -> str:
    """An address; '' for what cannot be taken apart as one."""
    if text.isascii() and "[" not in text and "]" not in text:
        return text
    try:
        urlsplit(text)
    except ValueError:
        return ""
    return text


def _plain(value: str, longest: int) -> str:
    cut = value[:longest]
    return (cut if cut.isprintable() else printable(cut)).strip()


def _id(value: object, key: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 1 <= value <= EXACT_INTEGER:
        raise _wrong(_path(key, "id"), "Must be a whole number from 1 to 2^53 - 1.")
    return value


def _props(data: Mapping[str, Any], key: str) -> dict[str, str | bool]:
    """The properties; of a page that only labels its nodes, those of the label."""
    given = data.get("props")
    if given is None:
        return _labelled(data.get("label"))
    if not isinstance(given, Mapping):
        raise _wrong(_path(key, "props"), "Must be an object with named fields.")
    found: dict[str, str | bool] = {}
    for name, value in given.items():
        if len(found) >= PROPS_MAX:
            break
        if isinstance(name, str) and (isinstance(value, str) or value is True):
            found[name[:40]] = value if value is True else _plain(value, TEXT_MAX)
    return found


def _labelled(label: object) -> dict[str, str | bool]:
    if not isinstance(label, str):
        return {}
    found = _LABEL.findall(label[:TEXT_MAX])
    return {
        name: _plain(unescape(value.strip('"')), NAME_MAX) if value else True
        for name, value in found[:PROPS_MAX]
        if name not in ("id", "iframe", "iframeRoot")
    }


def _options(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    given = data.get("options")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise _wrong(_path(key, "options"), "Must be a list of texts.")
    return tuple(_plain(each, NAME_MAX) for each in given[:OPTIONS_MAX] if isinstance(each, str))


def _path(key: str, name: str = "") -> str:
    return f"nodes.{shown(key)}.{name}".rstrip(".")


def _wrong(path: str, message: str, code: str = "wrong_type") -> Exception:
    return refused([FieldError(path, message, code)])
