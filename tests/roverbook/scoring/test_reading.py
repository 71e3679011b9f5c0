"""What owners are shown: the score day by day, and why visits failed."""

from datetime import timedelta

import pytest

from roverbook.selectors.issues import why_failed
from roverbook.selectors.scores import score_days
from roverbook.services.scoring import site_scores_update
from tests.roverbook.scoring.support import DAY, NOON, make_site, met, visited
from workspace.models import Site

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def site() -> Site:
    return make_site()


def test_the_trend_has_every_day_with_or_without_a_row(site: Site) -> None:
    visited(site, at=NOON - DAY)
    site_scores_update(site, LATER)
    days = score_days(site, days=4, now=LATER)
    assert [(NOON.date() - day).days for day, _ in days] == [3, 2, 1, 0]
    assert [row.overall if row else None for _, row in days] == [None, None, 100, 100]


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
