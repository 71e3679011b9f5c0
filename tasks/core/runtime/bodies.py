"""The bodies of the runtime's other addresses, read and bounded; `/command` has `commands`.

session/open       OpenSession
state, stream      View, from a query or a body
snapshot           SaveSnapshot
context/external   ExternalContext
telemetry/ingest   Telemetry, which never refuses more than its session
events/ingest      IngestEvents
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tasks.core.printable import printable
from tasks.core.runtime.errors import bootstrap_required
from tasks.core.runtime.fields import (
    Address,
    Body,
    Context,
    Counter,
    Hint,
    Id,
    Label,
    OptionalAddress,
    OptionalId,
    OptionalToken,
    json_bytes,
    json_value,
    refused,
    required,
    validated,
)
from tasks.core.runtime.progress import ProgressEvents, Step, steps_of
from tasks.core.runtime.snapshots import (
    BODY_MAX,
    KEPT,
    TTL_DEFAULT_HOURS,
    TTL_MAX_HOURS,
    TTL_MIN_HOURS,
    VERSION,
    check_size,
)
from tasks.core.runtime.telemetry import Kept, cleaned_text, kept_events
from tasks.core.storable import storable
from workspace.core.field_types import EXACT_INTEGER, refusal, single_line
from workspace.core.hosts import parse_host

READ_SECONDS = 60
ACT_SECONDS = 300
SUMMARY_MAX = 8_000
PAGE_URL_MAX = 1_000
VISITOR_CHARS = {"name": 120, "email": 240}
_SITE_ALIASES = {"bootstrapToken": ("bootstrapToken", "publicKey")}
_OPEN_ALIASES = _SITE_ALIASES | {"sessionId": ("sessionId", "requestedSessionId")}
_VIEW_ALIASES = {"seqAfter": ("seqAfter", "cursor"), "sessionToken": ("sessionToken", "streamToken")}
_SNAPSHOT_ALIASES = {"checkpoint": ("checkpoint", "payload")}
_EXTERNAL_ALIASES = {"message": ("message", "userInput")}


def _is_told(value: Any) -> bool:
    return not (isinstance(value, str) and not value.strip())


def _number(value: Any) -> Any:
    """A number of a body, or of a query, where it is text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _flag(value: Any) -> Any:
    words = {"true": True, "1": True, "false": False, "0": False}
    return words.get(value.lower(), value) if isinstance(value, str) else value


def _line(value: str | None) -> str | None:
    return None if value is None else single_line(value)


def _summary(value: Any) -> str:
    return storable(value).strip()[:SUMMARY_MAX] if isinstance(value, str) else ""


def _checkpoint(value: dict[str, Any]) -> Any:
    copy = json_value(value)
    check_size(json_bytes(copy))
    return copy


def _hours(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(max(TTL_MIN_HOURS, min(TTL_MAX_HOURS, value))) if is_number else TTL_DEFAULT_HOURS


def _steps(value: Any) -> Any:
    return json_value(value[-KEPT["prevSteps"] :], max_bytes=BODY_MAX) if isinstance(value, list) else []


def _page_url(value: Any) -> str:
    """The page's address, without its query and its fragment."""
    return cleaned_text(value, max_chars=PAGE_URL_MAX).strip() if isinstance(value, str) else ""


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else ()


def _visitor(value: Any) -> dict[str, str]:
    """{name?, email?}: what the site's page says of its visitor; no proof of anything."""
    told = value if isinstance(value, Mapping) else {}
    lines = {
        name: printable(told[name][: 2 * longest]).strip()[:longest]
        for name, longest in VISITOR_CHARS.items()
        if isinstance(told.get(name), str)
    }
    return {name: line for name, line in lines.items() if line}


def _rate(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


Page = Annotated[Address, AfterValidator(single_line)]
OptionalPage = Annotated[OptionalAddress, AfterValidator(_line)]


# --- session/open ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What opens a session without a token. `page`: the page's address, or its host."""

    site_id: str
    key: str
    page: str


class OpenSession(Body):
    """A session to open or to refresh. What a refresh needs is in its token; `bootstrap` tells what there is
    for a session without one. `visitor`: who the page says is there."""

    session_token: OptionalToken = None
    session_id: OptionalId = None
    site_id: OptionalId = None
    bootstrap_token: OptionalToken = None
    host: OptionalPage = None
    url: OptionalPage = None
    page_url: OptionalPage = None
    visitor: Annotated[dict[str, str], BeforeValidator(_visitor)] = {}

    @field_validator("url")
    @classmethod
    def _of_one_page(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Two statements about one page must not name two hosts, of which one would be judged."""
        host = info.data.get("host")
        if value is not None and host is not None and parse_host(value) != parse_host(host):
            raise refusal("not_allowed", "host and url must name the same host.")
        return value

    def bootstrap(self) -> Bootstrap:
        """The way in without a token.

        Raises:
            BootstrapRequired: there is no key.
            InvalidArgument: site or page are missing.
        """
        if self.bootstrap_token is None:
            raise bootstrap_required()
        page = self.url or self.host or self.page_url
        if self.site_id is None or page is None:
            missing = {"siteId": self.site_id, "host": page}
            raise refused(required(name) for name, value in missing.items() if value is None)
        return Bootstrap(site_id=self.site_id, key=self.bootstrap_token, page=page)


def read_open(body: object) -> OpenSession:
    """The checked form of a decoded JSON body. Raises InvalidArgument."""
    return validated(OpenSession, body, _OPEN_ALIASES)


# --- state, stream ---


class View(Body):
    """A look at a session: events after `seq_after`, the snapshot if it is wished for. `digest`: that of the
    snapshot which the reader has."""

    session_id: OptionalId = None
    session_token: OptionalToken = None
    seq_after: Annotated[int, Field(ge=0, le=EXACT_INTEGER), BeforeValidator(_number)] = 0
    include_snapshot: Annotated[bool, BeforeValidator(_flag)] = False
    digest: Label = ""


def read_view(params: Mapping[str, Any]) -> View:
    """The checked form of query parameters or of a body, blank ones left out. Raises InvalidArgument."""
    told = {name: value for name, value in params.items() if _is_told(value)}
    return validated(View, told, _VIEW_ALIASES)


# --- snapshot ---


class SaveSnapshot(Body):
    """A checkpoint to keep. `updated_at`: the page's clock, in milliseconds; `version` above the known one
    means that the checkpoint is kept as it is. `ttl_hours` is brought into 1 to 168."""

    session_id: Id
    checkpoint: Annotated[dict[str, Any], AfterValidator(_checkpoint)]
    visitor_id: OptionalId = None
    updated_at: Hint = None
    version: Annotated[int, Field(ge=1, le=EXACT_INTEGER)] = VERSION
    seq: Counter = None
    compacted_prev_steps: Annotated[list[Any], BeforeValidator(_steps)] = []
    chat_summary: Annotated[str, BeforeValidator(_summary)] = ""
    ttl_hours: Annotated[int, BeforeValidator(_hours)] = TTL_DEFAULT_HOURS


def read_snapshot(body: object) -> SaveSnapshot:
    """The checked form of a decoded JSON body. Raises InvalidArgument."""
    return validated(SaveSnapshot, body, _SNAPSHOT_ALIASES)


# --- context/external ---


class ExternalContext(Body):
    """A page of another site that a run wants to open, read or act on."""

    session_id: Id
    run_id: Id
    url: Page
    intent: Literal["open_only", "read_context", "act"]
    expected_epoch: Counter = None
    expected_seq: Counter = None
    client_event_id: OptionalId = None
    logical_tab_id: OptionalId = None
    message: Context = ""
    adversarial_score: Any = None
    timeout_ms: Hint = None

    @property
    def seconds(self) -> float:
        """How long it may take: what was asked for, at most 60 s to read and 300 s to act."""
        cap = ACT_SECONDS if self.intent == "act" else READ_SECONDS
        return cap if self.timeout_ms is None or self.timeout_ms <= 0 else min(cap, self.timeout_ms / 1_000)


def read_external(body: object) -> ExternalContext:
    """The checked form of a decoded JSON body. Raises InvalidArgument."""
    return validated(ExternalContext, body, _EXTERNAL_ALIASES)


# --- telemetry/ingest ---


class Telemetry(Body):
    """A batch of telemetry. It needs a session; anything else that is not as it should be is left out."""

    session_id: Id
    run_id: Label = ""
    events: Annotated[tuple[Any, ...], BeforeValidator(_list)] = ()
    flush_reason: Label = ""
    page_url: Annotated[str, BeforeValidator(_page_url)] = ""
    sample_rate: Annotated[float | None, BeforeValidator(_rate)] = None
    sdk_version: Label = ""

    @property
    def kept(self) -> Kept:
        """What is kept of its events."""
        return kept_events(self.events)


def read_telemetry(body: object) -> Telemetry:
    """The checked form of a decoded JSON body. Raises InvalidArgument for its session alone."""
    return validated(Telemetry, body)


# --- events/ingest ---


class IngestEvents(Body):
    """Progress of a run that is bound to a task, told by either. `steps` as of RUN_PROGRESS."""

    session_id: OptionalId = None
    task_id: OptionalId = None
    launch_request_id: OptionalId = None
    run_id: OptionalId = None
    events: ProgressEvents

    @property
    def steps(self) -> tuple[Step, ...]:
        """The events in their order."""
        return tuple(steps_of(self.events))


def read_ingest(body: object) -> IngestEvents:
    """The checked form of a decoded JSON body.

    Raises:
        InvalidArgument: it is not valid, or says neither taskId nor launchRequestId.
    """
    found = validated(IngestEvents, body)
    if found.task_id is None and found.launch_request_id is None:
        raise refused([required("taskId")])
    return found
