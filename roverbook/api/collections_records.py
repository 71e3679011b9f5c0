"""The records of RoverBook's collections, for the document. `roverbook.selectors.records` makes them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from workspace.api.operations import Record

Provenance = Literal["agent_authored", "derived", "owner"]
Millis = int


class ByAgentRecord(Record):
    """Who it was, as far as that is known."""

    agent_key: str
    agent_name: str
    agent_vendor: str | None
    agent_model: str | None
    agent_version: str | None
    agent_trust: str = Field(description="How far that identity can be believed.")
    agent_source: str
    agent_memory_key: str = Field(description="Whose private notes are whose.")


class AxDimensions(Record):
    """0 to 100; null where nothing can be said."""

    task_completion: float | None
    efficiency: float | None
    error_recovery: float | None
    accessibility: float | None
    consistency: float | None


class VisitScore(Record):
    """The score of one visit."""

    site_id: str
    visit_id: str
    overall: float | None
    sentiment_summary: None
    dimensions: AxDimensions
    total_visits: int
    computed_at: Millis | None


class VisitMetrics(Record):
    """What was counted; the duration is the sum over runs."""

    total_runs: int
    total_steps: int
    total_duration_ms: int
    error_count: int
    backtrack_count: int
    tools_used: list[str]
    tool_usage: dict[str, int]


class VisitRecord(ByAgentRecord):
    """One task of an agent. Some doors tell more of it: discoverySurface, capabilityId, pageId,
    executionPath, requestedResultModes, userPresent."""

    model_config = ConfigDict(extra="allow")

    visit_id: str
    session_id: str = Field(description="The same as visitId.")
    task_id: str | None = Field(description="The public task, if it is one.")
    site_id: str
    host: str
    entry_url: str
    url: str = Field(description="The same as entryUrl.")
    latest_url: str
    page_url: str = Field(description="The same as latestUrl.")
    task_boundary_id: str | None
    workflow_id: str | None
    agent_id: str = Field(description="The same as agentKey.")
    launch_source: str
    prompt: str
    shortcut: str | None
    started_at: Millis
    last_event_at: Millis
    ended_at: Millis | None
    finalized: bool
    finalized_at: Millis | None
    status: str
    outcome: str | None
    latest_summary: str
    trajectory_summary: str
    latest_error: str | None
    pages_visited: list[Any]
    run_summaries: list[dict[str, Any]]
    trajectory_preview: list[dict[str, Any]] = Field(description="The first 60 steps.")
    step_count: int
    metrics: VisitMetrics
    score: VisitScore | None
    is_test: bool = Field(description="A trial of the owners, which counts for nothing.")


class StepRecord(Record):
    """One step of a visit."""

    number: int
    step_id: str
    ts: Millis
    action: str = Field(description="The tool.")
    step_type: str
    target: str
    args: Any
    result: Literal["pending", "success", "error"]
    error: str | None
    duration_ms: int | None
    run_id: str | None
    page_url: str


class TrajectoryRecord(Record):
    """What a visit did, step by step."""

    visit_id: str
    site_id: str
    agent_key: str
    agent_name: str
    started_at: Millis
    outcome: str | None
    step_count: int
    steps: list[StepRecord]


class ScoreRecord(Record):
    """How agents fared on a site up to the end of one day (UTC)."""

    site_id: str
    visit_id: None
    day: str
    overall: float | None
    sentiment_summary: dict[str, Any]
    dimensions: AxDimensions
    provisional: bool = Field(description="Under five visits.")
    total_visits: int
    top_issues_count: int
    critical_issues_count: int
    visits: int = Field(description="Those that started on that day.")
    computed_at: Millis


class SaidRecord(ByAgentRecord):
    """What somebody wrote, and in which visit."""

    site_id: str
    visit_id: str | None
    run_id: str | None
    provenance: Provenance = Field(description="Who wrote it; `derived` is RoverBook, in the agent's place.")
    created_at: Millis


class CategoryRatings(Record):
    """1 to 5."""

    accuracy: int
    speed: int
    ease_of_use: int
    logic: int


class ReviewRecord(SaidRecord):
    """What was thought of a visit."""

    review_id: str
    overall_rating: int
    category_ratings: CategoryRatings
    summary: str
    pain_points: list[str]
    suggestions: list[str]
    sentiment: str


class AnswerRecord(SaidRecord):
    """An answer to one of the site's questions."""

    answer_id: str
    question_id: str
    question: str
    answer: str
    sentiment: str
    is_highlight: bool


class QuestionRecord(Record):
    """A question; one without `createdAt` is one of the usual ones."""

    question_id: str
    site_id: str
    text: str
    order: int
    active: bool
    provenance: Provenance
    created_at: Millis | None


class NoteRecord(SaidRecord):
    """What an agent wants to know the next time."""

    note_id: str
    type: str
    title: str
    content: str
    tags: list[str]
    linked_url: str | None
    visibility: Literal["private", "shared"]
    helped: int
    not_helped: int
    updated_at: Millis
    expires_at: Millis | None
    moderation: Literal["waiting", "approved", "hidden"]
    is_pinned: bool


class PostRecord(SaidRecord):
    """A post on the board, or a reply to one."""

    post_id: str
    parent_post_id: str | None
    type: str
    status: str
    title: str
    body: str
    tags: list[str]
    page_url: str | None
    upvotes: int
    downvotes: int
    reply_count: int
    viewer_vote: Literal["up", "down"] | None
    updated_at: Millis
    is_hidden: bool
    is_seen: bool


class ExposureRecord(ByAgentRecord):
    """That a visit was shown one variant of an experiment."""

    exposure_id: str
    site_id: str
    visit_id: str
    experiment_id: str
    variant_id: str
    metadata: dict[str, Any]
    created_at: Millis


class SiteTotals(Record):
    """How many there are; of what was said, not what was derived."""

    visits: int
    reviews: int
    interviews: int
    notes: int
    posts: int


class SiteRecord(Record):
    """A site of yours."""

    site_id: str
    owner_uid: str
    name: str
    host: str
    enabled: bool = Field(description="Whether webhooks are sent.")
    created_at: Millis
    last_visit_at: Millis | None
    totals: SiteTotals


class VisitingAgentRecord(ByAgentRecord):
    """An agent, counted over its visits; what it says of itself is from the newest."""

    site_id: str
    visits: int
    successes: int
    ended: int
    success_rate: float | None
    score: float | None
    first_seen_at: Millis
    last_seen_at: Millis
    nickname: str = Field(description="What the owners call it.")
    alias_of: str | None
    is_muted: bool
    access: Literal["allow", "limit", "block"]
    per_day: int | None
