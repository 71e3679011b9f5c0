"""Sessions and runs as rows: what lists and the heads of their pages show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from tasks.admin.rows import NAME, WISH
from tasks.admin.sessions_texts import masked_line
from tasks.admin.texts import line
from tasks.admin.trust import TrustWords, trust_words
from tasks.admin.words import StatusWords
from tasks.core.printable import printable
from tasks.core.public_ids import task_name
from tasks.core.quantities import age, duration
from tasks.core.runtime.states import TERMINAL, RunStatus
from tasks.models import AgentTask, Run, RuntimeSession
from tasks.selectors.sessions import LIVE

RUN_WORDS: Mapping[str, StatusWords] = {
    RunStatus.QUEUED: StatusWords(word="waiting to start", badge=""),
    RunStatus.RUNNING: StatusWords(word="running", badge="rv-running"),
    RunStatus.AWAITING_USER: StatusWords(word="waits for the visitor", badge="rv-warn"),
    RunStatus.CANCEL_REQUESTED: StatusWords(word="being ended", badge="rv-warn"),
    RunStatus.COMPLETED: StatusWords(word="completed", badge="rv-good"),
    RunStatus.FAILED: StatusWords(word="failed", badge="rv-bad"),
    RunStatus.CANCELLED: StatusWords(word="cancelled", badge=""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """The agent whose task a run carries out. `name`: the task's, as its page has it."""

    name: str
    agent_name: str
    agent_key: str
    trust: TrustWords


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """`wish`: the prompt on one line; `took`: from its beginning to its end, or till now; `agent`: None for
    what a visitor asked for himself."""

    id: UUID
    wish: str
    shortcut: str
    status: StatusWords
    has_ended: bool
    started_at: datetime
    took: str
    agent: AgentRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """`state`: live, ended by somebody, or quiet; `run`: the newest one; `ago`: how long since the page spoke
    last."""

    id: str
    host: str
    state: StatusWords
    is_live: bool
    is_revoked: bool
    started_at: datetime
    seen_at: datetime
    ago: str
    n_runs: int
    run: RunRow | None


def session_rows(
    sessions: Iterable[RuntimeSession], n_runs: Mapping[str, int], *, now: datetime
) -> list[SessionRow]:
    """The rows of sessions of one site, in their order."""
    return [session_row(session, n_runs.get(session.pk, 0), now=now) for session in sessions]


def session_row(session: RuntimeSession, n_runs: int, *, now: datetime) -> SessionRow:
    """One session; its run and the run's task are there already."""
    is_revoked = session.revoked_at is not None
    is_live = not is_revoked and session.seen_at > now - LIVE
    return SessionRow(
        id=session.pk,
        host=line(session.host),
        state=_state(is_live, is_revoked),
        is_live=is_live,
        is_revoked=is_revoked,
        started_at=session.created_at,
        seen_at=session.seen_at,
        ago=age((now - session.seen_at).total_seconds()),
        n_runs=n_runs,
        run=None if session.run is None else run_row(session.run, session, now=now),
    )


def run_row(run: Run, session: RuntimeSession, *, now: datetime, with_agent: bool = True) -> RunRow:
    """One run of the session. `with_agent`: the run's task is there already."""
    took = (run.ended_at or now) - run.started_at
    task = run.task if with_agent else None
    return RunRow(
        id=run.pk,
        wish=masked_line(run.message, WISH),
        shortcut=masked_line(run.shortcut, NAME),
        status=run_words(run.status),
        has_ended=run.status in TERMINAL,
        started_at=run.started_at,
        took=duration(took.total_seconds() * 1000),
        agent=None if task is None else _agent(task),
    )


def run_words(status: object) -> StatusWords:
    """The words for a run's status; one that this version does not know is told by its name."""
    text = str(status)
    return RUN_WORDS.get(text) or StatusWords(word=printable(text).replace("_", " "), badge="")


def query_of(**values: object) -> str:
    """The query of a link, without what is empty; '' for none."""
    given = {name: str(value) for name, value in values.items() if value}
    return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items()) if given else ""


def _state(is_live: bool, is_revoked: bool) -> StatusWords:
    if is_revoked:
        return StatusWords(word="ended", badge="")
    return StatusWords(word="live", badge="rv-good") if is_live else StatusWords(word="quiet", badge="")


def _agent(task: AgentTask) -> AgentRow:
    return AgentRow(
        name=task_name(task.pk),
        agent_name=line(task.agent.get("displayName"), NAME) or "no name",
        agent_key=task.agent_key,
        trust=trust_words(task.agent, task.trust),
    )
