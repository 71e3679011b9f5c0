"""What a task's status, and where it runs, are called on pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.prefer import Execution
from tasks.core.printable import printable
from tasks.core.states import TaskStatus
from tasks.models import AgentTask


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWords:
    """`word` says it; `badge` is the class of the coloured word."""

    word: str
    badge: str


STATUS_WORDS: Mapping[str, StatusWords] = {
    TaskStatus.PENDING: StatusWords(word="waiting to start", badge=""),
    TaskStatus.WAITING_BROWSER: StatusWords(word="waiting for a browser", badge=""),
    TaskStatus.RUNNING: StatusWords(word="running", badge="rv-running"),
    TaskStatus.INPUT_REQUIRED: StatusWords(word="needs an answer", badge="rv-warn"),
    TaskStatus.COMPLETED: StatusWords(word="completed", badge="rv-good"),
    TaskStatus.FAILED: StatusWords(word="failed", badge="rv-bad"),
    TaskStatus.CANCELLED: StatusWords(word="cancelled", badge=""),
    TaskStatus.EXPIRED: StatusWords(word="expired", badge=""),
}
EXECUTION_WORDS: Mapping[str, str] = {
    Execution.AUTO: "in a browser, else on this server",
    Execution.BROWSER: "in a browser only",
    Execution.CLOUD: "on this server only",
}
_BROWSER, _SERVER = "in a browser", "on this server"
_RAN = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.INPUT_REQUIRED})


def status_words(status: object) -> StatusWords:
    """The words for a status; one that this version does not know is told by its name."""
    text = str(status)
    return STATUS_WORDS.get(text) or StatusWords(word=printable(text).replace("_", " "), badge="")


def where_words(agent_task: AgentTask) -> str:
    """Where the task runs or ran; where it may run, as long as nobody has taken it up."""
    if hasattr(agent_task, "receipt") and agent_task.receipt.claimed_at is not None:
        return _BROWSER
    if agent_task.execution != Execution.AUTO:
        return _SERVER if agent_task.execution == Execution.CLOUD else _BROWSER
    if agent_task.task.by_worker or agent_task.task.status in _RAN:
        return _SERVER
    return f"{_BROWSER}, else {_SERVER}" if agent_task.promote_at else _BROWSER
