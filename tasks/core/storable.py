"""JSON values that every database can keep and every reader can take."""

import re
from math import isfinite
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """A copy of a JSON value in which NUL and half surrogate pairs are U+FFFD, and numbers without a value
    null: pages write the first two as escapes, and PostgreSQL, UTF-8 and JSON have no place for them."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
