"""Views that wait for somebody else's server, marked so that they get threads of their own."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "waits_for_others"


def waits_for_others(view: View) -> View:
    """Mark a view whose POST may take as long as another server likes. Decorators that copy what they wrap
    keep the mark, Django's own among them."""
    setattr(view, _MARK, True)
    return view


def is_waiting(view: object) -> bool:
    """Whether the view is marked."""
    return getattr(view, _MARK, False) is True
