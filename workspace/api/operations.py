"""How an operation of the HTTP interface is described.

The document at /openapi.json and the page at /docs are made of such descriptions; each lies beside the code
that it describes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from workspace.core.errors import RoverError
from workspace.core.tokens import Scope

JSON = "application/json"
ACCESS_TOKEN = ("accessToken", "accessTokenInAddress")
"""The two ways in which the token of a task or of a workflow may come."""

Shape = type[BaseModel] | list[type[BaseModel]] | Mapping[str, Any]
"""What a body looks like: a model, a list of one model, or a JSON Schema written out."""


class Record(BaseModel):
    """A part of an answer, in the contract's camelCase. Every field is always there."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, json_schema_serialization_defaults_required=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One form of a body. `examples` by the words that say what they show."""

    shape: Shape
    media_type: str = JSON
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back with one status. `headers`: name and what it says."""

    status: int = 200
    description: str
    contents: Sequence[Content] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of the address or a header: `place` is path, query or header, `schema` its JSON Schema."""

    name: str
    place: str
    description: str
    schema: Mapping[str, Any]
    example: Any = None


@dataclass(frozen=True, slots=True)
class Refused:
    """One way in which an operation is refused: the status, the code, and when."""

    status: int
    code: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method at one path.

    `name` is the operationId and never changes. `also` is a second path with the same answers. `scopes`: an
    owner's token with one of these opens it; `opened_by`: the ways in which another token may; neither: no
    token is asked for. `is_enveloped` says in which shape answers and refusals come; an enveloped answer is
    described by its `data` alone.
    """

    name: str
    method: str
    path: str
    also: str = ""
    tag: str
    summary: str
    description: str = ""
    scopes: Sequence[Scope] = ()
    opened_by: Sequence[str] = ()
    parameters: Sequence[Parameter] = ()
    body: Content | None = None
    body_required: bool = True
    answers: Sequence[Answer]
    refused: Sequence[Refused] = ()
    is_enveloped: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations."""

    name: str
    description: str


UNAUTHENTICATED = Refused(401, "unauthenticated", "There is no token, or it is not good.")
FORBIDDEN_SCOPE = Refused(403, "forbidden", "The token lacks the scope.")
UNKNOWN_OWNER = Refused(403, "unknown_owner", "The JWT is good, but nobody here is its subject.")
ISSUER_UNAVAILABLE = Refused(503, "issuer_unavailable", "The JWT's issuer does not answer just now.")
INVALID_JSON = Refused(400, "invalid_json", "The body is no JSON in UTF-8.")
TOO_LARGE = Refused(413, "too_large", "The body is over 2 MiB.")
OTHER_MEDIA_TYPE = Refused(415, "unsupported_media_type", "The body is not application/json.")
FAULT = Refused(500, "internal_error", "A fault of Rover; the same request may work later.")
WITH_TOKEN = (UNAUTHENTICATED, FORBIDDEN_SCOPE, UNKNOWN_OWNER, ISSUER_UNAVAILABLE)
WITH_BODY = (INVALID_JSON, TOO_LARGE, OTHER_MEDIA_TYPE)


def with_code(cls: type[RoverError], status: int, when: str) -> Refused:
    """A refusal by one of our errors."""
    return Refused(status, cls.code, when)
