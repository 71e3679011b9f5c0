"""What a site owner reads when an entry is refused."""

from dataclasses import dataclass

from workspace.core.patterns_reading import Fault

MAX_PATTERNS = 50
MAX_PATTERN_LENGTH = 253
MAX_OPEN_TTL_DAYS = 90
_SHOWN = 60

_SENTENCES = {
    Fault.EMPTY: "{entry} names no host. Enter a host such as example.com, or remove the entry.",
    Fault.NOT_TEXT: "An entry is not text. Each entry is a host written as text, such as example.com.",
    Fault.UNPARSABLE: "{entry} is not a valid host. Enter a host such as example.com, without spaces.",
    Fault.PUBLIC_SUFFIX: (
        "{entry} is a suffix under which many owners have their sites, so the rule would cover all of them. "
        "Enter your own host below it, or put = in front to mean that one host."
    ),
    Fault.LEADING_DOT: "{entry} begins with a dot. Write *.example.com for the subdomains of example.com.",
    Fault.WILDCARD_POSITION: (
        "{entry} has a * where it cannot be. A rule may begin with *. followed by a host name, as in "
        "*.example.com, without https:// before it, another * in it, or an address behind it."
    ),
    Fault.SCHEME: "{entry} is not a web address. Only http and https count; enter the host alone.",
    Fault.USERINFO: "{entry} holds a user name or password. Enter the host alone, without anything before @.",
    Fault.SINGLE_LABEL: (
        "{entry} is a name without a dot, which means a different machine in every network. Enter the full "
        "name, or mark the key as one for an intranet."
    ),
    Fault.ANY_OUTSIDE_TEST: (
        f"{{entry}} would let the key work on every website. Only a test key that ends within "
        f"{MAX_OPEN_TTL_DAYS} days may have it. List your hosts instead."
    ),
    Fault.TOO_LONG: (
        f"{{entry}} is too long. A host has at most {MAX_PATTERN_LENGTH} characters, and 63 between dots."
    ),
    Fault.LOCAL_IN_PRODUCTION: (
        "{entry} is the visitor's own machine. A production key does not work there; create a development "
        "key for it."
    ),
    Fault.TOO_MANY: (
        f"The list has more than {MAX_PATTERNS} different entries. One example.com in the mode that covers "
        "subdomains stands for all hosts below it."
    ),
}


@dataclass(frozen=True, slots=True)
class PatternProblem:
    """One refused entry. `raw`: as given, as text. `index`: its place in the list, from 0; for an empty list
    0, for one that is too long the place of the first entry too many. `code`: of `Fault`. `message`: one or
    two sentences for the site owner that say what to do instead."""

    raw: str
    index: int
    code: str
    message: str


class InvalidPatterns(ValueError):
    """A list that cannot be saved, with every problem of it in the order of the list."""

    def __init__(self, problems: tuple[PatternProblem, ...]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type["InvalidPatterns"], tuple[tuple[PatternProblem, ...]]]:
        return (type(self), (self.problems,))


def problem(fault: Fault, *, raw: object, index: int) -> PatternProblem:
    """The problem of one entry, with its sentence."""
    text = raw if isinstance(raw, str) else ""
    message = _SENTENCES[fault].format(entry=quoted(text) if text.strip() else "An empty entry")
    return PatternProblem(text, index, fault.value, message)


def quoted(text: str) -> str:
    """The text for a sentence: one line, printable, at most 60 characters."""
    line = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text.strip()
    )
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
