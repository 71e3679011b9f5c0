"""What the events of a visit come to, in the words of `roverbook.models.visits`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

STEPS_MAX = 500
TRAJECTORY_MAX = 60
PAGES_MAX = 200
RUNS_MAX = 100
KINDS_MAX = 200
"""So many pairs of page and tool, moves and issues of one visit are told apart."""


def millis(at: datetime) -> int:
    """Milliseconds since 1970, as the wire has times."""
    return int(at.astimezone(UTC).timestamp() * 1_000)


AGENT_COLUMNS = ("key", "name", "vendor", "model", "version", "trust", "source", "memory_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedStep:
    """See `VisitStep`."""

    number: int
    step_id: str
    run_id: str
    at: datetime
    action: str
    type: str
    target: str
    args: Mapping[str, Any]
    result: str
    error: str
    duration_ms: int | None
    page_url: str

    def previewed(self) -> dict[str, Any]:
        """The contract's trajectory step."""
        return {
            "stepId": self.step_id,
            "ts": millis(self.at),
            "action": self.action,
            "stepType": self.type,
            "target": self.target,
            "args": dict(self.args),
            "result": self.result,
            "error": self.error or None,
            "durationMs": self.duration_ms,
            "runId": self.run_id or None,
            "pageUrl": self.page_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedTool:
    """See `VisitTool`."""

    path: str
    tool: str
    calls: int
    failures: int
    missing: int
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedMove:
    """See `VisitMove`."""

    from_path: str
    to_path: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedIssue:
    """See `VisitIssue`."""

    fingerprint: str
    tool: str
    message: str
    path: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedVisit:
    """A visit without its name and site. The columns are those of `Visit`; `agent` has the names of
    AGENT_COLUMNS. `total_steps` counts steps beyond STEPS_MAX too.

    `targeted`: calls that aimed at an element; `named`: those that hit one with a role and a name; `missing`:
    those that found none, or could not look into its frame. `asked_at`: when the open question was asked.
    `has_task`: a public task's log is among the events; `is_watched`: a log of this server is, so that its
    end is told by this server.
    """

    task_id: UUID | None
    session_id: str
    workflow_id: str
    boundary: str
    launch_source: str
    host: str
    entry_url: str
    latest_url: str
    prompt: str
    shortcut: str
    agent: Mapping[str, str]
    status: str
    outcome: str
    summary: str
    error: str
    started_at: datetime
    last_event_at: datetime
    ended_at: datetime | None
    is_swept: bool = False
    is_test: bool
    n_events: int
    total_runs: int
    total_steps: int
    total_duration_ms: int
    error_count: int
    backtrack_count: int
    pages_visited: list[str]
    runs: list[dict[str, Any]]
    trajectory: list[dict[str, Any]]
    tool_usage: dict[str, int]
    extras: dict[str, Any] = field(default_factory=dict)
    steps: tuple[FoldedStep, ...]
    tools: tuple[FoldedTool, ...]
    moves: tuple[FoldedMove, ...]
    issues: tuple[FoldedIssue, ...]
    targeted: int
    named: int
    missing: int
    asked_at: datetime | None
    has_task: bool
    is_watched: bool

    @property
    def is_final(self) -> bool:
        """Whether the visit came to its end."""
        return self.ended_at is not None
