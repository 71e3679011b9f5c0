"""Refusals of settings, field by field, in our own words.

    InvalidFields   one or more fields of a body are not valid (422), or not known at all (400)

A refusal names every field that is wrong, so that one round trip is enough to mend them all. Messages say
what is accepted; they never repeat what was sent, except the first characters of a name that is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workspace.core.errors import ErrorKind, RoverError

SHOWN_CHARS = 60
LISTED_ERRORS = 200  # a body may hold a hundred thousand wrong names; the answer must not
CUSTOM = "rover_"  # our own checks raise PydanticCustomError(CUSTOM + code, sentence)
UNKNOWN_FIELD = "unknown_field"

# pydantic's error type -> our code and sentence; `{name}` is filled from the error's context.
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "extra_forbidden": (UNKNOWN_FIELD, "There is no field with this name."),
    "invalid_key": (UNKNOWN_FIELD, "The name of a field must be text."),
    "missing": ("required", "This field is required."),
    "string_type": ("wrong_type", "Must be text."),
    "string_unicode": ("not_allowed", "Must not contain half a character (a lone surrogate)."),
    "string_too_long": ("too_long", "Must be at most {max_length} characters long."),
    "string_too_short": ("required", "Must not be empty."),
    "bool_type": ("wrong_type", "Must be true or false."),
    "int_type": ("wrong_type", "Must be a whole number."),
    "int_from_float": ("wrong_type", "Must be a whole number."),
    "greater_than_equal": ("out_of_range", "Must be at least {ge}."),
    "less_than_equal": ("out_of_range", "Must be at most {le}."),
    "list_type": ("wrong_type", "Must be a list."),
    "too_long": ("too_long", "Must have at most {max_length} entries."),
    "dict_type": ("wrong_type", "Must be an object with named fields."),
    "model_type": ("wrong_type", "Must be an object with named fields."),
    "literal_error": ("not_allowed", "Must be {expected}."),
}
_Model = TypeVar("_Model", bound=BaseModel)
_OTHERWISE = ("not_allowed", "This value is not accepted here.")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was refused.

    `field` is the dotted path in the caller's own names ("siteConfig.shortcuts[3].label"), `message` a
    sentence that says what is accepted, `code` one of: unknown_field, required, wrong_type, too_long,
    out_of_range, not_allowed, duplicate, read_only.
    """

    field: str
    message: str
    code: str


class InvalidFields(RoverError):
    """Some fields of a body are not valid. `data["errors"]` lists them as {field, message, code}.

    A body with a field nobody knows is malformed (kind INVALID); one whose known fields have values that are
    not accepted is well-formed but unprocessable. At most `LISTED_ERRORS` are listed; unknown fields come
    first then, so that the kind can always be understood from the list.
    """

    code = "validation_failed"
    kind = ErrorKind.UNPROCESSABLE

    def __init__(self, errors: Iterable[FieldError]) -> None:
        found = tuple(errors)
        if not found:
            raise ValueError("InvalidFields needs at least one error.")
        if len(found) > LISTED_ERRORS:
            found = tuple(sorted(found, key=lambda error: error.code != UNKNOWN_FIELD))
        super().__init__(_summary(found), errors=[asdict(error) for error in found[:LISTED_ERRORS]])
        self.errors = found[:LISTED_ERRORS]
        if self.has_unknown:
            # Class variable by design of the base; this instance's own answer goes in front of it.
            vars(self)["kind"] = ErrorKind.INVALID

    @property
    def has_unknown(self) -> bool:
        """Whether some field is not known at all."""
        return any(error.code == UNKNOWN_FIELD for error in self.errors)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.errors,))


def field_errors(exc: ValidationError, prefix: str = "") -> tuple[FieldError, ...]:
    """What pydantic found, in our words; `prefix` is put before each path ("roverPolicy")."""
    return tuple(
        _field_error(detail, prefix)
        for detail in exc.errors(include_url=False, include_input=False, include_context=True)
    )


def validated(model: type[_Model], value: object, *, prefix: str) -> _Model:
    """`value` as a `model`; raises InvalidFields with every error below `prefix`."""
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        raise InvalidFields(field_errors(exc, prefix)) from None


def aliases(model: type[BaseModel]) -> tuple[str, ...]:
    """The wire names of a model's fields, in the order of their declaration."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def patched(
    model: type[BaseModel], current: Mapping[str, Any], patch: object, *, prefix: str
) -> dict[str, Any]:
    """`current` with each field of `patch` replaced, as the full dict of `model` (every field present).

    Null puts a field back to its default. What `current` says of fields that no longer exist is left out;
    an unknown field in `patch` is refused. Raises InvalidFields.
    """
    if not isinstance(patch, Mapping):
        raise InvalidFields([not_an_object(prefix)])
    known = aliases(model)
    merged = {key: value for key, value in current.items() if key in known} | dict(patch)
    return validated(model, merged, prefix=prefix).model_dump(by_alias=True)


def not_an_object(field: str) -> FieldError:
    """The error of a value that should have named fields."""
    return FieldError(field, _SENTENCES["model_type"][1], "wrong_type")


def shown(text: object) -> str:
    """The beginning of text that somebody sent, safe to print: at most 60 printable characters."""
    raw = str(text)
    safe = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in raw[:SHOWN_CHARS])
    return safe[: SHOWN_CHARS - 1] + "…" if len(raw) > SHOWN_CHARS else safe


def _field_error(detail: ErrorDetails, prefix: str) -> FieldError:
    kind = detail["type"]
    if kind.startswith(CUSTOM):
        return FieldError(_path(prefix, detail["loc"]), detail["msg"], kind.removeprefix(CUSTOM))
    code, sentence = _SENTENCES.get(kind, _OTHERWISE)
    return FieldError(_path(prefix, detail["loc"]), sentence.format_map(detail.get("ctx", {})), code)


def _path(prefix: str, location: tuple[int | str, ...]) -> str:
    path = prefix
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{shown(step)}" if path else shown(step)
    return path


def _summary(errors: tuple[FieldError, ...]) -> str:
    if len(errors) == 1:
        return f"{errors[0].field or 'The value'} is not valid: {errors[0].message}"
    named = ", ".join(error.field for error in errors[:3])
    more = f" and {len(errors) - 3} more" if len(errors) > 3 else ""
    return f"{len(errors)} fields are not valid: {named}{more}."
