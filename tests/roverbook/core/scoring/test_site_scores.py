"""Scores of sites: younger visits weigh more, few visits are provisional, like is compared with like."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roverbook.core.scoring import (
    DaySums,
    Tone,
    consistency,
    is_news,
    overall_of,
    sentiment_summary,
    site_score,
    tone_of,
)

_DIMENSIONS = ("completion", "efficiency", "recovery", "accessibility")


def day(
    visits: int, *, score: float = 100.0, successes: int | None = None, accessibility: bool = True
) -> DaySums:
    """A day of visits that all scored the same, with the same wish."""
    dimensions: dict[str, tuple[float, int]] = dict.fromkeys(_DIMENSIONS, (score * visits, visits))
    if not accessibility:
        dimensions["accessibility"] = (0.0, 0)
    reached = visits if successes is None else successes
    return DaySums(visits=visits, dimensions=dimensions, intents={"find": (visits, reached)})


def test_a_visit_weighs_half_of_one_that_is_a_half_life_younger() -> None:
    score = site_score([(0, day(10, score=90)), (14, day(10, score=30))])
    assert score.completion == pytest.approx((90 + 0.5 * 30) / 1.5)


def test_days_outside_of_the_window_do_not_count() -> None:
    score = site_score([(0, day(5, score=80)), (84, day(500, score=0)), (-1, day(500, score=0))])
    assert (score.completion, score.total_visits) == (80, 5)


def test_a_dimension_of_which_nothing_is_known_takes_no_part() -> None:
    score = site_score([(0, day(5, score=60, accessibility=False))])
    assert score.accessibility is None
    assert score.overall == pytest.approx((0.75 * 60 + 0.10 * 100) / 0.85)


@pytest.mark.parametrize(("visits", "is_provisional"), [(1, True), (4, True), (5, False)])
def test_a_score_is_provisional_under_five_visits(visits: int, is_provisional: bool) -> None:
    score = site_score([(0, day(visits))])
    assert (score.is_provisional, score.consistency is None) == (is_provisional, is_provisional)


def test_a_site_without_visits_has_no_score() -> None:
    score = site_score([(0, day(0))])
    assert (score.overall, score.total_visits, score.is_provisional) == (None, 0, True)


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        ([(10, 10)], 100),  # always
        ([(10, 0)], 100),  # never, which is just as consistent
        ([(10, 5)], 0),  # by chance
        ([(10, 9)], 40),  # 100·(1 - 2·0.3)
        ([(10, 5), (30, 30)], 75),  # a cluster by its visits
        ([], None),
        ([(0, 0)], None),
    ],
)
def test_consistency_is_whether_the_same_wish_ends_the_same_way(
    clusters: list[tuple[float, float]], expected: float | None
) -> None:
    assert consistency(clusters) == (None if expected is None else pytest.approx(expected))


def test_consistency_compares_like_with_like() -> None:
    told_apart = DaySums(visits=10, dimensions={}, intents={"find": (5, 5), "form": (5, 0)})
    lumped = DaySums(visits=10, dimensions={}, intents={"find": (10, 5)})
    assert (site_score([(0, told_apart)]).consistency, site_score([(0, lumped)]).consistency) == (100, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 50), st.floats(0, 100), st.integers(0, 50)),
        max_size=20,
    )
)
def test_a_sites_scores_stay_between_0_and_100(days: list[tuple[int, int, float, int]]) -> None:
    score = site_score(
        (age, day(visits, score=value, successes=min(visits, reached)))
        for age, visits, value, reached in days
    )
    values = [score.overall, score.completion, score.consistency, score.accessibility]
    assert all(value is None or 0 <= value <= 100 for value in values)


@given(st.lists(st.tuples(st.integers(0, 83), st.floats(0, 100)), min_size=1), st.floats(0, 100))
def test_a_better_visit_never_lowers_the_mean(days: list[tuple[int, float]], more: float) -> None:
    before = site_score((age, day(1, score=value)) for age, value in days).completion
    better = max(more, before or 0)
    after = site_score([*((age, day(1, score=value)) for age, value in days), (0, day(1, score=better))])
    assert after.completion is not None
    assert before is not None
    assert after.completion >= before - 1e-9


@pytest.mark.parametrize(
    ("overall", "tone"),
    [
        (100, "excellent"), (80, "excellent"), (79.99, "healthy"), (60, "healthy"), (59.9, "warning"),
        (35, "warning"), (34.9, "critical"), (0, "critical"), (None, "no data"),
    ],
)  # fmt: skip
def test_tones(overall: float | None, tone: str) -> None:
    assert tone_of(overall) == tone


def test_nothing_known_is_no_overall() -> None:
    assert overall_of({"completion": None, "recovery": None}) is None


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        (None, None, False),
        (None, 70.0, True),
        (70.0, 74.9, False),
        (70.0, 75.0, True),
        (70.0, 65.0, True),
        (60.0, 59.9, True),  # the tone
        (81.0, 84.0, False),
        (70.0, None, True),
    ],
)
def test_a_change_of_tone_or_of_five_is_told(before: float | None, now: float | None, is_told: bool) -> None:
    assert is_news(before, now) is is_told


@pytest.mark.parametrize(
    ("authored", "derived", "label", "provenance"),
    [
        ({}, {}, Tone.NO_DATA, ""),
        ({"positive": 3, "negative": 1}, {"negative": 99}, "positive", "agent_authored"),
        ({}, {"negative": 3, "mixed": 1}, "negative", "derived"),
        ({"positive": 2, "negative": 2}, {}, "mixed", "agent_authored"),
        ({"neutral": 4}, {}, "neutral", "agent_authored"),
        ({"neutral": 3, "mixed": 1}, {}, "mixed", "agent_authored"),
        ({"positive": 1, "neutral": 3}, {}, "positive", "agent_authored"),
        ({"positive": 1, "neutral": 4}, {}, "mixed", "agent_authored"),
    ],
)
def test_sentiment_is_what_agents_wrote_if_they_wrote(
    authored: Mapping[str, int], derived: Mapping[str, int], label: str, provenance: str
) -> None:
    summary = sentiment_summary(authored, derived)
    assert (summary["label"], summary["provenance"]) == (label, provenance)


def test_sentiment_tells_the_counts() -> None:
    assert sentiment_summary({"positive": 3, "mixed": 1}, {}) == {
        "label": "positive", "provenance": "agent_authored", "positive": 3, "neutral": 0, "negative": 0, "mixed": 1,
    }  # fmt: skip
