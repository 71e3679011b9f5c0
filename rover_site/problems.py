"""Every error as one HTTP body. The only place that knows status codes.

The body is problem+json (RFC 9457), except where a view has `failure_body`: that is the shape of its API, a
function of `code`, `message`, `retryable` and the error's own fields (`extra`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from workspace.api.envelope import NO_STORE, failure
from workspace.core.errors import ErrorKind, RoverError

MEDIA_TYPE = "application/problem+json"
ENVELOPED_PREFIX = "/api/v1/"
"""Below it nothing answers in another shape than the envelope, also where there is no view."""
STATUS: Mapping[ErrorKind, int] = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.PAYMENT_REQUIRED: 402,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.METHOD_NOT_ALLOWED: 405,
    ErrorKind.NOT_ACCEPTABLE: 406,
    ErrorKind.CONFLICT: 409,
    ErrorKind.GONE: 410,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNPROCESSABLE: 422,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UPSTREAM: 502,
    ErrorKind.TIMEOUT: 504,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.INTERNAL: 500,
}
_FRAMEWORK_CODES: Mapping[int, str] = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error as status, code and words, before it takes a shape."""

    status: int
    code: str
    message: str
    retryable: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def problem(self, instance: str) -> dict[str, Any]:
        """The members of RFC 9457, then `code`, `retryable` and the error's own; `error` repeats the code for
        clients that expect the nested form."""
        standard = {
            "type": "about:blank",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.message,
            "instance": instance,
            "code": self.code,
            "retryable": self.retryable,
            "error": {"code": self.code, "message": self.message, "retryable": self.retryable},
        }
        return dict(self.extra) | standard


FailureBody = Callable[..., dict[str, Any]]
NOT_FOUND = Refusal(status=404, code="not_found", message="There is nothing here.")
TOO_LARGE = Refusal(status=413, code="too_large", message="The request body is too large.")
INTERNAL = Refusal(
    status=500, code="internal_error", message="Something went wrong inside Rover.", retryable=True
)


def problem(error: RoverError, *, instance: str) -> tuple[int, dict[str, Any]]:
    """Status and problem of one of our errors."""
    refusal = _of_ours(error)
    return refusal.status, refusal.problem(instance)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The REST framework's hook: our errors and its own in the view's shape; others reach the 500 page."""
    refusal = _refusal(exc)
    if refusal is None:
        return None
    set_rollback()
    body, media_type = _shaped(refusal, context["request"].path, _failure_body(context["view"]))
    return Response(body, status=refusal.status, headers=dict(refusal.headers), content_type=media_type)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 answer: says nothing about the inside."""
    return _page_or_body(request, "server_error.html", INTERNAL)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 answer of paths that no view owns."""
    return _page_or_body(request, "not_found.html", NOT_FOUND)


def _refusal(exc: Exception) -> Refusal | None:
    if isinstance(exc, RoverError):
        return _of_ours(exc)
    if isinstance(exc, RequestDataTooBig):
        return TOO_LARGE
    if isinstance(exc, Http404):
        return NOT_FOUND
    if isinstance(exc, exceptions.APIException):
        return Refusal(
            status=exc.status_code,
            code=_code(exc),
            message=_detail(exc),
            retryable=exc.status_code == 429,
            extra=_field_errors(exc),
            headers=_headers(exc),
        )
    return None


def _of_ours(error: RoverError) -> Refusal:
    next_action = {"next_action": error.next_action} if error.next_action else {}
    return Refusal(
        status=STATUS[error.kind],
        code=error.code,
        message=error.message,
        retryable=error.retryable,
        extra=next_action | error.data,
    )


def _shaped(refusal: Refusal, path: str, failure_body: FailureBody | None) -> tuple[dict[str, Any], str]:
    """The body and its media type."""
    if failure_body is None:
        return refusal.problem(path), MEDIA_TYPE
    body = failure_body(
        code=refusal.code, message=refusal.message, retryable=refusal.retryable, extra=refusal.extra
    )
    return body, "application/json"


def _failure_body(view: object) -> FailureBody | None:
    found: FailureBody | None = getattr(view, "failure_body", None)
    return found


def _page_or_body(request: HttpRequest, template: str, refusal: Refusal) -> HttpResponse:
    """The shape of the API that was asked; else a page for a person's browser, a problem for everyone
    else."""
    view = getattr(getattr(request.resolver_match, "func", None), "cls", None)
    failure_body = _failure_body(view)
    if failure_body is None and request.path.startswith(ENVELOPED_PREFIX):
        failure_body = failure
    if failure_body is None and "text/html" in request.headers.get("Accept", ""):
        return render(request, template, status=refusal.status)
    body, media_type = _shaped(refusal, request.path, failure_body)
    response = HttpResponse(json.dumps(body), status=refusal.status, content_type=media_type)
    if failure_body is not None:
        response.headers["Cache-Control"] = NO_STORE
    return response


def _code(exc: exceptions.APIException) -> str:
    if isinstance(exc, exceptions.ParseError):
        return "invalid_json"
    return _FRAMEWORK_CODES.get(exc.status_code, "error")


def _detail(exc: exceptions.APIException) -> str:
    if isinstance(exc, exceptions.ValidationError):
        return "The request is not valid; errors names each field."
    return str(exc.detail)


def _field_errors(exc: exceptions.APIException) -> dict[str, Any]:
    if not isinstance(exc, exceptions.ValidationError) or not isinstance(exc.detail, dict):
        return {}
    return {
        "errors": [
            {
                "field": field,
                "message": " ".join(str(m) for m in messages)
                if isinstance(messages, list)
                else str(messages),
            }
            for field, messages in exc.detail.items()
        ]
    }


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
