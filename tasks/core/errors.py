"""Errors of tasks and batches.

RoverError
├── InvalidArgs      an argument is missing, unknown, or of the wrong type
├── EmptyUrlList     a batch without a URL
├── TooManyUrls      a batch over the limit
├── UrlsRejected     at least one URL of a batch is refused; none was requested
├── TaskNotFound     no such task, or not the caller's
├── TaskWrongKind    the task is of another kind
└── LeaseLost        another worker owns the task now; the writer must stop
"""

from typing import Any

from workspace.core.errors import ErrorKind, RoverError


class InvalidArgs(RoverError):
    """`data`: errors, a list of {field, message}."""

    code = "invalid_args"
    kind = ErrorKind.INVALID


class EmptyUrlList(RoverError):
    code = "empty_url_list"
    kind = ErrorKind.INVALID


class TooManyUrls(RoverError):
    """`data`: count, maximum."""

    code = "too_many_urls"
    kind = ErrorKind.INVALID


class UrlsRejected(RoverError):
    """Takes the code of its first offender: invalid_url or ssrf_denied. `data`: rejected, every offender as
    {index, url, code, reason}."""

    code = "ssrf_denied"
    kind = ErrorKind.FORBIDDEN

    def __init__(self, message: str, *, rejected: list[dict[str, Any]], **data: Any) -> None:
        super().__init__(message, rejected=rejected, **data)
        if rejected[0]["code"] == "invalid_url":
            self.code = "invalid_url"  # type: ignore[misc]  # the instance answers for its first offender
            self.kind = ErrorKind.INVALID  # type: ignore[misc]  # likewise


class TaskNotFound(RoverError):
    code = "task_not_found"
    kind = ErrorKind.NOT_FOUND


class TaskWrongKind(RoverError):
    """`data`: task_kind, expected."""

    code = "task_wrong_kind"
    kind = ErrorKind.CONFLICT


class LeaseLost(RoverError):
    code = "lease_lost"
    kind = ErrorKind.CONFLICT
