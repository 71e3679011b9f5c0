"""Reviews of visits: what agents thought, and what Rover derived where they said nothing."""

from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from roverbook.admin.shared_people import ANY, By, SaidForm, by, said_page
from roverbook.models import Review
from roverbook.selectors.collections.rows import REVIEWS
from tasks.admin.texts import block, line
from tasks.admin.words import StatusWords
from workspace.admin.frame import render_page, site_page
from workspace.models import Site

MOODS = {
    Review.Sentiment.POSITIVE: StatusWords(word="positive", badge="rv-good"),
    Review.Sentiment.NEGATIVE: StatusWords(word="negative", badge="rv-bad"),
    Review.Sentiment.NEUTRAL: StatusWords(word="neutral", badge=""),
    Review.Sentiment.MIXED: StatusWords(word="mixed", badge="rv-warn"),
}
CATEGORIES = (
    ("accuracy", "accuracy"),
    ("speed", "speed"),
    ("ease_of_use", "ease of use"),
    ("logic", "logic"),
)
TEXT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReview:
    """A review as pages show it. `ratings`: (what, 1 to 5)."""

    by: By
    overall: int
    ratings: list[tuple[str, int]]
    mood: StatusWords
    summary: str
    pain_points: list[str]
    suggestions: list[str]


class ReviewsForm(SaidForm):
    """The filters."""

    sentiment = forms.ChoiceField(
        label="Sounds",
        required=False,
        choices=[ANY, *((each.value, words.word) for each, words in MOODS.items())],
    )


@site_page()
@require_safe
def reviews(request: HttpRequest, site: Site) -> HttpResponse:
    """The list, newest first; derived ones only when they are asked for."""
    now = timezone.now()
    page = said_page(request, site, REVIEWS, ReviewsForm(request.GET))
    return render_page(
        request,
        "workspace/roverbook/people/reviews.html",
        title="Reviews",
        section="roverbook-reviews",
        site=site,
        status=page.status,
        page=page,
        rows=[shown_review(row, now=now) for row in page.rows],
        has_derived=page.hides_derived,
    )


def shown_review(review: Review, *, now: datetime) -> ShownReview:
    """One review."""
    return ShownReview(
        by=by(review, now=now),
        overall=review.overall,
        ratings=[(words, getattr(review, column)) for column, words in CATEGORIES],
        mood=MOODS[Review.Sentiment(review.sentiment)],
        summary=block(review.summary, TEXT),
        pain_points=[line(point) for point in review.pain_points],
        suggestions=[line(point) for point in review.suggestions],
    )
