"""What agents say of a visit when they leave: reviews, and answers to the site's questions."""

from datetime import datetime

from roverbook.core.happenings import Happening
from roverbook.core.questions import question_id
from roverbook.core.word_refusals import QuestionNotFound
from roverbook.core.words import Answered, AnswersBody, QuestionBody, ReviewBody
from roverbook.models import InterviewAnswer, Question, Review, Visit
from roverbook.models.shared import Provenance
from roverbook.selectors.records import answer_record, review_record
from roverbook.selectors.settings import asked_questions
from roverbook.services.announcing import announce
from roverbook.services.finalising import superseded
from roverbook.services.words.authors import Author, record_id
from roverbook.services.words.writing import (
    check_share,
    check_site_share,
    hold_words,
    kept,
    kept_all,
    memory_of,
    spoken_by,
)
from workspace.core.fields import shown
from workspace.io.transactions import write_transaction
from workspace.models import Site

REVIEWS_PER_VISIT = 5
ANSWERS_PER_VISIT = 40
QUESTIONS_PROPOSED = 20
"""Of all agents together; the owner has to read them."""


def review_say(author: Author, body: ReviewBody, *, now: datetime) -> Review | None:
    """Keep a review; the one that is there if it was told before, None for a derived one: RoverBook makes
    those itself.

    Raises:
        TooManyWords, AgentUnknown.
    """
    if body.provenance == "derived":
        return None
    told = body.review_id or body.model_dump_json()
    name = record_id("review", author, author.visit_id, told)
    with write_transaction():
        hold_words(author.site)
        if (known := Review.objects.filter(pk=name).select_related("site").first()) is not None:
            return known
        own = Review.objects.filter(
            site=author.site, visit_id=author.visit_id, agent_memory_key=memory_of(author)
        ).exclude(provenance=Provenance.DERIVED)
        check_share(own, REVIEWS_PER_VISIT, limit="reviews_per_visit", advice="One review is enough.")
        check_site_share(Review, author.site, now)
        review = Review.objects.create(id=name, **spoken_by(author), **_review(body), created_at=now)
        _take_the_word(author)
        record = review_record(review)
        announce(site=author.site, event=Happening.REVIEW_CREATED, key=name, data=record, now=now)
    return review


def answers_say(author: Author, body: AnswersBody, *, now: datetime) -> list[InterviewAnswer]:
    """Keep answers, all or none. A question is answered once in a visit: what is said later replaces what was
    said before. Derived answers are left out.

    Raises:
        QuestionNotFound: the site asks none of them.
        TooManyWords, AgentUnknown.
    """
    said = [each for each in body.answers if each.provenance != "derived"]
    with write_transaction():
        hold_words(author.site)
        own = InterviewAnswer.objects.filter(
            site=author.site, visit_id=author.visit_id, agent_memory_key=memory_of(author)
        ).exclude(provenance=Provenance.DERIVED)
        answers = [_answered(author, each, now) for each in said]
        if any(is_new for _, is_new in answers):
            check_share(own, ANSWERS_PER_VISIT + 1, limit="answers_per_visit", advice=_ANSWER_ONCE)
            check_site_share(InterviewAnswer, author.site, now)
        if answers:
            _take_the_word(author, [answer.question_id for answer, _ in answers])
        for answer, is_new in answers:
            if is_new:
                record = answer_record(answer)
                announce(
                    site=author.site,
                    event=Happening.INTERVIEW_ANSWERED,
                    key=answer.pk,
                    data=record,
                    now=now,
                )
    return [answer for answer, _ in answers]


_ANSWER_ONCE = "Answer each question once."


def question_propose(author: Author, body: QuestionBody, *, now: datetime) -> Question:
    """Keep a question that an agent would have the site ask. It is asked of nobody before the owner takes it.

    Raises:
        TooManyWords.
    """
    text = kept(body.text)[: Question._meta.get_field("text").max_length]
    with write_transaction():
        hold_words(author.site)
        if (known := Question.objects.filter(site=author.site, text=text).first()) is not None:
            return known
        waiting = Question.objects.filter(
            site=author.site, provenance=Provenance.AGENT_AUTHORED, active=False
        )
        check_share(
            waiting,
            QUESTIONS_PROPOSED,
            limit="questions_proposed",
            advice="The owner has to look at the others first.",
        )
        taken = Question.objects.filter(site=author.site).values_list("question_id", flat=True)
        usual = [each["questionId"] for each in asked_questions(author.site)]
        return Question.objects.create(
            site=author.site,
            question_id=question_id(text, taken={*taken, *usual}),
            text=text,
            order=Question.objects.filter(site=author.site).count(),
            active=False,
            provenance=Provenance.AGENT_AUTHORED,
            created_at=now,
        )


def _review(body: ReviewBody) -> dict[str, object]:
    categories, overall = body.category_ratings, body.overall_rating
    return {
        "overall": overall,
        "accuracy": categories.accuracy or overall,
        "speed": categories.speed or overall,
        "ease_of_use": categories.ease_of_use or overall,
        "logic": categories.logic or overall,
        "summary": kept(body.summary),
        "pain_points": kept_all(body.pain_points),
        "suggestions": kept_all(body.suggestions),
        "sentiment": body.mood,
        "provenance": Provenance.AGENT_AUTHORED,
    }


def _answered(author: Author, body: Answered, now: datetime) -> tuple[InterviewAnswer, bool]:
    """The answer as it is kept, and whether it is new."""
    name, text = _question(author.site, body)
    values = {
        **spoken_by(author),
        "question_id": name,
        "question": text,
        "answer": kept(body.answer),
        "sentiment": body.sentiment or "neutral",
        "is_highlight": len(body.answer) > HIGHLIGHT_CHARS,
        "provenance": Provenance.AGENT_AUTHORED,
    }
    return InterviewAnswer.objects.update_or_create(
        id=record_id("answer", author, author.visit_id, name),
        defaults=values,
        create_defaults={**values, "created_at": now},
    )


HIGHLIGHT_CHARS = 60


def _question(site: Site, body: Answered) -> tuple[str, str]:
    """Id and text of the question that is meant. Those that the owner asked before count, too: an interview
    may take longer than his mind stays the same. Raises QuestionNotFound."""
    before = Question.objects.filter(site=site, provenance=Provenance.OWNER)
    known = {each["questionId"]: each["text"] for each in asked_questions(site)}
    known = dict(before.values_list("question_id", "text")) | known
    wanted = body.question.casefold()
    by_text = {text.casefold(): name for name, text in known.items()}
    found = body.question_id if body.question_id in known else by_text.get(wanted)
    if found is None and body.question and (slug := question_id(body.question)) in known:
        found = slug
    if found is None:
        raise QuestionNotFound(
            "This site asks no such question.",
            next_action="Answer one of the questions that the site asks, by its questionId.",
            question=shown(body.question or body.question_id or ""),
        )
    return found, known[found]


def _take_the_word(author: Author, question_ids: list[str] | None = None) -> None:
    """What was derived in the agent's place goes. The visit is held, so that whoever derives at this very
    moment has either done so, or sees what the agent said."""
    if author.visit_id:
        list(Visit.objects.select_for_update().filter(pk=author.visit_id).values_list("pk"))
        superseded(site=author.site, visit_id=author.visit_id, question_ids=question_ids or ())
