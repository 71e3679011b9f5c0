"""What the runtime's operations take and give, for the document. Wire names are the contract's."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.main import BaseModel

from tasks.core.runtime.commands import ANSWERS_MAX
from tasks.core.runtime.fields import ID_MAX, MESSAGE_MAX, TOKEN_MAX
from tasks.core.runtime.progress import EVENTS_MAX
from tasks.core.runtime.step_bodies import RESULTS_MAX

Status = Literal["queued", "running", "awaiting_user", "cancel_requested", "cancelled", "completed", "failed"]
Mode = Literal["act", "planner"]
Name = Annotated[str, Field(min_length=1, max_length=ID_MAX)]
Counter = Annotated[int, Field(ge=0)]


class _Sent(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


# --- sent ---


class SessionWish(_Sent):
    """The page, and what opens its session: a public key, or the token that the page has."""

    site_id: Name | None = None
    host: str | None = Field(None, max_length=2_000, description="The page's host, or `url`.")
    url: str | None = Field(None, max_length=2_000)
    bootstrap_token: str | None = Field(
        None, max_length=TOKEN_MAX, description="The site's `pk_site_` key; `publicKey` is another name."
    )
    session_id: Name | None = None
    session_token: str | None = Field(None, max_length=TOKEN_MAX)
    visitor: dict[str, Any] | None = Field(
        None, description="Who the page says is there: `name`, 120 characters, and `email`, 240."
    )


class _OfSession(_Sent):
    session_id: Name
    session_token: str = Field(max_length=TOKEN_MAX, description="Or as a bearer token.")
    request_nonce: Name | None = Field(None, description="Taken once in 15 minutes.")


class SessionEnd(_OfSession):
    """The session that is to end."""


class RuntimeCommand(_OfSession):
    """A command. Its type tells which other fields it has; they may stand in `payload` as well."""

    type: Literal["RUN_INPUT", "RUN_CONTROL", "TAB_EVENT", "ASK_USER_ANSWER", "RUN_PROGRESS"] | None = Field(
        None, description="Without it the fields tell the type."
    )
    client_event_id: Name | None = Field(
        None, description="Names the command: a repetition gets the same answer and does nothing."
    )
    expected_epoch: Counter | None = None
    expected_seq: Counter | None = None
    run_id: Name | None = None
    message: str | None = Field(None, max_length=MESSAGE_MAX)
    continue_run: bool | None = None
    force_new_run: bool | None = None
    requested_mode: Literal["act", "planner", "auto"] | None = None
    task_boundary_id: Name | None = None
    shortcut_id: Name | None = None
    task_id: Name | None = Field(None, description="The agent's task that the page has taken up.")
    action: Literal["cancel", "end_task", "new_task", "continue"] | None = None
    reason: str | None = None
    target_url: str | None = None
    current_url: str | None = None
    logical_tab_id: Name | None = None
    adversarial_score: float | None = None
    answers: dict[str, str] | None = Field(None, max_length=ANSWERS_MAX)
    raw_text: str | None = Field(None, max_length=MESSAGE_MAX)
    events: list[dict[str, Any]] | None = Field(None, max_length=EVENTS_MAX)
    transition: dict[str, Any] | None = None
    payload: dict[str, Any] | None = None


class StateWish(_OfSession):
    """What of the session is to be shown."""

    seq_after: Counter | None = None
    include_snapshot: bool | None = None


class StepWish(_OfSession):
    """The page as it is now, and what came of the calls of the step before."""

    run_id: Name
    client_event_id: Name
    expected_epoch: Counter | None = None
    page: dict[str, Any] = Field(description="What the embed's observation of the page gives.")
    results: list[dict[str, Any]] | None = Field(None, max_length=RESULTS_MAX)
    tools: list[dict[str, Any]] | None = Field(
        None,
        description="Tools of the page itself, at most 16: {name, title, description, parameters, sideEffect,"
        " requiresConfirmation}. One that is not valid, or has the name of a built-in tool, is left out.",
    )
    contexts: list[str] | None = Field(
        None, description="What scripts of the page say beside it: at most 4 texts of 4,000 characters."
    )
    tabs: list[dict[str, Any]] | None = Field(
        None, description="The tabs of the run, at most 8: {id, url, title, current}."
    )


class ExternalWish(_OfSession):
    """A page of another site."""

    run_id: Name
    url: Annotated[str, Field(min_length=1, max_length=2_000)]
    intent: Literal["open_only", "read_context", "act"]
    expected_epoch: Counter | None = None
    expected_seq: Counter | None = None
    logical_tab_id: Name | None = None
    message: str | None = None
    timeout_ms: int | None = Field(None, description="At most 60,000 to read, 300,000 to act.")


class SnapshotWish(_OfSession):
    """What another page needs to go on from here."""

    checkpoint: dict[str, Any] = Field(description="At most 1 MiB; `payload` is another name.")
    visitor_id: Name | None = None
    updated_at: int | None = Field(None, description="The page's clock, in milliseconds.")
    version: int | None = Field(None, ge=1)
    ttl_hours: float | None = Field(None, description="1 to 168.")


class IngestWish(_OfSession):
    """Progress of the run that carries out a task."""

    task_id: Name
    run_id: Name | None = None
    events: list[dict[str, Any]] = Field(max_length=EVENTS_MAX)


class TelemetryWish(_OfSession):
    """What a page tells about itself; too much of it is left out, and counted."""

    events: list[Any]
    run_id: str | None = None
    flush_reason: str | None = None
    page_url: str | None = None
    sample_rate: float | None = None
    sdk_version: str | None = None


# --- told ---


class RunEventRecord(_Told):
    """One event of the run's log."""

    seq: int
    type: str
    ts: dict[str, int] = Field(description="{_seconds, _nanoseconds}")
    data: dict[str, Any] | None = None


class TabRecord(_Told):
    """A tab of the session."""

    logical_tab_id: str
    parent_logical_tab_id: str | None = None
    scope: Literal["in_scope", "external"]
    status: Literal["open", "blocked", "scraped", "acted", "closed"]
    url: str | None = None
    reason: str | None = None
    updated_at: int


class SessionProjection(_Told):
    """A session as it stands; `events` are those of its newest run, 200 at most."""

    session_id: str
    epoch: int
    active_run_id: str | None = None
    run_status: Status | None = None
    run_mode: Mode | None = None
    events: list[RunEventRecord]
    tabs: list[TabRecord]
    snapshot: dict[str, Any] | None = None
    snapshot_updated_at: int | None = None
    snapshot_meta: dict[str, Any] | None = None
    resync_reason: Literal["initial", "digest_changed", "forced"] | None = None


class OpenedSession(_Told):
    """A session, its tokens, and the rules of its site."""

    session_id: str
    session_token: str
    session_token_expires_at: int = Field(description="In milliseconds since 1970.")
    stream_token: str = Field(description="Reads the stream and does nothing else.")
    epoch: int
    site_id: str
    allowed_domains: list[str]
    capabilities: dict[str, bool]
    policy: dict[str, Any]
    projection: SessionProjection
    site_config: dict[str, Any]
    sse_url: str


class ClosedSession(_Told):
    """The session that ended."""

    session_id: str
    closed: bool


class CommandAnswer(_Told):
    """What came of a command; its type tells which fields there are."""

    run_id: str | None = None
    accepted_mode: Mode | None = None
    state: Status | None = None
    continue_prompt: bool | None = None
    requested_mode: Literal["act", "planner", "auto"] | None = None
    epoch: int | None = None
    seq: int | None = None
    routing: dict[str, Any] | None = None
    action: Literal["cancel", "end_task", "new_task", "continue"] | None = None
    current_seq: int | None = None
    projection: SessionProjection | None = None
    decision: Literal["allow_same_tab", "open_new_tab", "block", "stale_run"] | None = None
    decision_reason: str | None = None
    decision_hint: str | None = None
    notice: str | None = None
    stale_run: bool | None = None
    stale_run_reason: str | None = None
    current_run_id: str | None = None
    current_active_run_id: str | None = None
    session_id: str | None = None
    session_epoch: int | None = None
    client_event_id: str | None = None
    current_host: str | None = None
    target_host: str | None = None
    is_cross_host: bool | None = None
    cross_domain: bool | None = None
    navigation_class: str | None = None
    adversarial: dict[str, Any] | None = None


class StepAnswer(CommandAnswer):
    """What to do next: calls, a question, or the end. Of a run that has ended, that it has."""

    step: int | None = None
    calls: list[dict[str, Any]] | None = Field(
        None, description="{id, name, args}, to be done in this order."
    )
    thought: str | None = None
    ask_user: dict[str, Any] | None = None
    done: bool | None = None
    answer: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class ExternalAnswer(_Told):
    """What the page gave."""

    intent: Literal["open_only", "read_context", "act"]
    url: str
    run_id: str
    current_seq: int | None = None
    mode: Literal["open_only"] | None = None
    reason: str | None = None
    page_data: dict[str, Any] | None = None
    result: dict[str, Any] | None = None


class SnapshotAnswer(_Told):
    """Whether it was kept; if not, the newer one that is kept."""

    saved: bool
    updated_at: int
    digest: str | None = None
    stale: bool | None = None
    checkpoint: dict[str, Any] | None = None


class TelemetryAnswer(_Told):
    """How many events were kept, and how many not."""

    accepted: int
    dropped: int
