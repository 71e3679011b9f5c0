"""Agents' tasks and workflows for people: their events in columns, and what their snapshots tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.core.events import EventKind
from tasks.core.human_forms import Form, Payload, Tone, mapping_of, phrase, text_of
from tasks.core.printable import printable, printable_block

STATUS_WORDS: Mapping[str, str] = {
    "waiting_browser": "waiting for a browser",
    "input_required": "waiting for an answer",
}
SHORT_DIGITS = 6


def status_words(status: str) -> str:
    """A status as people say it."""
    return STATUS_WORDS.get(status, printable(status))


def short_name(task: str) -> str:
    """The last six digits of an id: the first eight of a UUIDv7 are a clock of 65 s and tell nobody apart."""
    return f"…{task[-SHORT_DIGITS:]}"


def of_task(payload: Payload) -> str:
    """In a workflow's log: which of its tasks an event is about."""
    name = text_of(payload, "taskId")
    return short_name(name) if name else ""


def reason_of(result: Payload) -> str:
    """`no_evidence: The site does not say.`; empty for a result without an error."""
    error = mapping_of(result, "error")
    return ": ".join(part for part in (text_of(error, "code"), text_of(error, "message")) if part)


def name_of(snapshot: Payload) -> str:
    """What callers know the task by; its id where that is no other name."""
    named = mapping_of(snapshot, "agent_task") or mapping_of(snapshot, "workflow")
    return text_of(named, "id") or text_of(snapshot, "task_id")


def about(snapshot: Payload) -> list[tuple[str, str]]:
    """What an agent's task or a workflow is about, as labels and texts; nothing for other kinds."""
    task = mapping_of(snapshot, "agent_task")
    lines = [
        ("workflow", text_of(task, "workflow")),
        ("url", text_of(task, "url")),
        ("shortcut", text_of(task, "shortcut")),
        ("prompt", phrase(text_of(task, "prompt"))),
        ("execution", text_of(task, "execution")),
        ("agent", _agent(mapping_of(task, "agent"))),
    ]
    return [(label, text) for label, text in (*lines, *_questions(mapping_of(task, "input"))) if text]


def members(snapshot: Payload) -> list[tuple[str, str, str, str]]:
    """Short name, status, host and summary of each task of a workflow, the root first."""
    tasks = mapping_of(snapshot, "workflow").get("tasks")
    return [
        (
            short_name(text_of(task, "id")),
            text_of(task, "status"),
            text_of(task, "siteHost"),
            phrase(text_of(task, "summary")),
        )
        for task in _mappings(tasks)
    ]


def answer_lines(snapshot: Payload) -> list[str]:
    """What an agent's task found, as a block that begins with an empty line; nothing, no block."""
    text = mapping_of(snapshot, "result").get("text") if "agent_task" in snapshot else None
    if not isinstance(text, str) or not text.strip():
        return []
    return ["", *printable_block(text).strip("\n").split("\n")]


def _agent(agent: Payload) -> str:
    name, trust = text_of(agent, "name"), text_of(agent, "trust").replace("_", " ")
    return f"{name} ({trust})" if name and trust else name


def _questions(asked: Payload) -> list[tuple[str, str]]:
    return [("question", phrase(question)) for question in _queries(asked)]


def _queries(asked: Payload) -> list[str]:
    queries = [_query(each) for each in _mappings(asked.get("questions"))]
    return [query for query in queries if query] or [text_of(asked, "message")]


def _query(question: Payload) -> str:
    choices = question.get("choices")
    given = [printable(str(each)) for each in choices] if isinstance(choices, list) else []
    return text_of(question, "query") + (f" [{' | '.join(given)}]" if given else "")


def _mappings(values: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, list) else []


def _status(payload: Payload) -> tuple[str, ...]:
    return (of_task(payload), status_words(text_of(payload, "status")))


def _said(payload: Payload) -> tuple[str, ...]:
    role, text = text_of(payload, "role"), phrase(text_of(payload, "text"))
    return (of_task(payload), f"{role}: {text}" if role else text)


def _tool(payload: Payload) -> tuple[str, ...]:
    used = f"{text_of(payload, 'name')} {text_of(payload, 'status')}".strip()
    return (of_task(payload), used, phrase(text_of(payload, "message")))


def _tool_tone(payload: Payload) -> tuple[str, Tone]:
    return "tool", Tone.BAD if payload.get("status") == "failed" else Tone.QUIET


def _observed(payload: Payload) -> tuple[str, ...]:
    return (of_task(payload), phrase(text_of(payload, "title") or text_of(payload, "summary")))


def _asked(payload: Payload) -> tuple[str, ...]:
    return (of_task(payload), *map(phrase, _queries(payload)))


def _error(payload: Payload) -> tuple[str, ...]:
    return (of_task(payload), phrase(reason_of({"error": payload})))


def _ended(payload: Payload) -> tuple[str, ...]:
    result = mapping_of(payload, "result")
    said = reason_of(result) or text_of(result, "summary") or text_of(result, "text")
    return (of_task(payload), phrase(said))


def _end(payload: Payload) -> tuple[str, Tone]:
    what = "all" if "workflowId" in payload else "task"
    match payload.get("status"):
        case "completed":
            return f"{what} completed", Tone.GOOD
        case "failed":
            return f"{what} failed".upper(), Tone.BAD
        case "cancelled" | "expired" as status:
            return f"{what} {status}", Tone.WARN
        case _:
            return "ended", Tone.PLAIN


_ENDED = Form(word="ended", tone=Tone.PLAIN, details=_ended, varied=_end)
AGENT_FORMS: dict[str, Form] = {
    EventKind.STATUS: Form(word="status", tone=Tone.PLAIN, details=_status),
    EventKind.STEP: Form(word="step", tone=Tone.PLAIN, details=_said),
    EventKind.TOOL: Form(word="tool", tone=Tone.QUIET, details=_tool, varied=_tool_tone),
    EventKind.OBSERVATION: Form(word="page seen", tone=Tone.PLAIN, details=_observed),
    EventKind.MESSAGE: Form(word="message", tone=Tone.PLAIN, details=_said),
    EventKind.INPUT: Form(word="QUESTION", tone=Tone.WARN, details=_asked),
    EventKind.ERROR: Form(word="ERROR", tone=Tone.BAD, details=_error),
    EventKind.DONE: _ENDED,
    EventKind.MEMBER_DONE: _ENDED,
}
