"""A folded visit as rows of its tables."""

from typing import Any
from uuid import UUID

from roverbook.core.intents import intent_of
from roverbook.core.scoring import VisitScores, visit_scores
from roverbook.core.visits.folded import FoldedVisit
from roverbook.models import Visit, VisitIssue, VisitMove, VisitStep, VisitTool
from workspace.io.inserting import Row

PARTS = (VisitStep, VisitTool, VisitMove, VisitIssue)
_SAME = (
    "task_id", "session_id", "workflow_id", "boundary", "launch_source", "host", "entry_url", "latest_url",
    "prompt", "shortcut", "status", "outcome", "summary", "error", "started_at", "last_event_at", "ended_at",
    "is_swept", "is_test", "n_events", "total_runs", "total_steps", "total_duration_ms", "error_count",
    "backtrack_count", "pages_visited", "runs", "trajectory", "tool_usage", "extras",
)  # fmt: skip
_AGENT = {
    "key": 128,
    "name": 120,
    "vendor": 120,
    "model": 120,
    "version": 120,
    "trust": 24,
    "source": 24,
    "memory_key": 256,
}


def visit_row(visit_id: str, site_id: UUID, folded: FoldedVisit) -> dict[str, Any]:
    """The row of `Visit`."""
    row: dict[str, Any] = {name: getattr(folded, name) for name in _SAME}
    row |= {f"agent_{name}": str(folded.agent.get(name, ""))[:most] for name, most in _AGENT.items()}
    return row | {
        "id": visit_id,
        "site_id": site_id,
        "intent": intent_of(folded.prompt, folded.shortcut),
        "finalized_at": folded.ended_at,
        **score_columns(scores_of(folded)),
    }


def scores_of(folded: FoldedVisit) -> VisitScores | None:
    """The scores of a visit that came to its end."""
    if not folded.is_final:
        return None
    return visit_scores(
        outcome=folded.outcome,
        steps=folded.total_steps,
        errors=folded.error_count,
        backtracks=folded.backtrack_count,
        duration_ms=folded.total_duration_ms,
        targeted=folded.targeted,
        named=folded.named,
        missing=folded.missing,
    )


def score_columns(scores: VisitScores | None) -> dict[str, float | None]:
    """The columns of a visit's scores."""
    return {
        "score": scores.overall if scores else None,
        "score_completion": scores.completion if scores else None,
        "score_efficiency": scores.efficiency if scores else None,
        "score_recovery": scores.recovery if scores else None,
        "score_accessibility": scores.accessibility if scores else None,
    }


def part_rows(visit_id: str, site_id: UUID, folded: FoldedVisit) -> dict[type[Any], list[Row]]:
    """The rows of its parts, by their tables."""
    counted = {"visit_id": visit_id, "site_id": site_id, "started_at": folded.started_at}
    return {
        VisitStep: [{"visit_id": visit_id, **_columns(step)} for step in folded.steps],
        VisitTool: [{**counted, **_columns(tool)} for tool in folded.tools],
        VisitMove: [{**counted, **_columns(move)} for move in folded.moves],
        VisitIssue: [{**counted, **_columns(issue)} for issue in folded.issues],
    }


def _columns(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


def visit_of(row: Row, site: Any) -> Visit:
    """The object that this row is, as if it was just read."""
    visit = Visit(**{name: value for name, value in row.items() if name != "site_id"}, site=site)
    visit._state.adding = False
    return visit


def swept_scores(visit: Visit, outcome: str) -> dict[str, float | None]:
    """The scores of a visit whose logs are gone, by what its row still tells."""
    found = visit_scores(
        outcome=outcome,
        steps=visit.total_steps,
        errors=visit.error_count,
        backtracks=visit.backtrack_count,
        duration_ms=visit.total_duration_ms,
        targeted=0,
        named=0,
        missing=0,
    )
    return score_columns(found)
