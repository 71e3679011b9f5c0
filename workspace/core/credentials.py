"""Refusals of credentials.

RoverError
├── Unauthenticated   no credential
│   └── InvalidToken  one that is unknown, ended or malformed
└── Forbidden         the credential is good but may not do this
"""

from workspace.core.errors import ErrorKind, RoverError


class Unauthenticated(RoverError):
    """`challenge` is the WWW-Authenticate value of the answer (RFC 6750 §3)."""

    code = "unauthenticated"
    kind = ErrorKind.UNAUTHENTICATED
    challenge = 'Bearer realm="rover"'


class InvalidToken(Unauthenticated):
    challenge = 'Bearer realm="rover", error="invalid_token"'


class Forbidden(RoverError):
    code = "forbidden"
    kind = ErrorKind.FORBIDDEN
