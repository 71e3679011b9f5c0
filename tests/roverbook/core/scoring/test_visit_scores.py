"""Scores of one visit: the formulas by worked numbers, their bounds, and which way they go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roverbook.core.scoring import COMPLETION, VisitScores, visit_scores

NUMBERS = {
    "steps": st.integers(0, 2_000),
    "errors": st.integers(0, 500),
    "backtracks": st.integers(0, 500),
    "duration_ms": st.integers(0, 10**9),
    "targeted": st.integers(0, 500),
    "named": st.integers(0, 500),
    "missing": st.integers(0, 50),
}
OUTCOMES = st.sampled_from(sorted(COMPLETION))


def scored(outcome: str = "success", **numbers: int) -> VisitScores:
    plain = {
        "steps": 4, "errors": 0, "backtracks": 0, "duration_ms": 4_000, "targeted": 0, "named": 0, "missing": 0,
    }  # fmt: skip
    return visit_scores(outcome=outcome, **(plain | numbers))


@pytest.mark.parametrize(
    ("outcome", "completion"),
    [("success", 100), ("partial", 50), ("input_required", 40), ("abandoned", 15), ("failure", 0)],
)
def test_completion_is_by_the_outcome(outcome: str, completion: int) -> None:
    assert scored(outcome).completion == completion


@pytest.mark.parametrize(
    ("steps", "backtracks", "duration_ms", "efficiency"),
    [
        (4, 0, 4_000, 100.0),
        (8, 0, 12_000, 100.0),  # all that is free: 8 steps of 1.5 s
        (10, 1, 40_000, 83.009_804),  # 50·(1-2/24) + 30·(1-2500/8500) + 20·(1-2/10)
        (20, 2, 115_000, 56.0),  # 50·0.5 + 30·0.5 + 20·0.8, less nothing: 25 + 15 + 16
        (32, 16, 320_000, 0.0),  # 24 steps too many, 10 s a step, half of them back
        (0, 0, 0, 100.0),  # no step counts as one
    ],
)
def test_efficiency_is_steps_speed_and_going_back(
    steps: int, backtracks: int, duration_ms: int, efficiency: float
) -> None:
    scores = scored(steps=steps, backtracks=backtracks, duration_ms=duration_ms)
    assert scores.efficiency == pytest.approx(efficiency)


@pytest.mark.parametrize(
    ("outcome", "errors", "recovery"),
    [
        ("success", 0, 100),
        ("failure", 0, 100),
        ("success", 1, 85),
        ("success", 4, 40),
        ("success", 9, 40),
        ("partial", 1, 30),
        ("abandoned", 3, 10),
        ("failure", 4, 0),
        ("failure", 9, 0),
    ],
)
def test_recovery_is_how_it_went_on_after_errors(outcome: str, errors: int, recovery: int) -> None:
    assert scored(outcome, errors=errors).recovery == recovery


@pytest.mark.parametrize(
    ("targeted", "named", "missing", "accessibility"),
    [(0, 0, 0, None), (4, 4, 0, 100), (5, 4, 0, 80), (10, 9, 2, 70), (4, 1, 3, 0), (3, 0, 0, 0)],
)
def test_accessibility_is_the_share_of_named_elements(
    targeted: int, named: int, missing: int, accessibility: float | None
) -> None:
    scores = scored(targeted=targeted, named=named, missing=missing)
    assert scores.accessibility == (None if accessibility is None else pytest.approx(accessibility))


@pytest.mark.parametrize(
    ("outcome", "numbers", "overall"),
    [
        ("success", {"targeted": 4, "named": 4}, 100.0),
        (
            "success",
            {"steps": 10, "errors": 2, "backtracks": 1, "duration_ms": 40_000, "targeted": 5, "named": 4},
            86.224_401,  # (35·1 + 20·0.830098 + 20·0.7 + 15·0.8) / 0.9
        ),
        ("failure", {"steps": 5, "errors": 5, "duration_ms": 5_000}, 26.666_667),  # 20 / 0.75
        ("abandoned", {"steps": 0, "duration_ms": 0}, 60.333_333),  # (5.25 + 20 + 20) / 0.75
    ],
)
def test_overall_is_the_weighted_mean_of_what_there_is(
    outcome: str, numbers: dict[str, int], overall: float
) -> None:
    assert scored(outcome, **numbers).overall == pytest.approx(overall)


def test_an_outcome_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no such outcome: 'won'"):
        scored("won")


@given(outcome=OUTCOMES, **NUMBERS)
def test_every_score_is_between_0_and_100(outcome: str, **numbers: int) -> None:
    scores = visit_scores(outcome=outcome, **numbers)
    values = [scores.completion, scores.efficiency, scores.recovery, scores.accessibility, scores.overall]
    assert all(value is None or 0 <= value <= 100 for value in values)


@given(outcome=OUTCOMES, worse=st.sampled_from(["errors", "backtracks", "duration_ms", "missing"]), **NUMBERS)
def test_no_score_gets_better_by_what_is_bad(outcome: str, worse: str, **numbers: int) -> None:
    before = visit_scores(outcome=outcome, **numbers)
    after = visit_scores(outcome=outcome, **(numbers | {worse: numbers[worse] + 7}))
    assert after.overall <= before.overall + 1e-9


@given(better=st.sampled_from(["partial", "success"]), **NUMBERS)
def test_a_better_outcome_is_never_a_worse_score(better: str, **numbers: int) -> None:
    best, worst = visit_scores(outcome=better, **numbers), visit_scores(outcome="failure", **numbers)
    assert best.overall >= worst.overall
