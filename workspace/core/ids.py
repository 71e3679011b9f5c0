"""Identifiers that sort by time of creation."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562 §5.7). Ids of one process sort in the order of their making, even within one ms."""
    return uuid7()
