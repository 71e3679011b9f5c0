"""What the scripts of a page bring to a step: tools of their own, words beside the wish, and the tabs of the
run. Strangers wrote it: it is bounded, cut to a known form, and never takes the name of a tool that there is.
What does not fit is left out, as the step is worth more than one tool of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tasks.core.printable import printable
from tasks.core.runtime.fields import json_bytes
from tasks.core.storable import storable
from workspace.core.fields import FieldError

PAGE_TOOL: Final = "client_tool"
"""The catalogue's name for any tool of a page; which one it is stands in the arguments."""
TOOLS_MAX: Final = 16
DESCRIPTION_MAX: Final = 500
SCHEMA_BYTES: Final = 4 * 1024
PROPERTIES_MAX: Final = 20
CHOICES_MAX: Final = 30
DEPTH_MAX: Final = 4
CONTEXTS_MAX: Final = 4
CONTEXT_CHARS: Final = 4_000
TABS_MAX: Final = 8
_LINE: Final = 200
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
_EFFECTS: Final = frozenset({"none", "read", "write", "transactional"})
_ASKING: Final = frozenset({"write", "transactional"})
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTool:
    """A tool that a page registered. `schema`: of its arguments, an object in the plainest JSON Schema.
    `effect`: what the page says that it does; of an unknown effect it is taken to change something."""

    name: str
    title: str = ""
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    effect: str = "write"
    confirms: bool = False

    @property
    def asks(self) -> bool:
        """Whether the visitor must say yes before it is called."""
        return self.confirms or self.effect in _ASKING

    def wrong(self, arguments: Mapping[str, Any]) -> list[FieldError]:
        """What is missing of the arguments, or of another type than the page wants."""
        properties = self.schema.get("properties", {})
        missing = [
            FieldError(name, "This field is required.", "required")
            for name in self.schema.get("required", ())
            if name not in arguments
        ]
        return missing + [
            FieldError(name, f"Must be of type {properties[name]['type']}.", "wrong_type")
            for name, value in arguments.items()
            if name in properties and not _is_of(value, properties[name])
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTab:
    """A tab of the run, by its number. `is_current`: the one whose page is seen."""

    id: str
    url: str = ""
    title: str = ""
    is_current: bool = False


def read_page_tools(value: object, *, taken: Iterable[str]) -> tuple[PageTool, ...]:
    """The tools that a page declares, at most 16. `taken`: names that are not to be had. Never raises."""
    names = {name.lower() for name in taken}
    found: list[PageTool] = []
    for each in value[: TOOLS_MAX * 2] if isinstance(value, list) else ():
        tool = _tool(each)
        if tool is not None and tool.name.lower() not in names and len(found) < TOOLS_MAX:
            names.add(tool.name.lower())
            found.append(tool)
    return tuple(found)


def read_contexts(value: object) -> tuple[str, ...]:
    """The texts that scripts of the page give along, at most four of 4,000 characters. Never raises."""
    texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    cut = [storable(each[:CONTEXT_CHARS]).strip() for each in texts[:CONTEXTS_MAX]]
    return tuple(each for each in cut if each)


def read_tabs(value: object) -> tuple[PageTab, ...]:
    """The tabs of the run as the page tells of them, at most eight. Never raises."""
    found = []
    for each in value[:TABS_MAX] if isinstance(value, list) else ():
        if isinstance(each, Mapping) and (id_ := _line(str(each.get("id", "")), 40)):
            tab = PageTab(
                id=id_,
                url=_line(each.get("url"), 2_000),
                title=_line(each.get("title")),
                is_current=each.get("current") is True,
            )
            found.append(tab)
    return tuple(found)


def _tool(value: object) -> PageTool | None:
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(name, str) or not _NAME.match(name):
        return None
    schema = plain_schema(value.get("parameters"))
    if schema is None:
        return None
    effect = value.get("sideEffect")
    return PageTool(
        name=name,
        title=_line(value.get("title"), 80),
        description=_line(value.get("description"), DESCRIPTION_MAX),
        schema=schema,
        effect=effect if isinstance(effect, str) and effect in _EFFECTS else "write",
        confirms=value.get("requiresConfirmation") is True,
    )


def plain_schema(value: object) -> dict[str, Any] | None:
    """A JSON Schema of strangers as an object of properties with a type, words, choices and nothing else;
    None when it is larger than 4 KiB."""
    given = value if isinstance(value, Mapping) else {}
    schema = _plain({**given, "type": "object"}, 0)
    return schema if json_bytes(schema) <= SCHEMA_BYTES else None


def _plain(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    said = value.get("type")
    kind = said if isinstance(said, str) and said in _TYPES else "string"
    plain: dict[str, Any] = {"type": kind}
    if words := _line(value.get("description")):
        plain["description"] = words
    choices = value.get("enum")
    if kind == "string" and isinstance(choices, list):
        plain["enum"] = [text for text in map(_line, choices[:CHOICES_MAX]) if text]
    if kind == "array" and depth < DEPTH_MAX:
        items = value.get("items")
        plain["items"] = _plain(items if isinstance(items, Mapping) else {}, depth + 1)
    if kind == "object":
        plain["properties"] = _properties(value.get("properties"), depth)
        required = value.get("required")
        wanted = required if isinstance(required, list) else []
        plain["required"] = [name for name in plain["properties"] if name in wanted]
    return plain


def _properties(value: object, depth: int) -> dict[str, Any]:
    if not isinstance(value, Mapping) or depth >= DEPTH_MAX:
        return {}
    named = [(name, each) for name, each in value.items() if isinstance(name, str) and _NAME.match(name)]
    return {
        name: _plain(each if isinstance(each, Mapping) else {}, depth + 1)
        for name, each in named[:PROPERTIES_MAX]
    }


def _is_of(value: object, schema: Mapping[str, Any]) -> bool:
    kind = schema["type"]
    if kind in ("number", "integer") and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind]) and value in (schema.get("enum") or [value])


def _line(value: object, longest: int = _LINE) -> str:
    """One printable line of at most so many characters; '' for what is no text."""
    return printable(value[:longest]).strip() if isinstance(value, str) else ""
