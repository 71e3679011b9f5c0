"""What is sent and answered about batches, with examples."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["pending", "running", "completed", "cancelled", "failed"]


class BatchArguments(BaseModel):
    """What to fetch."""

    model_config = ConfigDict(extra="forbid")

    urls: list[Annotated[str, Field(max_length=8192)]] = Field(
        min_length=1, max_length=100, description="What to fetch; http and https."
    )
    force_refresh: bool = Field(False, description="Fetch again what is stored and fresh.")
    concurrency: int = Field(8, ge=0, description="Requests in flight, clamped to 1 … 32.")
    per_domain_concurrency: int = Field(2, ge=0, description="The same for one host, clamped to 1 … 8.")


class _Told(BaseModel):
    """A part of an answer; every field is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class BatchStarted(_Told):
    """The handle of a new batch. The commands are for the machine that Rover runs on."""

    task_id: UUID
    status: Literal["running"]
    kind: Literal["batch_fetch"]
    monitor_command: str
    poll_command: str
    cancel_command: str


class BatchResult(BaseModel):
    """The roll-up of an ended batch; `skipped` only of a cancelled one."""

    total: int
    succeeded: int
    failed: int
    skipped: int | None = None
    duration_ms: int


class ListedBatch(_Told):
    """One line of the list."""

    task_id: UUID
    kind: Literal["batch_fetch"]
    status: Status
    total: int
    result: BatchResult | None
    error: str | None = Field(description="Why the task failed.")
    created_at: datetime
    updated_at: datetime


class BatchList(_Told):
    """A page of the list."""

    batches: list[ListedBatch]
    next_before: UUID | None = Field(description="What to give as `before` for the next page.")


class LastEvent(BaseModel):
    """The newest event in short."""

    seq: int
    kind: str
    ts: datetime
    url: str | None = None


class FailedItem(_Told):
    """A URL that was not fetched."""

    index: int
    url: str
    code: str
    error: str


class BatchSnapshot(_Told):
    """Where a batch stands."""

    ts: datetime
    kind: Literal["snapshot"]
    task_id: UUID
    task_kind: Literal["batch_fetch"]
    status: Status
    total: int
    succeeded: int
    failed: int
    skipped: int = Field(description="Never started, because the batch was cancelled.")
    in_flight: int
    completed: int = Field(description="succeeded + failed.")
    started_at: datetime
    updated_at: datetime
    duration_ms: int
    last_event_id: int | None
    last_event: LastEvent | None
    eta_s: float | None = Field(description="Seconds left at the pace so far.")
    cancellation_requested: bool
    worker_alive: bool = Field(description="false: nobody is there to work on it.")
    error: str | None
    result: BatchResult | None
    failures: list[FailedItem] = Field(description="The first ten.")


class CancelledBatch(BatchSnapshot):
    """The snapshot, and what the request to stop came to."""

    cancel: Literal["requested", "already_requested", "ended"]


class BatchItem(_Told):
    """What became of one URL; what is not known is null."""

    index: int = Field(description="The position in the list, from 0.")
    url: str
    status: Literal["pending", "in_flight", "done", "failed", "skipped"]
    code: str | None
    error: str | None
    http_status: int | None
    tokens: int | None
    bytes: int | None
    cache_status: Literal["hit", "miss"] | None
    final_url: str | None
    stored: bool
    duration_ms: int | None


class BatchItems(_Told):
    """Items in the order of the list."""

    items: list[BatchItem]


TASK_ID = "019b2c5e-8a41-7c3d-9f10-2b6d4e8a1c70"
TS = "2026-05-06T17:02:11.120Z"
STARTED = {
    "task_id": TASK_ID,
    "status": "running",
    "kind": "batch_fetch",
    "monitor_command": f"rover batch {TASK_ID} --monitor",
    "poll_command": f"rover batch {TASK_ID}",
    "cancel_command": f"rover task {TASK_ID} --cancel",
}
RESULT = {"total": 2, "succeeded": 1, "failed": 1, "duration_ms": 840}
FAILURE = {"index": 1, "url": "https://example.org/gone", "code": "gone", "error": "HTTP 404"}
SNAPSHOT: dict[str, Any] = {
    "ts": TS,
    "kind": "snapshot",
    "task_id": TASK_ID,
    "task_kind": "batch_fetch",
    "status": "completed",
    "total": 2,
    "succeeded": 1,
    "failed": 1,
    "skipped": 0,
    "in_flight": 0,
    "completed": 2,
    "started_at": "2026-05-06T17:02:10.000Z",
    "updated_at": "2026-05-06T17:02:10.840Z",
    "duration_ms": 840,
    "last_event_id": 8,
    "last_event": {"seq": 8, "kind": "task_completed", "ts": "2026-05-06T17:02:10.840Z"},
    "eta_s": None,
    "cancellation_requested": False,
    "worker_alive": True,
    "error": None,
    "result": RESULT,
    "failures": [FAILURE],
}
ITEM = {
    "index": 0,
    "url": "https://example.com/",
    "status": "done",
    "code": None,
    "error": None,
    "http_status": 200,
    "tokens": 152,
    "bytes": 1256,
    "cache_status": "miss",
    "final_url": "https://example.com/",
    "stored": True,
    "duration_ms": 310,
}
EVENT = (
    f'{{"ts":"{TS}","kind":"item_started","event_id":3,"seq":3,"task_id":"{TASK_ID}",'
    '"index":0,"url":"https://example.com/"}'
)
