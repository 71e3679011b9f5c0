"""What visitors, pages and deciders wrote, as pages of the workspace show it: as `tasks.admin.texts`, and
without what would open a door: a visitor may type a token, and an address may hold one."""

from collections.abc import Mapping
from typing import Any

from tasks.admin.texts import Link, block, line, link
from tasks.core.runtime.masking import masked_credentials
from tasks.fetching.urls import mask_secrets


def masked(value: Any) -> Any:
    """The value of a log with *** for each token in it, however deep; other values as they are."""
    if isinstance(value, str):
        return masked_credentials(value)
    if isinstance(value, Mapping):
        return {masked_credentials(str(name)): masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return value


def masked_line(value: object, most: int) -> str:
    """As one line; cut after masking, so that no half of a token is left."""
    return line(masked(value), most)


def masked_block(value: object, most: int) -> str:
    """As lines."""
    return block(masked(value), most)


def masked_link(value: object) -> Link | None:
    """An address without what its parameters keep secret."""
    return link(mask_secrets(masked_credentials(value))) if isinstance(value, str) else None
