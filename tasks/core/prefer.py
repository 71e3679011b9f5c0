"""What a caller would like, by the Prefer header (RFC 7240). Pure text, no framework.

A preference is never an error: one that is unknown, malformed, or has a value we have no use for is passed
over by itself, and the others still count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_WAIT_S = 30
"""Longest time, in seconds, for which an answer is held back."""


class Execution(StrEnum):
    """Where a task is to run; `auto` is a browser first, then the cloud where the site allows it."""

    AUTO = "auto"
    BROWSER = "browser"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What was asked for. `wait`: seconds, 0..30. `applied`: the elements of a Preference-Applied header,
    with the values that count after clamping, in the order in which they were asked for."""

    wait: int | None = None
    execution: Execution | None = None
    applied: tuple[str, ...] = ()


def parse_prefer(values: Sequence[str]) -> Preferences:
    """Read all Prefer header lines of a request; several are one list (RFC 9110 §5.3).

    Names have no case, values have (RFC 7240 §2). Of a preference given twice only the first counts, also
    when its value is of no use. `wait` above 30 is 30: it is an upper bound (RFC 7240 §4.3), less is fine.
    """
    given: dict[str, str] = {}
    for name, value in _preferences(values):
        given.setdefault(name, value)
    wait = execution = None
    applied = []
    for name, value in given.items():
        if name == "wait" and _DIGITS.fullmatch(value):
            wait = _clamped(value)
            applied.append(f"wait={wait}")
        elif name == "execution" and value in _EXECUTIONS:
            execution = Execution(value)
            applied.append(f"execution={execution}")
    return Preferences(wait=wait, execution=execution, applied=tuple(applied))


_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # noqa: S105 - RFC 9110 §5.6.2, no secret
_QUOTED = r'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*+"'  # RFC 9110 §5.6.4
_VALUE = rf"[ \t]*+(?:=[ \t]*+({_TOKEN}|{_QUOTED})?+[ \t]*+)?+"
_PREFERENCE = re.compile(rf"[ \t]*+({_TOKEN}){_VALUE}")
_PARAMETER = re.compile(rf";[ \t]*+(?:{_TOKEN}{_VALUE})?+")
# A quote that never ends swallows its line: looking for another end would cost the square of its length.
_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^,"])++', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_DIGITS = re.compile("[0-9]+")
_EXECUTIONS = frozenset(Execution)


def _preferences(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Lower-case name and unquoted value of each well-formed preference; '' for none."""
    for line in values:
        for element in _ELEMENT.findall(line):
            head = _PREFERENCE.match(element)
            if head and _only_parameters(element, head.end()):
                yield head[1].lower(), _unquoted(head[2] or "")


def _only_parameters(element: str, position: int) -> bool:
    """True when nothing but well-formed parameters follows; none of our preferences has one."""
    while parameter := _PARAMETER.match(element, position):
        position = parameter.end()
    return position == len(element)


def _unquoted(word: str) -> str:
    return _ESCAPED.sub(r"\1", word[1:-1]) if word.startswith('"') else word


def _clamped(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    return MAX_WAIT_S if len(significant) > 2 else min(int(significant), MAX_WAIT_S)
