"""What the bodies of the runtime are made of, and how they are read.

Callers are pages with our own script in it, and whoever holds a site's public key. Reading is generous about
names and about fields nobody knows, and strict about types, sizes and what can be stored.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import inf
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from tasks.core.printable import printable
from tasks.core.runtime.errors import InvalidArgument
from tasks.core.storable import storable
from workspace.core.adversarial import MAX_MESSAGE_CHARS
from workspace.core.field_types import EXACT_INTEGER, newlines, refusal, several_lines, single_line
from workspace.core.fields import LISTED_ERRORS, FieldError, field_errors, not_an_object

Model = TypeVar("Model", bound=BaseModel)
ID_MAX = 200
TOKEN_MAX = 4_096
MESSAGE_MAX = 8_000
LABEL_MAX = 200
ADDRESS_MAX = 64 * 1024
"""Characters of an address; one that is only too long to be honest is for the navigation rules to judge."""
JSON_DEPTH = 32


class Body(BaseModel):
    """A body or a part of one: camelCase on the wire, null is the same as left out, unknown fields are
    ignored."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


def _counter(value: Any) -> Any:
    """A whole number; JSON does not tell 5 from 5.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= EXACT_INTEGER:
        raise refusal("out_of_range", "Must be a whole number from 0 to 2^53 - 1.")
    return value


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _hint(value: Any) -> int | None:
    """A whole number that only guides; what is none is left out."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and abs(value) <= EXACT_INTEGER else None


def _label(value: Any) -> str:
    """One printable line that only describes: it may be cut, and what is no text is left out."""
    return printable(value).strip()[:LABEL_MAX] if isinstance(value, str) else ""


def _context(value: Any) -> str:
    """The prompt in whose course something happens, as far as it is looked at; what is no text is none."""
    return value[:MAX_MESSAGE_CHARS] if isinstance(value, str) else ""


def json_value(value: Any, *, max_bytes: float = inf) -> Any:
    """A copy of a JSON value of strangers, made storable: at most `max_bytes` of compact UTF-8 and 32 levels
    deep. Raises PydanticCustomError."""
    if not is_shallow(value):
        raise refusal("not_allowed", f"Must be at most {JSON_DEPTH} levels deep.")
    copy = storable(value)
    try:
        size = json_bytes(copy)
    except (TypeError, ValueError):
        raise refusal("wrong_type", "Must hold JSON values alone.") from None
    if size > max_bytes:
        raise refusal("too_long", f"Must be at most {max_bytes / 1024:.0f} KiB of JSON.")
    return copy


def json_bytes(value: Any) -> int:
    """The size of a JSON value, written compactly in UTF-8. Raises TypeError, ValueError for what is none."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())


def is_shallow(value: Any) -> bool:
    """Whether a JSON value has at most 32 levels; found level by level, as recursion could run out of
    stack."""
    level: list[Any] = [value]
    for _ in range(JSON_DEPTH + 1):
        level = [item for each in level for item in _inside(each)]
        if not level:
            return True
    return False


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


Counter = Annotated[int | None, BeforeValidator(_counter)]
Hint = Annotated[int | None, BeforeValidator(_hint)]
Label = Annotated[str, BeforeValidator(_label)]
Context = Annotated[str, BeforeValidator(_context)]
Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=ID_MAX),
    AfterValidator(single_line),
]
Token = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TOKEN_MAX)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ADDRESS_MAX)]
Message = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_MAX),
    AfterValidator(several_lines),
    BeforeValidator(newlines),
]
OptionalId = Annotated[Id | None, BeforeValidator(_blank_is_none)]
OptionalToken = Annotated[Token | None, BeforeValidator(_blank_is_none)]
OptionalAddress = Annotated[Address | None, BeforeValidator(_blank_is_none)]
OptionalMessage = Annotated[Message | None, BeforeValidator(_blank_is_none)]


def validated(model: type[Model], body: object, aliases: Mapping[str, Sequence[str]] | None = None) -> Model:
    """A decoded JSON body as a `model`. `aliases`: for a field the names it may have, the better one first.

    Raises:
        InvalidArgument: it is not valid; each field is named.
    """
    if not isinstance(body, Mapping):
        raise refused([not_an_object("")])
    try:
        return model.model_validate(_settled(body, aliases or {}))
    except ValidationError as exc:
        raise refused(field_errors(exc)) from None


def refused(errors: Iterable[FieldError]) -> InvalidArgument:
    """The refusal that names these fields."""
    named = list(errors)
    fields = ", ".join(error.field or "the body" for error in named[:3])
    return InvalidArgument(f"Not valid: {fields}.", errors=[asdict(error) for error in named[:LISTED_ERRORS]])


def required(field: str) -> FieldError:
    """The error of a field that is missing."""
    return FieldError(field, "This field is required.", "required")


def first(body: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first value that is neither null nor blank text."""
    for name in names:
        value = body.get(name)
        if not (value is None or (isinstance(value, str) and not value.strip())):
            return value
    return None


def _settled(body: Mapping[str, Any], aliases: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The fields that hold something, each of `aliases` under its own name."""
    plain = {name: value for name, value in body.items() if value is not None and name not in aliases}
    found = {field: first(body, names) for field, names in aliases.items()}
    return plain | {field: value for field, value in found.items() if value is not None}
