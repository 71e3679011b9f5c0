"""Lenient reading of JSON that somebody stored: what fits is taken, what is too long is cut, the rest is left
out. Nothing here raises, and texts come out as one line without control characters."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from workspace.core.field_types import json_object
from workspace.core.shortcuts import SCHEMA_MAX_BYTES, is_shortcut_id

Fields = Mapping[str, Any]
ID_MAX = 80


def fields(value: object) -> Fields:
    """An object's fields; none for anything else."""
    return value if isinstance(value, Mapping) else {}


def text(value: object, longest: int) -> str:
    """One line of at most `longest` code points; '' for what is no text."""
    if not isinstance(value, str):
        return ""
    plain = "".join(" " if unicodedata.category(char) in {"Cc", "Cs"} else char for char in value)
    return " ".join(plain.split())[:longest].strip()


def texts(value: object, *, most: int, longest: int) -> list[str]:
    """The first `most` different texts of a list; "Sale" and "sale" are one."""
    given = value if isinstance(value, list) else []
    return distinct((line for one in given if (line := text(one, longest))), str)[:most]


def identifier(value: object) -> str:
    """An id by the rules of a shortcut's; '' for what is none."""
    return value if isinstance(value, str) and len(value) <= ID_MAX and is_shortcut_id(value) else ""


def choice(value: object, options: Collection[str], otherwise: str = "") -> str:
    """One of `options`."""
    return value if isinstance(value, str) and value in options else otherwise


def schema(value: object) -> dict[str, Any] | None:
    """A copy of an object that can be a JSON Schema: of at most 16 KiB, and 32 levels deep. Whether it is a
    good schema is not looked at."""
    try:
        return json_object(value, max_bytes=SCHEMA_MAX_BYTES)
    except PydanticCustomError:
        return None


def objects(value: object) -> list[Fields]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def distinct(items: Iterable[Any], name_of: Callable[[Any], str]) -> list[Any]:
    """The first item of each name; upper and lower case are one."""
    found: dict[str, Any] = {}
    for item in items:
        found.setdefault(name_of(item).lower(), item)
    return list(found.values())


def sparse(values: Fields) -> dict[str, Any]:
    """Without what says nothing: null, an empty text or list."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}
