"""The pages and scores on which the benchmarks rest."""

from pathlib import Path
from statistics import mean

import pytest
from selectolax.lexbor import LexborHTMLParser

from benchmarks.corpus import make_page, read_corpus, write_corpus
from benchmarks.corpus.layouts import LAYOUTS
from benchmarks.results import Result, at_least, at_most
from benchmarks.scores import f1, percentile


def test_the_same_number_and_seed_give_the_same_page() -> None:
    assert make_page(3) == make_page(3)


def test_another_seed_gives_another_page() -> None:
    assert make_page(3).html != make_page(3, seed=2).html


def test_pages_have_the_sizes_of_real_ones() -> None:
    sizes = sorted(len(make_page(number).html) for number in range(60))
    assert 90_000 < mean(sizes) < 180_000
    assert sizes[54] > 200_000


@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_the_gold_text_is_on_the_page_and_is_not_all_of_it(number: int) -> None:
    page = make_page(number)
    body = LexborHTMLParser(page.html).body
    assert body is not None
    words = body.text(separator=" ").split()
    gold = page.gold.split()
    assert set(gold) <= set(words)
    assert len(gold) < 0.9 * len(words)


def test_a_corpus_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_corpus(tmp_path, 2)
    assert list(read_corpus(tmp_path, 2)) == [make_page(0), make_page(1)]


@pytest.mark.parametrize(
    ("markdown", "gold", "score"),
    [
        ("# One two", "one two", 1.0),
        ("[one](http://x/three) two", "one two", 1.0),
        ("one two three four", "one two", 2 / 3),
        ("one one", "one", 2 / 3),
        ("", "one", 0.0),
        ("two", "one", 0.0),
    ],
)
def test_f1_counts_words_and_no_marks(markdown: str, gold: str, score: float) -> None:
    assert f1(markdown, gold) == pytest.approx(score)


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize(
    ("result", "ok"),
    [
        (Result(promise="p", value=2.0, unit="s", bar=at_least(2)), True),
        (Result(promise="p", value=2.0, unit="s", bar=at_most(1)), False),
        (Result(promise="p", value=None, unit="s", bar=at_most(1)), False),
        (Result(promise="p", value=2.0, unit="s"), None),
    ],
)
def test_a_result_is_judged_by_its_bar(result: Result, ok: bool | None) -> None:
    assert result.ok is ok
