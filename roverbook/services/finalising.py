"""What a visit leaves behind when it came to its end: derived notes, then answers, then a review.

Their ids are made from the visit's, and all that is in them comes from its row, so making them anew gives
the same rows. An agent's own review stands in for the derived one of its visit, and its own answer for the
derived one to the same question: neither is made when the agent spoke first, and `superseded` removes it when
the agent speaks later.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from roverbook.core.happenings import Happening
from roverbook.core.interviewing import derived_answer
from roverbook.core.notes import LIFETIME
from roverbook.core.noting import KEPT_PER_AGENT, derived_notes
from roverbook.core.reviewing import VisitFacts, derived_review
from roverbook.models import InterviewAnswer, Note, NotificationSettings, Review, Visit
from roverbook.models.shared import ByAgent, Provenance
from roverbook.selectors.records import answer_record, note_record, review_record
from roverbook.selectors.settings import asked_questions
from roverbook.services.announcing import announce
from roverbook.services.scoring import scores_due
from workspace.io.transactions import write_transaction
from workspace.models import Site

_AGENT = tuple(column.attname for column in ByAgent._meta.fields)
_WRITTEN = ("site", "visit_id", "run_id", *_AGENT)
_NOTE = (*_WRITTEN, "title", "content", "tags", "linked_url", "updated_at")
_ANSWER = (*_WRITTEN, "question", "answer", "sentiment", "is_highlight")
_REVIEW = (
    *_WRITTEN, "overall", "accuracy", "speed", "ease_of_use", "logic", "summary", "pain_points",
    "suggestions", "sentiment",
)  # fmt: skip
"""What is written again when a record is made anew; what owners decided about it is not."""


def visits_finalised(visits: Sequence[Visit], now: datetime, *, tells: bool = True) -> None:
    """Make the derived records of visits that came to their end, or make them anew, as late events would have
    them; tell others of those that are new, unless `tells` is false; mark the scores of their sites as due.
    The visits come with their `site`."""
    ended = [visit for visit in visits if visit.outcome and visit.finalized_at is not None]
    if not ended:
        return
    with write_transaction():
        said = _said_before([visit.pk for visit in ended])
        made = _made(ended, said)
        made.store()
        _leave_to_agents(said)
        _prune(made.notes)
        if tells:
            made.announce(said.derived, now)
        scores_due(ended, now)


def superseded(*, site: Site, visit_id: str, question_ids: Collection[str] = ()) -> None:
    """An agent has spoken for itself about a visit, in the caller's transaction: the derived answers to
    `question_ids` go, and without any the derived review."""
    said = {"site": site, "visit_id": visit_id, "provenance": Provenance.DERIVED}
    if question_ids:
        InterviewAnswer.objects.filter(**said, question_id__in=question_ids).delete()
    else:
        Review.objects.filter(**said).delete()


def facts_of(visit: Visit) -> VisitFacts:
    """What of a visit is told."""
    return VisitFacts(
        outcome=visit.outcome,
        steps=visit.total_steps,
        errors=visit.error_count,
        backtracks=visit.backtrack_count,
        duration_ms=visit.total_duration_ms,
        error=visit.error,
        summary=visit.summary,
        path=_without_query(visit.latest_url)[1],
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said before about some visits: ids of derived records that there are, and of reviews and
    answers that are not to be derived, because agents spoke for themselves."""

    derived: set[str] = field(default_factory=set)
    reviewed: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    notes: list[Note]
    answers: list[InterviewAnswer]
    reviews: list[Review]

    def store(self) -> None:
        _put(Note, self.notes, _NOTE)
        _put(InterviewAnswer, self.answers, _ANSWER)
        _put(Review, self.reviews, _REVIEW)

    def announce(self, known: set[str], now: datetime) -> None:
        rows: list[_Row] = [*self.notes, *self.answers, *self.reviews]
        listening = NotificationSettings.objects.filter(site__in={row.site_id for row in rows}, enabled=True)
        heard = set(listening.values_list("site", flat=True))
        for row in rows:
            if row.site_id in heard and row.pk not in known:
                event, record = _TOLD[type(row)]
                announce(site=row.site, event=event, key=row.pk, data=record(row), now=now)


_Row = Note | InterviewAnswer | Review
_TOLD: dict[type[_Row], tuple[Happening, Callable[[Any], dict[str, Any]]]] = {
    Note: (Happening.NOTE_CREATED, note_record),
    InterviewAnswer: (Happening.INTERVIEW_ANSWERED, answer_record),
    Review: (Happening.REVIEW_CREATED, review_record),
}


def _made(visits: Sequence[Visit], said: _Said) -> _Made:
    sites = {visit.site_id: visit.site for visit in visits}
    questions = {pk: asked_questions(site) for pk, site in sites.items()}
    return _Made(
        notes=[note for visit in visits for note in _notes(visit)],
        answers=[
            answer
            for visit in visits
            for answer in _answers(visit, questions[visit.site_id])
            if answer.pk not in said.answered
        ],
        reviews=[review for visit in visits if (review := _review(visit)).pk not in said.reviewed],
    )


def _leave_to_agents(said: _Said) -> None:
    """Remove what was derived where an agent spoke of a visit under another name of it."""
    if stale := said.reviewed & said.derived:
        Review.objects.filter(pk__in=stale).delete()
    if stale := said.answered & said.derived:
        InterviewAnswer.objects.filter(pk__in=stale).delete()


def _put(model: Any, rows: list[Any], columns: tuple[str, ...]) -> None:
    if rows:
        model.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=columns)


def _said_before(visit_ids: list[str]) -> _Said:
    derived = Provenance.DERIVED.value
    said = _Said()
    notes = Note.objects.filter(visit_id__in=visit_ids, provenance=derived)
    said.derived.update(notes.values_list("pk", flat=True))
    reviews = Review.objects.filter(visit_id__in=visit_ids)
    for pk, visit_id, provenance in reviews.values_list("pk", "visit_id", "provenance"):
        if provenance == derived:
            said.derived.add(pk)
        else:
            said.reviewed.add(_review_id(visit_id))
    answers = InterviewAnswer.objects.filter(visit_id__in=visit_ids)
    for pk, visit_id, question, provenance in answers.values_list(
        "pk", "visit_id", "question_id", "provenance"
    ):
        if provenance == derived:
            said.derived.add(pk)
        else:
            said.answered.add(_answer_id(visit_id, question))
    return said


def _review_id(visit_id: str) -> str:
    return f"review_{visit_id}"


def _answer_id(visit_id: str, question_id: str) -> str:
    return f"answer_{visit_id}_{sha256(question_id.encode()).hexdigest()[:12]}"


def _notes(visit: Visit) -> list[Note]:
    at = visit.ended_at or visit.last_event_at
    return [
        Note(
            id=f"note_{visit.pk}_{note.type}",
            **_columns(visit),
            type=note.type,
            title=note.title,
            content=note.content,
            tags=list(note.tags),
            linked_url=_without_query(visit.latest_url)[0],
            visibility=Note.Visibility.PRIVATE,
            moderation=Note.Moderation.WAITING,
            updated_at=at,
            expires_at=at + LIFETIME,
        )
        for note in derived_notes(facts_of(visit))
    ]


def _answers(visit: Visit, questions: Sequence[Mapping[str, Any]]) -> list[InterviewAnswer]:
    facts = facts_of(visit)
    answers = [(question, derived_answer(question["text"], facts)) for question in questions]
    return [
        InterviewAnswer(
            id=_answer_id(visit.pk, question["questionId"]),
            **_columns(visit),
            question_id=question["questionId"],
            question=question["text"],
            answer=answer.answer,
            sentiment=answer.sentiment,
            is_highlight=answer.is_highlight,
        )
        for question, answer in answers
    ]


def _review(visit: Visit) -> Review:
    review = derived_review(facts_of(visit))
    return Review(
        id=_review_id(visit.pk),
        **_columns(visit),
        overall=review.overall,
        accuracy=review.accuracy,
        speed=review.speed,
        ease_of_use=review.ease_of_use,
        logic=review.logic,
        summary=review.summary,
        pain_points=list(review.pain_points),
        suggestions=list(review.suggestions),
        sentiment=review.sentiment,
    )


def _columns(visit: Visit) -> dict[str, Any]:
    last_run = visit.runs[-1] if visit.runs else {}
    return {
        "site": visit.site,
        "visit_id": visit.pk,
        "run_id": str(last_run.get("runId") or "")[:64],
        "provenance": Provenance.DERIVED,
        "created_at": visit.ended_at or visit.last_event_at,
        **{column: getattr(visit, column) for column in _AGENT},
    }


def _prune(notes: Iterable[Note]) -> None:
    """Keep the newest derived notes of each memory; those that an owner took up stay."""
    memories: dict[UUID, set[str]] = defaultdict(set)
    for note in notes:
        memories[note.site_id].add(note.agent_memory_key)
    for site_id, keys in memories.items():
        for key in keys:
            derived = Note.objects.filter(
                site_id=site_id,
                agent_memory_key=key,
                provenance=Provenance.DERIVED,
                moderation=Note.Moderation.WAITING,
                is_pinned=False,
            )
            old = derived.order_by("-created_at", "-id").values_list("pk", flat=True)[KEPT_PER_AGENT:]
            doomed = list(old[:1_000])
            if doomed:
                Note.objects.filter(pk__in=doomed).delete()


def _without_query(url: str) -> tuple[str, str]:
    """An address without query and fragment, and its path; '' for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    if parts.scheme not in ("http", "https"):
        return "", ""
    return parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl(), parts.path
