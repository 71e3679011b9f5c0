"""What is sent and answered about agents' tasks and workflows."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tasks.core.public_create import AGENT_HOMEPAGE_MAX, AGENT_KEY_MAX, AGENT_LABEL_MAX, PROMPT_MAX
from tasks.core.public_input import ANSWERS_MAX, CONTEXT_MAX, INPUT_MAX, OUTPUT_MAX

Status = Literal[
    "pending",
    "waiting_browser",
    "running",
    "input_required",
    "completed",
    "failed",
    "cancelled",
    "expired",
]
WhereItRuns = Literal["auto", "browser", "cloud"]
Words = Annotated[str, Field(max_length=PROMPT_MAX)]
_NULL = {"type": "null"}


def _without_null(schema: dict[str, Any]) -> None:
    """Of an answer: what does not apply is not there, rather than null."""
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        if name in required:
            continue
        field.pop("default", None)
        options = [option for option in field.pop("anyOf", ()) if option != _NULL]
        field.update(options[0] if len(options) == 1 else {"anyOf": options} if options else {})


class _Sent(BaseModel):
    """A body; fields that are not known are passed over, null is the same as a field that is left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _Told(BaseModel):
    """A part of an answer; what does not apply is left out."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, json_schema_extra=_without_null
    )


# --- sent ---


class AgentIdentity(_Sent):
    """Who calls, by its own word. All of it may be left out; what is too long is cut, but for the key."""

    key: Annotated[str, Field(max_length=AGENT_KEY_MAX)] | None = Field(
        None, description="Stays the same, so that the agent is known again. Also `agentKey`, `agentId`."
    )
    name: str | None = Field(
        None, description=f"For people, up to {AGENT_LABEL_MAX} characters. Also `displayName`."
    )
    vendor: str | None = None
    model: str | None = None
    version: str | None = None
    homepage: str | None = Field(
        None, description=f"An https address of up to {AGENT_HOMEPAGE_MAX} characters; others are left out."
    )


class TaskWish(_Sent):
    """What is wanted of which page: `url`, and `prompt` or `shortcut`."""

    url: str = Field(description="A page of a site that takes tasks, http or https. Also `targetUrl`.")
    prompt: Words | None = Field(None, description="What to do, in words. Also `goal`, `instruction`.")
    shortcut: str | None = Field(
        None,
        description="The id of a shortcut of the site; it decides, the prompt is context. Also `shortcutId`.",
    )
    agent: AgentIdentity | None = None


class HandoffWish(_Sent):
    """What the receiving site is to do: `url`, and the first of `shortcutId`, `instruction`, `prompt`."""

    url: str = Field(description="A page of the receiving site.")
    instruction: Words | None = None
    prompt: Words | None = None
    shortcut_id: str | None = None
    agent: AgentIdentity | None = Field(None, description="Left out: whoever hands over.")
    context_summary: Annotated[str, Field(max_length=CONTEXT_MAX)] | None = Field(
        None, description="What the receiving site should know. It is data there, never an instruction."
    )
    expected_output: Annotated[str, Field(max_length=OUTPUT_MAX)] | None = None


class TaskAnswer(_Sent):
    """The answer to a task that asks: `input`, `answers`, or both."""

    input: Annotated[str, Field(max_length=INPUT_MAX)] | None = Field(
        None, description="For the oldest open question."
    )
    answers: Annotated[
        dict[str, Annotated[str, Field(max_length=INPUT_MAX)]], Field(max_length=ANSWERS_MAX)
    ] = Field({}, description="Texts by the key of their question.")


class BrowserClaim(_Sent):
    """The receipt of a page's address, and the session of the page."""

    receipt: Annotated[str, Field(min_length=1, max_length=200)]
    session_token: Annotated[str, Field(min_length=1, max_length=4096)]
    session_id: Annotated[str, Field(max_length=200)] = ""
    request_nonce: Annotated[str, Field(max_length=200)] = ""
    host: Annotated[str, Field(max_length=300)] = Field("", description="The page's host.")


# --- answered ---


class TaskQuestion(_Told):
    """One thing that a task needs to know."""

    key: str
    query: str
    required: bool
    choices: list[str] | None = None


class TaskInput(_Told):
    """What a task asks, while it is `input_required`."""

    questions: list[TaskQuestion] | None = None
    message: str | None = None


class Observation(_Told):
    """The page that a result rests on."""

    url: str | None = None
    title: str | None = None
    host: str | None = None
    summary: str | None = None
    snapshot_digest: str | None = None


class TranscriptMessage(_Told):
    """Something that was said."""

    role: str | None = None
    text: str | None = None
    ts: float | None = None


class Transcript(_Told):
    """What was said, in order."""

    messages: list[TranscriptMessage]


class TaskError(_Told):
    """Why a task failed. Decide by `code`."""

    code: str
    message: str
    data: dict[str, Any] | None = None


class TaskResult(_Told):
    """What a task came to."""

    text: str | None = Field(None, description="The answer.")
    blocks: list[dict[str, Any]] | None = Field(
        None, description="The answer in parts, each with a `type`; `citation` has url, title and quote."
    )
    summary: str | None = None
    observation: Observation | None = None
    transcript: Transcript | None = None
    artifacts: list[dict[str, Any]] | None = None
    error: TaskError | None = None


class Handoff(_Told):
    """Where a task that was handed over comes from."""

    workflow_id: str
    parent_task_id: str
    source_host: str
    source_url: str
    original_goal: str
    instruction: str
    context_summary: str | None = None
    expected_output: str | None = None
    last_observation: dict[str, Any] | None = None


class AgentRecord(_Told):
    """Who made the task, and how far that can be believed."""

    key: str
    name: str
    vendor: str | None = None
    model: str | None = None
    version: str | None = None
    homepage: str | None = None
    trust: Literal["verified_signed", "signed_directory_only", "self_reported", "heuristic", "anonymous"]
    source: str
    verification_method: str


class AgentTask(_Told):
    """A task. The answer to its making has the addresses, the status and the times alone."""

    id: str
    task: str = Field(description="Where it is read, answered and cancelled.")
    workflow: str = Field(description="The workflow that it belongs to.")
    open: str | None = Field(None, description="For a browser, while none has taken the task up.")
    browser_link: str | None = Field(
        None, description="The same with the wish in sight, if that fits into an address."
    )
    status: Status
    input: TaskInput | None = None
    result: TaskResult | None = None
    handoff: Handoff | None = None
    execution: WhereItRuns | None = None
    agent: AgentRecord | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = Field(None, description="When it changes, or goes, by itself.")
    retry_after_ms: int | None = Field(None, description="When to ask again; not of an ended task.")


class WorkflowTask(_Told):
    """One task of a workflow."""

    id: str
    parent_task_id: str | None = None
    depth: int
    site_host: str
    status: Status
    execution: WhereItRuns
    created_at: datetime
    ended_at: datetime | None = None
    summary: str | None = None


class ChildResult(_Told):
    """What a task that was handed over came to."""

    id: str
    site_host: str
    status: Status
    summary: str | None = None


class WorkflowResult(TaskResult):
    """The result of the first task, and what the others came to."""

    children: list[ChildResult] | None = None


class Workflow(_Told):
    """Tasks that were handed over from site to site, the first one first. It never holds their tokens."""

    id: str
    status: Status
    root_task: str
    tasks: list[WorkflowTask]
    result: WorkflowResult | None = None
    created_at: datetime
    updated_at: datetime


class LaunchInput(_Told):
    """What the page is to do."""

    kind: Literal["prompt", "shortcut"]
    prompt: str
    shortcut_id: str | None = None


class ClaimedTask(_Told):
    """The task that a page has taken up, with the tokens to report on it."""

    task_id: str
    request_id: str
    status: Status
    execution_target: Literal["browser_attach"]
    detail: Literal["sanitized", "full"]
    target_url: str
    input: LaunchInput
    session_id: str
    task_access_token: str
    workflow_id: str
    workflow_access_token: str
