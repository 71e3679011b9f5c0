"""The values that settings are made of: texts, links, JSON objects, and the model they live in.

No text holds a control character, NUL or half a surrogate pair: browsers draw the first as nothing,
PostgreSQL cannot store the second, UTF-8 cannot encode the third.
"""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any

import ada_url
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from workspace.core.fields import CUSTOM, FieldError, InvalidFields, aliases, shown

URL_MAX = 2_000
JSON_DEPTH = 32
EXACT_INTEGER = 2**53 - 1  # the largest whole number that a browser reads without rounding
_LINE_BREAKS = "\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


class Settings(BaseModel):
    """A group of settings: camelCase on the wire, nothing unknown, no value of another type, null = not set.

    A string is no number and "true" is not true. Python names are not wire names: `site_mode` is refused like
    any other unknown field.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        extra="forbid",
        strict=True,
        frozen=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_set(cls, data: Any) -> Any:
        """Null takes the default, for known fields alone: an unknown name stays an error whatever its value.
        An unknown name that is no storable text is made printable, so that it is one error among the others.
        """
        if not isinstance(data, Mapping):
            return data
        known = aliases(cls)
        return {
            key if key in known else shown(key): value
            for key, value in data.items()
            if value is not None or key not in known
        }

    def sparse(self) -> dict[str, Any]:
        """The wire names and values of what was set."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)


def refusal(code: str, sentence: str) -> PydanticCustomError:
    """The error of a check of our own: `code` as in FieldError, `sentence` says what is accepted."""
    # Braces would be read as places to fill in; there is no context to fill them from, so they stay.
    return PydanticCustomError(CUSTOM + code, sentence)


def single_line(text: str) -> str:
    """`text`, refused when it holds a line break or another control character."""
    if any(_is_control(char) or char in _LINE_BREAKS for char in text):
        raise refusal("not_allowed", "Must be one line of text without control characters.")
    return text


def newlines(value: Any) -> Any:
    """Text with every line break as a newline (forms send two characters for one); other values unchanged."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def several_lines(text: str) -> str:
    """`text`, refused when it holds control characters other than newline and tab."""
    if any(_is_control(char) and char not in "\n\t" for char in text):
        raise refusal("not_allowed", "Must be text without control characters other than newline and tab.")
    return text


def https_link(text: str) -> str:
    """`text`, refused unless it is a complete https address without a user name, with an ordinary host.

    The host may hold letters, digits, dots, hyphens and underscores alone (after IDNA), because such
    addresses end up in policies and attributes where a semicolon or a quote would begin something new.
    """
    try:
        url = ada_url.URL(text)
    except ValueError:
        raise refusal("not_allowed", "Must be a complete https:// address.") from None
    if not text.lower().startswith("https://") or url.protocol != "https:":
        raise refusal("not_allowed", "Must be a complete https:// address.")
    if url.username or url.password or not _HOST.fullmatch(url.hostname):
        raise refusal("not_allowed", "Must be an https:// address with an ordinary host and no user name.")
    return text


HttpsUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=URL_MAX),
    AfterValidator(single_line),
    AfterValidator(https_link),
]


def checked_text(value: object, *, field: str, max_length: int) -> str:
    """A required line of text outside a model (a site's name, a key's label), without outer white space.

    1 to `max_length` characters (code points). Raises InvalidFields naming `field`.
    """
    if not isinstance(value, str):
        raise InvalidFields([FieldError(field, "Must be text.", "wrong_type")])
    text = value.strip()
    if not text:
        raise InvalidFields([FieldError(field, "Must not be empty.", "required")])
    if len(text) > max_length:
        raise InvalidFields([FieldError(field, f"Must be at most {max_length} characters long.", "too_long")])
    try:
        return single_line(text)
    except PydanticCustomError as exc:
        raise InvalidFields([FieldError(field, exc.message(), "not_allowed")]) from None


def json_object(value: object, *, max_bytes: int) -> dict[str, Any]:
    """A copy of a free-form JSON object that any database can store and any browser reads exactly.

    At most `max_bytes` of UTF-8 when written compactly and 32 levels deep; keys and texts hold no NUL, no
    control characters but newline, carriage return and tab; numbers are finite, whole ones within ±(2^53 -
    1). Raises PydanticCustomError.
    """
    if not isinstance(value, Mapping):
        raise refusal("wrong_type", "Must be an object with named fields.")
    copy: dict[str, Any] = _json_copy(value, JSON_DEPTH)
    if len(json.dumps(copy, ensure_ascii=False, separators=(",", ":")).encode()) > max_bytes:
        raise refusal("too_long", f"Must be at most {max_bytes // 1024} KiB of JSON.")
    return copy


def _json_copy(value: object, depth: int) -> Any:
    if depth < 0:
        raise refusal("not_allowed", f"Must be at most {JSON_DEPTH} levels deep.")
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_storable(key): _json_copy(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_copy(item, depth - 1) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= EXACT_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int | float):
        raise refusal("out_of_range", "Numbers must be finite, whole numbers at most 2^53 - 1.")
    raise refusal("wrong_type", "Must hold JSON values alone.")


def _storable(text: object) -> str:
    if not isinstance(text, str):
        raise refusal("wrong_type", "The names of fields must be text.")
    if any(_is_control(char) and char not in "\n\r\t" for char in text):
        raise refusal("not_allowed", "Texts must not hold control characters or lone surrogates.")
    return text


def _is_control(char: str) -> bool:
    """C0 and C1 controls, DEL and lone surrogates; joiners and direction marks are text."""
    return unicodedata.category(char) in {"Cc", "Cs"}
