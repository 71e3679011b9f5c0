"""Output of several processes as one stream of lines."""

import json
import os
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rover_site.operation.child_output import LONGEST_LINE, Lines, dress, write_line

PLAIN = st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=["Cs"]))


@given(st.lists(PLAIN, max_size=6), st.lists(st.integers(1, 9), max_size=30))
@settings(max_examples=60)
def test_lines_are_the_same_however_the_bytes_are_cut(lines: list[str], cuts: list[int]) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    splitter, got = Lines(), []
    for cut in cuts:
        got += splitter.feed(data[:cut])
        data = data[cut:]
    got += splitter.feed(data)
    assert got + splitter.finish() == lines


def test_an_endless_line_is_cut_into_pieces() -> None:
    splitter = Lines()
    got = splitter.feed(b"x" * (3 * LONGEST_LINE))
    assert [len(line) for line in got] == [LONGEST_LINE] * 2
    assert splitter.finish() == ["x" * LONGEST_LINE]


def test_a_line_of_our_own_formatter_gets_no_second_prefix() -> None:
    line = "12:04:07  worker  ready"
    assert dress(line, origin="worker", log_format="human") == line


def test_a_foreign_line_is_told_whose_it_is() -> None:
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  web     Traceback", dress("Traceback", origin="web", log_format="human")
    )


def test_a_json_line_passes_as_it_is() -> None:
    line = '{"ts": "now", "message": "ready"}'
    assert dress(line, origin="web", log_format="json") == line


@given(PLAIN)
@settings(max_examples=60)
def test_any_other_line_becomes_one_json_object(line: str) -> None:
    dressed = dress(line, origin="web", log_format="json")
    assert isinstance(json.loads(dressed), dict)
    assert "\n" not in dressed


def test_writing_to_a_reader_that_went_away_does_no_harm() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        write_line("nobody reads this", fd=writing)
    finally:
        os.close(writing)
