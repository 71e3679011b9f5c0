"""Drift: a real change is seen, chance is not."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roverbook.core.drift import Tally, has_drifted, has_recovered, interval


def tally(visits: int, rate: float, calls_each: int = 4) -> Tally:
    return Tally(visits=visits, calls=visits * calls_each, hits=round(visits * calls_each * rate))


@pytest.mark.parametrize(
    ("recent", "before", "drifted"),
    [
        (tally(20, 0.9), tally(100, 0.05), True),
        (tally(8, 1.0), tally(20, 0.0), True),
        (tally(7, 1.0), tally(200, 0.0), False),  # too few visits now
        (tally(200, 1.0), tally(19, 0.0), False),  # too few before
        (tally(20, 0.2), tally(100, 0.05), False),  # chance can do that
        (tally(5_000, 0.14), tally(50_000, 0.05), False),  # certain, but no change that matters
        (tally(5_000, 0.16), tally(50_000, 0.05), True),
        (tally(50, 0.05), tally(100, 0.9), False),  # better
        (Tally(), Tally(), False),
    ],
)
def test_a_page_drifts_when_it_is_worse_by_more_than_chance(
    recent: Tally, before: Tally, drifted: bool
) -> None:
    assert has_drifted(recent, before) is drifted


def test_one_visit_that_fails_over_and_over_is_one_visit() -> None:
    """Two of ten visits made 100 failing calls each: most calls failed, but that is two visits' word."""
    recent = Tally(visits=10, calls=8 * 4 + 200, hits=200)
    assert recent.rate > 0.8
    assert not has_drifted(Tally(visits=2, calls=200, hits=200), tally(100, 0.05))
    assert not has_drifted(Tally(visits=8, calls=40, hits=12), tally(100, 0.05))


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5])
def test_a_page_that_did_not_change_is_not_told(rate: float) -> None:
    """3,000 looks at pages whose calls fail at random, all of a visit together: at most one false alarm."""
    chance = Random(20_260_314)
    alarms = 0
    for _ in range(3_000):
        recent, before = (
            Tally(
                visits=visits, calls=visits * 5, hits=5 * sum(chance.random() < rate for _ in range(visits))
            )
            for visits in (chance.choice([8, 20, 60]), 100)
        )
        alarms += has_drifted(recent, before)
    assert alarms <= 1


@pytest.mark.parametrize(
    ("recent", "recovered"),
    [
        (tally(20, 0.1), True),
        (tally(20, 0.15), True),
        (tally(20, 0.2), False),
        (tally(7, 0.0), False),
        (Tally(), False),
    ],
)
def test_a_page_recovers_when_it_is_as_it_was(recent: Tally, recovered: bool) -> None:
    assert has_recovered(recent, 0.1) is recovered


@given(st.floats(0, 1), st.integers(0, 100_000))
def test_an_interval_holds_its_rate(rate: float, trials: int) -> None:
    low, high = interval(rate, trials)
    assert 0 <= low <= rate + 1e-9
    assert rate - 1e-9 <= high <= 1


@given(st.floats(0, 1), st.integers(1, 1_000))
def test_more_trials_are_more_certain(rate: float, trials: int) -> None:
    few, many = interval(rate, trials), interval(rate, trials * 10)
    assert many[1] - many[0] <= few[1] - few[0] + 1e-9


@given(st.integers(8, 500), st.integers(0, 500), st.integers(20, 500), st.integers(0, 500))
def test_what_has_drifted_has_not_recovered(visits: int, hits: int, visits_before: int, before: int) -> None:
    recent = Tally(visits=visits, calls=visits, hits=min(hits, visits))
    past = Tally(visits=visits_before, calls=visits_before, hits=min(before, visits_before))
    assert not (has_drifted(recent, past) and has_recovered(recent, past.rate))
