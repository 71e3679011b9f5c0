"""The operations of the browser runtime, for the document. All are answered in front of Django."""

from typing import Any

from tasks.core.public_errors import PublicShortcutNotFound, TaskRateLimited
from tasks.core.runtime import errors
from tasks.streaming.errors import HoldsTooMany, LogUnavailable, TooManyStreams
from tasks.v2 import described_records as records
from workspace.api.operations import Answer, Content, Operation, Parameter, Refused, Shape, Tag, with_code

RUNTIME = Tag(
    "Runtime",
    "What the embed script of a site's pages talks to, from every origin (CORS); OPTIONS works everywhere. A "
    "session is opened with the site's public key; everything else shows its token, in the body or as a "
    "bearer token. JSON is read whatever content type it comes with, so that no preflight is needed.",
)
TAGS = (RUNTIME,)

_SESSION = "ses_2f8Kq0wWcL1mYt7RzXb4Ns6D"
_TOKEN = "rvrsess_eyJzaWQiOiJzZXNfMmY4In0.c2lnbmF0dXJl"  # noqa: S105 - an example
_RUN = "019f0c1e-7a3b-7c44-9d2e-5b8a6f1c3e70"
_OF = {"sessionId": _SESSION, "sessionToken": _TOKEN}
_PROJECTION = {"sessionId": _SESSION, "epoch": 5, "events": [], "tabs": []}

BAD = with_code(errors.InvalidArgument, 400, "The body is not valid; errors says where.")
DOWN = with_code(LogUnavailable, 503, "The database cannot be used just now.")
TOO_LARGE = with_code(errors.BodyTooLarge, 413, "The body is too large.")
_WITH_TOKEN = (
    BAD,
    with_code(errors.SessionTokenExpired, 401, "The session token has expired; open the session again."),
    with_code(errors.SessionTokenInvalid, 401, "There is no good session token."),
    with_code(errors.InvalidApiKey, 401, "The site's key was switched off or is too old."),
    with_code(errors.HostNotAllowed, 403, "The site's key is not for the page's host."),
    with_code(errors.CapabilityMissing, 403, "The site's key may not do this."),
    with_code(errors.PermissionDenied, 403, "The token is another session's, or only reads."),
    with_code(errors.SessionNotFound, 404, "The session is gone."),
    TOO_LARGE,
    DOWN,
)
_ONCE = with_code(errors.ReplayedNonce, 409, "The request was seen before.")
_RUN_MISSING = with_code(errors.RunNotFound, 404, "There is no such run, or none to go on with.")
_STALE = (
    with_code(errors.StaleEpoch, 409, "The session is in another epoch; try once more."),
    with_code(errors.StaleSeq, 409, "The run has gone on; try once more."),
)
_ACTIVE = with_code(errors.ActiveRunExists, 409, "The session has a run that has not ended.")
_REPLAY = {"Idempotent-Replay": "true: the same request got this answer before."}


def _post(
    name: str,
    path: str,
    *,
    summary: str,
    description: str,
    body: Shape,
    sent: Any,
    answer: Shape,
    told: Any,
    refused: tuple[Refused, ...],
    replays: bool = False,
) -> Operation:
    return Operation(
        name=name,
        method="post",
        path=f"/v2/rover/{path}",
        tag=RUNTIME.name,
        summary=summary,
        description=description,
        body=Content(shape=body, examples={"One": sent}),
        answers=[
            Answer(
                description="Done.",
                contents=[Content(shape=answer, examples={"One": told})],
                headers=_REPLAY if replays else {},
            )
        ],
        refused=refused,
        is_enveloped=True,
    )


def _query(name: str, description: str, schema: dict[str, Any]) -> Parameter:
    return Parameter(name=name, place="query", description=description, schema=schema)


_VIEW = (
    _query("sessionId", "The session; that of the token if left out.", {"type": "string", "minLength": 1}),
    _query("sessionToken", "Its token, or that of its stream.", {"type": "string", "minLength": 1}),
    _query("seqAfter", "Events after this number.", {"type": "integer", "minimum": 0}),
)

_SESSIONS = (
    _post(
        "openSession",
        "session/open",
        summary="Open a session, or go on with one",
        description="By the site's public key, or by the token that the page has. Only its own token goes on "
        "with a session, also one that expired in the last 30 days.",
        body=records.SessionWish,
        sent={
            "siteId": "acme-shop-a1B2c3",
            "url": "https://www.acme.example/",
            "bootstrapToken": "pk_site_…",
        },
        answer=records.OpenedSession,
        told={
            "sessionId": _SESSION,
            "sessionToken": _TOKEN,
            "sessionTokenExpiresAt": 1_771_484_403_000,
            "streamToken": _TOKEN,
            "epoch": 5,
            "siteId": "acme-shop-a1B2c3",
            "allowedDomains": ["acme.example"],
            "capabilities": {"roverEmbed": True},
            "policy": {"domainScopeMode": "registrable_domain", "crossHostPolicy": "same_tab"},
            "projection": _PROJECTION,
            "siteConfig": {"shortcuts": [], "greeting": {"text": "Welcome"}},
            "sseUrl": "https://rover.example/v2/rover/stream?sessionId=…&streamToken=…",
        },
        refused=(
            BAD,
            with_code(errors.SessionTokenExpired, 401, "The token has expired, and there is no key."),
            with_code(errors.SessionTokenInvalid, 401, "The token is not good, and there is no key."),
            with_code(errors.BootstrapRequired, 401, "There is neither token nor key."),
            with_code(errors.InvalidApiKey, 401, "The key is unknown, switched off or too old."),
            with_code(errors.SecretKeyNotAllowed, 403, "A secret key came from a page."),
            with_code(errors.SiteMismatch, 403, "The key is another site's."),
            with_code(errors.CapabilityMissing, 403, "The key opens no sessions."),
            with_code(errors.HostNotAllowed, 403, "The key is not for the page's host."),
            TOO_LARGE,
            with_code(TaskRateLimited, 429, "The address has opened enough sessions in this minute."),
            DOWN,
        ),
    ),
    _post(
        "closeSession",
        "session/close",
        summary="End a session",
        description="No token opens it any more.",
        body=records.SessionEnd,
        sent=_OF,
        answer=records.ClosedSession,
        told={"sessionId": _SESSION, "closed": True},
        refused=(*_WITH_TOKEN, _ONCE),
    ),
)
_COMMANDS = (
    _post(
        "sendCommand",
        "command",
        summary="Change the session's run",
        description="A prompt, a control, an address that a tab is to open, answers, or progress. A session "
        "has one run at a time.",
        body=records.RuntimeCommand,
        sent=_OF
        | {
            "type": "RUN_INPUT",
            "message": "find the opening hours",
            "forceNewRun": True,
            "clientEventId": "evt-1",
            "expectedEpoch": 5,
        },
        answer=records.CommandAnswer,
        told={
            "runId": _RUN,
            "acceptedMode": "act",
            "state": "running",
            "continuePrompt": False,
            "requestedMode": "auto",
            "epoch": 5,
            "seq": 1,
        },
        refused=(
            *_WITH_TOKEN,
            _ONCE,
            with_code(PublicShortcutNotFound, 404, "The site has no such shortcut."),
            _RUN_MISSING,
            *_STALE,
            _ACTIVE,
        ),
        replays=True,
    ),
    _post(
        "askForStep",
        "agent/step",
        summary="Ask what to do next in the page",
        description="Shows the page; gets calls to carry out in it, a question for the visitor, or the end.",
        body=records.StepWish,
        sent=_OF
        | {
            "runId": _RUN,
            "clientEventId": "step-1",
            "expectedEpoch": 5,
            "page": {"url": "https://www.acme.example/", "title": "Acme", "roots": [], "nodes": {}},
        },
        answer=records.StepAnswer,
        told={
            "runId": _RUN,
            "currentSeq": 4,
            "state": "running",
            "epoch": 5,
            "step": 1,
            "calls": [{"id": "c1-1", "name": "click_element", "args": {"element_id": 12}}],
        },
        refused=(*_WITH_TOKEN, _ONCE, *_STALE, _ACTIVE),
        replays=True,
    ),
    _post(
        "getExternalContext",
        "context/external",
        summary="Open, read, or act on a page of another site",
        description="Within the site's policy and lists. What comes back is text of strangers.",
        body=records.ExternalWish,
        sent=_OF
        | {
            "runId": _RUN,
            "url": "https://news.example/today",
            "intent": "open_only",
            "expectedEpoch": 5,
            "expectedSeq": 4,
        },
        answer=records.ExternalAnswer,
        told={
            "intent": "open_only",
            "mode": "open_only",
            "reason": "policy_allows",
            "url": "https://news.example/today",
            "runId": _RUN,
            "currentSeq": 5,
        },
        refused=(
            *_WITH_TOKEN,
            _ONCE,
            with_code(errors.ExternalPolicyBlocked, 403, "The site keeps its agent from this page."),
            with_code(errors.AdversarialBlocked, 403, "The address or the prompt looks like an attack."),
            _RUN_MISSING,
            *_STALE,
            with_code(errors.ExternalUnavailable, 502, "The page cannot be had, or not read."),
            with_code(errors.ExternalTimeout, 504, "The page took too long."),
        ),
    ),
)
_STATE_ANSWER = Answer(
    description="The projection.",
    contents=[Content(shape=records.SessionProjection, examples={"Nothing yet": _PROJECTION})],
)
_READS = (
    Operation(
        name="getState",
        method="get",
        path="/v2/rover/state",
        tag=RUNTIME.name,
        summary="Read a session",
        parameters=_VIEW,
        answers=[_STATE_ANSWER],
        refused=_WITH_TOKEN,
        is_enveloped=True,
    ),
    _post(
        "readState",
        "state",
        summary="Read a session, with the token in the body",
        description="The same as by GET.",
        body=records.StateWish,
        sent=_OF,
        answer=records.SessionProjection,
        told=_PROJECTION,
        refused=_WITH_TOKEN,
    ),
    Operation(
        name="streamSession",
        method="get",
        path="/v2/rover/stream",
        tag=RUNTIME.name,
        summary="Follow a session",
        description="Server-sent events: `ready` once, `projection` at once and on every change with the "
        "events since the last one, `ping` every 15 s, and at the end `error` with its message: the token "
        "has expired, or the session is gone.",
        parameters=_VIEW,
        answers=[
            Answer(
                description="The stream.",
                contents=[
                    Content(
                        shape={"description": "Server-sent events."},
                        media_type="text/event-stream",
                        examples={"One event": 'event: ping\ndata: {"ts":1771484403000}\n\n'},
                    )
                ],
            )
        ],
        refused=(
            *_WITH_TOKEN,
            with_code(HoldsTooMany, 429, "The session has as many streams as it may."),
            with_code(TooManyStreams, 503, "This process holds as many streams as it may."),
        ),
        is_enveloped=True,
    ),
)
_REPORTS = (
    _post(
        "saveSnapshot",
        "snapshot",
        summary="Keep what another page needs to go on",
        description="Encrypted at rest, for its visitor alone, for a few hours. A newer one stays.",
        body=records.SnapshotWish,
        sent=_OF | {"checkpoint": {"messages": []}, "updatedAt": 1_771_484_403_000},
        answer=records.SnapshotAnswer,
        told={"saved": True, "updatedAt": 1_771_484_403_000, "digest": "sd:1a2b3c4d"},
        refused=(
            *_WITH_TOKEN,
            _ONCE,
            with_code(errors.SnapshotTooLarge, 413, "The checkpoint is over 1 MiB."),
        ),
    ),
    _post(
        "ingestEvents",
        "events/ingest",
        summary="Report progress of a task",
        description="Appended to the log of the run that carries the task out, and told on the task's own.",
        body=records.IngestWish,
        sent=_OF
        | {
            "taskId": "agt_019f0c1e7a3b7c449d2e5b8a6f1c3e70",
            "events": [{"type": "status_update", "id": "e1", "data": {"text": "Looking at the menu"}}],
        },
        answer=records.CommandAnswer,
        told={"runId": _RUN, "currentSeq": 5, "state": "running", "epoch": 5},
        refused=(*_WITH_TOKEN, _ONCE, _RUN_MISSING),
    ),
    _post(
        "ingestTelemetry",
        "telemetry/ingest",
        summary="Tell how the page fares",
        description="Never refused but for its session; what is too much is counted.",
        body=records.TelemetryWish,
        sent=_OF | {"events": [{"name": "boot", "ts": 1_771_484_403_000, "seq": 1}]},
        answer=records.TelemetryAnswer,
        told={"accepted": 1, "dropped": 0},
        refused=(*_WITH_TOKEN, _ONCE),
    ),
)
OPERATIONS = (*_SESSIONS, *_COMMANDS, *_READS, *_REPORTS)
