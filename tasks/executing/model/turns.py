"""What a model said: the body of a chat completion, read with suspicion."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.printable import printable, printable_block
from tasks.executing.model.errors import ModelInvalid

MAX_CALLS: Final = 16
_MAX_TEXT_CHARS: Final = 2_000
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_USABLE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USABLE_ID: Final = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call. `arguments`: None when they are no JSON object; `id` is unique within the turn.

    `attached`: what the server wants back with the call (`extra_content`: signed thoughts).
    """

    id: str
    name: str
    arguments: Mapping[str, Any] | None
    attached: Mapping[str, Any] | None = None

    def wire(self) -> dict[str, Any]:
        """The call as it goes back to the endpoint.

        Bad arguments go back as an empty object: servers that parse the conversation again would refuse
        every later request because of them.
        """
        function = {"name": self.name, "arguments": json.dumps(self.arguments or {}, ensure_ascii=False)}
        attached = {"extra_content": self.attached} if self.attached else {}
        return {"id": self.id, "type": "function", "function": function, **attached}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`text`: what was said beside the calls. `tokens`: request and answer together, None when not told.

    `thoughts`: `reasoning_content`, which a server that sends it may want back.
    """

    text: str
    calls: tuple[Call, ...]
    tokens: int | None = None
    thoughts: str = ""

    def wire(self) -> dict[str, Any]:
        """The turn as it goes back to the endpoint."""
        thoughts = {"reasoning_content": self.thoughts} if self.thoughts else {}
        calls = {"tool_calls": [call.wire() for call in self.calls]} if self.calls else {}
        return {"role": "assistant", "content": self.text, **thoughts, **calls}


def read_turn(body: bytes) -> Turn:
    """The first choice of a chat completion.

    Raises: ModelInvalid for a body that is no chat completion.
    """
    completion = read_object(body)
    choices = completion.get("choices") if completion is not None else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if completion is None or not isinstance(message, dict):
        raise ModelInvalid("The model's answer is no chat completion.", reason="malformed")
    return Turn(
        text=printable_block(_text(message.get("content")))[:_MAX_TEXT_CHARS],
        calls=tuple(_calls(message.get("tool_calls"))),
        tokens=_tokens(completion.get("usage")),
        thoughts=_text(message.get("reasoning_content")),
    )


def read_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object that `text` is: finite numbers, no lone surrogates; None for anything else."""
    try:
        plain = json.dumps(json.loads(text), ensure_ascii=False, allow_nan=False)
        value = json.loads(_SURROGATE.sub("\ufffd", plain))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _calls(given: object) -> Iterator[Call]:
    taken: set[str] = set()
    for entry in given[:MAX_CALLS] if isinstance(given, list) else ():
        function = entry.get("function") if isinstance(entry, dict) else None
        if not isinstance(function, dict):
            continue
        name, call_id, attached = str(function.get("name")), entry.get("id"), entry.get("extra_content")
        if not isinstance(call_id, str) or not _USABLE_ID.fullmatch(call_id) or call_id in taken:
            # Nine letters and digits: there are servers that take no other id.
            call_id = secrets.token_hex(5)[:9]
        taken.add(call_id)
        yield Call(
            id=call_id,
            name=name if _USABLE_NAME.fullmatch(name) else "unnamed",
            arguments=_arguments(function.get("arguments")),
            attached=attached if isinstance(attached, dict) else None,
        )


def _arguments(given: object) -> Mapping[str, Any] | None:
    """By the protocol a string of JSON; some servers send the object itself, or nothing for none."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        return {} if given is None else None
    return read_object(given) if given.strip() else {}


def _text(content: object) -> str:
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _tokens(usage: object) -> int | None:
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    both = sum(count for count in counts if type(count) is int and count > 0)
    total = usage.get("total_tokens")
    return max(total if type(total) is int else 0, both) or None


def complaint_of(body: bytes) -> str:
    """What an endpoint says is wrong, in one line: for the operator's log, never for who made the task."""
    found = read_object(body)
    said: Any = found.get("error", found) if found is not None else body.decode("utf-8", "replace")
    if isinstance(said, dict):
        said = said.get("message") or said.get("detail") or ""
    return printable(str(said))
