"""The bodies that continue a task, hand it over, or claim it for a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from tasks.core.public_create import CreateTask, read_create
from tasks.core.public_errors import InvalidRequest, MissingInput
from workspace.core.field_types import json_object, several_lines
from workspace.core.fields import LISTED_ERRORS, FieldError, field_errors, not_an_object

Model = TypeVar("Model", bound=BaseModel)
INPUT_MAX = 8_000
ANSWERS_MAX = 32
KEY_MAX = 120
CONTEXT_MAX = 4_000
OUTPUT_MAX = 1_000
GOAL_MAX = 8_000
OBSERVATION_BYTES = 16 * 1024

Text = Annotated[str, AfterValidator(several_lines)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer. Without a `key` it is for the oldest open question."""

    text: str
    key: str | None = None


class _Input(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    input: Annotated[Text, StringConstraints(max_length=INPUT_MAX)] | None = None
    answers: Annotated[
        dict[
            Annotated[Text, StringConstraints(min_length=1, max_length=KEY_MAX)],
            Annotated[Text, StringConstraints(max_length=INPUT_MAX)],
        ],
        Field(max_length=ANSWERS_MAX),
    ] = {}


def read_input(body: object) -> tuple[Given, ...]:
    """The answers of a decoded JSON body: `input`, a text, or `answers`, texts by the key of their question.
    Blank ones count as not given.

    Raises:
        MissingInput: there is no answer.
        InvalidRequest: anything else; each field is named.
    """
    found = _validated(_Input, body)
    keyed = [Given(key=key, text=text.strip()) for key, text in found.answers.items() if text.strip()]
    free = [Given(text=found.input.strip())] if found.input and found.input.strip() else []
    if not (keyed or free):
        raise MissingInput("Say something: `input` with a text, or `answers` with a text for each question.")
    return (*keyed, *free)


def _storable(observation: dict[str, Any]) -> dict[str, Any]:
    return json_object(observation, max_bytes=OBSERVATION_BYTES)


class HandoffContext(BaseModel):
    """What travels to the receiving site beside the instruction: summaries, never a transcript."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )

    context_summary: Annotated[Text, StringConstraints(max_length=CONTEXT_MAX)] | None = None
    expected_output: Annotated[Text, StringConstraints(max_length=OUTPUT_MAX)] | None = None
    original_goal: Annotated[Text, StringConstraints(max_length=GOAL_MAX)] | None = None
    last_observation: Annotated[dict[str, Any], AfterValidator(_storable)] | None = None

    def as_wire(self) -> dict[str, Any]:
        """The members that were given, by their wire names."""
        return self.model_dump(by_alias=True, exclude_none=True)


def read_handoff(body: object) -> tuple[CreateTask, HandoffContext]:
    """A handoff's body: a task as `read_create` reads it, but that an instruction comes before a prompt; and
    what it is told about the task that hands over. Raises what `read_create` raises."""
    if not isinstance(body, Mapping):
        raise _refused([not_an_object("")])
    instruction = body.get("instruction")
    preferred = {"prompt": instruction} if isinstance(instruction, str) and instruction.strip() else {}
    return read_create({**body, **preferred}), _validated(HandoffContext, body)


class ClaimBody(BaseModel):
    """A browser's claim: the receipt of its URL and the session it has. `request_nonce` tells two tries of
    one page apart from two pages; `request_id`: the task or launch that the page means, where it knows it."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )

    receipt: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    session_token: Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
    session_id: Annotated[str, StringConstraints(max_length=200)] = ""
    request_nonce: Annotated[str, StringConstraints(max_length=200)] = ""
    request_id: Annotated[str, StringConstraints(max_length=200)] = ""
    host: Annotated[str, StringConstraints(max_length=300)] = ""


def read_claim(body: object) -> ClaimBody:
    """The checked form of a decoded JSON body. Raises InvalidRequest."""
    return _validated(ClaimBody, body)


def _validated(model: type[Model], body: object) -> Model:
    if not isinstance(body, Mapping):
        raise _refused([not_an_object("")])
    try:
        return model.model_validate(body)
    except ValidationError as exc:
        raise _refused(field_errors(exc)) from None


def _refused(errors: Sequence[FieldError]) -> InvalidRequest:
    fields = ", ".join(error.field or "the body" for error in errors[:3])
    return InvalidRequest(f"Not valid: {fields}.", errors=[asdict(error) for error in errors[:LISTED_ERRORS]])
