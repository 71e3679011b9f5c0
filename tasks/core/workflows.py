"""A workflow as the sum of its tasks: what it is, and what it came to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.core.states import TERMINAL, TaskStatus

MAX_DEPTH = 5
MAX_TASKS = 20
MAX_VISITS = 2
"""Times that one line of handoffs may come to the same host."""
SUMMARY_CHARS = 500


def workflow_status(members: Sequence[TaskStatus]) -> TaskStatus:
    """The status of a workflow whose first member is the root: waiting for an answer if any task does, else
    running while any has not ended, else the root's."""
    if TaskStatus.INPUT_REQUIRED in members:
        return TaskStatus.INPUT_REQUIRED
    if any(status not in TERMINAL for status in members):
        return TaskStatus.RUNNING
    return members[0]


def workflow_result(
    members: Iterable[tuple[str, str, str, Mapping[str, Any] | None]],
) -> dict[str, Any] | None:
    """The root's result, and of every other task {id, siteHost, status, summary?}. `members`: name, host,
    status and result of each, the root first. None while there is nothing to tell."""
    (_, _, _, root), *others = list(members)
    told = [
        {"id": name, "siteHost": host, "status": status} | _summary(result)
        for name, host, status, result in others
    ]
    if root is None and not told:
        return None
    return dict(root or {}) | ({"children": told} if told else {})


def summary_of(result: Mapping[str, Any] | None) -> str | None:
    """What a task came to, in one line of at most 500 characters; None when it says nothing."""
    said = (result or {}).get("summary") or (result or {}).get("text") or ""
    error = (result or {}).get("error") or {}
    text = " ".join(str(said or error.get("message") or "").split())
    return text[:SUMMARY_CHARS] or None


def _summary(result: Mapping[str, Any] | None) -> dict[str, str]:
    text = summary_of(result)
    return {"summary": text} if text else {}
