"""What the tests of settings share: reading a refusal, and values of any JSON shape."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from workspace.core.fields import FieldError, InvalidFields

# Any text a JSON parser can hand over: NUL, other controls and lone surrogates included.
any_text = st.text(st.characters(), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


def json_objects_about(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects whose fields often have names that mean something."""
    return st.dictionaries(st.sampled_from(names) | any_text, json_values, max_size=6)


def refused(call: Callable[[], object]) -> tuple[FieldError, ...]:
    """The errors with which `call` is refused."""
    with pytest.raises(InvalidFields) as caught:
        call()
    return caught.value.errors


def only_refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Field and code of the one error with which `call` is refused."""
    (error,) = refused(call)
    assert error.message.endswith(".")
    return error.field, error.code
