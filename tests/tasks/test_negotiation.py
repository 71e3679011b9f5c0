"""Accept headers (RFC 9110 §12.5.1) and cursors."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.cursors import parse_cursor
from tasks.core.negotiation import MediaType, NotAcceptable, negotiate, parse_accept

OFFERS = tuple(MediaType)
JSON, SSE, NDJSON = OFFERS


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("", JSON),
        ("  ", JSON),
        (", ,", JSON),
        ("text/event-stream, application/json;q=0.5", SSE),
        ("text/event-stream;q=0.1, application/json", JSON),
        ("application/json;q=0, */*", SSE),
        ("application/*;q=0.2, application/x-ndjson", NDJSON),
        ("application/*;q=0.2, application/x-ndjson;q=0.1", JSON),
        ("text/*", SSE),
        ("text/html, */*;q=0.1", JSON),
        ("text/event-stream; charset=utf-8", SSE),
        ("TEXT/EVENT-STREAM", SSE),
        ("application/x-ndjson;q=1.000, application/json;q=0.999", NDJSON),
        ("*/*;q=0.1, text/event-stream;q=0.001", JSON),
        ('text/event-stream;note="a, b;q=0", application/json;q=0.5', SSE),
        ('text/event-stream;note="q\\"uote"; q=0.2, application/json;q=0.3', JSON),
        ("text/event-stream ; Q=0.4 , application/json ; q=0.3", SSE),
        ("application/json;q=0.5;ext=1, application/x-ndjson;q=0.4", JSON),
        ("application/json;q=2, application/x-ndjson;q=0.1", NDJSON),
        ("application/json;q=0.1234, application/x-ndjson;q=0.1", NDJSON),
        ("application/json;q=, application/x-ndjson;q=0.1", NDJSON),
        ("application/json;q=-1, application/x-ndjson;q=0.1", NDJSON),
        ("application/json junk, application/x-ndjson;q=0.1", NDJSON),
        ("application/json;, text/event-stream;q=0.9", JSON),
        ("*/json, text/event-stream", SSE),
    ],
)
def test_the_most_specific_range_weighs_and_the_highest_weight_wins(
    accept: str | None, expected: MediaType
) -> None:
    assert negotiate(accept, offers=OFFERS) is expected


@pytest.mark.parametrize(
    "accept",
    [
        "application/json;q=0",
        "*/*;q=0",
        "text/html",
        "garbage",
        "*/json",
        "application/json;q=x",
        '"',
        "text/",
    ],
)
def test_an_accept_header_that_covers_no_offer_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        negotiate(accept, offers=OFFERS)

    assert refused.value.data == {
        "acceptable": ["application/json", "text/event-stream", "application/x-ndjson"]
    }


def test_a_type_that_is_not_on_offer_is_never_chosen() -> None:
    assert negotiate("application/json, text/event-stream;q=0.1", offers=(SSE,)) is SSE


@settings(max_examples=300)
@given(st.text(alphabet='*/;,=" \\\tq01.aj-+\x00é', max_size=60))
def test_any_text_is_parsed_without_an_error_and_weights_stay_in_range(accept: str) -> None:
    assert all(0 <= media_range.q <= 1000 for media_range in parse_accept(accept))


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["*/*", "application/*", "text/*", *(media.value for media in OFFERS)]),
            st.integers(0, 1000),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda pair: pair[0],
    )
)
def test_the_choice_is_an_offer_that_no_other_outweighs(ranges: list[tuple[str, int]]) -> None:
    given_q = dict(ranges)

    def quality(media: MediaType) -> int:
        main = media.value.split("/")[0]
        return next((given_q[key] for key in (media.value, f"{main}/*", "*/*") if key in given_q), 0)

    header = ", ".join(f"{name};q={q // 1000}.{q % 1000:03}" for name, q in ranges)
    best = max(map(quality, OFFERS))

    if best == 0:
        with pytest.raises(NotAcceptable):
            negotiate(header, offers=OFFERS)
    else:
        assert quality(negotiate(header, offers=OFFERS)) == best


def test_a_header_made_to_be_slow_is_parsed_in_its_own_length() -> None:
    accept = "a/b;" + 'x="\\' * 20_000 + ";" * 20_000

    assert parse_accept(accept) == []


@pytest.mark.parametrize(
    ("header", "after", "expected"),
    [
        (None, None, 0),
        ("7", None, 7),
        (None, "7", 7),
        ("7", "3", 7),
        ("0", "3", 0),
        ("", "3", 3),
        ("x", "3", 3),
        ("-1", None, 0),
        ("+1", None, 0),
        ("1.5", None, 0),
        ("٣", None, 0),
        (" 7", None, 0),
        ("9" * 18, None, 10**18 - 1),
        ("9" * 19, None, 0),
    ],
)
def test_the_header_beats_the_query_and_what_is_malformed_counts_as_none(
    header: str | None, after: str | None, expected: int
) -> None:
    assert parse_cursor(header, after) == expected


@pytest.mark.parametrize("hostile", ['"' + '\\"' * 50_000, "," * 100_000, '"' * 100_001, "a;q=" * 30_000])
def test_a_hostile_header_is_read_in_no_time(hostile: str) -> None:
    before = time.process_time()
    parse_accept(hostile)

    assert time.process_time() - before < 2  # a few milliseconds; minutes if it grew with the square
