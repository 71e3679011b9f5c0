"""The OpenAPI 3.1 document of the whole HTTP interface, made of the descriptions beside the code."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

import roverbook.api.collections_described
import roverbook.api.described
import roverbook.collector.described
import tasks.v1.described
import tasks.v2.described
import workspace.api.described
import workspace.discovery.described
from rover_site import __version__
from rover_site.problems import MEDIA_TYPE as PROBLEM
from workspace.api.operations import (
    JSON,
    Answer,
    Content,
    Operation,
    Parameter,
    Refused,
    Shape,
    Tag,
)
from workspace.core.capabilities import CAPABILITY_TEXTS
from workspace.core.field_types import Settings
from workspace.core.policy import POLICY_TEXTS
from workspace.core.tokens import Scope

SERVER = Tag("Server", "Whether the server works, and what it offers. No token is asked for.")
TAGS = (
    workspace.api.described.MANAGEMENT,
    workspace.discovery.described.DISCOVERY,
    *tasks.v1.described.TAGS,
    *tasks.v2.described.TAGS,
    roverbook.api.collections_described.ROVERBOOK,
    *roverbook.collector.described.TAGS,
    SERVER,
)
CACHE_SECONDS = 300
_REF = "#/components/schemas/"
_NULL = {"type": "null"}
_SCOPE_MEANS = {
    Scope.MANAGE: "keys, policies and configuration of the owner's sites",
    Scope.READ: "reading them, RoverBook's collections, and one batch",
    Scope.FETCH: "batches",
}
_READY = {"database": "ok", "migrations": "ok", "worker": "ok"}
_HEALTH = {
    "type": "object",
    "required": ["status", "version"],
    "properties": {"status": {"const": "ok"}, "version": {"type": "string"}},
}
_CHECK = {"enum": ["ok", "failed"]}
_READINESS = {
    "type": "object",
    "required": ["status", "version", "checks"],
    "properties": {
        "status": {"enum": ["ready", "not_ready"]},
        "version": {"type": "string"},
        "checks": {
            "type": "object",
            "required": list(_READY),
            "properties": dict.fromkeys(_READY, _CHECK),
        },
    },
}


def _ready(status: str, checks: Mapping[str, str]) -> dict[str, Any]:
    return {"status": status, "version": __version__, "checks": dict(checks)}


SERVER_OPERATIONS = (
    Operation(
        name="healthz",
        method="get",
        path="/healthz",
        tag=SERVER.name,
        summary="Does the process answer",
        description="Without a look at the database.",
        answers=[
            Answer(
                description="It does.",
                contents=[
                    Content(shape=_HEALTH, examples={"Alive": {"status": "ok", "version": __version__}})
                ],
            )
        ],
    ),
    Operation(
        name="readyz",
        method="get",
        path="/readyz",
        tag=SERVER.name,
        summary="Can the server do its work",
        description="The database answers, its tables are of this version, and a worker was seen in the last "
        "15 s.",
        answers=[
            Answer(
                description="It can.",
                contents=[Content(shape=_READINESS, examples={"Ready": _ready("ready", _READY)})],
            ),
            Answer(
                status=503,
                description="It cannot; checks says what failed.",
                contents=[
                    Content(
                        shape=_READINESS,
                        examples={"No worker": _ready("not_ready", _READY | {"worker": "failed"})},
                    )
                ],
            ),
        ],
    ),
    Operation(
        name="openapi",
        method="get",
        path="/openapi.json",
        tag=SERVER.name,
        summary="This document",
        answers=[
            Answer(
                description="OpenAPI 3.1.",
                contents=[
                    Content(
                        shape={"type": "object", "required": ["openapi", "info", "paths"]},
                        examples={"Its beginning": {"openapi": "3.1.0", "info": {}, "paths": {}}},
                    )
                ],
            )
        ],
    ),
)
OPERATIONS: tuple[Operation, ...] = (
    *workspace.api.described.OPERATIONS,
    *workspace.discovery.described.OPERATIONS,
    *roverbook.api.described.OPERATIONS,
    *roverbook.api.collections_described.OPERATIONS,
    *roverbook.collector.described.OPERATIONS,
    *tasks.v1.described.OPERATIONS,
    *tasks.v2.described.OPERATIONS,
    *SERVER_OPERATIONS,
)

_FIELD_ERROR = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {
        "field": {"type": "string", "description": "Its path, like `roverPolicy.siteMode`; empty: the body."},
        "message": {"type": "string", "description": "What is accepted, for people."},
        "code": {"type": "string", "description": "unknown_field, required, wrong_type, too_long, …"},
    },
}
_ERROR_SCHEMAS: Mapping[str, Any] = {
    "FieldError": _FIELD_ERROR,
    "Failure": {
        "type": "object",
        "description": "A refusal of the management API. Decide by `error`; `message` is for people.",
        "required": ["success", "error", "data"],
        "properties": {
            "success": {"const": False},
            "error": {"type": "string"},
            "data": {
                "type": "object",
                "required": ["code", "message", "retryable"],
                "properties": {
                    "code": {"type": "string", "description": "The same as `error`."},
                    "message": {"type": "string"},
                    "retryable": {"type": "boolean", "description": "The same request may work later."},
                    "next_action": {"type": "string", "description": "What can be done."},
                    "errors": {"type": "array", "items": {"$ref": _REF + "FieldError"}},
                },
            },
        },
    },
    "Problem": {
        "type": "object",
        "description": "A refusal (RFC 9457) with the error's own fields beside. Decide by `code`.",
        "required": ["type", "title", "status", "detail", "instance", "code", "retryable", "error"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "code": {"type": "string"},
            "retryable": {"type": "boolean", "description": "The same request may work later."},
            "next_action": {"type": "string", "description": "What can be done."},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "retryable": {"type": "boolean"},
                },
            },
            "errors": {"type": "array", "items": {"$ref": _REF + "FieldError"}},
        },
    },
}


@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    """The document, for everybody."""
    response = JsonResponse(document())
    response.headers["Cache-Control"] = f"public, max-age={CACHE_SECONDS}"
    return response


@cache
def document() -> dict[str, Any]:
    """The document as one JSON-ready object. It is shared: change a copy."""
    return build(OPERATIONS)


def build(operations: Sequence[Operation]) -> dict[str, Any]:
    """A document of these operations."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method] = _operation(operation, schemas, name=operation.name)
        if operation.also:
            name = "apiV1" + operation.name[:1].upper() + operation.name[1:]
            paths[operation.also][operation.method] = _operation(operation, schemas, name=name)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rover",
            "version": __version__,
            "summary": "Fetch the web for AI agents; open a site to them.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.ROVER.base_url}],
        "tags": [{"name": tag.name, "description": tag.description} for tag in TAGS],
        "paths": dict(paths),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": _security_schemes(),
        },
    }


def _security_schemes() -> dict[str, Any]:
    scopes = "; ".join(f"`{scope}`: {means}" for scope, means in _SCOPE_MEANS.items())
    return {
        "ownerToken": {
            "type": "http",
            "scheme": "bearer",
            "description": f"An owner token, `rvo_…`, with the scopes it was made with. {scopes}.",
        },
        "oidcToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A JWT of the OpenID Connect issuer that this server trusts, if there is one. "
            "It has every scope.",
        },
        "accessToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of one task, `agt_access_…`, or of one workflow, `wf_access_…`: in the "
            "addresses that the making of the task was answered with.",
        },
        "accessTokenInAddress": {
            "type": "apiKey",
            "in": "query",
            "name": "access",
            "description": "The same in the address; not both.",
        },
    }


class _NoTitles(GenerateJsonSchema):
    """Names of fields say enough."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _Schemas:
    """The models of all operations as components, and references to them.

    What is sent and what is received are made apart: a field of `Settings` that may be left out may also be
    sent as null. A model that differs between the two has `Input` behind its name where it is sent.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        answered = [c.shape for o in operations for a in o.answers for c in a.contents]
        sent = _models(o.body.shape for o in operations if o.body)
        settings_sent = [model for model in sent if issubclass(model, Settings)]
        self._answered, answer_parts = _defined(_models(answered), "serialization")
        self._sent, sent_parts = _defined(settings_sent, "validation")
        for schema in sent_parts.values():
            _accept_null(schema)
        others, other_parts = _defined([model for model in sent if model not in settings_sent], "validation")
        self._sent, sent_parts = self._sent | others, sent_parts | other_parts
        clashing = {
            name for name in sent_parts if answer_parts.get(name, sent_parts[name]) != sent_parts[name]
        }
        renamed = {name: name + "Input" if name in clashing else name for name in sent_parts}
        sent_components = {renamed[name]: _renamed(schema, renamed) for name, schema in sent_parts.items()}
        self._sent = {model: _renamed(ref, renamed) for model, ref in self._sent.items()}
        self.components: dict[str, Any] = {**answer_parts, **sent_components, **_ERROR_SCHEMAS}
        for schema in self.components.values():
            _describe_settings(schema)

    def answered(self, shape: Shape) -> dict[str, Any]:
        """The schema of what comes back."""
        return _schema(shape, self._answered)

    def sent(self, shape: Shape) -> dict[str, Any]:
        """The schema of what is sent."""
        return _schema(shape, self._sent)


def _models(shapes: Iterable[Shape]) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    for shape in shapes:
        match shape:
            case [model]:
                found[model] = None
            case type():
                found[shape] = None
    return list(found)


def _defined(
    models: Sequence[type[BaseModel]], mode: Literal["validation", "serialization"]
) -> tuple[dict[type[BaseModel], Any], dict[str, Any]]:
    """The reference of each model, and the components that they refer to."""
    refs, whole = models_json_schema(
        [(model, mode) for model in models], ref_template=_REF + "{model}", schema_generator=_NoTitles
    )
    parts = whole.get("$defs", {})
    for part in parts.values():
        part.pop("title", None)
    return {model: refs[(model, mode)] for model in models}, parts


def _accept_null(schema: dict[str, Any]) -> None:
    """Of sent settings: null is the same as a field that is not there, or puts its default back."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        if name in required:
            continue
        told = {key: field.pop(key) for key in ("description", "default") if key in field}
        if field:
            options = field.pop("anyOf", None) or [dict(field)]
            field.clear()
            field["anyOf"] = [*(option for option in options if option != _NULL), _NULL]
        field.update({key: value for key, value in told.items() if value is not None})


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A copy with the references to renamed components."""
    if isinstance(value, dict):
        return {
            key: _REF + names.get(item.removeprefix(_REF), item.removeprefix(_REF))
            if key == "$ref"
            else _renamed(item, names)
            for key, item in value.items()
        }
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _describe_settings(schema: dict[str, Any]) -> None:
    """The policy and the capabilities say of each field what the workspace's pages say."""
    fields = schema.get("properties", {})
    texts: dict[str, str] = {}
    if "siteMode" in fields:
        texts = {name: text.help for name, text in POLICY_TEXTS.items()}
    elif "cloudAgent" in fields:
        texts = {name: text.sentence for name, text in CAPABILITY_TEXTS.items()}
    for name, text in texts.items():
        fields[name].setdefault("description", text)


def _schema(shape: Shape, refs: Mapping[type[BaseModel], Any]) -> dict[str, Any]:
    match shape:
        case [model]:
            return {"type": "array", "items": refs[model]}
        case type():
            return dict(refs[shape])
        case Mapping():
            return dict(shape)
    raise TypeError(f"no shape of a body: {shape!r}")


def _operation(operation: Operation, schemas: _Schemas, *, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description or operation.summary + ".",
        "security": _security(operation),
    }
    if operation.parameters:
        described["parameters"] = [_parameter(one) for one in operation.parameters]
    if operation.body:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {
                operation.body.media_type: _content(operation.body, schemas.sent(operation.body.shape))
            },
        }
    described["responses"] = _responses(operation, schemas)
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """One entry for each way in; none at all where no token is asked for."""
    of_owners: list[dict[str, list[str]]] = [{"ownerToken": [str(scope)]} for scope in operation.scopes]
    if of_owners:
        of_owners.append({"oidcToken": []})
    return of_owners + [{name: []} for name in operation.opened_by]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    example = {} if parameter.example is None else {"example": parameter.example}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": dict(parameter.schema),
        **example,
    }


def _content(content: Content, schema: dict[str, Any], wrap: Any = lambda value: value) -> dict[str, Any]:
    return {
        "schema": schema,
        "examples": {
            _slug(words): {"summary": words, "value": wrap(value)}
            for words, value in content.examples.items()
        },
    }


def _slug(words: str) -> str:
    return "".join(char if char.isalnum() else "-" for char in words.lower()).strip("-")


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    responses = {str(answer.status): _answer(answer, operation, schemas) for answer in operation.answers}
    refused: dict[int, list[Refused]] = defaultdict(list)
    for one in operation.refused:
        refused[one.status].append(one)
    for status in sorted(refused):
        responses[str(status)] = _refusals(status, refused[status], operation)
    return responses


def _answer(answer: Answer, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        told["headers"] = {
            name: {"description": says, "schema": {"type": "string"}} for name, says in answer.headers.items()
        }
    if answer.contents:
        told["content"] = {
            content.media_type: _enveloped(content, schemas)
            if operation.is_enveloped and content.media_type == JSON
            else _content(content, schemas.answered(content.shape))
            for content in answer.contents
        }
    return told


def _enveloped(content: Content, schemas: _Schemas) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["success", "data"],
        "properties": {"success": {"const": True}, "data": schemas.answered(content.shape)},
    }
    return _content(content, schema, lambda value: {"success": True, "data": value})


def _refusals(status: int, refused: Sequence[Refused], operation: Operation) -> dict[str, Any]:
    """One response for all refusals with this status, with an example of each."""
    told: dict[str, Any] = {"description": " ".join(f"`{one.code}`: {one.when}" for one in refused)}
    if status == HTTPStatus.UNAUTHORIZED:
        told["headers"] = {
            "WWW-Authenticate": {"description": "How to sign in.", "schema": {"type": "string"}}
        }
    if operation.method == "head":
        return told
    name, media_type = ("Failure", JSON) if operation.is_enveloped else ("Problem", PROBLEM)
    told["content"] = {
        media_type: {
            "schema": {"$ref": _REF + name},
            "examples": {
                f"{one.code}-{number}" if number else one.code: {
                    "summary": one.when,
                    "value": _refusal_example(one, operation),
                }
                for number, one in enumerate(refused)
            },
        }
    }
    return told


def _refusal_example(refused: Refused, operation: Operation) -> dict[str, Any]:
    retryable = refused.status in (HTTPStatus.INTERNAL_SERVER_ERROR, 503, 429)
    if operation.is_enveloped:
        told: dict[str, Any] = {"code": refused.code, "message": refused.when, "retryable": retryable}
        if refused.code == "validation_failed":
            told["errors"] = [_field_example(refused.status)]
        return {"success": False, "error": refused.code, "data": told}
    return {
        "type": "about:blank",
        "title": refused.code.replace("_", " ").capitalize(),
        "status": refused.status,
        "detail": refused.when,
        "instance": operation.path,
        "code": refused.code,
        "retryable": retryable,
        "error": {"code": refused.code, "message": refused.when, "retryable": retryable},
    }


def _field_example(status: int) -> dict[str, str]:
    if status == HTTPStatus.BAD_REQUEST:
        return {"field": "colour", "message": "There is no field with this name.", "code": "unknown_field"}
    return {"field": "label", "message": "This field is required.", "code": "required"}
