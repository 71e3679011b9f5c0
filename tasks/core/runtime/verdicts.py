"""What a command is judged by, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.core.runtime.projection import TabScope, TabStatus
from tasks.core.runtime.states import RunEventType, RunStatus, SessionState
from workspace.core.errors import RoverError
from workspace.core.navigation import NavigationRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a decision rests on beside session and command.

    `rules`: the site's say about addresses, which also tells its own hosts from foreign ones.
    `stored`: the answer that the same command, by type and clientEventId, got when it was applied.
    `is_strict`: a counter that is not said counts as stale.
    `new_run_id`: the id of the run that may come to be. `starts_as`: queued if a worker must take it first.
    `page`: address or host of the session's page. `session_token`: what no address may hold.
    `recorded`: ids of the worker's events that are in the log.
    `objection`: what capabilities, policy or credits have against the command, raised in its turn.
    """

    rules: NavigationRules
    stored: Mapping[str, Any] | None = None
    is_strict: bool = True
    new_run_id: str = ""
    starts_as: RunStatus = RunStatus.RUNNING
    page: str = ""
    session_token: str = ""
    recorded: frozenset[str] = frozenset()
    objection: RoverError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRunEvent:
    """An event to be appended to the log of a run. `id`, `at_ms`: the worker's, if it said."""

    run_id: str
    seq: int
    type: RunEventType
    data: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TabChange:
    """What is now known of a tab."""

    logical_tab_id: str
    scope: TabScope
    status: TabStatus
    url: str
    reason: str
    parent_logical_tab_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A command that was answered with success.

    `state`: the session afterwards. `data`: the answer's; to that of a RUN_CONTROL the service adds the
    `projection` of `state`. `events`: in the order in which they are appended. `is_stored`: the answer is
    kept for a repetition; it is not when nothing was applied. `is_replay`: it is such a kept answer.
    """

    state: SessionState
    data: dict[str, Any]
    events: tuple[NewRunEvent, ...] = ()
    tab: TabChange | None = None
    is_stored: bool = True
    is_replay: bool = False
