"""The operations of agents' tasks and workflows, for the document. All are answered in front of Django."""

from collections.abc import Mapping
from typing import Any

from tasks.core import public_errors as errors
from tasks.core.negotiation import MediaType
from tasks.core.runtime.errors import CapabilityMissing, InvalidApiKey, SessionNotFound
from tasks.core.session_tokens import SessionTokenExpired, SessionTokenInvalid
from tasks.v1 import described_task_examples as examples
from tasks.v1.described_task_parts import (
    BAD_BODY,
    BAD_KEY,
    BAD_TOKEN,
    CASCADE,
    CURSOR,
    DOWN,
    EVENT_ID,
    IDEMPOTENCY_KEY,
    KEY_REUSED,
    MAKING,
    NO_FORM,
    NO_TASK,
    NO_WORKFLOW,
    PREFER,
    PREFER_WAIT,
    STREAMING,
    TASK_ID,
    TOO_LARGE,
    WORKFLOW_ID,
)
from tasks.v1.described_task_records import (
    AgentTask,
    BrowserClaim,
    ClaimedTask,
    HandoffWish,
    TaskAnswer,
    TaskWish,
    Workflow,
)
from workspace.api.operations import (
    ACCESS_TOKEN,
    Answer,
    Content,
    Operation,
    Parameter,
    Refused,
    Shape,
    Tag,
    with_code,
)

TASKS = Tag(
    "Tasks",
    "What agents ask of sites: a task is made without any key, and its answer holds the token that opens it, "
    "in the address or as a bearer token. Callable from every origin (CORS); OPTIONS works everywhere. "
    "Streams are server-sent events or NDJSON of one envelope, {id, type, ts, data, chunked?, chunkIndex?, "
    "chunkCount?, artifactRef?}, with the types `ready`, `status`, `step`, `tool`, `message`, `observation`, "
    "`input`, `error` and, as the last, `done`.",
)

_STREAM = {"type": "string"}
_VARY = {"Vary": "Accept, Authorization, Prefer"}
_AGAIN = {"Retry-After": "Seconds after which to ask again, until the end."}
_APPLIED = {"Preference-Applied": "The preferences that were taken up."}
_MADE = {
    "Location": "The address of the task, with its token.",
    "Idempotency-Replayed": "true: the same request made this task before.",
    "Signature-Error": "Why the request's signature proves nothing.",
    **_APPLIED,
    **_AGAIN,
}


# --- what comes back ---


def _contents(shape: Shape, shown: Mapping[str, Any], *, sse: str, ndjson: str) -> list[Content]:
    """The three forms."""
    return [
        Content(shape=shape, examples=shown),
        Content(shape=_STREAM, media_type=MediaType.SSE.value, examples={"Two events": sse}),
        Content(shape=_STREAM, media_type=MediaType.NDJSON.value, examples={"Two events": ndjson}),
    ]


def _task(shown: Mapping[str, Any]) -> list[Content]:
    return _contents(AgentTask, shown, sse=examples.SSE, ndjson=examples.NDJSON)


def _workflow(shown: Mapping[str, Any]) -> list[Content]:
    return _contents(Workflow, shown, sse=examples.WORKFLOW_SSE, ndjson=examples.WORKFLOW_NDJSON)


_STREAM_ENDED = Answer(status=204, description="Server-sent events: you have all of an ended log.")


def _made(links: Mapping[str, Any]) -> list[Answer]:
    """What comes back to a request that makes a task."""
    return [
        Answer(
            status=202,
            description="The task is stored. With `wait` it is the whole task as far as it has come.",
            contents=[Content(shape=AgentTask, examples=links)],
            headers=_MADE,
        ),
        Answer(
            description="With `wait`: it has ended, or asks. With a stream type in `Accept`: its events.",
            contents=_task({"Completed in time": examples.COMPLETED}),
            headers=_MADE,
        ),
    ]


_MAKE = (
    Operation(
        name="createTask",
        method="post",
        path="/v1/tasks",
        tag=TASKS.name,
        summary="Make a task",
        description="Of any site here that takes tasks: a URL and what is wanted there. No token is asked "
        "for; the answer holds the addresses with theirs and, where a browser may take the task up, `open`. "
        "Who calls is told by `agent` or a Web Bot Auth signature, else guessed from headers.",
        parameters=[PREFER, IDEMPOTENCY_KEY],
        body=Content(
            shape=TaskWish,
            examples={
                "A prompt": examples.WISH,
                "With an agent": examples.WISH_OF_AGENT,
                "A shortcut": examples.SHORTCUT_WISH,
            },
        ),
        answers=_made({"Its addresses": examples.CREATED, "execution=cloud": examples.IN_CLOUD}),
        refused=MAKING,
    ),
    Operation(
        name="handOverTask",
        method="post",
        path="/v1/tasks/{id}/handoffs",
        tag=TASKS.name,
        summary="Hand a task over to another site",
        description="Makes a task in the same workflow, on a site that takes handoffs. It is read, answered "
        "and cancelled like any other.",
        opened_by=ACCESS_TOKEN,
        parameters=[TASK_ID, PREFER, IDEMPOTENCY_KEY],
        body=Content(shape=HandoffWish, examples={"To a carrier": examples.HANDOFF_WISH}),
        answers=_made({"Its addresses": examples.CHILD}),
        refused=[
            BAD_TOKEN,
            *MAKING,
            with_code(errors.HandoffsNotAllowed, 403, "The receiving site takes no tasks from others."),
            NO_TASK,
            with_code(errors.ParentEnded, 409, "The task has ended; it hands over nothing."),
            with_code(errors.WorkflowFull, 409, "The workflow is too long, too deep, or goes in circles."),
        ],
    ),
)
_READING = (BAD_TOKEN, NO_FORM, TOO_LARGE, *STREAMING)
_READ_HEADERS = _VARY | _APPLIED | _AGAIN
_READ = (
    Operation(
        name="getTask",
        method="get",
        path="/v1/tasks/{id}",
        tag=TASKS.name,
        summary="Read a task",
        description="As it stands, or its events as a stream, as `Accept` says. A stream ends after `done`; "
        "if it ends earlier, come back with the last id. Every 15 s without an event a line comes that is "
        "none. A task is readable for seven days after its end.",
        opened_by=ACCESS_TOKEN,
        parameters=[TASK_ID, PREFER_WAIT, *CURSOR],
        answers=[
            Answer(
                description="The task or the stream.",
                contents=_task(
                    {
                        "Completed": examples.COMPLETED,
                        "It asks": examples.ASKING,
                        "Not claimed yet": examples.CREATED | {"status": "waiting_browser"},
                    }
                ),
                headers=_READ_HEADERS,
            ),
            _STREAM_ENDED,
        ],
        refused=[NO_TASK, *_READING],
    ),
    Operation(
        name="headTask",
        method="head",
        path="/v1/tasks/{id}",
        tag=TASKS.name,
        summary="Look at a task's headers",
        description="The status and headers that a GET would have.",
        opened_by=ACCESS_TOKEN,
        parameters=[TASK_ID, PREFER_WAIT, *CURSOR],
        answers=[Answer(description="The task is there.", headers=_READ_HEADERS), _STREAM_ENDED],
        refused=[NO_TASK, *_READING],
    ),
    Operation(
        name="getWorkflow",
        method="get",
        path="/v1/workflows/{id}",
        tag=TASKS.name,
        summary="Read a workflow",
        description="A task and all that were handed over from it, as they stand, or the events of all of "
        "them as one stream, each with `taskId` in its data; the workflow's own `done` has `workflowId` and "
        "comes last.",
        opened_by=ACCESS_TOKEN,
        parameters=[WORKFLOW_ID, PREFER_WAIT, *CURSOR],
        answers=[
            Answer(
                description="The workflow or the stream.",
                contents=_workflow({"Handed over once": examples.WORKFLOW}),
                headers=_READ_HEADERS,
            ),
            _STREAM_ENDED,
        ],
        refused=[NO_WORKFLOW, *_READING],
    ),
    Operation(
        name="headWorkflow",
        method="head",
        path="/v1/workflows/{id}",
        tag=TASKS.name,
        summary="Look at a workflow's headers",
        description="The status and headers that a GET would have.",
        opened_by=ACCESS_TOKEN,
        parameters=[WORKFLOW_ID, PREFER_WAIT, *CURSOR],
        answers=[Answer(description="The workflow is there.", headers=_READ_HEADERS), _STREAM_ENDED],
        refused=[NO_WORKFLOW, *_READING],
    ),
)


def _artifact(name: str, path: str, whose: Parameter, missing: Refused) -> Operation:
    return Operation(
        name=name,
        method="get",
        path=path,
        tag=TASKS.name,
        summary="Fetch the data of a large event",
        description="What `artifactRef` of an event over 1 MiB leads to: its whole `data`.",
        opened_by=ACCESS_TOKEN,
        parameters=[whose, EVENT_ID],
        answers=[
            Answer(
                description="The data.",
                contents=[Content(shape={"type": "object"}, examples={"A message": examples.LARGE_EVENT})],
            )
        ],
        refused=[BAD_TOKEN, missing, TOO_LARGE, *STREAMING],
    )


_CHANGE = (
    Operation(
        name="answerTask",
        method="post",
        path="/v1/tasks/{id}",
        tag=TASKS.name,
        summary="Answer a task that asks",
        description="Only while it is `input_required`; then the task goes on.",
        opened_by=ACCESS_TOKEN,
        parameters=[TASK_ID, PREFER_WAIT, IDEMPOTENCY_KEY],
        body=Content(
            shape=TaskAnswer,
            examples={"One answer": examples.ANSWER, "By question": examples.KEYED_ANSWER},
        ),
        answers=[
            Answer(
                status=202,
                description="The task goes on.",
                contents=[Content(shape=AgentTask, examples={"It runs": examples.RUNNING})],
                headers=_APPLIED | _AGAIN,
            ),
            Answer(
                description="With `wait`: it has ended, or asks. With a stream type in `Accept`: its events.",
                contents=_task({"Completed in time": examples.COMPLETED}),
                headers=_APPLIED,
            ),
        ],
        refused=[
            BAD_TOKEN,
            BAD_BODY,
            with_code(errors.MissingInput, 400, "There is no answer in the body."),
            BAD_KEY,
            NO_TASK,
            NO_FORM,
            with_code(
                errors.NotAwaitingInput, 409, "The task has asked nothing, or was answered; see taskStatus."
            ),
            KEY_REUSED,
            TOO_LARGE,
            *STREAMING,
        ],
    ),
    Operation(
        name="cancelTask",
        method="delete",
        path="/v1/tasks/{id}",
        tag=TASKS.name,
        summary="Cancel a task",
        description="It ends at once; one that has ended stays what it was.",
        opened_by=ACCESS_TOKEN,
        parameters=[TASK_ID, CASCADE],
        answers=[
            Answer(
                description="The task as it is now.",
                contents=[Content(shape=AgentTask, examples={"Cancelled": examples.CANCELLED})],
            )
        ],
        refused=[BAD_TOKEN, NO_TASK, TOO_LARGE, *STREAMING],
    ),
    Operation(
        name="claimTask",
        method="post",
        path="/v1/tasks/claim-browser",
        tag=TASKS.name,
        summary="Take a task up in a browser",
        description="The embed's call: the receipt of the page's address and the session of the page give it "
        "the task. A receipt serves one session; within a minute the same one may ask again.",
        body=Content(shape=BrowserClaim, examples={"A receipt": examples.CLAIM}),
        answers=[
            Answer(
                description="The task is the page's.",
                contents=[Content(shape=ClaimedTask, examples={"A prompt": examples.CLAIMED})],
            )
        ],
        refused=[
            BAD_BODY,
            with_code(SessionTokenInvalid, 401, "The session token is not one of this server."),
            with_code(SessionTokenExpired, 401, "The session token has expired."),
            with_code(InvalidApiKey, 401, "The site's key was switched off or is too old."),
            with_code(errors.SiteMismatch, 403, "The session's page is not of the task's site."),
            with_code(CapabilityMissing, 403, "The site's key opens no sessions any more."),
            with_code(errors.AiAccessDisabled, 403, "The site takes no tasks any more."),
            with_code(SessionNotFound, 404, "The session is gone."),
            with_code(errors.ReceiptInvalid, 404, "No task has this receipt, or not any more."),
            with_code(errors.ReceiptAlreadyClaimed, 409, "Another browser has taken the task up."),
            with_code(errors.ReceiptExpired, 410, "The receipt's time is over."),
            TOO_LARGE,
            DOWN,
        ],
        is_enveloped=True,
    ),
)
OPERATIONS = (
    _MAKE[0],
    *_READ[:2],
    *_CHANGE,
    _MAKE[1],
    _artifact("getTaskArtifact", "/v1/tasks/{id}/artifacts/{event}", TASK_ID, NO_TASK),
    *_READ[2:],
    _artifact("getWorkflowArtifact", "/v1/workflows/{id}/artifacts/{event}", WORKFLOW_ID, NO_WORKFLOW),
)
