"""The Prefer header (RFC 7240)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.prefer import Execution, Preferences, parse_prefer

CLOUD, BROWSER, AUTO = Execution.CLOUD, Execution.BROWSER, Execution.AUTO


@pytest.mark.parametrize(
    ("lines", "wait", "execution"),
    [
        ([], None, None),
        (["wait=15"], 15, None),
        (["Wait = 15"], 15, None),
        (['wait="15"'], 15, None),
        (['wait="1\\5"'], 15, None),
        (["wait\t=\t15"], 15, None),
        (["wait=0"], 0, None),
        (["wait=007"], 7, None),
        (["execution=cloud, wait=15"], 15, CLOUD),
        (["execution=cloud", "wait=15"], 15, CLOUD),
        (["respond-async, wait=10"], 10, None),
        (["EXECUTION=cloud"], None, CLOUD),
        (['execution="cloud"'], None, CLOUD),
        (["execution=browser"], None, BROWSER),
        (["execution=auto"], None, AUTO),
        ([",,wait=2,,"], 2, None),
        (["wait=5; foo"], 5, None),
        (['wait=5; foo="x;y"'], 5, None),
        (["wait=5;;foo = bar ; ;"], 5, None),
    ],
)
def test_well_formed_preferences_count(
    lines: list[str], wait: int | None, execution: Execution | None
) -> None:
    found = parse_prefer(lines)

    assert (found.wait, found.execution) == (wait, execution)


@pytest.mark.parametrize(
    ("lines", "wait", "execution"),
    [
        (["wait=1;wait=9, wait=2"], 1, None),
        (["wait=15", "wait=1"], 15, None),
        (["execution=cloud, execution=browser"], None, CLOUD),
        (["wait=soon, wait=5"], None, None),
        (['wait="", wait=5'], None, None),
        (["execution=turbo, execution=cloud"], None, None),
    ],
)
def test_the_first_occurrence_wins_even_when_its_value_is_of_no_use(
    lines: list[str], wait: int | None, execution: Execution | None
) -> None:
    found = parse_prefer(lines)

    assert (found.wait, found.execution) == (wait, execution)


@pytest.mark.parametrize(
    "value",
    [
        "wait=-1",
        "wait=1.5",
        "wait=",
        'wait=""',
        "wait",
        "wait=5 6",
        "wait=٣",
        "wait=+5",
        "wait=1_0",
        "wait=5s",
        "execution=Cloud",
        "execution=turbo",
        "execution",
        "execution=cloud wait=5",
        "handling=lenient",
        "",
        "wait=5 ;foo=b@r",
        "wait=5;=x",
        "wait==5",
        "=5",
        'wait="5',
        'wait="5\x00"',
        "wait='5'",
        "wäit=5",
    ],
)
def test_what_is_unknown_or_malformed_is_as_if_it_were_not_there(value: str) -> None:
    assert parse_prefer([value]) == Preferences()


@pytest.mark.parametrize(
    "value",
    [
        "b@d, wait=3",
        "execution=cloud x, wait=3",
        "foo=bar;;;a=b, wait=3",
        'foo="a\\"b, c", wait=3',
        'foo="a, wait=9", wait=3',
        "{}, wait=3",
        'foo="", wait=3',
    ],
)
def test_a_bad_neighbour_does_not_spoil_a_good_preference(value: str) -> None:
    assert parse_prefer([value]).wait == 3


def test_a_quote_that_never_ends_swallows_its_own_line_alone() -> None:
    assert parse_prefer(['foo="a, wait=9', "wait=3"]).wait == 3


@pytest.mark.parametrize("value", ["wait=31", "wait=999999", "wait=" + "9" * 5000])
def test_a_wait_over_the_limit_is_the_limit(value: str) -> None:
    assert parse_prefer([value]).wait == 30


@pytest.mark.parametrize(
    ("value", "applied"),
    [
        ("wait=15, execution=cloud", ("wait=15", "execution=cloud")),
        ('execution="cloud";a=b, wait=99', ("execution=cloud", "wait=30")),
        ("respond-async, wait=x, execution=browser", ("execution=browser",)),
        ("handling=strict", ()),
    ],
)
def test_what_counts_is_told_back_without_parameters(value: str, applied: tuple[str, ...]) -> None:
    assert parse_prefer([value]).applied == applied


@settings(max_examples=300)
@given(st.lists(st.text(alphabet='waitexcuonlodbrs0139=;,"\\ \t\x00é', max_size=60), max_size=3))
def test_no_text_is_an_error_and_what_is_applied_reads_the_same_again(lines: list[str]) -> None:
    found = parse_prefer(lines)

    assert found.wait is None or 0 <= found.wait <= 30
    assert parse_prefer([", ".join(found.applied)]) == found


@pytest.mark.parametrize("unit", ['"', '\\"', '"\\', 'a="\\', ";", "a;", ",", "=", ' \t"'])
def test_a_header_made_to_be_slow_is_read_in_its_own_length(unit: str) -> None:
    assert parse_prefer(['"' + unit * 200_000]) == Preferences()
