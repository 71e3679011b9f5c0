"""The line by which visits are filtered: `outcome:failure agent:claude* steps:>10 -tool:scroll "gift card"`.

Terms stand apart by white space, and all of them must hold. A term is `field:value`, with `-` in front
for its contrary and commas between values of which one is enough; `"…"` holds spaces, in it a backslash
goes before `"` and before another. `*` in a text stands for anything. What is no field's is looked for in
the words of the visit. A line never fails: what cannot be read is told as a problem, with what was probably
meant, and left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum, auto

from roverbook.core.filter_values import is_day, is_moment, milliseconds
from tasks.core.attribution import Trust
from tasks.core.printable import printable

CHARS_MAX = 500
TERMS_MAX = 20
VALUES_MAX = 20
WORDS = ""
"""The field of a term that is looked for in the words of a visit."""


class Kind(Enum):
    """What the values of a field are."""

    CHOICE = auto()
    TEXT = auto()
    NUMBER = auto()
    DURATION = auto()
    MOMENT = auto()
    DAY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A name before the colon; `choices` are all values of a CHOICE."""

    kind: Kind
    about: str
    example: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One condition. `op`: '' for equal, or > >= < <=, which numbers and durations alone have."""

    field: str
    values: tuple[str, ...]
    op: str = ""
    is_not: bool = False

    def __str__(self) -> str:
        sign = "-" if self.is_not else ""
        if self.field == WORDS:
            return f"{sign}{_quoted(self.values[0], plain=_PLAIN_WORD)}"
        values = ",".join(_quoted(value, plain=_PLAIN_VALUE) for value in self.values)
        return f"{sign}{self.field}:{self.op}{values}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A part that was left out: its `text`, why, and the line as it was probably meant, '' for no idea."""

    text: str
    message: str
    suggestion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterLine:
    """What a line asks for. `str()` writes it in the one way that all lines with the same terms share."""

    terms: tuple[Term, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    @property
    def is_empty(self) -> bool:
        """Whether everything fits."""
        return not self.terms

    def of(self, *fields: str) -> list[Term]:
        """The terms of these fields."""
        return [term for term in self.terms if term.field in fields]

    def without(self, *fields: str) -> "FilterLine":
        """The line without the terms of these fields."""
        return replace(self, terms=tuple(term for term in self.terms if term.field not in fields))

    def having(self, field: str, value: str, *, op: str = "") -> "FilterLine":
        """The line with this instead of the field's other terms."""
        term = Term(field=field, values=(value,), op=op)
        return replace(self, terms=(*self.without(field).terms, term))


_OUTCOMES = ("success", "failure", "partial", "abandoned", "input_required", "none")
_STATUSES = ("active", "completed", "failed", "abandoned", "input_required")
_SOURCES = (
    "public_task_agent",
    "handoff_agent",
    "webmcp_agent",
    "signature_agent",
    "user_agent",
    "owner_resolver",
    "anonymous",
)
_LAUNCHES = ("public_task_api", "delegated_handoff", "webmcp", "embedded_widget")


def _choice(about: str, choices: tuple[str, ...]) -> Field:
    return Field(kind=Kind.CHOICE, about=about, example=choices[0], choices=choices)


def _field(kind: Kind, about: str, example: str) -> Field:
    return Field(kind=kind, about=about, example=example)


FIELDS: Mapping[str, Field] = {
    "outcome": _choice("how it ended; none: it has not", _OUTCOMES),
    "status": _choice("where it stands", _STATUSES),
    "agent": _field(Kind.TEXT, "name or key of the agent", "claude*"),
    "vendor": _field(Kind.TEXT, "who makes the agent", "acme"),
    "model": _field(Kind.TEXT, "its model", "*mini*"),
    "trust": _choice("how far the agent’s name is proved", tuple(trust.value for trust in Trust)),
    "source": _choice("how the agent made itself known", _SOURCES),
    "launch": _choice("how the visit was started", _LAUNCHES),
    "shortcut": _field(Kind.TEXT, "the shortcut that was run", "book-table"),
    "intent": _field(Kind.TEXT, "the kind of wish", "buy*"),
    "host": _field(Kind.TEXT, "the host of the page", "shop.example"),
    "page": _field(Kind.TEXT, "path of a page where something was done", "/cart*"),
    "tool": _field(Kind.TEXT, "a tool that was used", "click"),
    "issue": _field(Kind.TEXT, "an issue, by its fingerprint", "3f2a*"),
    "experiment": _field(Kind.TEXT, "an experiment that it was part of", "checkout"),
    "variant": _field(Kind.TEXT, "the variant that it was shown", "b"),
    "steps": _field(Kind.NUMBER, "number of steps", ">10"),
    "errors": _field(Kind.NUMBER, "number of errors", ">0"),
    "backtracks": _field(Kind.NUMBER, "how often it went back", ">0"),
    "runs": _field(Kind.NUMBER, "number of runs", ">1"),
    "score": _field(Kind.NUMBER, "score, 0 to 100", "<50"),
    "duration": _field(Kind.DURATION, "how long it took: 500ms, 30s, 5m, 1h", ">30s"),
    "after": _field(Kind.MOMENT, "began at this time (UTC) or later: a day, a time, -7d, -24h", "-7d"),
    "before": _field(Kind.MOMENT, "began before this time", "2026-11-30T12:00"),
    "day": _field(Kind.DAY, "began on this day: a date, today, yesterday, -2", "today"),
    "test": _choice("the owner’s own trials", ("yes", "no")),
}
_BY_OTHER_NAMES = {
    "launchsource": "launch",
    "took": "duration",
    "path": "page",
    "since": "after",
    "until": "before",
}
_ORDERED = (Kind.NUMBER, Kind.DURATION)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_HEAD = re.compile(r"([A-Za-z_]+)(?::(>=|<=|>|<|=)?|(>=|<=|>|<|=))", re.ASCII)
_PLAIN_VALUE = re.compile(r'[^\s,"\\<>=][^\s,"\\]*')
_PLAIN_WORD = re.compile(r'[^\s"\\:<>=-][^\s"\\:<>=]*')


def read_filter_line(text: str) -> FilterLine:
    """Read what somebody typed, of which the first 500 characters and 20 terms count."""
    shown = printable(text).strip()
    tokens = list(_tokens(shown[:CHARS_MAX]))
    terms, problems = list[Term](), list[Problem]()
    for at, token in enumerate(tokens[:TERMS_MAX]):
        found = _read(token)
        if isinstance(found, Term):
            terms += [found] if found not in terms else []
        else:
            problems.append(_in_line(found, tokens, at))
    if len(shown) > CHARS_MAX or len(tokens) > TERMS_MAX:
        problems.append(
            Problem(text="…", message=f"A filter has at most {TERMS_MAX} parts and {CHARS_MAX} characters.")
        )
    return FilterLine(terms=tuple(terms), problems=tuple(problems))


def _tokens(text: str) -> Iterator[str]:
    """Parts between white space that stands in no quotation."""
    part, is_quoted, is_escaped = "", False, False
    for char in text:
        if char.isspace() and not is_quoted:
            if part:
                yield part
            part = ""
            continue
        part += char
        if is_escaped:
            is_escaped = False
        elif char == "\\" and is_quoted:
            is_escaped = True
        elif char == '"':
            is_quoted = not is_quoted
    if part:
        yield part


def _read(token: str) -> Term | Problem:
    is_not = token.startswith("-") and len(token) > 1
    rest = token[1:] if is_not else token
    head = _HEAD.match(rest)
    if head is None or rest[head.end() :].startswith("//") or not (":" in head[0] or _known(head[1])):
        words = _unquoted(rest).strip()
        if not words:
            return Problem(text=token, message="There is nothing between the quotation marks.")
        return Term(field=WORDS, values=(words,), is_not=is_not)
    name, op, values = head[1].lower(), head[2] or head[3] or "", _values(rest[head.end() :])
    known = _known(name)
    if not known:
        return _unknown_field(token, name)
    if not values or len(values) > VALUES_MAX:
        wanted = "Say what, behind the colon." if not values else f"At most {VALUES_MAX} values."
        return Problem(text=token, message=wanted, suggestion=f"{known}:{FIELDS[known].example}")
    return _of_field(token, known, "" if op == "=" else op, values, is_not=is_not)


def _of_field(token: str, name: str, op: str, values: Sequence[str], *, is_not: bool) -> Term | Problem:
    known = FIELDS[name]
    if op and known.kind not in _ORDERED:
        suggestion = f"{name}:{','.join(values)}"
        return Problem(text=token, message=f"“{name}” has no more and less.", suggestion=suggestion)
    if len(values) > 1 and (op or known.kind in (Kind.MOMENT, Kind.DAY)):
        return Problem(
            text=token, message="There is room for one value.", suggestion=f"{name}:{op}{values[0]}"
        )
    told = [value if known.kind is Kind.TEXT else value.lower() for value in values]
    for value in told:
        if (wrong := _wrong(known, value)) is not None:
            message, instead = wrong
            return Problem(text=token, message=message, suggestion=f"{name}:{op}{instead}" if instead else "")
    return Term(field=name, values=tuple(dict.fromkeys(told)), op=op, is_not=is_not)


def _wrong(known: Field, value: str) -> tuple[str, str] | None:
    """Why the field cannot have the value, and which was probably meant."""
    match known.kind:
        case Kind.CHOICE if value not in known.choices:
            near = get_close_matches(value, known.choices, n=1, cutoff=0.4)
            return f"It is one of {', '.join(known.choices)}.", near[0] if near else ""
        case Kind.NUMBER if not _NUMBER.fullmatch(value):
            return "It is a whole number.", known.example.lstrip("<>=")
        case Kind.DURATION if milliseconds(value) is None:
            return "It is a length of time, as 500ms, 30s, 5m or 1h.", "30s"
        case Kind.MOMENT if not is_moment(value):
            return "It is a day, a time, or so long ago: 2026-11-30, 2026-11-30T12:00, -7d, -24h.", "-7d"
        case Kind.DAY if not is_day(value):
            return "It is a day: 2026-11-30, today, yesterday, -2.", "today"
    return None


def _known(name: str) -> str:
    """The field of this name; '' for none."""
    name = name.lower()
    return name if name in FIELDS else _BY_OTHER_NAMES.get(name, "")


def _unknown_field(token: str, name: str) -> Problem:
    near = get_close_matches(name, FIELDS, n=1, cutoff=0.5)
    if not near:
        return Problem(text=token, message=f"There is no field “{name}”.", suggestion=_quoted(token))
    start = token.lower().index(name)
    meant = f"{token[:start]}{near[0]}{token[start + len(name) :]}"
    again = _read(meant)
    if isinstance(again, Problem):
        meant = again.suggestion
    return Problem(text=token, message=f"There is no field “{name}”.", suggestion=meant)


def _in_line(problem: Problem, tokens: Sequence[str], at: int) -> Problem:
    """The problem, with its suggestion in place of the part in the whole line."""
    if not problem.suggestion:
        return problem
    sign = "-" if problem.text.startswith("-") and not problem.suggestion.startswith(("-", '"')) else ""
    line = [*tokens[:at], f"{sign}{problem.suggestion}", *tokens[at + 1 :]]
    return replace(problem, suggestion=" ".join(line))


def _values(text: str) -> list[str]:
    """What stands between commas that no quotation holds; empty ones do not count."""
    parts, is_quoted, is_escaped = [""], False, False
    for char in text:
        if char == "," and not is_quoted:
            parts.append("")
            continue
        parts[-1] += char
        if is_escaped:
            is_escaped = False
        elif char == "\\" and is_quoted:
            is_escaped = True
        elif char == '"':
            is_quoted = not is_quoted
    return [value for part in parts if (value := _unquoted(part).strip())]


def _unquoted(text: str) -> str:
    """Without quotation marks, and in them without the signs of escape."""
    told, is_quoted, is_escaped = "", False, False
    for char in text:
        if is_escaped:
            told, is_escaped = told + char, False
        elif char == '"':
            is_quoted = not is_quoted
        elif char == "\\" and is_quoted:
            is_escaped = True
        else:
            told += char
    return told


def _quoted(text: str, *, plain: re.Pattern[str] | None = None) -> str:
    if plain is not None and plain.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
