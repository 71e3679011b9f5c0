"""What pages tell the collector, read and bounded.

    events/ingest   Batch: {visitId, taskId, runId, visit{…}, agent{…}, events[]}
    an event        Told: {eventId, type, visitId, taskId, runId, taskBoundaryId, ts, pageUrl, summary, …}
    the GETs        Filter, from a query

Reading is strict about what a batch is, and generous about what its events say: what only describes is cut or
left out, so that one odd page value does not cost the other events. Addresses lose user name, query and
fragment; what looks like personal data is taken out (`roverbook.core.redaction`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

import ada_url
from pydantic import BeforeValidator, Field

from roverbook.core.redaction import redacted, redacted_json
from tasks.core.printable import printable
from tasks.core.runtime.fields import (
    Body,
    Counter,
    Hint,
    Id,
    Label,
    OptionalId,
    is_shallow,
    json_bytes,
    validated,
)
from tasks.core.storable import storable

EVENTS_MAX = 100
SUMMARY_MAX = 240
ERROR_MAX = 1_000
TARGET_MAX = 300
URL_MAX = 1_000
PAYLOAD_BYTES = 4 * 1024
PAGES_MAX = 200
LIMIT_MAX = 50
DURATION_MAX_MS = 24 * 3_600_000
CLOCK_SLACK = timedelta(days=1)
"""How far the page's clock is believed."""


class EventType(StrEnum):
    """The contract's events."""

    TASK_STARTED = "task_started"
    TASK_ENDED = "task_ended"
    RUN_STARTED = "run_started"
    RUN_STATE_TRANSITION = "run_state_transition"
    RUN_COMPLETED = "run_completed"
    TOOL_START = "tool_start"
    TOOL_RESULT = "tool_result"
    STATUS = "status"
    ERROR = "error"
    NAVIGATION_GUARDRAIL = "navigation_guardrail"
    EXPERIMENT_EXPOSURE = "experiment_exposure"


VISIT = "visit"
"""The type of what a page said of the whole visit."""


def _text(most: int) -> BeforeValidator:
    """One printable line of at most `most` characters, redacted; '' for what is no text."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            return ""
        return redacted(printable(value[: 4 * most])).strip()[:most]

    return BeforeValidator(read)


def page_address(value: Any) -> str:
    """A web page's address without user name, query and fragment; '' for anything else."""
    if not isinstance(value, str) or len(value) > 64 * 1024:
        return ""
    try:
        url = ada_url.URL(storable(value).strip())
    except ValueError:
        return ""
    if url.protocol not in ("http:", "https:"):
        return ""
    return redacted(f"{url.protocol}//{url.host}{url.pathname}")[:URL_MAX]


def _pages(value: Any) -> list[str]:
    found = [page_address(page) for page in value[:PAGES_MAX]] if isinstance(value, list) else []
    return [page for page in found if page]


def _payload(value: Any) -> dict[str, Any]:
    """What an event holds beside; nothing of what is too large or too deep."""
    if not isinstance(value, dict) or not is_shallow(value):
        return {}
    try:
        copy: dict[str, Any] = redacted_json(storable(value))
        return copy if json_bytes(copy) <= PAYLOAD_BYTES else {}
    except (TypeError, ValueError):
        return {}


def _duration(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value <= DURATION_MAX_MS else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Any:
    """An object; a text is the name of one."""
    if isinstance(value, str) and value.strip():
        return {"name": value}
    return value if isinstance(value, dict) else None


Summary = Annotated[str, _text(SUMMARY_MAX)]
Target = Annotated[str, _text(TARGET_MAX)]
Failure = Annotated[str, _text(ERROR_MAX)]
Address = Annotated[str, BeforeValidator(page_address)]
Duration = Annotated[int | None, BeforeValidator(_duration)]
Flag = Annotated[bool | None, BeforeValidator(_flag)]
Agent = Annotated[dict[str, Any] | None, BeforeValidator(_mapping)]


class Told(Body):
    """One event. `ts`: milliseconds of the page's clock."""

    event_id: Id
    type: Annotated[EventType, Field(strict=False)]
    visit_id: OptionalId = None
    task_id: OptionalId = None
    run_id: OptionalId = None
    task_boundary_id: OptionalId = None
    ts: Hint = None
    page_url: Address = ""
    summary: Summary = ""
    step_type: Label = ""
    tool_name: Label = ""
    target: Target = ""
    duration_ms: Duration = None
    success: Flag = None
    error_message: Failure = ""
    error_detail: Failure = ""
    payload: Annotated[dict[str, Any], BeforeValidator(_payload)] = {}

    def at(self, now: datetime) -> datetime:
        """When it was, as far as the page's clock can be believed."""
        return settled_time(self.ts, now)

    def data(self) -> dict[str, Any]:
        """What is kept of it beside its columns: camelCase names, nothing for what is empty."""
        said = self.model_dump(by_alias=True, include=_DESCRIBING)
        return {name: value for name, value in said.items() if value not in ("", None, {})}


_DESCRIBING = {
    "task_boundary_id",
    "page_url",
    "summary",
    "step_type",
    "tool_name",
    "target",
    "duration_ms",
    "success",
    "error_message",
    "error_detail",
    "payload",
}


class WholeVisit(Body):
    """What a page says of the whole visit. `event_count`: how many events it knew of then; what knew of more
    counts."""

    event_count: Counter = 0
    task_boundary_id: OptionalId = None
    started_at: Hint = None
    entry_url: Address = ""
    latest_url: Address = ""
    pages_visited: Annotated[list[str], BeforeValidator(_pages)] = []
    launch_source: Label = ""
    discovery_surface: Label = ""
    capability_id: Label = ""
    page_id: Label = ""
    execution_path: Label = ""
    requested_result_modes: Annotated[
        list[Label], Field(max_length=10), BeforeValidator(lambda value: _list(value)[:10])
    ] = []
    user_present: Flag = None

    def data(self) -> dict[str, Any]:
        """As it is kept: camelCase names, nothing for what is empty."""
        said = self.model_dump(by_alias=True)
        return {name: value for name, value in said.items() if value not in ("", None, [])}


class Batch(Body):
    """What a page tells at once."""

    visit_id: OptionalId = None
    task_id: OptionalId = None
    run_id: OptionalId = None
    agent: Agent = None
    visit: WholeVisit | None = None
    events: Annotated[list[Told], Field(max_length=EVENTS_MAX)] = []


class Speaker(Body):
    """By what a body says who speaks in it, and in which visit; see `roverbook.services.collecting`."""

    visit_id: OptionalId = None
    task_id: OptionalId = None
    run_id: OptionalId = None
    agent: Agent = None


def read_batch(body: object) -> Batch:
    """The checked form of a decoded JSON body. Raises InvalidArgument."""
    return validated(Batch, body)


def read_speaker(body: Mapping[str, Any]) -> Speaker:
    """The same of any body or query. In a query the agent is named by its key. Raises InvalidArgument."""
    key = body.get("agentKey")
    named = {"agent": {"key": key}} if isinstance(key, str) and key.strip() and "agent" not in body else {}
    return validated(Speaker, {**body, **named})


# --- what is asked for ---


def _number(value: Any) -> Any:
    is_text = isinstance(value, str) and value.isascii() and value.isdigit()
    return min(int(value[:6]), LIMIT_MAX) if is_text else value


Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX), BeforeValidator(_number)]


class NotesFilter(Body):
    """Which notes: at most `limit` private and as many shared ones."""

    visibility: Literal["private", "shared"] | None = None
    limit: Limit = LIMIT_MAX


class PostsFilter(Body):
    """Which posts, in which order."""

    type: Literal["bug_report", "tip", "question", "suggestion", "discussion"] | None = None
    sort: Literal["hot", "new", "top"] = "hot"
    limit: Limit = LIMIT_MAX
    cursor: OptionalId = None


class RepliesFilter(Body):
    """Which replies."""

    limit: Limit = LIMIT_MAX
    cursor: OptionalId = None


class AnalyticsFilter(Body):
    """The days that are counted, today among them."""

    range: Literal["7d", "30d", "90d"] = "30d"

    @property
    def days(self) -> int:
        """How many."""
        return int(self.range.removesuffix("d"))


# --- times ---


def settled_time(ts: int | None, now: datetime) -> datetime:
    """The moment that a page's clock told, held within a day of ours; ours when it told none."""
    if ts is None:
        return now
    told = min(max(ts / 1_000, (now - CLOCK_SLACK).timestamp()), (now + CLOCK_SLACK).timestamp())
    return datetime.fromtimestamp(told, UTC)


def names_in(batch: Batch) -> Sequence[str]:
    """Every name by which the batch calls a task or a run."""
    told: list[Batch | Told] = [batch, *batch.events]
    return [name for each in told for name in (each.task_id, each.run_id, each.visit_id) if name]
