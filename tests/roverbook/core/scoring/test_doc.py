"""docs/scoring.md: every constant is the code's, every worked number comes out of the code."""

from importlib import import_module
from pathlib import Path

import pytest

from roverbook.core.drift import Tally, has_drifted
from roverbook.core.issues import issue_of
from roverbook.core.reviewing import VisitFacts, derived_review
from roverbook.core.scoring import COMPLETION, TONES, WEIGHTS, consistency, visit_scores

Row = dict[str, str]
TEXT = (Path(__file__).parents[4] / "docs" / "scoring.md").read_text(encoding="utf-8")
CONSTANTS_OF = ("scoring", "reviewing", "interviewing", "noting", "issues", "drift")
NOT_TOLD = {"TEXT_CHARS", "CONTENT_CHARS", "TITLE_PATH_CHARS", "MESSAGE_CHARS", "RATING_LEAST", "RATING_MOST"}


def table(*first_columns: str) -> list[Row]:
    """The rows of the table that begins with these columns."""
    blocks = [block.splitlines() for block in TEXT.split("\n\n") if block.startswith("|")]
    for header, _, *rows in blocks:
        names = cells(header)
        if tuple(names[: len(first_columns)]) == first_columns:
            return [dict(zip(names, cells(row), strict=True)) for row in rows]
    raise AssertionError(f"no table begins with {first_columns}")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def number(cell: str) -> float | None:
    return None if cell == "—" else float(cell)


def test_weights_outcomes_and_tones() -> None:
    assert {row["dimension"]: float(row["weight"]) for row in table("dimension", "weight")} == WEIGHTS
    told = {row["outcome"]: float(row["completion"]) for row in table("outcome", "completion")}
    assert told == COMPLETION
    assert {row["tone"]: float(row["from"]) for row in table("tone")} == TONES


def test_constants() -> None:
    told = {row["constant"].strip("`"): float(row["value"]) for row in table("constant")}
    for name, value in told.items():
        module, constant = name.split(".")
        assert getattr(import_module(f"roverbook.core.{module}"), constant) == value, name
    left_out = {name for module in CONSTANTS_OF for name in numbers_of(module)} - set(told)
    assert {name.partition(".")[2] for name in left_out} == NOT_TOLD


def numbers_of(module: str) -> set[str]:
    """The names of the numbers that a module of the core defines."""
    found = import_module(f"roverbook.core.{module}")
    lines = Path(str(found.__file__)).read_text(encoding="utf-8").splitlines()
    assigned = [line.partition(" = ")[0].split(", ") for line in lines if " = " in line and line[0].isupper()]
    names = {name for names in assigned for name in names if name.isupper()}
    return {f"{module}.{name}" for name in names if isinstance(getattr(found, name), int | float)}


@pytest.mark.parametrize("row", table("outcome", "steps", "errors", "backtracks", "ms", "targeted"))
def test_worked_visits(row: Row) -> None:
    scores = visit_scores(
        outcome=row["outcome"],
        steps=int(row["steps"]),
        errors=int(row["errors"]),
        backtracks=int(row["backtracks"]),
        duration_ms=int(row["ms"]),
        targeted=int(row["targeted"]),
        named=int(row["named"]),
        missing=int(row["missing"]),
    )
    for name in ("completion", "efficiency", "recovery", "accessibility", "overall"):
        told = number(row[name])
        assert getattr(scores, name) == (None if told is None else pytest.approx(told, abs=0.0005)), name


@pytest.mark.parametrize("row", table("outcome", "steps", "errors", "backtracks", "ms", "accuracy"))
def test_worked_reviews(row: Row) -> None:
    review = derived_review(
        VisitFacts(
            outcome=row["outcome"],
            steps=int(row["steps"]),
            errors=int(row["errors"]),
            backtracks=int(row["backtracks"]),
            duration_ms=int(row["ms"]),
        )
    )
    found = (review.accuracy, review.speed, review.ease_of_use, review.logic, review.overall)
    assert found == tuple(int(row[name]) for name in ("accuracy", "speed", "ease of use", "logic", "rating"))
    assert review.sentiment == row["sentiment"]


@pytest.mark.parametrize("row", table("groups: visits/successes"))
def test_worked_consistency(row: Row) -> None:
    groups = [tuple(map(float, group.split("/"))) for group in row["groups: visits/successes"].split(", ")]
    assert consistency([(visits, successes) for visits, successes in groups]) == pytest.approx(
        float(row["consistency"])
    )


@pytest.mark.parametrize("row", table("message"))
def test_worked_messages(row: Row) -> None:
    assert issue_of("click", row["message"], "/").message == row["normalised"]


@pytest.mark.parametrize("row", table("visits", "calls"))
def test_worked_drift(row: Row) -> None:
    recent = Tally(visits=int(row["visits"]), calls=int(row["calls"]), hits=int(row["failed"]))
    before = Tally(
        visits=int(row["visits before"]), calls=int(row["calls before"]), hits=int(row["failed before"])
    )
    assert has_drifted(recent, before) is (row["drift"] == "yes")
