"""Values that strangers send."""

from typing import Any

from hypothesis import strategies as st

NO_OBJECTS: list[Any] = [None, [], "text", 7, True, [{"type": "RUN_INPUT"}]]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
