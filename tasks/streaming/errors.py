"""Refusals of the stream endpoints.

RoverError
├── TooManyStreams    this process holds as many streams as it may
│   └── HoldsTooMany  one token or owner does
└── LogUnavailable    the database cannot be read just now
"""

from workspace.core.errors import ErrorKind, RoverError


class TooManyStreams(RoverError):
    code = "too_many_streams"
    kind = ErrorKind.UNAVAILABLE
    retryable = True


class HoldsTooMany(TooManyStreams):
    kind = ErrorKind.RATE_LIMITED


class LogUnavailable(RoverError):
    code = "log_unavailable"
    kind = ErrorKind.UNAVAILABLE
    retryable = True
