"""docs/conformance.md names tests that exist, for every promise."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "conformance.md").read_text()
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
COUNTS = {
    "Promises": 36,
    "Agents' tasks": 24,
    "Agents' tasks, sentence by sentence": 112,
    "Tricky inputs": 70,
}


def rows(title: str) -> list[tuple[int, str, str]]:
    """Number, subject and proof of each row of the table under a heading."""
    part = TEXT.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [(int(number), subject.strip(), proof.strip()) for number, subject, proof in cells[2:]]


@cache
def named_tests(path: str) -> frozenset[str]:
    """The names of the test functions of a module, read and not imported."""
    tree = ast.parse((TESTS / path).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize(("title", "count"), COUNTS.items())
def test_every_row_is_there_once_and_in_order(title: str, count: int) -> None:
    assert [number for number, _, _ in rows(title)] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("number", "subject", "proof"),
    [row for title in COUNTS for row in rows(title)],
    ids=lambda value: str(value)[:30],
)
def test_a_row_names_its_proof_or_says_what_is_missing(number: int, subject: str, proof: str) -> None:
    assert NAMED.search(proof) or "**Not there yet:**" in subject or proof.startswith("**Open")


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(TEXT))))
def test_a_named_test_exists(path: str, name: str) -> None:
    assert name in named_tests(path)


def test_nothing_that_looks_like_a_test_is_named_in_another_form() -> None:
    assert len(re.findall(r"\btest_\w+\b(?!\.py)", TEXT)) == len(NAMED.findall(TEXT))
