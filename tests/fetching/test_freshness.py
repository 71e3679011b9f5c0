"""Which answers are used again, and for how long: RFC 9111 as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fetching.freshness import Basis, Freshness, Lifetimes, http_date, judge, read_directives

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RULES = Lifetimes(
    default=timedelta(minutes=15),
    minimum=timedelta(minutes=5),
    maximum=timedelta(days=7),
    stale=timedelta(minutes=5),
)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def stamp(seconds: float) -> str:
    """An HTTP date so many seconds from now."""
    return (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")


def judged(
    headers: dict[str, str], *, status: int = 200, took: float = 0.0, lifetimes: Lifetimes = RULES
) -> Freshness | None:
    """The verdict on an answer that came now."""
    return judge(
        status=status,
        header={name.lower(): value for name, value in headers.items()}.get,
        asked_at=NOW - timedelta(seconds=took),
        answered_at=NOW,
        lifetimes=lifetimes,
    )


def fresh(headers: dict[str, str], **given: object) -> float:
    """For how many seconds an answer is fresh."""
    found = judged(headers, **given)  # type: ignore[arg-type]
    assert found is not None
    return (found.fresh_until - NOW).total_seconds()


def beyond(headers: dict[str, str], *, lifetimes: Lifetimes = RULES) -> tuple[float, float]:
    """For how many seconds more it is used while it is asked for anew, and when asking fails."""
    found = judged(headers, lifetimes=lifetimes)
    assert found is not None
    spans = (found.stale_until - found.fresh_until, found.error_until - found.fresh_until)
    return spans[0].total_seconds(), spans[1].total_seconds()


@pytest.mark.parametrize(
    ("headers", "seconds", "basis"),
    [
        ({"Cache-Control": "max-age=600"}, 600, "max-age"),
        ({"Cache-Control": "MAX-AGE=600"}, 600, "max-age"),
        ({"Cache-Control": 'max-age="600"'}, 600, "max-age"),
        ({"Cache-Control": "max-age=600, s-maxage=60"}, 60, "s-maxage"),
        ({"Cache-Control": "max-age=60, max-age=600"}, 60, "max-age"),
        ({"Cache-Control": "max-age=0"}, 0, "max-age"),
        ({"Cache-Control": "max-age=00000000000000000005"}, 5, "max-age"),
        ({"Cache-Control": "max-age=５"}, 15 * MINUTE, "default"),
        ({"Cache-Control": "max-age=600", "Expires": "0"}, 600, "max-age"),
        ({"Cache-Control": 'private="set-cookie, max-age=1", max-age=600'}, 600, "max-age"),
        ({"Cache-Control": "foo=bar, ;;, max-age=600"}, 600, "max-age"),
        ({"Cache-Control": f"max-age={'9' * 5_000}"}, 7 * DAY, "max-age"),
        ({"Expires": stamp(600)}, 600, "expires"),
        ({"Expires": stamp(600), "Date": stamp(-60)}, 600, "expires"),  # 660 of which 60 are over
        ({"Expires": stamp(-600)}, 0, "expires"),
        ({"Expires": "0"}, 0, "expires"),
        ({"Expires": "tomorrow"}, 0, "expires"),
        ({"Last-Modified": stamp(-10 * HOUR)}, HOUR, "heuristic"),
        ({"Last-Modified": stamp(-100 * DAY)}, DAY, "heuristic"),
        ({"Last-Modified": stamp(-60)}, 5 * MINUTE, "heuristic"),
        ({"Last-Modified": stamp(60)}, 15 * MINUTE, "default"),
        ({"Last-Modified": "long ago"}, 15 * MINUTE, "default"),
        ({}, 15 * MINUTE, "default"),
        ({"Cache-Control": "max-age=-1"}, 15 * MINUTE, "default"),
        ({"Cache-Control": "max-age=1.5"}, 15 * MINUTE, "default"),
        ({"Cache-Control": "max-age"}, 15 * MINUTE, "default"),
        ({"Cache-Control": "public"}, 15 * MINUTE, "default"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_lifetime_is_what_the_origin_names_else_a_guess(
    headers: dict[str, str], seconds: float, basis: str
) -> None:
    found = judged(headers)
    assert found is not None
    assert ((found.fresh_until - NOW).total_seconds(), found.basis) == (seconds, basis)


@pytest.mark.parametrize(
    ("headers", "took", "seconds"),
    [
        ({"Age": "100"}, 0, 500),
        ({"Age": "100"}, 10, 490),  # the time of the way counts (§4.2.3)
        ({"Date": stamp(-200)}, 0, 400),
        ({"Date": stamp(-200), "Age": "100"}, 10, 400),  # the older of both
        ({"Date": stamp(500)}, 0, 600),  # a clock that is ahead makes nothing younger
        ({"Age": "700"}, 0, 0),
        ({"Age": "x"}, 0, 600),
        ({"Age": "100, 300"}, 0, 500),
        ({"Date": "never"}, 0, 600),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_an_answer_spent_on_its_way_is_taken_off(
    headers: dict[str, str], took: float, seconds: float
) -> None:
    assert fresh({"Cache-Control": "max-age=600"} | headers, took=took) == seconds


@pytest.mark.parametrize(
    ("headers", "shared", "stored"),
    [
        ({"Cache-Control": "no-store"}, False, False),
        ({"Cache-Control": "max-age=600, No-Store"}, False, False),
        ({"Cache-Control": "private"}, False, True),
        ({"Cache-Control": "private"}, True, False),
        ({"Cache-Control": 'x="no-store"'}, False, True),
        ({"Cache-Control": "no-cache"}, True, True),
        ({"Vary": "*"}, True, True),
    ],
    ids=str,
)
def test_some_answers_are_not_kept(headers: dict[str, str], shared: bool, stored: bool) -> None:
    lifetimes = Lifetimes(default=RULES.default, maximum=RULES.maximum, is_shared=shared)
    assert (judged(headers, lifetimes=lifetimes) is not None) is stored


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "no-cache"},
        {"Cache-Control": "no-cache, max-age=600"},
        {"Cache-Control": 'no-cache="set-cookie", max-age=600'},
        {"Cache-Control": "max-age=600", "Vary": "*"},
        {"Cache-Control": "max-age=600", "Vary": "accept, *"},
    ],
    ids=str,
)
def test_some_are_kept_and_asked_for_each_time(headers: dict[str, str]) -> None:
    assert (fresh(headers), beyond(headers)) == (0, (0, 0))


@pytest.mark.parametrize(
    ("cache_control", "while_asking", "on_error"),
    [
        ("max-age=600", 300, 300),
        ("max-age=600, stale-while-revalidate=30", 30, 300),
        ("max-age=600, stale-while-revalidate=3000, stale-if-error=60", 300, 60),
        ("max-age=600, stale-while-revalidate=0, stale-if-error=0", 0, 0),
        ("max-age=600, must-revalidate", 0, 0),
        ("max-age=600, must-revalidate, stale-if-error=60", 0, 0),
        ("max-age=600, proxy-revalidate", 0, 0),
        ("s-maxage=600", 0, 0),
        ("max-age=0", 300, 300),
    ],
)
def test_stale_use_is_within_the_servers_window_and_what_the_origin_allows(
    cache_control: str, while_asking: float, on_error: float
) -> None:
    assert beyond({"Cache-Control": cache_control}) == (while_asking, on_error)


def test_the_least_lifetime_is_for_guesses_unless_the_operator_forces_it() -> None:
    forced = Lifetimes(
        default=timedelta(0), minimum=timedelta(minutes=5), maximum=timedelta(days=1), force_minimum=True
    )
    assert fresh({"Cache-Control": "max-age=1"}) == 1
    assert fresh({"Cache-Control": "max-age=1"}, lifetimes=forced) == 300
    assert fresh({"Cache-Control": "no-cache"}, lifetimes=forced) == 0
    assert fresh({}, lifetimes=forced) == 300


@pytest.mark.parametrize(("status", "seconds"), [(200, 900), (301, 900), (410, 900), (302, 0), (206, 0)])
def test_a_lifetime_is_guessed_only_for_some_statuses(status: int, seconds: float) -> None:
    assert fresh({}, status=status) == seconds


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_a_date_has_three_forms(text: str) -> None:
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40), st.integers(100, 599))
def test_no_header_breaks_it_and_no_lifetime_is_beyond_the_bounds(
    control: str, date: str, age: str, status: int
) -> None:
    found = judged({"Cache-Control": control, "Expires": date, "Date": date, "Age": age}, status=status)
    if found is not None:
        assert NOW <= found.fresh_until <= NOW + RULES.maximum
        assert found.fresh_until <= found.stale_until <= found.fresh_until + RULES.stale
        assert found.basis in Basis


@given(st.dictionaries(st.from_regex(r"[a-z-]{1,12}", fullmatch=True), st.integers(0, 10**6), max_size=6))
def test_directives_are_read_as_they_were_written(wanted: dict[str, int]) -> None:
    text = ", ".join(f"{name}={value}" for name, value in wanted.items())
    assert read_directives(text) == {name: str(value) for name, value in wanted.items()}
