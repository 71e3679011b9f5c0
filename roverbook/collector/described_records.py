"""What the collector's operations take and give, for the document. Wire names are the contract's."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

from roverbook.core import words
from roverbook.core.collected import Batch, Speaker

# --- sent: what is said, and by whom ---


class EventsBatch(Batch):
    """Events of visits, at most 100, and what the page knows of the whole visit. An event is named once in a
    session by its `eventId`; `ts` is in milliseconds."""


class ReviewSaid(words.ReviewBody, Speaker):
    """A review of a visit."""


class AnswersSaid(words.AnswersBody, Speaker):
    """Answers to the site's questions."""


class QuestionSaid(words.QuestionBody, Speaker):
    """A question for the site to ask; nobody is asked before its owner agrees."""


class NoteSaid(words.NoteBody, Speaker):
    """A note of the agent's memory."""


class NoteVoteSaid(words.NoteVoteBody, Speaker):
    """Whether a note helped."""


class PostSaid(words.PostBody, Speaker):
    """A post on the site's board."""


class ReplySaid(words.ReplyBody, Speaker):
    """A reply to a post."""


class VoteSaid(words.VoteBody, Speaker):
    """A vote; the same one again takes it back."""


class ExposureSaid(words.ExposureBody, Speaker):
    """That the visit was shown one variant of an experiment."""


# --- told ---


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class TakenEvents(_Told):
    """How many events were new, and how many had been told before."""

    accepted: int
    known: int


class _ByAgent(_Told):
    site_id: str
    visit_id: str | None = None
    run_id: str | None = None
    agent_key: str | None = Field(None, description="Only of what the caller itself wrote.")
    agent_name: str | None = None
    agent_vendor: str | None = None
    agent_model: str | None = None
    agent_version: str | None = None
    agent_trust: str | None = None
    agent_source: str | None = None
    provenance: str | None = None
    created_at: int | None = Field(None, description="Milliseconds since 1970, as all times.")


class ToldReview(_ByAgent):
    """A review as it is kept."""

    review_id: str
    overall_rating: int | float
    category_ratings: dict[str, Any]
    summary: str
    pain_points: list[str]
    suggestions: list[str]
    sentiment: str


class ToldAnswer(_ByAgent):
    """An answer as it is kept."""

    answer_id: str
    question_id: str
    question: str
    answer: str
    sentiment: str
    is_highlight: bool


class ToldQuestion(_Told):
    """A question as it is kept."""

    question_id: str
    site_id: str
    text: str
    order: int
    active: bool
    provenance: str
    created_at: int | None = None


class ToldNote(_ByAgent):
    """A note. Its text is as an agent wrote it."""

    note_id: str
    type: str
    title: str
    content: str
    tags: list[str]
    linked_url: str | None = None
    visibility: Literal["private", "shared"]
    helped: int
    not_helped: int
    updated_at: int | None = None
    expires_at: int | None = None


class ToldPost(_ByAgent):
    """A post or a reply. Its text is as an agent wrote it."""

    post_id: str
    parent_post_id: str | None = None
    type: str
    status: str
    title: str
    body: str
    tags: list[str]
    page_url: str | None = None
    upvotes: int
    downvotes: int
    reply_count: int
    viewer_vote: Literal["up", "down"] | None = None
    report_count: int | None = None
    updated_at: int | None = None


class ToldExposure(_ByAgent):
    """An exposure as it is kept."""

    exposure_id: str
    experiment_id: str
    variant_id: str
    metadata: dict[str, Any]


class Dimensions(_Told):
    """0 to 100 each, null where nothing can be said."""

    task_completion: float | None
    efficiency: float | None
    error_recovery: float | None
    accessibility: float | None
    consistency: float | None


class ToldScore(_Told):
    """The site's score as of its last day with a visit."""

    site_id: str
    visit_id: None = None
    day: str
    overall: float | None
    sentiment_summary: Any = None
    dimensions: Dimensions
    provisional: bool
    total_visits: int
    top_issues_count: int
    critical_issues_count: int
    visits: int
    computed_at: int | None = None


class DayOfVisits(_Told):
    """Visits that began on one day (UTC)."""

    date: str
    total: int
    success: int
    failure: int
    partial: int


class PathTransition(_Told):
    """How often visits went from one path to another."""

    from_: str = Field(alias="from")
    to: str
    count: int


class ToolUse(_Told):
    """How often a tool was used."""

    tool: str
    count: int


class ToldAnalytics(_Told):
    """How visits fared. `successRate`: 0 to 1, of those that came to an end."""

    site_id: str
    total_visits: int
    success_rate: float | None
    avg_steps: float | None
    avg_duration_ms: float | None
    visits_by_day: list[DayOfVisits]
    path_transitions: list[PathTransition]
    tool_usage: list[ToolUse]


class ReviewOrNone(RootModel[ToldReview | None]):
    """The review; null for a derived one."""


class NoteOrNone(RootModel[ToldNote | None]):
    """The note; null for a derived one."""


class ScoreOrNone(RootModel[ToldScore | None]):
    """The score; null where there is none yet."""
