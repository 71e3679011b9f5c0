"""The line by which visits are filtered."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roverbook.core.filter_line import CHARS_MAX, FIELDS, TERMS_MAX, WORDS, Kind, Term, read_filter_line
from roverbook.core.filter_values import day, milliseconds, moment

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def term(field: str, *values: str, op: str = "", is_not: bool = False) -> Term:
    return Term(field=field, values=values, op=op, is_not=is_not)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("outcome:failure", [term("outcome", "failure")]),
        ("OUTCOME:Failure", [term("outcome", "failure")]),
        ("outcome:failure,partial", [term("outcome", "failure", "partial")]),
        ("agent:claude*", [term("agent", "claude*")]),
        ('agent:"Harbour Scout"', [term("agent", "Harbour Scout")]),
        ("trust:verified_signed", [term("trust", "verified_signed")]),
        ("steps:>10", [term("steps", "10", op=">")]),
        ("steps>10", [term("steps", "10", op=">")]),
        ("steps:>=10 steps:<20", [term("steps", "10", op=">="), term("steps", "20", op="<")]),
        ("score:<50", [term("score", "50", op="<")]),
        ("duration:>30s", [term("duration", "30s", op=">")]),
        ("page:/cart", [term("page", "/cart")]),
        ("-tool:scroll", [term("tool", "scroll", is_not=True)]),
        ('"gift card"', [term(WORDS, "gift card")]),
        ('-"gift card"', [term(WORDS, "gift card", is_not=True)]),
        (r'"a \"b\" \\ c"', [term(WORDS, r'a "b" \ c')]),
        ("kettle blue", [term(WORDS, "kettle"), term(WORDS, "blue")]),
        ("kettle kettle", [term(WORDS, "kettle")]),
        ("https://shop.example/a", [term(WORDS, "https://shop.example/a")]),
        ("after:2026-11-01", [term("after", "2026-11-01")]),
        ("launchSource:webmcp", [term("launch", "webmcp")]),
        ("-", [term(WORDS, "-")]),
        ("a<b", [term(WORDS, "a<b")]),
        ("", []),
        ('"never closed', [term(WORDS, "never closed")]),
    ],
)  # fmt: skip
def test_reads(text: str, terms: list[Term]) -> None:
    found = read_filter_line(text)
    assert list(found.terms) == terms
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("outcom:failure steps:>3", "outcome:failure steps:>3"),
        ("-outcom:failure", "-outcome:failure"),
        ("outcome:fail", "outcome:failure"),
        ("trust:verified", "trust:verified_signed"),
        ("outcom:fail", "outcome:failure"),
        ("outcom:x", ""),
        ("zzzz:1", '"zzzz:1"'),
        ("steps:many", "steps:10"),
        ("steps:", "steps:>10"),
        ("outcome:>failure", "outcome:failure"),
        ("steps:>1,2", "steps:>1"),
        ("-steps:many", "-steps:10"),
        ("day:today,yesterday", "day:today"),
        ("duration:long", "duration:30s"),
        ("after:2026-13-01", "after:-7d"),
        ("day:someday", "day:today"),
        ('""', ""),
    ],
)
def test_says_what_was_probably_meant_and_leaves_the_part_out(text: str, suggestion: str) -> None:
    found = read_filter_line(text)
    [problem] = found.problems
    assert problem.suggestion == suggestion
    assert problem.text in text
    assert all(str(one) in text for one in found.terms)


def test_a_suggestion_can_be_read() -> None:
    for text in ("outcom:failure", "outcome:fail", "zzzz:1", "steps:many", "steps:"):
        suggestion = read_filter_line(text).problems[0].suggestion
        assert read_filter_line(suggestion).problems == (), suggestion


def test_every_example_can_be_read() -> None:
    for name, field in FIELDS.items():
        assert read_filter_line(f"{name}:{field.example}").problems == (), name


def test_what_is_too_long_is_cut_and_said() -> None:
    many = read_filter_line(" ".join(f"w{n}" for n in range(TERMS_MAX + 1)))
    assert len(many.terms) == TERMS_MAX and len(many.problems) == 1
    long = read_filter_line("x" * (CHARS_MAX + 1))
    assert len(str(long)) == CHARS_MAX and len(long.problems) == 1


def test_what_cannot_be_seen_does_not_count() -> None:
    assert str(read_filter_line("out\u202ecome:\x00failure\x1b[31m")) == "outcome:failure"


def test_a_term_takes_the_place_of_the_others_of_its_field() -> None:
    line = read_filter_line("outcome:failure agent:scout outcome:partial")
    assert str(line.having("outcome", "success")) == "agent:scout outcome:success"
    assert str(line.without("outcome")) == "agent:scout"


_TEXT = st.text(alphabet=r"""aZ09 ,:;"\*%_-<>=.ßжあ🚤/()'`""", min_size=1, max_size=12)
_SEEN = _TEXT.map(str.strip).filter(bool)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Any term that can be typed."""
    name = draw(st.sampled_from([WORDS, *FIELDS]))
    is_not = draw(st.booleans())
    if name == WORDS:
        return term(WORDS, draw(_SEEN), is_not=is_not)
    kind = FIELDS[name].kind
    if kind is Kind.TEXT:
        return term(name, *draw(st.lists(_SEEN, min_size=1, max_size=3, unique=True)), is_not=is_not)
    if kind is Kind.CHOICE:
        return term(name, *draw(st.lists(st.sampled_from(FIELDS[name].choices), min_size=1, unique=True)))
    if kind is Kind.NUMBER:
        op = draw(st.sampled_from(["", ">", ">=", "<", "<="]))
        return term(name, str(draw(st.integers(0, 10**9 - 1))), op=op, is_not=is_not)
    if kind is Kind.DURATION:
        return term(name, f"{draw(st.integers(0, 10**6))}{draw(st.sampled_from(['ms', 's', 'm', 'h']))}")
    return term(
        name, draw(st.dates(NOW.date().replace(year=1990), NOW.date().replace(year=2900))).isoformat()
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(terms(), max_size=6))
def test_what_is_written_is_read_again(given_terms: list[Term]) -> None:
    line = " ".join(map(str, given_terms))
    found = read_filter_line(line)
    if len(line) <= CHARS_MAX:
        assert list(found.terms) == list(dict.fromkeys(given_terms))
        assert found.problems == ()


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text())
def test_nothing_that_is_typed_fails_and_what_was_read_stays_the_same(text: str) -> None:
    found = read_filter_line(text)
    again = read_filter_line(str(found))
    assert len(str(found)) > CHARS_MAX or again.terms == found.terms


@pytest.mark.parametrize(
    ("text", "found"),
    [("500ms", 500), ("30s", 30_000), ("30", 30_000), ("1.5m", 90_000), ("1h", 3_600_000), ("", None), ("s", None)],
)  # fmt: skip
def test_lengths_of_time(text: str, found: float | None) -> None:
    assert milliseconds(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-01", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T10:05", "2026-11-01T10:05:00+00:00"),
        ("2026-11-01t10:05:09Z", "2026-11-01T10:05:09+00:00"),
        ("-7d", "2026-11-16T12:30:00+00:00"),
        ("-90m", "2026-11-23T11:00:00+00:00"),
        ("yesterday", "2026-11-22T00:00:00+00:00"),
        ("2026-02-30", None),
        ("0001-01-01", None),
        ("10:05", None),
    ],
)
def test_moments(text: str, found: str | None) -> None:
    at = moment(text, NOW)
    assert (at.isoformat() if at else None) == found


def test_days() -> None:
    assert [str(day(text, NOW)) for text in ("today", "-2", "2026-01-05", "x")] == [
        "2026-11-23", "2026-11-21", "2026-01-05", "None",
    ]  # fmt: skip
