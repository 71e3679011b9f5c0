"""Scores of sites, day by day: what counts, when it is computed, and when others are told."""

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roverbook.core.happenings import Happening
from roverbook.models import AgentProfile, DailyScore, NotificationSettings, Review, ScoreDue, Visit
from roverbook.selectors.day_sums import INTENTS_A_DAY
from roverbook.selectors.issues import issue_counts
from roverbook.services import scoring
from roverbook.services.finalising import visits_finalised
from roverbook.services.scoring import (
    DEBOUNCE,
    score_due,
    scores_due,
    scores_rebuild,
    scores_sweep,
    site_scores_update,
)
from tests.roverbook.scoring.support import DAY, NOON, listen, make_site, met, told, visited
from workspace.models import Site

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)
TODAY = NOON.date()


@pytest.fixture
def site() -> Site:
    return make_site()


def scored(site: Site, now: Any = LATER) -> DailyScore:
    row = site_scores_update(site, now)
    assert row is not None
    return row


def days_of(site: Site) -> list[date]:
    return list(DailyScore.objects.filter(site=site).order_by("day").values_list("day", flat=True))


def told_values(site: Site) -> list[dict[str, Any]]:
    return [dict(row) for row in DailyScore.objects.filter(site=site).order_by("day").values()]


def test_a_sites_score_is_the_mean_of_its_visits(site: Site) -> None:
    for outcome in ("success", "success", "success", "success", "failure"):
        visited(site, outcome)
    row = scored(site)
    # completion 80; one wish, 4 of 5 reached: 100·(1 - 2·0.4) = 20
    assert (row.completion, row.efficiency, row.recovery, row.accessibility) == (80, 100, 100, None)
    assert row.consistency == pytest.approx(20)
    assert row.overall == pytest.approx((0.35 * 80 + 0.20 * 100 + 0.20 * 100 + 0.10 * 20) / 0.85)
    assert (row.visits, row.successes, row.failures, row.steps, row.duration_ms) == (5, 4, 1, 20, 20_000)
    assert (row.total_visits, row.is_provisional) == (5, False)


def test_older_visits_weigh_less(site: Site) -> None:
    visited(site, "success", at=NOON)
    visited(site, "failure", at=NOON - 14 * DAY)
    assert scored(site).completion == pytest.approx(100 / 1.5)


def test_a_site_that_was_never_visited_has_no_row(site: Site) -> None:
    assert site_scores_update(site, LATER) is None
    assert not DailyScore.objects.exists()


@pytest.mark.parametrize(
    "columns",
    [
        {"is_test": True},
        {"agent_key": "muted"},
        {"agent_key": "other-name-of-muted"},
        {"finalized_at": None, "ended_at": None},
    ],
    ids=["the owner's trial", "a muted agent", "its other name", "a visit that goes on"],
)
def test_what_does_not_count(site: Site, columns: dict[str, Any]) -> None:
    AgentProfile.objects.create(site=site, agent_key="muted", is_muted=True, updated_at=NOON)
    AgentProfile.objects.create(site=site, agent_key="other-name-of-muted", alias_of="muted", updated_at=NOON)
    visited(site, "success")
    met(visited(site, "failure", **columns))
    row = scored(site)
    assert (row.visits, row.completion, row.top_issues) == (1, 100, 0)


def test_an_agent_that_is_muted_on_another_site_counts_here(site: Site) -> None:
    AgentProfile.objects.create(
        site=make_site("other.example"), agent_key="helper", is_muted=True, updated_at=NOON
    )
    visited(site, "failure")
    assert scored(site).visits == 1


def test_another_sites_visits_do_not_count(site: Site) -> None:
    visited(site, "success")
    met(visited(make_site("other.example"), "failure"))
    row = scored(site)
    assert (row.visits, row.completion, row.top_issues) == (1, 100, 0)


def test_muting_an_agent_changes_the_days_before(site: Site) -> None:
    visited(site, "failure", at=NOON - 3 * DAY, agent_key="bad")
    visited(site, "success", at=NOON)
    scored(site)
    AgentProfile.objects.create(site=site, agent_key="bad", is_muted=True, updated_at=NOON)
    score_due(site, LATER)
    assert scored(site, LATER + DEBOUNCE).completion == 100
    assert DailyScore.objects.get(site=site, day=TODAY - 3 * DAY).visits == 0


def test_days_between_are_filled(site: Site) -> None:
    visited(site, at=NOON - 3 * DAY)
    scored(site, NOON - 3 * DAY)
    scored(site, NOON)
    assert days_of(site) == [TODAY - n * DAY for n in (3, 2, 1, 0)]
    assert list(DailyScore.objects.order_by("day").values_list("visits", flat=True)) == [1, 0, 0, 0]
    assert set(DailyScore.objects.values_list("overall", flat=True)) == {100.0}


def test_a_visit_that_ends_days_later_counts_on_the_day_it_began(site: Site) -> None:
    visited(site, "success", at=NOON - 2 * DAY)
    scored(site, NOON - 2 * DAY)
    scored(site, NOON - DAY)
    visits_finalised([visited(site, "failure", at=NOON - 2 * DAY)], NOON)
    assert scored(site, NOON).completion == 50
    rows = DailyScore.objects.order_by("day").values_list("visits", "completion")
    assert list(rows) == [(2, 50), (0, 50), (0, 50)]


def test_days_change_at_midnight_utc(site: Site) -> None:
    midnight = NOON.replace(hour=0)
    visited(site, at=midnight)
    visited(site, at=midnight - timedelta(microseconds=1))
    scored(site)
    assert dict(DailyScore.objects.values_list("day", "visits")) == {TODAY - DAY: 1, TODAY: 1}


def test_rebuilding_gives_what_was_computed_day_by_day(site: Site) -> None:
    for age in range(20, -1, -1):
        at = NOON - age * DAY
        visits = [
            visited(site, outcome, at=at, intent=intent)
            for outcome, intent in (("success", "find"), ("failure" if age % 3 else "partial", "form"))
        ]
        met(visits[1])
        visits_finalised(visits, at)
        scores_sweep(at + timedelta(minutes=10))
    before = told_values(site)
    assert scores_rebuild(site, NOON + timedelta(minutes=10)) == 21
    assert [comparable(row) for row in told_values(site)] == [comparable(row) for row in before]


def comparable(row: dict[str, Any]) -> dict[str, Any]:
    ignored = ("id", "computed_at", "announced")
    return {name: value for name, value in row.items() if name not in ignored}


def test_scores_outlive_the_visits_they_were_counted_from(site: Site) -> None:
    NotificationSettings.objects.create(site=site, visit_days=30, updated_at=NOON)
    visited(site, "failure", at=NOON - 40 * DAY)
    scored(site, NOON - 40 * DAY)
    scored(site, NOON - 31 * DAY)
    Visit.objects.all().delete()
    visited(site, "success", at=NOON)
    score_due(site, NOON, since=NOON - 40 * DAY)
    row = scored(site)
    assert row.total_visits == 2
    assert row.completion is not None
    assert 0 < row.completion < 100
    assert DailyScore.objects.get(day=TODAY - 40 * DAY).visits == 1
    scores_rebuild(site, LATER)
    assert DailyScore.objects.get(day=TODAY - 40 * DAY).failures == 1


def test_keeping_visits_for_longer_loses_no_scores_of_days_whose_visits_are_gone(site: Site) -> None:
    visited(site, "failure", at=NOON - 40 * DAY)
    scored(site, NOON - 40 * DAY)
    scored(site, NOON - 31 * DAY)
    Visit.objects.all().delete()  # by a retention of 30 days, which is 90 now
    visited(site, "success", at=NOON - DAY)
    score_due(site, NOON)
    assert scored(site).total_visits == 2
    scores_rebuild(site, LATER + DEBOUNCE)
    Visit.objects.all().delete()
    scores_rebuild(site, LATER + 2 * DEBOUNCE)
    assert DailyScore.objects.get(day=TODAY - 40 * DAY).failures == 1


def test_erased_visits_no_longer_count(site: Site) -> None:
    visited(site, "failure", at=NOON - 5 * DAY)
    visited(site, "success", at=NOON - DAY)
    scored(site)
    Visit.objects.filter(outcome="failure").delete()
    score_due(site, LATER, since=NOON - 5 * DAY)
    assert scored(site, LATER + DEBOUNCE).completion == 100
    assert DailyScore.objects.get(day=TODAY - 5 * DAY).overall is None


def test_rare_wishes_of_a_day_are_counted_together(site: Site) -> None:
    for number in range(INTENTS_A_DAY + 3):
        visited(site, intent=f"shortcut:{number:04d}")
    scored(site)
    intents = DailyScore.objects.get().sums["intents"]
    assert len(intents) == INTENTS_A_DAY + 1
    assert intents["other"] == [3, 3]


def test_issues_of_seven_days_are_counted(site: Site) -> None:
    for _ in range(3):
        met(visited(site, "failure"), "Element 7 not found")
    for outcome in ("success", "success", "failure"):
        met(visited(site, outcome), "Slow")
    met(visited(site, "failure", at=NOON - 8 * DAY), "Long ago")
    row = scored(site)
    assert (row.top_issues, row.critical_issues) == (2, 1)


@pytest.mark.parametrize("authored", [True, False])
def test_sentiment_is_of_reviews_of_thirty_days(site: Site, authored: bool) -> None:
    visits = [visited(site) for _ in range(2)]
    visits.append(visited(site, is_test=True))
    visits_finalised(visits, LATER)
    if authored:
        reviewed("negative", visits[0], "agent_authored")
        reviewed("positive", visits[0], "agent_authored", at=NOON - 31 * DAY)
    assert scored(site).sentiment == {
        "label": "negative" if authored else "positive",
        "provenance": "agent_authored" if authored else "derived",
        "positive": 0 if authored else 2,
        "neutral": 0,
        "negative": 1 if authored else 0,
        "mixed": 0,
    }


def reviewed(sentiment: str, visit: Visit, provenance: str, *, at: Any = NOON) -> Review:
    ratings = dict.fromkeys(["overall", "accuracy", "speed", "ease_of_use", "logic"], 3)
    return Review.objects.create(
        id=f"review_{Review.objects.count()}_{at:%j}",
        site=visit.site,
        visit_id=visit.pk,
        provenance=provenance,
        created_at=at,
        sentiment=sentiment,
        **ratings,
    )


def test_the_sweep_computes_what_is_due_once_a_minute(site: Site) -> None:
    quiet = make_site("quiet.example")
    visits_finalised([visited(quiet)], NOON - DEBOUNCE)
    scores_sweep(NOON - DEBOUNCE)
    visits_finalised([visited(site)], NOON)
    assert scores_sweep(NOON) == 1
    visits_finalised([visited(site, "failure")], NOON + timedelta(seconds=1))
    assert scores_sweep(NOON + timedelta(seconds=2)) == 0
    assert DailyScore.objects.get(site=site).visits == 1
    assert scores_sweep(NOON + DEBOUNCE) == 1
    assert DailyScore.objects.get(site=site).visits == 2
    assert scores_sweep(NOON + 2 * DEBOUNCE) == 0
    assert not ScoreDue.objects.exists()


def test_a_visit_that_ends_while_its_sites_score_is_computed_is_counted_next_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits_finalised([visited(site)], NOON)
    count = issue_counts

    def counted_slowly(*args: Any) -> Any:
        visits_finalised([visited(site, "failure")], NOON)
        return count(*args)

    monkeypatch.setattr(scoring, "issue_counts", counted_slowly)
    scores_sweep(NOON)
    assert DailyScore.objects.get().visits == 1
    monkeypatch.setattr(scoring, "issue_counts", count)
    scores_sweep(NOON + DEBOUNCE)
    assert DailyScore.objects.get().visits == 2


def test_what_another_process_computed_meanwhile_stays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    visits_finalised([visited(site)], NOON)
    count = issue_counts

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(scoring, "issue_counts", count)
        visits_finalised([visited(site, "failure")], NOON)
        site_scores_update(site, NOON + timedelta(seconds=1))
        return count(*args)

    monkeypatch.setattr(scoring, "issue_counts", overtaken)
    row = site_scores_update(site, NOON)
    assert row is not None
    assert (row.visits, DailyScore.objects.get().visits) == (2, 2)


def test_the_sweep_writes_a_row_after_midnight(site: Site) -> None:
    visits_finalised([visited(site)], NOON)
    scores_sweep(NOON)
    midnight = NOON.replace(hour=0) + DAY
    assert scores_sweep(midnight - timedelta(seconds=1)) == 0
    assert scores_sweep(midnight) == 1
    assert scores_sweep(midnight + DEBOUNCE) == 0
    assert days_of(site) == [TODAY, TODAY + DAY]


def test_a_thousand_visits_are_one_computation(site: Site) -> None:
    visited(site)
    scored(site, NOON - DEBOUNCE)
    for _ in range(100):
        scores_due([visited(site)], NOON)
    with CaptureQueriesContext(connection) as one:
        assert scores_sweep(NOON) == 1
    scores_due([visited(site)], NOON + DEBOUNCE)
    with CaptureQueriesContext(connection) as other:
        scores_sweep(NOON + DEBOUNCE)
    assert len(one) == len(other)


def test_a_score_that_moves_is_told(site: Site) -> None:
    listen(site, Happening.SCORE_CHANGED)
    for _ in range(9):
        visited(site, "success")
    scored(site, NOON)
    first = told(site, Happening.SCORE_CHANGED)
    assert [json.loads(row.body)["data"]["tone"] for row in first] == ["excellent"]
    scored(site, NOON + DEBOUNCE)
    assert len(told(site, Happening.SCORE_CHANGED)) == 1
    visited(site, "failure")
    row = scored(site, NOON + 2 * DEBOUNCE)
    messages = told(site, Happening.SCORE_CHANGED)
    data = json.loads(messages[1].body)["data"]
    assert (data["previousOverall"], data["overall"]) == (100, pytest.approx(row.overall))
    assert data["siteId"] == site.public_id


def test_slow_changes_add_up_until_they_are_told(site: Site) -> None:
    """No single day moves it by five; 100, told first, is what it is measured by."""
    listen(site, Happening.SCORE_CHANGED)
    for _ in range(40):
        visited(site, "success", intent="shortcut:a")
    values = [scored(site, NOON).overall or 0]
    for number in range(1, 12):
        visited(site, "failure", intent="shortcut:b")
        values.append(scored(site, NOON + number * DEBOUNCE).overall or 0)
    assert all(abs(after - before) < 5 for before, after in pairwise(values))
    overalls = [json.loads(row.body)["data"]["overall"] for row in told(site, Happening.SCORE_CHANGED)]
    assert len(overalls) >= 2
    assert abs(overalls[1] - overalls[0]) >= 5


def test_rebuilding_tells_nobody(site: Site) -> None:
    listen(site, Happening.SCORE_CHANGED)
    visited(site)
    scores_rebuild(site, NOON)
    assert told(site, Happening.SCORE_CHANGED) == []
    assert DailyScore.objects.get().overall == 100


def test_a_server_that_was_away_for_years_does_not_write_a_row_for_every_day(site: Site) -> None:
    visited(site)
    scored(site, NOON)
    scored(site, NOON + 3_000 * DAY)
    assert DailyScore.objects.count() == 402
    assert DailyScore.objects.order_by("-day")[0].overall is None
