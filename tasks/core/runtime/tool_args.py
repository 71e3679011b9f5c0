"""The arguments of the tools: types, bounds, and what is forgiven of a model that writes them.

Arguments are snake_case; camelCase is understood, and what nobody knows is left out.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from tasks.core.runtime.fields import Body, json_value
from workspace.core.field_types import EXACT_INTEGER, newlines, refusal, several_lines, single_line

TEXT_MAX: Final = 8_000
LINE_MAX: Final = 500
URL_MAX: Final = 8_000
CHOICES_MAX: Final = 20
QUESTIONS_MAX: Final = 8
FILE_BASE64_MAX: Final = 8 * 1024 * 1024
ARGUMENTS_BYTES: Final = 8 * 1024
WAIT_MAX_MS: Final = 60_000
WATCH_MAX_MS: Final = 30_000
WATCH_MS: Final = 5_000


def _integer(value: Any) -> Any:
    """JSON does not tell 5 from 5.0, and models write "5"."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:17])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    try:
        return float(value)
    except ValueError:
        return value


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return newlines(str(value) if is_number else value)


def _upper(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [each.upper() if isinstance(each, str) else each for each in value]


def _arguments(value: dict[str, Any]) -> Any:
    return json_value(value, max_bytes=ARGUMENTS_BYTES)


ElementId = Annotated[int, Field(ge=1, le=EXACT_INTEGER), BeforeValidator(_integer)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[
    str, StringConstraints(max_length=TEXT_MAX), AfterValidator(several_lines), BeforeValidator(_text)
]
Said = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_MAX),
    AfterValidator(several_lines),
    BeforeValidator(_text),
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LINE_MAX),
    AfterValidator(single_line),
    BeforeValidator(_text),
]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=URL_MAX),
    AfterValidator(single_line),
]
Key = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(single_line)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(single_line),
]
Base64 = Annotated[str, StringConstraints(max_length=FILE_BASE64_MAX, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Modifier = Literal["CTRL", "ALT", "SHIFT", "META"]
Modifiers = Annotated[list[Modifier], Field(max_length=4), BeforeValidator(_upper)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]
Milliseconds = Annotated[int, Field(ge=0, le=WAIT_MAX_MS), BeforeValidator(_integer)]
ShortWait = Annotated[int, Field(ge=0, le=WATCH_MAX_MS), BeforeValidator(_integer)]
Pixels = Annotated[int, Field(ge=1, le=100_000), BeforeValidator(_integer)]


class Args(Body):
    """Arguments of a tool; what is wrong with one is told by its snake_case name."""

    model_config = ConfigDict(loc_by_alias=False)


class Element(Args):
    """Of a tool that acts on an element of the capture."""

    element_id: ElementId


class Click(Element):
    """Of `click_element`."""

    open_in_new_tab: Flag | None = None


class Type(Element):
    """Of `type_into_element`."""

    text: Text


class Select(Element):
    """`value`: label or value of an option; several where several may be chosen."""

    value: Line | Annotated[list[Line], Field(min_length=1, max_length=60)]


class Press(Args):
    """Of `press_key`."""

    key: Key
    modifiers: Modifiers | None = None
    element_id: ElementId | None = None


class Scroll(Args):
    """Of `scroll_page`."""

    direction: Literal["up", "down", "left", "right", "top", "bottom"]
    amount: Pixels | None = None


class ScrollTo(Element):
    """Of `scroll_to_element`."""

    position: Literal["start", "center", "end", "nearest"] | None = None


class Goto(Args):
    """Of `goto_url`."""

    url: Url


class Tab(Args):
    """Of `switch_tab`."""

    logical_tab_id: Line


class CloseTab(Args):
    """Of `close_tab`: without an id this one."""

    logical_tab_id: Line | None = None


class Nothing(Args):
    """There are none."""


class Wait(Args):
    """`duration`: milliseconds."""

    duration: Milliseconds


class WaitFor(Args):
    """Either `selector` or `text`; `timeout`: milliseconds."""

    selector: Line | None = None
    text: Line | None = None
    timeout: ShortWait = WATCH_MS

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.selector is None) == (self.text is None):
            raise refusal("required", "Must have either selector or text.")
        return self


class Hold(Element):
    """`duration`: milliseconds."""

    duration: ShortWait | None = None


class SelectText(Element):
    """Without `text` all of it."""

    text: Line | None = None


class Slide(Element):
    """Of `adjust_slider`."""

    value: Number


class File(Args):
    """A file of the visitor: its name alone means one that was attached to the wish."""

    name: Line
    mime_type: Line | None = None
    data_base64: Base64 | None = None


class Upload(Element):
    """Of `upload_file`."""

    file: File


class External(Args):
    """Either `url` or `tab_id`."""

    url: Url | None = None
    tab_id: Line | None = None
    message: Said | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.url is None) == (self.tab_id is None):
            raise refusal("required", "Must have either url or tab_id.")
        return self


class Client(Args):
    """Of `client_tool`: the name that the page gave its tool, and what that takes."""

    tool: Name
    arguments: Annotated[dict[str, Any], AfterValidator(_arguments)] = {}


class Answer(Args):
    """Of `answer_task`."""

    text: Said


class Question(Args):
    """One of `ask_user`."""

    key: Name
    query: Line
    choices: Annotated[list[Line], Field(max_length=CHOICES_MAX)] = []
    required: Flag = True


class AskUser(Args):
    """Of `ask_user`."""

    message: Said | None = None
    questions: Annotated[list[Question], Field(min_length=1, max_length=QUESTIONS_MAX)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({question.key for question in self.questions}) < len(self.questions):
            raise refusal("duplicate", "Each question must have a key of its own.")
        return self
