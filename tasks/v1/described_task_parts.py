"""What the operations of agents' tasks share: parameters, and the ways in which they are refused."""

from tasks.core import public_errors as errors
from tasks.core.idempotency import MAX_KEY
from tasks.core.negotiation import NotAcceptable
from tasks.core.prefer import MAX_WAIT_S
from tasks.streaming.errors import HoldsTooMany, LogUnavailable, TooManyStreams
from tasks.v1 import described_task_examples as examples
from workspace.api.operations import Parameter, with_code

# --- what comes in ---


def _name(prefix: str, example: str, description: str) -> Parameter:
    schema = {"type": "string", "pattern": f"^{prefix}[0-9a-f]{{32}}$"}
    return Parameter(name="id", place="path", description=description, schema=schema, example=example)


TASK_ID = _name("agt_", examples.TASK_ID, "The task's id.")
WORKFLOW_ID = _name("wf_", examples.WORKFLOW_ID, "The workflow's id.")
EVENT_ID = Parameter(
    name="event",
    place="path",
    description="The event's id.",
    schema={"type": "string", "pattern": "^evt_[0-9]{1,15}$"},
    example="evt_7",
)


def _prefer(text: str, example: str) -> Parameter:
    return Parameter(
        name="Prefer", place="header", description=text, schema={"type": "string"}, example=example
    )


_WAIT = f"`wait=N`: hold the answer up to N seconds, {MAX_WAIT_S} at most, until the task ends or asks."
PREFER = _prefer(
    "`execution=browser`: in a browser that opens `open`; `execution=cloud`: on this server; "
    f"`execution=auto`, the default: a browser first. {_WAIT}",
    "execution=cloud, wait=10",
)
PREFER_WAIT = _prefer(_WAIT, "wait=10")
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    description="The same key with the same body does the same thing once, for 24 hours.",
    schema={"type": "string", "pattern": "^[!-+\\--~]+$", "minLength": 1, "maxLength": MAX_KEY},
)
CURSOR = (
    Parameter(
        name="after",
        place="query",
        description="Stream: the id of the last event that you have; only what comes after it is sent.",
        schema={"type": "string", "pattern": "^(evt_)?[0-9]{1,15}$"},
    ),
    Parameter(
        name="Last-Event-ID",
        place="header",
        description="Stream: the same; it wins over `after`.",
        schema={"type": "string", "pattern": "^(evt_)?[0-9]{1,15}$"},
    ),
)
CASCADE = Parameter(
    name="cascade",
    place="query",
    description="`true`: the tasks that it handed over are cancelled too, and theirs.",
    schema={"type": "boolean", "default": False},
)

# --- what goes wrong ---

BAD_BODY = with_code(
    errors.InvalidRequest, 400, "The body, or a field of it, is not valid; errors says which."
)
BAD_TOKEN = with_code(errors.InvalidRequest, 400, "The access token is malformed, or there are two.")
NO_TASK = with_code(errors.PublicTaskNotFound, 404, "There is no such task, or not with this token.")
NO_WORKFLOW = with_code(errors.PublicTaskNotFound, 404, "There is no such workflow, or not with this token.")
TOO_LARGE = with_code(errors.BodyTooLarge, 413, "The body is over 256 KiB.")
NO_FORM = with_code(NotAcceptable, 406, "There is no form that you accept; acceptable lists them.")
DOWN = with_code(LogUnavailable, 503, "The database cannot be used just now.")
STREAMING = (
    with_code(HoldsTooMany, 429, "This token holds as many streams as it may."),
    with_code(TooManyStreams, 503, "The process holds as many streams as it may, or is about to stop."),
    DOWN,
)
BAD_KEY = with_code(errors.InvalidIdempotencyKey, 400, "The Idempotency-Key is not one.")
KEY_REUSED = with_code(errors.IdempotencyKeyReused, 409, "The Idempotency-Key came with another body.")
MAKING = (
    with_code(errors.InvalidTargetUrl, 400, "`url` is missing, or no complete http or https address."),
    with_code(errors.MissingInstruction, 400, "There is neither a prompt nor a shortcut."),
    with_code(errors.PromptTooLong, 400, "The prompt has over 8,000 characters."),
    BAD_BODY,
    BAD_KEY,
    with_code(errors.AiAccessDisabled, 403, "The site takes no tasks from agents."),
    with_code(errors.AgentBlocked, 403, "The site's owner lets this agent start no tasks."),
    with_code(errors.CloudNotAllowed, 403, "The site's tasks need a browser."),
    with_code(errors.PublicSiteNotFound, 404, "No site here answers for the host."),
    with_code(errors.PublicShortcutNotFound, 404, "The site has no such shortcut."),
    NO_FORM,
    KEY_REUSED,
    TOO_LARGE,
    with_code(errors.TaskRateLimited, 429, "Too many tasks in this minute or day; wait as Retry-After says."),
    *STREAMING,
)
