"""The one shape of every answer of the management API.

    {"success": true,  "data": …}
    {"success": false, "error": <code>, "data": {code, message, retryable, next_action?, errors?, …}}

`data.code` repeats `error`. The shape holds for refusals of the framework too (no token, wrong method, body
too large) and for the server's own faults.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.response import Response

NO_STORE = "no-store"


def success(data: Any) -> Response:
    """200 with `data` in the envelope."""
    return Response({"success": True, "data": data})


def failure(*, code: str, message: str, retryable: bool, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a refusal. `extra` are the error's own fields: `next_action`, `errors` and the like."""
    told = {"code": code, "message": message, "retryable": retryable}
    return {"success": False, "error": code, "data": dict(extra) | told}
