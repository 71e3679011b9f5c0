"""What is written into a log can be stored by every database and read by every reader."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.storable import storable

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud83d", "\ufffd"),
        ({"\0": ["\udc00", {"x": float("nan")}]}, {"\ufffd": ["\ufffd", {"x": None}]}),
        (float("inf"), None),
        (("a", 1), ["a", 1]),
        ("line\nfeed \x1b \u2028 😀", "line\nfeed \x1b \u2028 😀"),
    ],
)
def test_what_has_no_place_is_replaced_and_the_rest_stays(value: Any, expected: Any) -> None:
    assert storable(value) == expected


@settings(deadline=None)
@given(value=anything)
def test_any_value_becomes_strict_json_in_utf_8_without_nul(value: Any) -> None:
    text = json.dumps(storable(value), ensure_ascii=False, allow_nan=False)

    assert json.loads(text.encode()) == storable(value)
    assert "\\u0000" not in text
