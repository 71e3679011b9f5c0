"""The root of every exception that Rover raises on purpose.

    RoverError
    ├── workspace.core  errors of owners, tokens, sites
    ├── tasks.core      errors of tasks and batches
    └── tasks.fetching  errors of one fetch (FetchError)

An error carries what a caller needs to act: a stable `code`, a `kind` that the HTTP edge maps to a status,
a message for people, whether trying again can help, and typed extra fields in `data`.
"""

from enum import StrEnum
from typing import Any, ClassVar


class ErrorKind(StrEnum):
    """What sort of refusal this is; `rover_site.problems` maps each kind to one HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    PAYMENT_REQUIRED = "payment_required"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    CONFLICT = "conflict"
    GONE = "gone"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMITED = "rate_limited"
    UPSTREAM = "upstream"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class RoverError(Exception):
    """An expected failure with a stable code.

    `code` is wire contract: never renamed, never reused. `data` holds JSON-ready extra fields.
    """

    code: ClassVar[str]
    kind: ClassVar[ErrorKind]
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        next_action: str | None = None,
        retryable: bool | None = None,
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_action = next_action
        self.data = data
        if retryable is not None:
            self.retryable = retryable

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders (extraction children); keyword data must survive pickling."""
        return (_rebuild, (type(self), self.message, self.next_action, self.retryable, self.data))


def _rebuild(
    cls: type[RoverError], message: str, next_action: str | None, retryable: bool, data: dict[str, Any]
) -> RoverError:
    return cls(message, next_action=next_action, retryable=retryable, **data)
