"""How a prompt is worked on when the caller leaves it open: act, tool by tool, or planner, by a plan.

A plan is made at once when the run before left questions open, for two or more signs of a sequence, and for
more than one domain outside the site. Otherwise the prompt is scored:

    +1     over 120 characters
    +1     two or more different verbs of action
    +2     a word of sequence
    +2     two or more words of breadth
    +2     an address
    +2     a form in which the result is wanted
    +0.25  for each different hint word
    -2     at most ten words that begin with a command to the page

The sum is rounded, halves up, to 0-10; from `THRESHOLD` on a plan is made. The words are English.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasks.core.runtime.states import RunMode
from workspace.core.hosts import is_public_suffix, parse_host, registrable_domain

THRESHOLD = 5
LONG_PROMPT = 120
SHORT_COMMAND = 10
MAX_CHARS = 8_000
MAX_ADDRESSES = 50
ESCALATE_SECONDS = 8
ESCALATE_CALLS = 3
ESCALATE_FAILURES = 2

_VERBS = frozenset(
    (
        *("add", "apply", "ask", "book", "buy", "calculate", "cancel", "check", "choose", "click"),
        *("compare", "copy", "create", "delete", "download", "edit", "enter", "export", "extract"),
        *("fill", "filter", "find", "get", "look", "open", "order", "pay", "pick", "post", "read"),
        *("register", "remove", "rename", "reply", "reserve", "save", "schedule", "scroll", "search"),
        *("select", "send", "share", "sort", "submit", "summarise", "summarize", "translate", "type"),
        *("update", "upload", "write"),
    )
)
_SEQUENCE = frozenset({"then", "afterwards", "next", "finally", "lastly", "firstly", "secondly", "thirdly"})
_BREADTH = frozenset(
    (
        *("across", "all", "any", "between", "both", "compare", "each", "entire", "every", "everything"),
        *("many", "multiple", "several", "various", "whole"),
    )
)
_FORMS = frozenset(
    (
        *("bullets", "chart", "csv", "document", "excel", "json", "list", "markdown", "pdf", "report"),
        *("spreadsheet", "summary", "table", "xlsx"),
    )
)
_HINTS = frozenset(
    (
        *("aggregate", "alternatives", "analyse", "analyze", "average", "best", "cheapest", "collect"),
        *("combine", "details", "differences", "evaluate", "gather", "investigate", "match", "monitor"),
        *("options", "plan", "prices", "rank", "recommend", "research", "reviews", "strategy", "trends"),
        *("verify", "workflow"),
    )
)
_COMMANDS = frozenset(
    (
        *("check", "clear", "click", "close", "collapse", "dismiss", "expand", "focus", "go", "hide"),
        *("hover", "open", "press", "refresh", "reload", "scroll", "select", "show", "tap", "toggle"),
        *("type", "uncheck"),
    )
)

_WORD = re.compile(r"[a-z']+")
_MARKERS = re.compile(
    r"\b(?:and then|after that|afterwards|finally|lastly|firstly|secondly|thirdly|then|next,)(?!\w)"
    r"|\bstep [0-9]{1,2}\b"
    r"|^[ \t]*[0-9]{1,2}[.)][ \t]"
    r"|(?<=[ ,;:])\(?[0-9]{1,2}\) ",
    re.MULTILINE,
)
_URL = re.compile(r"\bhttps?://[^\s<>\"'`]{1,2000}", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?![\w@-])", re.IGNORECASE)
_FILE_ENDINGS = frozenset({"md", "mov", "pl", "ps", "py", "rs", "sh", "zip"})
"""Last labels that are registries, and yet in a prompt mostly end the name of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The mode, the score of 0 to 10, and why: open_questions, several_steps, several_domains,
    score_reaches_threshold or score_below_threshold."""

    mode: RunMode
    score: int
    reason: str

    def as_wire(self) -> dict[str, object]:
        """{score, reason}."""
        return {"score": self.score, "reason": self.reason}


def route(
    prompt: str,
    *,
    is_own: Callable[[str], bool],
    has_open_questions: bool = False,
    threshold: int = THRESHOLD,
) -> Routing:
    """Returns how to work on the prompt; reads its first 8,000 characters. `is_own`: whether a host is the
    site's. `threshold`: 0 plans always, 11 only for the three signs."""
    text = prompt[:MAX_CHARS].lower()
    hosts = list(_hosts(text))
    score = _score(text, has_address=bool(hosts))
    reason = _sign(text, hosts, is_own, has_open_questions)
    if reason:
        return Routing(mode=RunMode.PLANNER, score=score, reason=reason)
    if score >= threshold:
        return Routing(mode=RunMode.PLANNER, score=score, reason="score_reaches_threshold")
    return Routing(mode=RunMode.ACT, score=score, reason="score_below_threshold")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActOutcome:
    """How a run fared in the mode act. `is_usable`: there is a result that the user can have."""

    is_usable: bool
    has_error: bool = False
    seconds: float = 0
    calls: int = 0
    failures: int = 0
    is_cross_domain: bool = False
    is_multi_step: bool = False


def escalates(outcome: ActOutcome, *, planner_on_error: bool = True) -> bool:
    """Whether a run goes on by a plan after acting: it came to nothing, and there is a sign that a plan would
    do better. `planner_on_error`: an error alone is such a sign."""
    if outcome.is_usable:
        return False
    return (
        (outcome.has_error and planner_on_error)
        or outcome.seconds > ESCALATE_SECONDS
        or outcome.calls > ESCALATE_CALLS
        or outcome.failures >= ESCALATE_FAILURES
        or outcome.is_cross_domain
        or outcome.is_multi_step
    )


def _sign(text: str, hosts: list[str], is_own: Callable[[str], bool], has_open_questions: bool) -> str:
    """Why a plan is made whatever the score; '' when nothing asks for one."""
    if has_open_questions:
        return "open_questions"
    if len(_MARKERS.findall(text)) >= 2:
        return "several_steps"
    foreign = {registrable_domain(host) for host in hosts if not is_own(host)}
    return "several_domains" if len(foreign) > 1 else ""


def _score(text: str, *, has_address: bool) -> int:
    words = _WORD.findall(_NAME.sub(" ", _URL.sub(" ", text)))
    found = set(words)
    points = (len(text.strip()) > LONG_PROMPT) + (len(found & _VERBS) >= 2)
    points += 2 * bool(found & _SEQUENCE or "after that" in text)
    points += 2 * (sum(word in _BREADTH for word in words) >= 2)
    points += 2 * has_address + 2 * bool(found & _FORMS)
    quarters = 4 * points + len(found & _HINTS) - 8 * _is_command(words)
    return max(0, min(10, (quarters + 2) // 4))


def _is_command(words: list[str]) -> bool:
    """Whether the page is told one short thing, with or without a please."""
    told = [word for word in words if word != "please"]
    return bool(told) and told[0] in _COMMANDS and len(told) <= SHORT_COMMAND


def _hosts(text: str) -> Iterator[str]:
    """The hosts of the first addresses in the text, complete or bare (shop.example.com); no e-mail
    addresses, and no names of files."""
    complete = [match.group() for match in _URL.finditer(text)][:MAX_ADDRESSES]
    yield from filter(None, map(parse_host, complete))
    for match in list(_NAME.finditer(_URL.sub(" ", text)))[:MAX_ADDRESSES]:
        ending = match.group().rpartition(".")[2]
        host = parse_host(match.group())
        if host and is_public_suffix(ending) and ending not in _FILE_ENDINGS:
            yield host
