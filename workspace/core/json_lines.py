"""A JSON object that a person typed: its values, and the line on which each of them stands."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from workspace.core.errors import ErrorKind, RoverError
from workspace.core.fields import shown

MAX_TEXT = 64 * 1024
MAX_DEPTH = 200  # what is read here may be 32 levels deep; this only keeps the readers safe
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


class UnreadableJson(RoverError):
    """The text is no JSON object. `line`: where that shows, from 1."""

    code = "unreadable_json"
    kind = ErrorKind.INVALID

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message, line=line)
        self.line = line

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.line))


@dataclass(frozen=True, slots=True)
class TypedObject:
    """`value`: the object. `lines`: the line, from 1, of each member ("agentName") and of each entry of a
    member that is a list ("externalAllowDomains[2]"); names as `fields.shown` writes them."""

    value: dict[str, Any]
    lines: Mapping[str, int]

    def line_of(self, path: str) -> int:
        """The line of an error's path, or of the longest beginning of it that stands somewhere; else 1."""
        if path in self.lines:
            return self.lines[path]
        begins = [name for name in self.lines if path.startswith((f"{name}.", f"{name}["))]
        return self.lines[max(begins, key=len)] if begins else 1


def read_object(text: str) -> TypedObject:
    """Reads a JSON object of at most 64 KiB characters.

    Raises:
        UnreadableJson: too long, no JSON (RFC 8259; NaN and Infinity are none), no object, or a member that
            is given twice.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_TEXT:
        raise UnreadableJson(f"This is longer than {MAX_TEXT} characters.")
    value = _loaded(text)
    if _is_deeper_than(value, MAX_DEPTH):
        raise UnreadableJson("This is nested too deeply.")
    if not isinstance(value, dict):
        raise UnreadableJson("This is JSON, but no object: begin with { and end with }.")
    return TypedObject(value, _lines(text))


def _is_deeper_than(value: Any, depth: int) -> bool:
    """Level by level, because how deep the parser and our own recursion can go differs between Pythons."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except json.JSONDecodeError as exc:
        # `msg` is the standard library's, a few words such as "Expecting ',' delimiter"
        raise UnreadableJson(f"This is no JSON: {exc.msg} at character {exc.colno}.", exc.lineno) from None
    except RecursionError:
        raise UnreadableJson("This is nested too deeply.") from None
    except ValueError:
        raise UnreadableJson("This holds a number that cannot be read.") from None


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _lines(text: str) -> dict[str, int]:
    """Where the members of a valid JSON object stand, and the entries of lists in them."""
    found: dict[str, int] = {}
    member, depth, index, line, end = "", 0, 0, 1, 0
    is_name, is_list, begins = True, False, False
    for token in _TOKENS.finditer(text):
        line += text.count("\n", end, token.start())
        end = token.start()
        sign = token[0]
        if begins and sign != "]":
            found[f"{member}[{index}]"] = line
        begins = False
        if depth == 1 and is_name and sign[0] == '"':
            member, is_name = shown(json.loads(sign)), False
            if member in found:
                raise UnreadableJson(f"The member {member} is given twice.", line)
            found[member] = line
        elif sign in "{[":
            depth += 1
            if depth == 2:
                is_list, begins, index = sign == "[", sign == "[", 0
        elif sign in "}]":
            depth -= 1
        elif sign == ",":
            is_name = is_name or depth == 1
            if depth == 2 and is_list:
                begins, index = True, index + 1
    return found
