"""RoverBook's rows as the contract's records: camelCase names, times as integer milliseconds.

Rows come with their `site` selected. A memory key opens private notes, so it is told only where `is_owner`
says that the site's owners read. All text is as agents and pages wrote it: whoever shows it escapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from roverbook.models import (
    CollectedEvent,
    DailyScore,
    Exposure,
    InterviewAnswer,
    Note,
    Post,
    Question,
    Review,
    Visit,
    VisitStep,
)
from roverbook.models.shared import ByAgent
from workspace.models import Site

Record = dict[str, Any]
_VOTES = {1: "up", -1: "down"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSummary:
    """One agent on one site: its visits, counted, and what the newest of them says of it.

    `vendor`, `model`, `version` are '' when it tells none. `success_rate`: 0 to 1, of the visits that came to
    an end, None without one; `score`: mean of the visits that have one. `nickname`, `alias_of`, `is_muted`,
    `access`, `per_day`: what the owners decided (`AgentProfile`).
    """

    site: Site
    key: str
    name: str
    vendor: str
    model: str
    version: str
    trust: str
    source: str
    memory_key: str
    visits: int
    successes: int
    ended: int
    score: float | None
    first_seen_at: datetime
    last_seen_at: datetime
    nickname: str = ""
    alias_of: str = ""
    is_muted: bool = False
    access: str = "allow"
    per_day: int | None = None

    @property
    def success_rate(self) -> float | None:
        """0 to 1; None while no visit came to an end."""
        return self.successes / self.ended if self.ended else None


def millis(at: datetime | None) -> int | None:
    """A time as the wire has it; None stays None."""
    return None if at is None else int(at.astimezone(UTC).timestamp() * 1_000)


def visit_record(visit: Visit, *, is_owner: bool = False) -> Record:
    """The contract's visit, with its aliases."""
    return {
        **visit.extras,
        "visitId": visit.pk,
        "sessionId": visit.pk,
        "taskId": visit.pk if visit.task_id else None,
        "siteId": visit.site.public_id,
        "host": visit.host,
        "entryUrl": visit.entry_url,
        "url": visit.entry_url,
        "latestUrl": visit.latest_url,
        "pageUrl": visit.latest_url,
        "taskBoundaryId": visit.boundary or None,
        "workflowId": visit.workflow_id or None,
        **_agent(visit, is_owner=is_owner),
        "agentId": visit.agent_key,
        "launchSource": visit.launch_source,
        "prompt": visit.prompt,
        "shortcut": visit.shortcut or None,
        "startedAt": millis(visit.started_at),
        "lastEventAt": millis(visit.last_event_at),
        "endedAt": millis(visit.ended_at),
        "finalized": visit.finalized_at is not None,
        "finalizedAt": millis(visit.finalized_at),
        "status": visit.status,
        "outcome": visit.outcome or None,
        "latestSummary": visit.summary,
        "trajectorySummary": visit.summary,
        "latestError": visit.error or None,
        "pagesVisited": visit.pages_visited,
        "runSummaries": visit.runs,
        "trajectoryPreview": visit.trajectory,
        "stepCount": visit.total_steps,
        "metrics": {
            "totalRuns": visit.total_runs,
            "totalSteps": visit.total_steps,
            "totalDurationMs": visit.total_duration_ms,
            "errorCount": visit.error_count,
            "backtrackCount": visit.backtrack_count,
            "toolsUsed": sorted(visit.tool_usage),
            "toolUsage": visit.tool_usage,
        },
        "score": visit_score_record(visit) if visit.score is not None else None,
        "isTest": visit.is_test,
    }


def visit_score_record(visit: Visit) -> Record:
    """The contract's AXScore of one visit."""
    return {
        "siteId": visit.site.public_id,
        "visitId": visit.pk,
        "overall": visit.score,
        "sentimentSummary": None,
        "dimensions": {
            "taskCompletion": visit.score_completion,
            "efficiency": visit.score_efficiency,
            "errorRecovery": visit.score_recovery,
            "accessibility": visit.score_accessibility,
            "consistency": None,
        },
        "totalVisits": 1,
        "computedAt": millis(visit.ended_at),
    }


def score_record(score: DailyScore) -> Record:
    """The contract's AXScore of a site at the end of one day."""
    return {
        "siteId": score.site.public_id,
        "visitId": None,
        "day": score.day.isoformat(),
        "overall": score.overall,
        "sentimentSummary": score.sentiment,
        "dimensions": {
            "taskCompletion": score.completion,
            "efficiency": score.efficiency,
            "errorRecovery": score.recovery,
            "accessibility": score.accessibility,
            "consistency": score.consistency,
        },
        "provisional": score.is_provisional,
        "totalVisits": score.total_visits,
        "topIssuesCount": score.top_issues,
        "criticalIssuesCount": score.critical_issues,
        "visits": score.visits,
        "computedAt": millis(score.computed_at),
    }


def review_record(review: Review, *, is_owner: bool = False) -> Record:
    """The contract's review."""
    return {
        "reviewId": review.pk,
        **_said(review, is_owner=is_owner),
        "overallRating": review.overall,
        "categoryRatings": {
            "accuracy": review.accuracy,
            "speed": review.speed,
            "easeOfUse": review.ease_of_use,
            "logic": review.logic,
        },
        "summary": review.summary,
        "painPoints": review.pain_points,
        "suggestions": review.suggestions,
        "sentiment": review.sentiment,
    }


def answer_record(answer: InterviewAnswer, *, is_owner: bool = False) -> Record:
    """The contract's interview answer."""
    return {
        "answerId": answer.pk,
        **_said(answer, is_owner=is_owner),
        "questionId": answer.question_id,
        "question": answer.question,
        "answer": answer.answer,
        "sentiment": answer.sentiment,
        "isHighlight": answer.is_highlight,
    }


def question_record(question: Question) -> Record:
    """The contract's question."""
    return {
        "questionId": question.question_id,
        "siteId": question.site.public_id,
        "text": question.text,
        "order": question.order,
        "active": question.active,
        "provenance": question.provenance,
        "createdAt": millis(question.created_at),
    }


def note_record(note: Note, *, is_owner: bool = False) -> Record:
    """The contract's note. What the owners decided about it, only to them."""
    record = {
        "noteId": note.pk,
        **_said(note, is_owner=is_owner),
        "type": note.type,
        "title": note.title,
        "content": note.content,
        "tags": note.tags,
        "linkedUrl": note.linked_url or None,
        "visibility": note.visibility,
        "helped": note.helped,
        "notHelped": note.not_helped,
        "updatedAt": millis(note.updated_at),
        "expiresAt": millis(note.expires_at),
    }
    if is_owner:
        record |= {"moderation": note.moderation, "isPinned": note.is_pinned}
    return record


def post_record(post: Post, *, viewer_vote: int | None = None, is_owner: bool = False) -> Record:
    """The contract's post or reply. `viewer_vote`: of whom it is told, 1 or -1."""
    record = {
        "postId": post.pk,
        **_said(post, is_owner=is_owner),
        "parentPostId": post.parent_id,
        "type": post.type,
        "status": post.status,
        "title": post.title,
        "body": post.body,
        "tags": post.tags,
        "pageUrl": post.page_url or None,
        "upvotes": post.upvotes,
        "downvotes": post.downvotes,
        "replyCount": post.reply_count,
        "viewerVote": _VOTES.get(viewer_vote or 0),
        "updatedAt": millis(post.updated_at),
    }
    if is_owner:
        record |= {"isHidden": post.is_hidden, "isSeen": post.is_seen}
    return record


def exposure_record(exposure: Exposure, *, is_owner: bool = False) -> Record:
    """That a visit was shown one variant of an experiment."""
    return {
        "exposureId": exposure.pk,
        "siteId": exposure.site.public_id,
        "visitId": exposure.visit_id,
        **_agent(exposure, is_owner=is_owner),
        "experimentId": exposure.experiment_id,
        "variantId": exposure.variant_id,
        "metadata": exposure.metadata,
        "createdAt": millis(exposure.created_at),
    }


def site_record(
    site: Site, *, enabled: bool, last_visit_at: datetime | None, totals: Mapping[str, int]
) -> Record:
    """The contract's RoverBook site. `totals`: how many rows of each kind."""
    return {
        "siteId": site.public_id,
        "ownerUid": str(site.owner_id),
        "name": site.name,
        "host": site.host,
        "enabled": enabled,
        "createdAt": millis(site.created_at),
        "lastVisitAt": millis(last_visit_at),
        "totals": dict(totals),
    }


def agent_record(agent: AgentSummary) -> Record:
    """One agent on one site. Only owners read these."""
    return {
        "siteId": agent.site.public_id,
        "agentKey": agent.key,
        "agentName": agent.name,
        "agentVendor": agent.vendor or None,
        "agentModel": agent.model or None,
        "agentVersion": agent.version or None,
        "agentTrust": agent.trust,
        "agentSource": agent.source,
        "agentMemoryKey": agent.memory_key,
        "visits": agent.visits,
        "successes": agent.successes,
        "ended": agent.ended,
        "successRate": agent.success_rate,
        "score": agent.score,
        "firstSeenAt": millis(agent.first_seen_at),
        "lastSeenAt": millis(agent.last_seen_at),
        "nickname": agent.nickname,
        "aliasOf": agent.alias_of or None,
        "isMuted": agent.is_muted,
        "access": agent.access,
        "perDay": agent.per_day,
    }


def step_record(step: VisitStep) -> Record:
    """The contract's trajectory step; `step.visit` with its site is selected."""
    return {
        "visitId": step.visit_id,
        "siteId": step.visit.site.public_id,
        "number": step.number,
        "stepId": step.step_id,
        "ts": millis(step.at),
        "action": step.action,
        "stepType": step.type,
        "target": step.target,
        "args": step.args,
        "result": step.result,
        "error": step.error or None,
        "durationMs": step.duration_ms,
        "runId": step.run_id or None,
        "pageUrl": step.page_url,
    }


def event_record(event: CollectedEvent) -> Record:
    """What a page told once, as it is kept."""
    return {
        "eventId": event.event_id,
        "type": event.type,
        "siteId": event.site.public_id,
        "visitId": event.visit_id,
        "runId": event.run_id or None,
        "host": event.host,
        "ts": millis(event.at),
        "data": event.data,
    }


def _said(row: Review | InterviewAnswer | Note | Post, *, is_owner: bool) -> Record:
    return {
        "siteId": row.site.public_id,
        "visitId": row.visit_id or None,
        "runId": row.run_id or None,
        **_agent(row, is_owner=is_owner),
        "provenance": row.provenance,
        "createdAt": millis(row.created_at),
    }


def _agent(row: ByAgent, *, is_owner: bool) -> Record:
    agent = {
        "agentKey": row.agent_key,
        "agentName": row.agent_name,
        "agentVendor": row.agent_vendor or None,
        "agentModel": row.agent_model or None,
        "agentVersion": row.agent_version or None,
        "agentTrust": row.agent_trust,
        "agentSource": row.agent_source,
    }
    return agent | {"agentMemoryKey": row.agent_memory_key} if is_owner else agent
