"""Small readers: days, amounts, days of the week, robots.txt, answers to questions."""

from decimal import Decimal

import pytest

from tasks.executing.protocol import Answer
from tasks.executing.robots import read_robots
from tasks.executing.rules.asking import Answers, NeedsInput, chosen
from tasks.executing.rules.money import find_amounts
from tasks.executing.rules.weekdays import days_in
from tasks.executing.viewing.dates import find_day


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-01T09:00:00Z", "2026-03-01"),
        ("on 3 March 2026", "2026-03-03"),
        ("March 3rd, 2026", "2026-03-03"),
        ("am 3. März 2026", "2026-03-03"),
        ("03.11.2025", "2025-11-03"),
        ("31/12/2025", "2025-12-31"),
        ("3/4/2026", None),
        ("31.02.2026", None),
        ("version 1.2.3", None),
        ("Sun, 01 Mar 2026 10:00:00 +0000, updated 2026-04-01", "2026-03-01"),
    ],
)
def test_a_day_is_read_as_it_is_written(text: str, iso: str | None) -> None:
    found = find_day(text)
    assert (found.iso if found else None) == iso


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("£4.80", "£4.80", "4.80"),
        ("nur 1.299,00 € im Set", "1.299,00 €", "1299.00"),
        ("USD 1,299", "USD 1,299", "1299"),
        ("$1,299.50", "$1,299.50", "1299.50"),
        ("6,- €", "6,- €", "6"),
        ("CHF 12.–", "CHF 12.–", "12"),
        ("12 Euro", "12 Euro", "12"),
    ],
)
def test_an_amount_is_read_as_it_is_written(text: str, words: str, value: str) -> None:
    assert [(amount.words, amount.value) for amount in find_amounts(text)] == [(words, Decimal(value))]


@pytest.mark.parametrize("text", ["4.80", "room 12", "1886", "a €uro", "12 europeans"])
def test_a_number_without_a_currency_is_no_amount(text: str) -> None:
    assert find_amounts(text) == []


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Tuesday to Friday", {1, 2, 3, 4}),
        ("Mo - Fr", {0, 1, 2, 3, 4}),
        ("Samstag bis Montag", {5, 6, 0}),
        ("Di + Do", {1, 3}),
        ("täglich", set(range(7))),
        ("weekends", {5, 6}),
        ("ground floor", set()),
    ],
)
def test_days_of_the_week_and_their_ranges(text: str, days: set[int]) -> None:
    assert days_in(text) == days


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private/a", False),
        ("/private/open/a", True),
        ("/list.php?sort=up", False),
        ("/a/b.pdf", False),
        ("/a/b.pdf?x", True),
        ("/robots.txt", True),
        ("/caf%C3%A9", False),
    ],
)
def test_the_longest_rule_of_robots_txt_decides(path: str, allowed: bool) -> None:
    text = (
        "User-agent: other\nDisallow: /\n\nUser-agent: rover\nUser-agent: *\nDisallow: /private/\nAllow: /private/open\n"
        "Disallow: /*?sort=\nDisallow: /*.pdf$ # no papers\nDisallow: /café\nDisallow:\n"
    )
    assert read_robots(text, "Rover").allows(f"https://site.example{path}") is allowed


def test_robots_txt_without_a_group_for_us_allows_all_and_names_site_maps() -> None:
    robots = read_robots("User-agent: other\nDisallow: /\nSitemap: https://site.example/map.xml", "Rover")
    assert robots.allows("https://site.example/x")
    assert robots.sitemaps == ("https://site.example/map.xml",)


def test_a_pattern_of_many_stars_is_matched_in_time() -> None:
    robots = read_robots("User-agent: *\nDisallow: /" + "*a" * 200 + "$", "Rover")
    assert robots.allows("https://site.example/" + "a" * 5_000 + "b")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Bowl, large: £9", 1),
        ("2", 1),
        ("2.", 1),
        ("the small one", 0),
        ("LARGE", 1),
        ("bowl", None),
        ("3", None),
        ("0", None),
        ("", None),
    ],
)
def test_an_answer_chooses_only_what_it_fits_alone(said: str, at: int | None) -> None:
    assert chosen(said, ["Bowl, small: £7", "Bowl, large: £9"]) == at


def test_an_answer_with_a_key_is_for_its_question_only() -> None:
    answers = Answers([Answer(text="red", key="colour")])
    assert answers.choose("colour", "Which colour?", [("red", 1), ("blue", 2)]) == 1
    with pytest.raises(NeedsInput):
        answers.choose("size", "Which size?", [("red", 1), ("blue", 2)])


def test_an_answer_without_a_key_serves_once() -> None:
    answers = Answers([Answer(text="red")])
    assert answers.choose("colour", "Which colour?", [("red", 1), ("blue", 2)]) == 1
    with pytest.raises(NeedsInput):
        answers.choose("lining", "Which lining?", [("red", 1), ("blue", 2)])
