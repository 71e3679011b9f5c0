"""The public task resource: what it can be, how long it lives, and the object that callers read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tasks.core.prefer import Execution
from tasks.core.states import TaskStatus
from tasks.core.wire import timestamp

UNCLAIMED_LIFETIME = timedelta(minutes=15)
"""Of pending and waiting_browser, and of the receipt that goes with them; then the task is expired."""
SILENCE_LIMIT = timedelta(minutes=30)
"""Of running without an event; then the task is failed with the reason `timeout`."""
INPUT_LIFETIME = timedelta(hours=24)
"""Of input_required; then the task is expired."""
RETENTION = timedelta(days=7)
"""How long a task stays readable after its end, and its artefacts with it."""


def deadline(status: TaskStatus, *, since: datetime) -> datetime:
    """When a task that has been `status` since its last event changes by itself; for one that has ended, when
    it is no longer readable. `since` is the moment of that event, for an ended task its end."""
    return since + _LIFETIMES.get(status, RETENTION)


_LIFETIMES: Mapping[TaskStatus, timedelta] = {
    TaskStatus.PENDING: UNCLAIMED_LIFETIME,
    TaskStatus.WAITING_BROWSER: UNCLAIMED_LIFETIME,
    TaskStatus.RUNNING: SILENCE_LIMIT,
    TaskStatus.INPUT_REQUIRED: INPUT_LIFETIME,
}


def public_resource(
    *,
    id: str,
    status: TaskStatus,
    task: str | None = None,
    workflow: str | None = None,
    open_url: str | None = None,
    browser_link: str | None = None,
    questions: Sequence[Any] | None = None,
    message: str | None = None,
    result: Mapping[str, Any] | None = None,
    handoff: Mapping[str, Any] | None = None,
    agent: Mapping[str, Any] | None = None,
    execution: Execution | None = None,
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
    expires_at: datetime | None = None,
    retry_after_ms: int | None = None,
) -> dict[str, Any]:
    """The resource as JSON-ready object; what is None is absent.

    `task`, `workflow`: absolute URLs, with their access tokens where the caller is to have them. `open_url`
    and `browser_link` show only while nobody has taken the task up and a browser may (not under
    execution=cloud); `questions` and `message` only while input is required; `retry_after_ms` only until the
    end. Of `result`, `handoff` and `agent` the public members are copied and no other: what an executor keeps
    beside them for itself stays inside.
    """
    linked = status.is_unclaimed and execution is not Execution.CLOUD
    asking = status is TaskStatus.INPUT_REQUIRED
    members = {
        "id": id,
        "task": task,
        "workflow": workflow,
        "open": open_url if linked else None,
        "browserLink": browser_link if linked else None,
        "status": status.value,
        "input": _present({"questions": questions, "message": message}) if asking else None,
        "result": None if result is None else _public_result(result),
        "handoff": None if handoff is None else _only(handoff, _HANDOFF),
        "execution": None if execution is None else execution.value,
        "agent": None if agent is None else _only(agent, _AGENT),
        "createdAt": _moment(created_at),
        "updatedAt": _moment(updated_at),
        "expiresAt": _moment(expires_at),
        "retryAfterMs": None if status.is_terminal else retry_after_ms,
    }
    return _present(members)


_RESULT = ("text", "blocks", "summary", "observation", "transcript", "artifacts", "error")
_OBSERVATION = ("url", "title", "host", "summary", "snapshotDigest")
_TRANSCRIPT_MESSAGE = ("role", "text", "ts")
_HANDOFF = (
    "workflowId",
    "parentTaskId",
    "sourceHost",
    "sourceUrl",
    "originalGoal",
    "instruction",
    "contextSummary",
    "expectedOutput",
    "lastObservation",
)
_AGENT = ("key", "name", "vendor", "model", "version", "homepage", "trust", "source", "verificationMethod")


def _public_result(result: Mapping[str, Any]) -> dict[str, Any]:
    shown = _only(result, _RESULT)
    if "observation" in shown:
        shown["observation"] = _only(shown["observation"], _OBSERVATION)
    if "transcript" in shown:
        messages = shown["transcript"].get("messages") or ()
        shown["transcript"] = {"messages": [_only(said, _TRANSCRIPT_MESSAGE) for said in messages]}
    return shown


def _only(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return _present({name: values.get(name) for name in names})


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)
