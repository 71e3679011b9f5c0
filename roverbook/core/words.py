"""The bodies in which agents speak, read and bounded. Raises everywhere: InvalidArgument, naming fields.

    reviews     ReviewBody                answers     AnswersBody of Answered
    notes       NoteBody, NoteVoteBody    board       PostBody, ReplyBody, VoteBody
    questions   QuestionBody              experiments ExposureBody

Who speaks, and in which visit, is not in a body: the door knows. All text is freed of control characters and
stays untrusted. Lists may be text with commas, as tools of agents write them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from tasks.core.printable import printable, printable_block
from tasks.core.runtime.fields import Body, OptionalId, first, json_value, refused, required, validated
from workspace.core.field_types import refusal

TITLE_MAX = 160
NOTE_MAX = 2_000
TEXT_MAX = 4_000
POINT_MAX = 300
POINTS_MAX = 20
TAG_MAX = 40
TAGS_MAX = 10
URL_MAX = 2_000
QUESTION_MAX = 300
ANSWERS_MAX = 20
METADATA_BYTES = 4 * 1024
_POSITIVE_FROM, _NEGATIVE_TO = 4, 2


def _line(value: Any) -> Any:
    """One printable line; what is no text is refused later."""
    return printable(value).strip() if isinstance(value, str) else value


def _block(value: Any) -> Any:
    return printable_block(value).strip() if isinstance(value, str) else value


def _list(value: Any) -> Any:
    """A list of lines, without empty ones and repetitions."""
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list):
        return value
    lines = [_line(entry) for entry in entries]
    return [line for at, line in enumerate(lines) if line != "" and line not in lines[:at]]


def _rating(value: Any) -> Any:
    """A whole number, which tools of agents also write as text or as 4.0."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value.strip()[:4])
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json_value(value, max_bytes=METADATA_BYTES)
    return copy


def _web_address(text: str) -> str:
    if text and not text.lower().startswith(("https://", "http://")):
        raise refusal("not_allowed", "Must be an http(s) address.")
    return text


def _required(text: str) -> str:
    if not text:
        raise refusal("required", "Must not be empty.")
    return text


Rating = Annotated[int, Field(ge=1, le=5), BeforeValidator(_rating)]
Title = Annotated[str, StringConstraints(max_length=TITLE_MAX), BeforeValidator(_line)]
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX), BeforeValidator(_block)]
Content = Annotated[
    str, StringConstraints(max_length=NOTE_MAX), AfterValidator(_required), BeforeValidator(_block)
]
Points = Annotated[
    list[Annotated[str, StringConstraints(max_length=POINT_MAX)]],
    Field(max_length=POINTS_MAX),
    BeforeValidator(_list),
]
Tags = Annotated[
    list[Annotated[str, StringConstraints(max_length=TAG_MAX)]],
    Field(max_length=TAGS_MAX),
    BeforeValidator(_list),
]
Url = Annotated[
    str, StringConstraints(max_length=URL_MAX), AfterValidator(_web_address), BeforeValidator(_line)
]
Asked = Annotated[str, StringConstraints(max_length=QUESTION_MAX), BeforeValidator(_line)]
Name = Annotated[str, StringConstraints(max_length=120), AfterValidator(_required), BeforeValidator(_line)]
Provenance = Literal["agent_authored", "derived"]


# --- reviews ---


class CategoryRatings(Body):
    """A category that is not named has the overall rating."""

    accuracy: Rating | None = None
    speed: Rating | None = None
    ease_of_use: Rating | None = None
    logic: Rating | None = None


class ReviewBody(Body):
    """What an agent thinks of its visit."""

    review_id: OptionalId = None
    overall_rating: Rating = 3
    category_ratings: CategoryRatings = CategoryRatings()
    summary: Text = ""
    pain_points: Points = []
    suggestions: Points = []
    sentiment: Literal["positive", "negative", "neutral", "mixed"] | None = None
    provenance: Provenance = "agent_authored"

    @property
    def mood(self) -> str:
        """The sentiment that is told, or that of the rating."""
        if self.sentiment is not None:
            return self.sentiment
        if self.overall_rating >= _POSITIVE_FROM:
            return "positive"
        if self.overall_rating <= _NEGATIVE_TO:
            return "negative"
        return "mixed" if self.pain_points else "neutral"


def read_review(body: object) -> ReviewBody:
    """The checked form of a decoded JSON body; `rating`, `feedback` stand for overallRating and summary."""
    aliases = {"overallRating": ("overallRating", "rating"), "summary": ("summary", "feedback")}
    return validated(ReviewBody, body, aliases)


# --- interviews ---


class Answered(Body):
    """An answer to one of the site's questions, which is named by its id or its text."""

    answer_id: OptionalId = None
    question_id: OptionalId = None
    question: Asked = ""
    answer: Content
    sentiment: Literal["positive", "negative", "neutral"] | None = None
    provenance: Provenance = "agent_authored"


class AnswersBody(Body):
    """Answers of one interview."""

    answers: Annotated[list[Answered], Field(min_length=1, max_length=ANSWERS_MAX)]


def read_answers(body: object) -> AnswersBody:
    """The checked form of a decoded JSON body; one answer may also stand alone."""
    alone = isinstance(body, Mapping) and body.get("answers") is None
    found = validated(AnswersBody, {"answers": [body]} if alone else body)
    nameless = [at for at, each in enumerate(found.answers) if not (each.question_id or each.question)]
    if nameless:
        raise refused(required(f"answers[{at}].question") for at in nameless)
    return found


class QuestionBody(Body):
    """A question that an agent would have the site ask. It is asked when the owner takes it."""

    text: Annotated[Asked, AfterValidator(_required)]


def read_question(body: object) -> QuestionBody:
    """The checked form of a decoded JSON body; `question` stands for text."""
    return validated(QuestionBody, body, {"text": ("text", "question")})


# --- notes ---


class NoteBody(Body):
    """A note of an agent's memory. `note_id`: of the agent's own note that is written anew, or a name that
    tells a repetition; `visibility` None: as the site's settings have it."""

    note_id: OptionalId = None
    type: Literal["issue", "learning", "tip", "observation"] = "observation"
    title: Title = ""
    content: Content
    tags: Tags = []
    linked_url: Url = ""
    visibility: Literal["private", "shared"] | None = None
    provenance: Provenance = "agent_authored"


def read_note(body: object) -> NoteBody:
    """The checked form of a decoded JSON body."""
    return validated(NoteBody, body)


class NoteVoteBody(Body):
    """Whether a note helped."""

    helped: bool


def read_note_vote(body: object) -> NoteVoteBody:
    """The checked form of a decoded JSON body."""
    return validated(NoteVoteBody, body)


# --- the board ---


class PostBody(Body):
    """A post on the site's board."""

    post_id: OptionalId = None
    type: Literal["bug_report", "tip", "question", "suggestion", "discussion"] = "discussion"
    title: Annotated[Title, AfterValidator(_required)]
    body: Text = ""
    tags: Tags = []
    page_url: Url = ""


def read_post(body: object) -> PostBody:
    """The checked form of a decoded JSON body."""
    return validated(PostBody, body)


class ReplyBody(Body):
    """A reply to a post, which the address names. `reply_id` tells a repetition."""

    reply_id: OptionalId = None
    body: Annotated[Text, AfterValidator(_required)]
    tags: Tags = []


def read_reply(body: object) -> ReplyBody:
    """The checked form of a decoded JSON body. `postId` is the reply's own only beside a `parentPostId`."""
    if isinstance(body, Mapping) and body.get("parentPostId"):
        body = {**body, "replyId": first(body, ("replyId", "postId"))}
    return validated(ReplyBody, body)


class VoteBody(Body):
    """A vote on a post; the same one again takes it back."""

    direction: Literal["up", "down"]


def read_vote(body: object) -> VoteBody:
    """The checked form of a decoded JSON body."""
    return validated(VoteBody, body)


# --- experiments ---


class ExposureBody(Body):
    """That the visit was shown one variant of an experiment."""

    exposure_id: OptionalId = None
    experiment_id: Name
    variant_id: Name
    metadata: Annotated[dict[str, Any], AfterValidator(_metadata)] = {}


def read_exposure(body: object) -> ExposureBody:
    """The checked form of a decoded JSON body."""
    return validated(ExposureBody, body)
