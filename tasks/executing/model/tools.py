"""All that a model may ask for, as typed values: declared to it, and checked when it calls."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tasks.core.printable import printable
from tasks.executing.model.turns import Call

_MOST_COMPLAINTS: Final = 5
_UNDECLARED: Final = frozenset(
    {"title", "default", "minLength", "maxLength", "minItems", "maxItems", "propertyNames", "maximum"}
)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class ToolError(Exception):
    """A call that is answered with an error. `sentence` is ours; `site_text` is the site's, to be fenced."""

    def __init__(self, sentence: str, site_text: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.site_text = site_text


class Action(BaseModel):
    """What a tool call asks for. `ends`: nothing after it in the same turn is carried out."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    tool: ClassVar[str]
    purpose: ClassVar[str]
    ends: ClassVar[bool] = False


class ReadPage(Action):
    """Read one page; a part that was read before costs no request."""

    tool = "read_page"
    purpose = (
        "Read a page of the site: its text, forms and links. A long page comes in parts; ask for the next "
        "one with `part`."
    )

    url: Address
    part: int = Field(1, ge=1, le=10_000)


class SearchPage(Action):
    """Look for words in what was read."""

    tool = "search_page"
    purpose = "Find passages and links that hold the given words, in all pages that were read so far."

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class SubmitForm(Action):
    """Send a form that only asks."""

    tool = "submit_form"
    purpose = (
        "Send a form of a page that was read, by its number, with values by field name; read what comes back."
    )

    form: int = Field(ge=1)
    values: dict[Annotated[str, StringConstraints(max_length=200)], Annotated[str, Field(max_length=1_000)]]


class Quoted(BaseModel):
    """A quote, and the page it stands on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Address
    quote: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class GiveAnswer(Action):
    """The end of a run that met the wish."""

    tool = "answer"
    purpose = (
        "Answer the wish. Each citation is a short quote, word for word, from a page that was read, and the "
        "page's address. The first citation is the one that matters most."
    )
    ends = True

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8_000)]
    citations: list[Quoted] = Field(min_length=1, max_length=12)


class Missing(BaseModel):
    """A question to whoever made the wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    query: Line
    choices: list[Line] = Field(default=[], max_length=20)


class AskBack(Action):
    """The end of a run that needs an answer first."""

    tool = "ask"
    purpose = (
        "Ask whoever made the wish for values that only they can know, or which of several things they mean. "
        "`key` is a short name for the value."
    )
    ends = True

    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
    questions: list[Missing] = Field(min_length=1, max_length=5)


class GiveUp(Action):
    """The end of a run that found nothing."""

    tool = "give_up"
    purpose = "Say that the site does not answer the wish, and why."
    ends = True

    reason: Line


TOOLS: Final[dict[str, type[Action]]] = {
    action.tool: action for action in (ReadPage, SearchPage, SubmitForm, GiveAnswer, AskBack, GiveUp)
}


def declarations() -> list[dict[str, Any]]:
    """The tools as a request names them.

    Their schemas hold neither references nor bounds: servers that turn a schema into a grammar do not follow
    every reference, and refuse long repetitions, with them the whole request. Bounds are checked anyway.
    """
    return [
        {
            "type": "function",
            "function": {"name": name, "description": action.purpose, "parameters": _schema(action)},
        }
        for name, action in TOOLS.items()
    ]


def read_call(call: Call) -> Action:
    """What `call` asks for.

    Raises: ToolError for an unknown tool, and for arguments that do not fit it.
    """
    action = TOOLS.get(call.name)
    if action is None:
        raise ToolError(f"There is no such tool. There are: {', '.join(TOOLS)}.")
    if call.arguments is None:
        raise ToolError("The arguments are no JSON object.")
    try:
        return action.model_validate(call.arguments)
    except ValidationError as error:
        raise ToolError(f"The arguments do not fit: {_complaints(error)}.") from None


def _complaints(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{printable('.'.join(map(str, problem['loc'])))[:100]}: {problem['msg']}"
        for problem in found[:_MOST_COMPLAINTS]
    )


def _schema(action: type[Action]) -> dict[str, Any]:
    schema = action.model_json_schema()
    parts = schema.pop("$defs", {})
    return {
        name: _lean(entry, parts) for name, entry in schema.items() if name not in ("title", "description")
    }


def _lean(value: Any, parts: dict[str, Any]) -> Any:
    """`value` with what it refers to, without names and bounds."""
    if isinstance(value, list):
        return [_lean(entry, parts) for entry in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _lean(parts[value["$ref"].rpartition("/")[2]], parts)
    return {name: _lean(entry, parts) for name, entry in value.items() if name not in _UNDECLARED}
