"""The log of an agent's task as a timeline: each event with its word, its symbol and what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.admin.texts import Link, block, line, link, rest
from tasks.admin.words import status_words
from tasks.core.events import EventKind, LoggedEvent
from tasks.core.quantities import duration
from tasks.core.states import TaskStatus
from tasks.core.wire import timestamp

TEXT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What an event says: one text, a link, a longer text, and as JSON what we have no words for."""

    word: str
    symbol: str
    text: str = ""
    link: Link | None = None
    more: str = ""
    other: str = ""
    is_bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event. `offset`: how long after the task was made; `at`: the moment, in UTC."""

    seq: int
    kind: str
    at: str
    offset: str
    says: Says


def told(event: LoggedEvent, *, since: datetime) -> Told:
    """The event; `since` is when its task was made."""
    form = _FORMS.get(event.kind, _unknown(event.kind))
    after = (event.ts - since).total_seconds() * 1000
    return Told(
        seq=event.seq,
        kind=event.kind if event.kind in _FORMS else "other",
        at=timestamp(event.ts),
        offset=f"+{duration(after)}",
        says=form(event.payload),
    )


def questions_of(asked: Mapping[str, Any]) -> list[str]:
    """The questions of an open or logged request for input, a line each with what may be answered; without
    one that says no more than the message."""
    given = asked.get("questions")
    lines = [_question(each) for each in given] if isinstance(given, list) else []
    return [each for each in lines if each != line(asked.get("message"), TEXT)]


def _question(given: object) -> str:
    if not isinstance(given, Mapping):
        return line(given)
    choices = given.get("choices")
    offered = f" – one of: {', '.join(map(str, choices))}" if isinstance(choices, list) and choices else ""
    optional = "" if given.get("required", True) else " (optional)"
    return line(f"{given.get('query') or given.get('key') or ''}{optional}{offered}", TEXT)


def _status(payload: Mapping[str, Any]) -> Says:
    return Says(word="Status", symbol="●", text=status_words(payload.get("status")).word)


def _step(payload: Mapping[str, Any]) -> Says:
    return Says(word="Step", symbol="→", text=block(payload.get("text"), TEXT), other=rest(payload, "text"))


def _tool(payload: Mapping[str, Any]) -> Says:
    name, status = line(payload.get("name")), line(payload.get("status"))
    return Says(
        word="Tool",
        symbol="⚒",
        text=f"{name} {status}".strip(),
        more=block(payload.get("message"), TEXT),
        other=rest(payload, "name", "status", "message"),
        is_bad=status == "failed",
    )


def _message(payload: Mapping[str, Any]) -> Says:
    is_caller = payload.get("role") == "user"
    return Says(
        word="The caller says" if is_caller else "Rover says",
        symbol="“",
        text=block(payload.get("text"), TEXT),
        other=rest(payload, "role", "text", "blocks"),
    )


def _observation(payload: Mapping[str, Any]) -> Says:
    return Says(
        word="Page seen",
        symbol="◎",
        text=line(payload.get("title")),
        link=link(payload.get("url")),
        more=block(payload.get("summary"), TEXT),
        other=rest(payload, "title", "url", "host", "summary", "snapshotDigest"),
    )


def _input(payload: Mapping[str, Any]) -> Says:
    return Says(
        word="Question",
        symbol="?",
        text=block(payload.get("message"), TEXT),
        more="\n".join(questions_of(payload)),
        other=rest(payload, "message", "questions"),
    )


def _error(payload: Mapping[str, Any]) -> Says:
    return Says(
        word="Error",
        symbol="!",
        text=block(payload.get("message"), TEXT),
        more=line(payload.get("code")),
        other=rest(payload, "code", "message"),
        is_bad=True,
    )


def _done(payload: Mapping[str, Any]) -> Says:
    """The result stands above the timeline."""
    return Says(
        word="End",
        symbol="■",
        text=status_words(payload.get("status")).word,
        is_bad=payload.get("status") == TaskStatus.FAILED,
    )


def _unknown(kind: str) -> Callable[[Mapping[str, Any]], Says]:
    def says(payload: Mapping[str, Any]) -> Says:
        return Says(word=line(kind).replace("_", " "), symbol="·", other=rest(payload))

    return says


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], Says]] = {
    EventKind.STATUS: _status,
    EventKind.STEP: _step,
    EventKind.TOOL: _tool,
    EventKind.MESSAGE: _message,
    EventKind.OBSERVATION: _observation,
    EventKind.INPUT: _input,
    EventKind.ERROR: _error,
    EventKind.DONE: _done,
}
