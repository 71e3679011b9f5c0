"""A run's events as the public task tells them.

    status        step {text}
    tool_start    tool {name, status: started, args?}
    tool_result   tool {name, status: completed | failed, message?, result?}
    message       message {role, text, blocks?}
    user_answer   message {role: user, text}
    observation   observation {url, title, host, summary, snapshotDigest}
    ask_user      input {questions, message}
    error         error {code, message}

The others are of the page alone. Arguments and results of tools are told only where the site's owner lets
them: they hold what a visitor typed.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from tasks.core.events import EventKind, NewEvent
from tasks.core.runtime.progress import QUESTIONS_MAX
from tasks.core.runtime.states import RunEventType, RunStatus
from tasks.core.runtime.verdicts import NewRunEvent

TEXT_MAX = 8_000
MESSAGES_MAX = 40
BLOCKS_MAX = 200
_OBSERVED = ("url", "title", "host", "summary", "snapshotDigest")
_QUESTION = ("key", "query", "id", "question", "choices", "required")
_ENDS = frozenset({RunEventType.RUN_TRANSITION, RunEventType.CONTROL, RunEventType.USER_ANSWER})

Logged = tuple[str, Mapping[str, Any], datetime]


def public_event(event: NewRunEvent, *, in_full: bool) -> NewEvent | None:
    """The event of the task's log; None for what it does not tell, and for questions, which come with a
    status. `in_full`: with arguments and results."""
    if event.type is RunEventType.TOOL_START:
        args = {"args": event.data["args"]} if in_full and "args" in event.data else {}
        return _tool(event.data, "started", args)
    if event.type is RunEventType.TOOL_RESULT:
        return _tool_result(event.data, in_full)
    telling = _TELLING.get(event.type)
    return telling(event.data) if telling else None


def status_told(event: NewRunEvent) -> RunStatus | None:
    """The status that an event brings its run to, if it tells of one."""
    status = event.data.get("status") if event.type in _ENDS else None
    return RunStatus(status) if isinstance(status, str) and status in set(RunStatus) else None


def public_question(data: Mapping[str, Any]) -> dict[str, Any]:
    """{questions, message} of an `ask_user`."""
    questions = data.get("questions")
    asked = [each for each in questions if isinstance(each, Mapping)] if isinstance(questions, list) else []
    return {
        "questions": [
            {name: each[name] for name in _QUESTION if name in each} for each in asked[:QUESTIONS_MAX]
        ],
        "message": _text(data, "message", "text", "question"),
    }


def public_result(log: Iterable[Logged], *, failed: bool) -> dict[str, Any]:
    """What a run came to, by its log: {text, blocks, summary, observation?, transcript}, or {error, …}."""
    said: Mapping[str, Any] = {}
    seen: Mapping[str, Any] | None = None
    error: Mapping[str, Any] = {}
    messages = []
    for type_, data, at in log:
        if type_ == RunEventType.MESSAGE:
            said = data
        elif type_ == RunEventType.OBSERVATION:
            seen = data
        elif type_ == RunEventType.ERROR:
            error = data
        if (spoken := _spoken(type_, data)) is not None:
            messages.append({"role": spoken[0], "text": spoken[1], "ts": int(at.timestamp() * 1_000)})
    told: dict[str, Any] = {"transcript": {"messages": messages[-MESSAGES_MAX:]}}
    if seen is not None:
        told["observation"] = _observation(seen)
    if failed:
        return told | {"error": _error(error)}
    text = _text(said, "text")
    summary = _text(said, "summary") or text.partition("\n")[0]
    return {"text": text, "blocks": _blocks(said), "summary": summary} | told


def _spoken(type_: str, data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Who said what: the prompt, the answers, and what the agent told."""
    match type_:
        case RunEventType.RUN_STARTED:
            return "user", _text(data, "message")
        case RunEventType.USER_ANSWER:
            return "user", _answer(data)
        case RunEventType.MESSAGE:
            return _role(data), _text(data, "text")
        case RunEventType.ASK_USER:
            return "assistant", _text(data, "message", "text", "question")
        case _:
            return None


def _tool(data: Mapping[str, Any], status: str, more: Mapping[str, Any]) -> NewEvent:
    payload = {"name": _text(data, "name", "tool") or "tool", "status": status, **more}
    return NewEvent(kind=EventKind.TOOL, payload=payload)


def _tool_result(data: Mapping[str, Any], in_full: bool) -> NewEvent:
    is_good = data.get("success") is not False and not data.get("error")
    result = {"result": data["output"]} if in_full and "output" in data else {}
    error = data.get("error")
    message = "" if is_good else _text(error, "message") if isinstance(error, Mapping) else ""
    said = {"message": message} if message else {}
    return _tool(data, "completed" if is_good else "failed", said | result)


def _message(data: Mapping[str, Any]) -> NewEvent:
    blocks = _blocks(data)
    payload = {"role": _role(data), "text": _text(data, "text", "message")}
    return NewEvent(kind=EventKind.MESSAGE, payload=payload | ({"blocks": blocks} if blocks else {}))


def _role(data: Mapping[str, Any]) -> str:
    role = data.get("role")
    return role if role in ("user", "assistant", "system") else "assistant"


def _blocks(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = data.get("blocks")
    found = blocks[:BLOCKS_MAX] if isinstance(blocks, list) else []
    return [dict(each) for each in found if isinstance(each, Mapping)]


def _observation(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(data, name) for name in _OBSERVED if data.get(name)}


def _error(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": (_text(data, "code") or "run_failed")[:64],
        "message": _text(data, "message") or "The run could not be carried on.",
    }


def _answer(data: Mapping[str, Any]) -> str:
    answers = data.get("answers")
    if isinstance(answers, Mapping) and answers:
        return "\n".join(f"{key}: {text}" for key, text in answers.items())[:TEXT_MAX]
    return _text(data, "text")


def _text(data: Mapping[str, Any], *names: str) -> str:
    """The first of these that is text."""
    found = (data.get(name) for name in names)
    return next((value[:TEXT_MAX] for value in found if isinstance(value, str) and value), "")


def _step(data: Mapping[str, Any]) -> NewEvent | None:
    text = _text(data, "text", "message", "thought", "stage")
    return NewEvent(kind=EventKind.STEP, payload={"text": text}) if text else None


_TELLING: Mapping[str, Callable[[Mapping[str, Any]], NewEvent | None]] = {
    RunEventType.STATUS: _step,
    RunEventType.MESSAGE: _message,
    RunEventType.USER_ANSWER: lambda data: NewEvent(
        kind=EventKind.MESSAGE, payload={"role": "user", "text": _answer(data)}
    ),
    RunEventType.OBSERVATION: lambda data: NewEvent(kind=EventKind.OBSERVATION, payload=_observation(data)),
    RunEventType.ERROR: lambda data: NewEvent(kind=EventKind.ERROR, payload=_error(data)),
}
