"""The body of `/command`: one of five commands, flat or with its fields in `payload`.

    RUN_INPUT        a prompt, or the answer that a run waits for
    RUN_CONTROL      cancel, end_task, new_task, continue
    TAB_EVENT        an address that a tab is to open
    ASK_USER_ANSWER  answers by the key of their question
    RUN_PROGRESS     what a worker reports of its run

Fields of `payload` come before those beside it; `type` is that of the envelope if it has one. `commandId` is
another name of `clientEventId`. Without a type the fields tell it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from tasks.core.runtime.fields import (
    MESSAGE_MAX,
    Address,
    Body,
    Context,
    Counter,
    Id,
    Label,
    Message,
    OptionalAddress,
    OptionalId,
    OptionalMessage,
    OptionalToken,
    first,
    json_value,
    refused,
    validated,
)
from tasks.core.runtime.progress import KEY_MAX, ProgressEvents, Step, Transition, steps_of
from workspace.core.field_types import newlines, refusal, several_lines
from workspace.core.fields import FieldError, not_an_object

ANSWERS_MAX = 32
FILES_MAX = 12
FILE_BYTES = 8 * 1024

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "clientEventId": ("clientEventId", "commandId"),
    "targetUrl": ("targetUrl", "url"),
    "rawText": ("rawText", "message"),
}


def _file(value: dict[str, Any]) -> Any:
    return json_value(value, max_bytes=FILE_BYTES)


def _answers(found: dict[str, str]) -> dict[str, str]:
    """Blank answers count as not given."""
    return {key.strip(): text.strip() for key, text in found.items() if text.strip()}


Answer = Annotated[
    str, StringConstraints(max_length=MESSAGE_MAX), AfterValidator(several_lines), BeforeValidator(newlines)
]
AnswerKey = Annotated[str, StringConstraints(min_length=1, max_length=KEY_MAX), AfterValidator(several_lines)]
Mode = Literal["act", "planner", "auto"]
Action = Literal["cancel", "end_task", "new_task", "continue"]


class Credentials(Body):
    """What every body of the runtime may say of its session, to be judged before anything else is read."""

    session_id: OptionalId = None
    session_token: OptionalToken = None
    request_nonce: OptionalId = None


class Command(Body):
    """What all commands have. The two counters are those that the caller knows: None when it did not say."""

    type: ClassVar[str]

    session_id: Id
    client_event_id: OptionalId = None
    expected_epoch: Counter = None
    expected_seq: Counter = None
    run_id: OptionalId = None


class NamedCommand(Command):
    """A command that must not be carried out twice, and so has a name by which its repetition is known."""

    client_event_id: Id


class RunInput(NamedCommand):
    """A prompt. `continue_run`: it answers the run that waits; `force_new_run`: it replaces that run.
    `shortcut_id`: the saved journey that the message names; `task_id`: the agent's task that the page took
    up, which the run carries out."""

    type: ClassVar[str] = "RUN_INPUT"

    message: Message
    continue_run: bool = False
    force_new_run: bool = False
    requested_mode: Mode = "auto"
    task_boundary_id: OptionalId = None
    shortcut_id: OptionalId = None
    task_id: OptionalId = None
    files: Annotated[list[Annotated[dict[str, Any], AfterValidator(_file)]], Field(max_length=FILES_MAX)] = []

    @field_validator("force_new_run")
    @classmethod
    def _one_of_both(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("continue_run"):
            raise refusal("not_allowed", "Either continueRun or forceNewRun, not both.")
        return value


class AskUserAnswer(NamedCommand):
    """Answers to what a run asked. `raw_text`: what the user typed, if it is not one text for each key."""

    type: ClassVar[str] = "ASK_USER_ANSWER"

    raw_text: OptionalMessage = None
    answers: Annotated[
        dict[AnswerKey, Answer],
        Field(max_length=ANSWERS_MAX, validate_default=True),
        AfterValidator(_answers),
    ] = {}

    @field_validator("answers")
    @classmethod
    def _something_said(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if not (value or info.data.get("raw_text")):
            raise refusal("required", "Send answers with a text for each question, or rawText.")
        return value


class RunControl(NamedCommand):
    """What is to become of the session's run. `reason` is for the log."""

    type: ClassVar[str] = "RUN_CONTROL"

    action: Action
    reason: Label = ""


class TabEvent(NamedCommand):
    """An address that a tab is to open. `message`: the prompt in whose course, for scoring alone;
    `adversarial_score`: the page's own. What the page says of hosts and classes is not read: the server finds
    them out."""

    type: ClassVar[str] = "TAB_EVENT"

    target_url: Address
    current_url: OptionalAddress = None
    logical_tab_id: OptionalId = None
    parent_logical_tab_id: OptionalId = None
    message: Context = ""
    adversarial_score: Any = None


class RunProgress(Command):
    """A worker's report, appended to the log of its run. `clientEventId` is optional: its events have ids."""

    type: ClassVar[str] = "RUN_PROGRESS"

    run_id: Id
    events: ProgressEvents = []
    transition: Transition | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Events and transition in their order."""
        return tuple(steps_of(self.events, self.transition))


AnyCommand = RunInput | RunControl | TabEvent | AskUserAnswer | RunProgress
_COMMANDS: Mapping[str, type[AnyCommand]] = {
    command.type: command for command in (RunInput, RunControl, TabEvent, AskUserAnswer, RunProgress)
}
_TELLING: tuple[tuple[str, str], ...] = (
    ("action", RunControl.type),
    ("targetUrl", TabEvent.type),
    ("url", TabEvent.type),
    ("answers", AskUserAnswer.type),
    ("message", RunInput.type),
)


def read_credentials(body: object) -> Credentials:
    """The session that a body speaks for, whatever else it holds.

    Raises:
        InvalidArgument: the body is no object, or one of these fields is no text.
    """
    return validated(Credentials, _merged(body))


def read_command(body: object) -> AnyCommand:
    """The command of a decoded JSON body.

    Raises:
        InvalidArgument: there is no type, no such command, or its fields are not valid; each is named.
    """
    merged = _merged(body)
    kind = first(merged, ("type",)) or _told(merged)
    if kind is None:
        raise refused([FieldError("type", "This field is required.", "required")])
    model = _COMMANDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise refused([FieldError("type", f"Must be one of {', '.join(_COMMANDS)}.", "not_allowed")])
    return validated(model, merged, _ALIASES)


def _merged(body: object) -> dict[str, Any]:
    """The fields of a flat or a nested body at one level."""
    if not isinstance(body, Mapping):
        raise refused([not_an_object("")])
    payload = body.get("payload")
    if payload is not None and not isinstance(payload, Mapping):
        raise refused([not_an_object("payload")])
    inner = {name: value for name, value in (payload or {}).items() if value is not None}
    outer = {"type": body["type"]} if first(body, ("type",)) is not None else {}
    return {**body, **inner, **outer}


def _told(merged: Mapping[str, Any]) -> str | None:
    """The type that the fields tell."""
    return next((kind for name, kind in _TELLING if merged.get(name) is not None), None)
