"""What owners are shown: the score and where it came from, issues with the visits behind them, shortcuts."""

from datetime import timedelta

import pytest

from roverbook.core.scoring import Tone
from roverbook.selectors.scores import (
    current_score,
    score_days,
    shortcut_health,
    top_issues,
    why_failed,
)
from roverbook.services.scoring import site_scores_update
from tests.roverbook.scoring.support import DAY, NOON, make_site, met, visited
from workspace.models import Site

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def site() -> Site:
    return make_site()


def test_a_site_without_visits_has_no_data(site: Site) -> None:
    score = current_score(site)
    assert (score.tone, score.overall, score.change, score.row) == (Tone.NO_DATA, None, None, None)
    assert [dimension.value for dimension in score.dimensions] == [None] * 5


def test_the_score_is_told_with_its_parts_and_its_change(site: Site) -> None:
    for _ in range(5):
        visited(site, "success", at=NOON - 7 * DAY)
    site_scores_update(site, NOON - 7 * DAY + timedelta(hours=1))
    for _ in range(5):
        visited(site, "failure")
    row = site_scores_update(site, LATER)
    assert row is not None
    score = current_score(site)
    assert (score.row, score.overall, score.tone) == (row, row.overall, Tone.HEALTHY)
    assert score.change == pytest.approx((row.overall or 0) - 100)
    completion = score.dimensions[0]
    assert (completion.name, completion.weight, completion.value) == ("completion", 0.35, row.completion)
    assert completion.change == pytest.approx((row.completion or 0) - 100)


def test_a_young_site_has_nothing_to_compare_with(site: Site) -> None:
    visited(site)
    site_scores_update(site, LATER)
    assert current_score(site).change is None


def test_the_trend_has_every_day_with_or_without_a_row(site: Site) -> None:
    visited(site, at=NOON - DAY)
    site_scores_update(site, LATER)
    days = score_days(site, days=4, now=LATER)
    assert [(NOON.date() - day).days for day, _ in days] == [3, 2, 1, 0]
    assert [row.overall if row else None for _, row in days] == [None, None, 100, 100]


def test_issues_come_with_the_visits_behind_them(site: Site) -> None:
    for outcome in ("failure", "failure", "success"):
        met(visited(site, outcome), "Element 7 not found", times=2)
    often = [visited(site, at=NOON - n * timedelta(hours=1)) for n in range(6)]
    for visit in often:
        met(visit, "Slow answer")
    critical, frequent = top_issues(site, LATER)
    assert (critical.message, critical.visits, critical.failed, critical.count) == (
        "Element [n] not found", 3, 2, 6,
    )  # fmt: skip
    assert (critical.is_critical, frequent.is_critical) == (True, False)
    assert critical.failure_rate == pytest.approx(2 / 3)
    assert frequent.visit_ids == tuple(visit.pk for visit in often[:5])
    assert [each.fingerprint for each in top_issues(site, LATER, only_critical=True)] == [
        critical.fingerprint
    ]
    assert [each.fingerprint for each in top_issues(site, LATER, limit=1)] == [critical.fingerprint]


def test_issues_are_of_seven_days_of_this_site_and_of_visits_that_count(site: Site) -> None:
    met(visited(site, "failure", at=NOON - 8 * DAY))
    met(visited(site, "failure", is_test=True))
    met(visited(make_site("other.example"), "failure"))
    assert top_issues(site, LATER) == []


def test_why_visits_failed_is_a_sentence_of_counts(site: Site) -> None:
    for _ in range(3):
        met(visited(site, "failure"), "Element 7 not found")
    both = visited(site, "failure")
    met(both, "Timeout", tool="goto", times=1)
    met(both, "Element 9 not found", times=4)
    met(visited(site, "failure"), "Timeout", tool="goto")
    visited(site, "failure")
    met(visited(site, "success"), "Not told")
    why = why_failed(site)
    assert why.sentence == (
        "Of the last 6 failed visits: 4 with click, “Element [n] not found” on /cart; "
        "1 with goto, “Timeout” on /cart; 1 without an error that was told."
    )
    assert [(reason.visits, reason.tool) for reason in why.reasons] == [(4, "click"), (1, "goto"), (1, "")]


def test_only_the_last_failed_visits_are_asked(site: Site) -> None:
    for age in range(1, 4):
        met(visited(site, "failure", at=NOON - age * DAY), "abc"[:age])
    assert {reason.message for reason in why_failed(site, last=2).reasons} == {"a", "ab"}
    assert why_failed(site, last=1).sentence == "The last failed visit: 1 with click, “a” on /cart."


def test_many_reasons_are_cut_short(site: Site) -> None:
    for word in ("one", "two", "three", "four", "five"):
        met(visited(site, "failure"), word)
    assert why_failed(site).sentence.endswith("; 2 for other reasons.")


def test_a_site_on_which_nothing_failed(site: Site) -> None:
    visited(site)
    assert why_failed(site).sentence == "No visit has failed."


def test_an_error_cannot_write_the_sentence(site: Site) -> None:
    met(visited(site, "failure"), "” on /. All visits succeeded. “")
    sentence = why_failed(site).sentence
    assert sentence.count("“") == sentence.count("”") == 1


def test_shortcuts_by_how_their_visits_went(site: Site) -> None:
    failed = [visited(site, "failure", shortcut="book", total_steps=8, at=NOON - n * DAY) for n in range(2)]
    visited(site, "success", shortcut="book", total_steps=2)
    visited(site, "success", shortcut="hours")
    visited(site, "success", shortcut="old", at=NOON - 31 * DAY)
    visited(site, "success", shortcut="hours", is_test=True)
    visited(site, "success")
    book, hours = shortcut_health(site, LATER)
    assert (book.shortcut, book.visits, book.successes, book.failures) == ("book", 3, 1, 2)
    assert book.success_rate == pytest.approx(1 / 3)
    assert (book.steps, book.duration_ms) == (6, 4_000)
    assert book.last_failed == failed[0].pk
    assert (hours.shortcut, hours.visits, hours.tone, hours.last_failed) == ("hours", 1, Tone.EXCELLENT, "")
