"""The tools of a browser run: what may be done in the page that a visitor sees, and with which arguments.

One catalogue for the deciders, for the server that checks what they decide, and for the page that does it. A
name that is not in it is refused, whoever says it. Arguments are snake_case; camelCase is understood.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from tasks.core.printable import printable
from tasks.core.runtime import tool_args as of
from tasks.core.runtime.fields import refused, validated
from workspace.core.errors import ErrorKind, RoverError
from workspace.core.fields import FieldError

_NAME_SHOWN: Final = 60


class UnsupportedTool(RoverError):
    """No tool of this name. `data`: tool, tools (the names there are)."""

    code = "TOOL_UNSUPPORTED"
    kind = ErrorKind.INVALID


class SideEffect(StrEnum):
    """The most that a tool can do: nothing, look, leave the page, change something."""

    NONE = "none"
    READ = "read"
    NAVIGATE = "navigate"
    WRITE = "write"


class Tier(StrEnum):
    """Whether every page can do it, or some."""

    MUST = "must"
    SHOULD = "should"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One tool. `args`: the form of its arguments. `purpose`: told to a model. `needs_element`: it acts on an
    element of the capture. `in_page`: the page does it; the others end a step on the server."""

    name: str
    args: type[of.Args]
    effect: SideEffect
    purpose: str
    tier: Tier = Tier.MUST
    in_page: bool = True

    @property
    def needs_element(self) -> bool:
        """Whether `element_id` must be said."""
        return issubclass(self.args, of.Element)


def _spec(
    name: str,
    args: type[of.Args],
    effect: SideEffect,
    purpose: str,
    *,
    tier: Tier = Tier.MUST,
    in_page: bool = True,
) -> ToolSpec:
    return ToolSpec(name=name, args=args, effect=effect, purpose=purpose, tier=tier, in_page=in_page)


_NONE, _READ, _NAVIGATE, _WRITE = SideEffect
_SHOULD = Tier.SHOULD
_SPECS: Final = (
    _spec("click_element", of.Click, _WRITE, "Click a link, a button or whatever else has an id."),
    _spec("type_into_element", of.Type, _WRITE, "Put text into a field in place of what it holds."),
    _spec("type_and_enter", of.Type, _WRITE, "Put text into a field and press Enter, as in a search."),
    _spec("clear_element", of.Element, _WRITE, "Empty a field."),
    _spec("focus_element", of.Element, _READ, "Give an element the focus."),
    _spec("select_dropdown_value", of.Select, _WRITE, "Choose an option of a list by its label or value."),
    _spec("press_key", of.Press, _WRITE, "Press a key, such as Enter, Escape, Tab or ArrowDown."),
    _spec("scroll_page", of.Scroll, _READ, "Scroll by an amount of pixels, or to top or bottom."),
    _spec("scroll_to_element", of.ScrollTo, _READ, "Scroll until an element is seen."),
    _spec("goto_url", of.Goto, _NAVIGATE, "Go to an address of this site."),
    _spec("go_back", of.Nothing, _NAVIGATE, "Go back to the page before."),
    _spec("go_forward", of.Nothing, _NAVIGATE, "Go forward again after going back."),
    _spec("refresh_page", of.Nothing, _NAVIGATE, "Load the page again."),
    _spec("wait_action", of.Wait, _NONE, "Wait for so many milliseconds."),
    _spec("wait_for_element", of.WaitFor, _READ, "Wait until a selector or a text is there.", tier=_SHOULD),
    _spec("open_new_tab", of.Goto, _NAVIGATE, "Open an address in a new tab.", tier=_SHOULD),
    _spec("switch_tab", of.Tab, _NAVIGATE, "Go to another tab of the task.", tier=_SHOULD),
    _spec("close_tab", of.CloseTab, _NAVIGATE, "Close a tab of the task.", tier=_SHOULD),
    _spec("hover", of.Hold, _READ, "Rest the pointer on an element, as for a menu.", tier=_SHOULD),
    _spec("double_click", of.Element, _WRITE, "Click an element twice.", tier=_SHOULD),
    _spec("right_click", of.Element, _WRITE, "Open an element's context menu.", tier=_SHOULD),
    _spec("long_press", of.Hold, _WRITE, "Press an element for a while.", tier=_SHOULD),
    _spec("check_field_validity", of.Element, _READ, "Ask why the page does not take a field.", tier=_SHOULD),
    _spec("select_text", of.SelectText, _READ, "Select the text of an element.", tier=_SHOULD),
    _spec("adjust_slider", of.Slide, _WRITE, "Set a slider to a number.", tier=_SHOULD),
    _spec("upload_file", of.Upload, _WRITE, "Put a file of the visitor into a field.", tier=_SHOULD),
    _spec("rover_external_read_context", of.External, _READ, "Read a page of another site.", tier=_SHOULD),
    _spec("rover_external_act_context", of.External, _WRITE, "Act on a page of another site.", tier=_SHOULD),
    _spec("client_tool", of.Client, _WRITE, "Call a tool that a script of the page offers.", tier=_SHOULD),
    _spec("solve_captcha", of.Nothing, _NONE, "Hand a captcha to the visitor: nobody else solves it."),
    _spec("answer_task", of.Answer, _NONE, "End the task: say what was found or done.", in_page=False),
    _spec("ask_user", of.AskUser, _NONE, "Ask the visitor for what only they know.", in_page=False),
)  # fmt: skip
TOOLS: Final[Mapping[str, ToolSpec]] = {spec.name: spec for spec in _SPECS}
ALIASES: Final[Mapping[str, str]] = {"open_url_new_tab": "open_new_tab"}

TAB_TOOLS: Final = frozenset({"open_new_tab", "switch_tab", "close_tab"})
NAVIGATION_TOOLS: Final = frozenset({"goto_url", "go_back", "go_forward", "refresh_page"})
WAIT_TOOLS: Final = frozenset({"wait_action", "wait_for_element"})
ENDING_TOOLS: Final = frozenset({"answer_task", "ask_user"})
EXTERNAL_TOOLS: Final = frozenset({"rover_external_read_context", "rover_external_act_context"})
TYPING_TOOLS: Final = frozenset({"type_into_element", "type_and_enter"})
CLICKING_TOOLS: Final = frozenset({"click_element", "double_click", "long_press"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that fits the catalogue. `args`: checked, snake_case, nothing that was left out."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def spec(self) -> ToolSpec:
        """Its tool."""
        return TOOLS[self.name]

    @property
    def element_id(self) -> int | None:
        """The element that it acts on."""
        found = self.args.get("element_id")
        return found if isinstance(found, int) else None

    def as_wire(self) -> dict[str, Any]:
        """{id, name, args}, as pages get it."""
        return {"id": self.id, "name": self.name, "args": dict(self.args)}


def read_call(name: object, args: object, *, id: str = "") -> ToolCall:
    """A call of strangers, be it a model or a page.

    Raises:
        UnsupportedTool: no tool has this name.
        InvalidArgument: the arguments are not those of the tool; each wrong one is named.
    """
    spec = tool_named(name)
    checked = validated(spec.args, {} if args is None else args)
    told = checked.model_dump(exclude_none=True, mode="json")
    if isinstance(checked, of.Upload):
        # what browsers call these
        told["file"] = checked.file.model_dump(exclude_none=True, by_alias=True)
    return ToolCall(name=spec.name, args=told, id=id)


def tool_named(name: object) -> ToolSpec:
    """The tool of this name or alias. Raises UnsupportedTool."""
    if not isinstance(name, str):
        raise refused([FieldError("name", "Must be text.", "wrong_type")])
    plain = name.strip().lower().replace("-", "_")[: of.LINE_MAX]
    spec = TOOLS.get(ALIASES.get(plain, plain))
    if spec is None:
        shown = printable(name)[:_NAME_SHOWN]
        raise UnsupportedTool(f"There is no tool named {shown!r}.", tool=shown, tools=list(TOOLS))
    return spec


def declarations(names: Iterable[str] = tuple(TOOLS)) -> list[dict[str, Any]]:
    """The tools as a model with tool calling is told of them, in the catalogue's order.

    Their schemas hold neither references nor bounds: servers that turn a schema into a grammar refuse some of
    them. Bounds are checked by `read_call` anyway.
    """
    wanted = frozenset(names)
    return [
        {
            "type": "function",
            "function": {"name": spec.name, "description": spec.purpose, "parameters": schema_of(spec)},
        }
        for spec in _SPECS
        if spec.name in wanted
    ]


def schema_of(spec: ToolSpec) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments."""
    schema = spec.args.model_json_schema(by_alias=False)
    lean: dict[str, Any] = _lean(schema, schema.get("$defs", {}))
    return {"type": "object", "properties": lean.get("properties", {}), "required": lean.get("required", [])}


_UNDECLARED: Final = frozenset(
    (
        "$defs",
        "title",
        "description",
        "default",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "pattern",
        "properties",
    )
)


def _lean(value: Any, parts: Mapping[str, Any]) -> Any:
    """A schema with what it refers to, without names, bounds and null; of several types the first."""
    if isinstance(value, list):
        return [_lean(entry, parts) for entry in value]
    if not isinstance(value, Mapping):
        return value
    if "$ref" in value:
        return _lean(parts[value["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in value:
        return _lean(value["anyOf"][0], parts)
    properties = value.get("properties")
    rest = {name: _lean(entry, parts) for name, entry in value.items() if name not in _UNDECLARED}
    if properties is None:
        return rest
    # names of properties are no keywords
    return rest | {"properties": {name: _lean(entry, parts) for name, entry in properties.items()}}
