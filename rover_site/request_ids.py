"""An id for every request, by which rows of the audit log and lines of other logs are brought together."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
_META = "HTTP_X_REQUEST_ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_ids(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the caller's `X-Request-Id` if it is plain, else a new one; readers find it in
    `request.headers`, and the answer carries it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _ACCEPTED.fullmatch(request.META.get(_META, "")):
            request.META[_META] = uuid4().hex
        response = get_response(request)
        response.headers[HEADER] = request.META[_META]
        return response

    return middleware
