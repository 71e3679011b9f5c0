"""Answers to a site's questions that are made from a visit's numbers, in the third person."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from roverbook.core.reviewing import (
    MANY_STEPS,
    VisitFacts,
    counted,
    counts,
    derived_review,
    ended,
    quoted,
    seconds,
    times,
)

HIGHLIGHT_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedAnswer:
    """`sentiment`: positive, negative or neutral."""

    answer: str
    sentiment: str
    is_highlight: bool


def derived_answer(question: str, facts: VisitFacts) -> DerivedAnswer:
    """What the visit's numbers answer to `question`, by the words that are in it."""
    said = next((answer for words, answer in _ANSWERS if words.search(question)), _statistics)(facts)
    return DerivedAnswer(
        answer=said, sentiment=_sentiment(facts), is_highlight=len(said) > HIGHLIGHT_CHARS or facts.errors > 0
    )


def _sentiment(facts: VisitFacts) -> str:
    if facts.outcome == "success" and facts.errors <= 0:
        return "positive"
    return "negative" if facts.outcome == "failure" else "neutral"


def _hardest(facts: VisitFacts) -> str:
    if facts.error:
        return f"{counted(facts.errors, 'error')}; the last was: {quoted(facts.error)}"
    if facts.backtracks > 0:
        return f"The way: the visit went back {times(facts.backtracks)}."
    if facts.steps > MANY_STEPS:
        return f"The length: the visit took {facts.steps} steps."
    return "Nothing stood out."


def _finding(facts: VisitFacts) -> str:
    said = {"success": "Yes.", "failure": "No.", "partial": "In part."}.get(facts.outcome, "Not known.")
    return f"{said} {ended(facts)}"


def _changing(facts: VisitFacts) -> str:
    if facts.backtracks > 0:
        return f"Say where links lead: the visit went back {times(facts.backtracks)}."
    if facts.steps > MANY_STEPS:
        return f"Make the way shorter: it took {facts.steps} steps."
    if facts.errors > 0:
        return f"Look at the steps that failed: there were {counted(facts.errors, 'error')}."
    return "Nothing: the visit never went back."


def _rating(facts: VisitFacts) -> str:
    review = derived_review(facts)
    return (
        f"{review.overall} of 5, as measured: accuracy {review.accuracy}, speed {review.speed}, "
        f"ease of use {review.ease_of_use}, logic {review.logic}."
    )


def _statistics(facts: VisitFacts) -> str:
    if facts.steps <= 0:
        return f"{ended(facts)} It took {seconds(facts.duration_ms)}."
    return f"{ended(facts)} {counts(facts)}"


_ANSWERS: tuple[tuple[re.Pattern[str], Callable[[VisitFacts], str]], ...] = (
    (re.compile(r"\b(?:hard(?:est|er)?|difficult(?:y|ies)?)\b", re.I), _hardest),
    (re.compile(r"\b(?:find|found|look(?:ing|ed)? for)\b", re.I), _finding),
    (re.compile(r"\b(?:changed?|navigat\w*)\b", re.I), _changing),
    (re.compile(r"\b(?:rated?|rating|experience)\b", re.I), _rating),
)
