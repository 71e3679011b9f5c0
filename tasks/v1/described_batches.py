"""The operations of batches, for the document. `GET /v1/batches/{id}` is answered in front of Django."""

from tasks.core.errors import EmptyUrlList, InvalidArgs, TaskNotFound, TooManyUrls, UrlsRejected
from tasks.core.negotiation import MediaType, NotAcceptable
from tasks.streaming.errors import HoldsTooMany, LogUnavailable, TooManyStreams
from tasks.v1.described_batch_records import (
    EVENT,
    ITEM,
    RESULT,
    SNAPSHOT,
    STARTED,
    TASK_ID,
    BatchArguments,
    BatchItems,
    BatchList,
    BatchSnapshot,
    BatchStarted,
    CancelledBatch,
    Status,
)
from workspace.api.operations import (
    FAULT,
    WITH_BODY,
    WITH_TOKEN,
    Answer,
    Content,
    Operation,
    Parameter,
    Refused,
    Tag,
    with_code,
)
from workspace.core.tokens import Scope

BATCHES = Tag(
    "Batches",
    "Up to 100 URLs that are fetched in the background. Errors are problems (RFC 9457) that also have "
    "`code`, `retryable` and `error`.",
)
_NOT_FOUND = with_code(TaskNotFound, 404, "There is no such batch, or it is not yours.")
_BAD_PARAMETER = with_code(InvalidArgs, 400, "A parameter is not accepted; errors says which.")


def _path_id() -> Parameter:
    return Parameter(
        name="id",
        place="path",
        description="The batch's task_id.",
        schema={"type": "string", "format": "uuid"},
        example=TASK_ID,
    )


def _integer(name: str, description: str, *, least: int, most: int, default: int) -> Parameter:
    return Parameter(
        name=name,
        place="query",
        description=description,
        schema={"type": "integer", "minimum": least, "maximum": most, "default": default},
    )


_STREAM_PARAMETERS = (
    Parameter(
        name="after",
        place="query",
        description="Stream: the last number that you have; only what comes after it is sent.",
        schema={"type": "integer", "minimum": 0, "maximum": 2**53 - 1},
    ),
    Parameter(
        name="Last-Event-ID",
        place="header",
        description="Stream: the same; it wins over `after`.",
        schema={"type": "string", "pattern": "^[0-9]{1,15}$"},
    ),
)
_SNAPSHOT_CONTENT = Content(shape=BatchSnapshot, examples={"An ended batch": SNAPSHOT})
_STREAM_ERRORS = (
    with_code(HoldsTooMany, 429, "This token holds as many streams as it may."),
    with_code(TooManyStreams, 503, "The process holds as many streams as it may, or is about to stop."),
    with_code(LogUnavailable, 503, "The database cannot be read just now."),
)

OPERATIONS = (
    Operation(
        name="createBatch",
        method="post",
        path="/v1/batches",
        tag=BATCHES.name,
        summary="Start a batch",
        description="Checks all URLs, answers, and fetches in the background. One URL that is refused "
        "refuses all; `rejected` names each.",
        scopes=[Scope.FETCH],
        body=Content(
            shape=BatchArguments,
            examples={"Two pages": {"urls": ["https://example.com/", "https://example.org/gone"]}},
        ),
        answers=[
            Answer(
                status=202,
                description="The batch is stored.",
                contents=[Content(shape=BatchStarted, examples={"The handle": STARTED})],
                headers={"Location": "The address of the batch."},
            )
        ],
        refused=[
            with_code(InvalidArgs, 400, "A field is missing, unknown or of the wrong type."),
            with_code(EmptyUrlList, 400, "There is no URL."),
            with_code(TooManyUrls, 400, "There are more URLs than one batch takes."),
            Refused(400, "invalid_url", "The first refused URL is no URL."),
            with_code(UrlsRejected, 403, "The first refused URL leads where this server may not go."),
            *WITH_BODY,
            *WITH_TOKEN,
            FAULT,
        ],
    ),
    Operation(
        name="listBatches",
        method="get",
        path="/v1/batches",
        tag=BATCHES.name,
        summary="List batches",
        description="Your batches, newest first.",
        scopes=[Scope.FETCH],
        parameters=[
            _integer("limit", "How many.", least=1, most=100, default=20),
            Parameter(
                name="status",
                place="query",
                description="Only those with this status.",
                schema={"type": "string", "enum": list(Status.__args__)},  # type: ignore[attr-defined]  # of Literal
            ),
            Parameter(
                name="before",
                place="query",
                description="Only those older than this one: `next_before` of the page before.",
                schema={"type": "string", "format": "uuid"},
            ),
        ],
        answers=[
            Answer(
                description="A page of the list.",
                contents=[
                    Content(
                        shape=BatchList,
                        examples={
                            "One batch": {
                                "batches": [
                                    {
                                        "task_id": TASK_ID,
                                        "kind": "batch_fetch",
                                        "status": "completed",
                                        "total": 2,
                                        "result": RESULT,
                                        "error": None,
                                        "created_at": "2026-05-06T17:02:10.000Z",
                                        "updated_at": "2026-05-06T17:02:10.840Z",
                                    }
                                ],
                                "next_before": None,
                            }
                        },
                    )
                ],
            )
        ],
        refused=[_BAD_PARAMETER, *WITH_TOKEN, FAULT],
    ),
    Operation(
        name="getBatch",
        method="get",
        path="/v1/batches/{id}",
        tag=BATCHES.name,
        summary="Read a batch",
        description="A snapshot, or the events as a stream, as `Accept` says. A stream ends after "
        "`task_completed`, `task_cancelled` or `task_failed`; if it ends earlier, come back with the last "
        "number. Every 15 s without an event a line comes that is none.",
        scopes=[Scope.FETCH, Scope.READ],
        parameters=[_path_id(), *_STREAM_PARAMETERS],
        answers=[
            Answer(
                description="The snapshot or the stream.",
                contents=[
                    _SNAPSHOT_CONTENT,
                    Content(
                        shape={"type": "string"},
                        media_type=MediaType.SSE.value,
                        examples={"An event": f"retry: 2000\nid: 3\nevent: item_started\ndata: {EVENT}\n\n"},
                    ),
                    Content(
                        shape={"type": "string"},
                        media_type=MediaType.NDJSON.value,
                        examples={"An event": f"{EVENT}\n"},
                    ),
                ],
                headers={"Vary": "Accept, Authorization"},
            ),
            Answer(status=204, description="Server-sent events: you have all of an ended batch."),
        ],
        refused=[
            _NOT_FOUND,
            with_code(NotAcceptable, 406, "There is no form that you accept; acceptable lists them."),
            *_STREAM_ERRORS,
            *WITH_TOKEN,
            FAULT,
        ],
    ),
    Operation(
        name="headBatch",
        method="head",
        path="/v1/batches/{id}",
        tag=BATCHES.name,
        summary="Look at a batch's headers",
        description="The status and headers that a GET would have.",
        scopes=[Scope.FETCH, Scope.READ],
        parameters=[_path_id(), *_STREAM_PARAMETERS],
        answers=[
            Answer(description="The batch is there.", headers={"Vary": "Accept, Authorization"}),
            Answer(status=204, description="Server-sent events: you have all of an ended batch."),
        ],
        refused=[
            _NOT_FOUND,
            with_code(NotAcceptable, 406, "There is no form that you accept."),
            *_STREAM_ERRORS,
            *WITH_TOKEN,
            FAULT,
        ],
    ),
    Operation(
        name="cancelBatch",
        method="delete",
        path="/v1/batches/{id}",
        tag=BATCHES.name,
        summary="Ask a batch to stop",
        description="Requests in flight land and are recorded; nothing new starts.",
        scopes=[Scope.FETCH],
        parameters=[_path_id()],
        answers=[
            Answer(
                status=202,
                description="It was asked to stop, now or before.",
                contents=[
                    Content(
                        shape=CancelledBatch,
                        examples={
                            "Asked": SNAPSHOT
                            | {"status": "running", "cancel": "requested", "cancellation_requested": True}
                            | {"result": None}
                        },
                    )
                ],
            ),
            Answer(
                description="It had ended.",
                contents=[Content(shape=CancelledBatch, examples={"Ended": SNAPSHOT | {"cancel": "ended"}})],
            ),
        ],
        refused=[_NOT_FOUND, *WITH_TOKEN, FAULT],
    ),
    Operation(
        name="listBatchItems",
        method="get",
        path="/v1/batches/{id}/items",
        tag=BATCHES.name,
        summary="List what became of each URL",
        scopes=[Scope.FETCH],
        parameters=[
            _path_id(),
            _integer("after", "Only positions after this one.", least=-1, most=10**9, default=-1),
            _integer("limit", "How many.", least=1, most=1000, default=1000),
        ],
        answers=[
            Answer(
                description="The items.",
                contents=[Content(shape=BatchItems, examples={"One item": {"items": [ITEM]}})],
            )
        ],
        refused=[_BAD_PARAMETER, _NOT_FOUND, *WITH_TOKEN, FAULT],
    ),
)
