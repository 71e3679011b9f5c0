"""Every error as one HTTP body: problem+json (RFC 9457). The only place that knows status codes."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from workspace.core.errors import ErrorKind, RoverError

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[ErrorKind, int] = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.NOT_ACCEPTABLE: 406,
    ErrorKind.CONFLICT: 409,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNPROCESSABLE: 422,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UPSTREAM: 502,
    ErrorKind.UNAVAILABLE: 503,
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


def problem(error: RoverError, *, instance: str) -> tuple[int, dict[str, Any]]:
    """Status and body for one of our errors: the RFC's members, then `code`, `retryable`, `next_action` and
    the error's own fields. `error.code` repeats the code for clients that expect the nested form."""
    status = STATUS[error.kind]
    extra = {"next_action": error.next_action} if error.next_action else {}
    return status, _body(status, error.code, error.message, instance, error.retryable, extra | error.data)


def _body(
    status: int, code: str, detail: str, instance: str, retryable: bool, extra: Mapping[str, Any]
) -> dict[str, Any]:
    standard = {
        "type": "about:blank",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "retryable": retryable,
        "error": {"code": code, "message": detail},
    }
    return dict(extra) | standard


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The REST framework's hook: our errors and its own as problems; others reach the 500 page."""
    instance = context["request"].path
    if isinstance(exc, RoverError):
        status, body = problem(exc, instance=instance)
        headers: dict[str, str] = {}
    elif isinstance(exc, RequestDataTooBig):
        status, headers = 413, {}
        body = _body(413, "too_large", "The request body is too large.", instance, False, {})
    elif isinstance(exc, Http404):
        status, body, headers = (
            404,
            _body(404, "not_found", "There is nothing here.", instance, False, {}),
            {},
        )
    elif isinstance(exc, exceptions.APIException):
        status, headers = exc.status_code, _headers(exc)
        body = _body(status, _code(exc), _detail(exc), instance, status == 429, _field_errors(exc))
    else:
        return None
    set_rollback()
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 answer: says nothing about the inside."""
    body = _body(500, "internal_error", "Something went wrong inside Rover.", request.path, True, {})
    return _page_or_problem(request, "server_error.html", body)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 answer of paths that no view owns."""
    body = _body(404, "not_found", "There is nothing here.", request.path, False, {})
    return _page_or_problem(request, "not_found.html", body)


def _page_or_problem(request: HttpRequest, template: str, body: Mapping[str, Any]) -> HttpResponse:
    """A page for a person's browser, a problem for everyone else."""
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, template, status=body["status"])
    return HttpResponse(json.dumps(body), status=body["status"], content_type=MEDIA_TYPE)


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
