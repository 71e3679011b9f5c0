"""Calling the management API as a script does."""

import json
from collections.abc import Callable
from typing import Any

from django.test import Client

Api = Callable[..., Any]
KEY_BODIES: dict[str, dict[str, Any]] = {
    "updateRoverSiteKeyPolicy": {},
    "rotateRoverSiteKey": {},
    "updateApiKeyCapabilities": {"capabilities": {}},
    "getRoverSiteConfig": {},
    "upsertRoverSiteConfig": {},
}
"""Operations on one key, and what they need beside `keyId`."""
SITE_BODIES: dict[str, dict[str, Any]] = {
    "generateRoverSiteKey": {"label": "Another", "allowedDomains": ["bakery.example"]},
    "getRoverBookNotificationSettings": {},
    "upsertRoverBookNotificationSettings": {},
    "upsertRoverBookQuestions": {"interviewQuestions": []},
}
"""Operations on one site, and what they need beside `siteId`."""
READERS = {"listRoverSiteKeys", "getRoverSiteConfig", "getRoverBookNotificationSettings"}
NAMES = [*KEY_BODIES, *SITE_BODIES, "listRoverSiteKeys"]


def call(
    name: str,
    body: object = None,
    *,
    token: str | None,
    method: str = "POST",
    content_type: str = "application/json",
    prefix: str = "/",
    **headers: str,
) -> Any:
    """The response. Text and bytes are sent as they are, anything else as JSON; the server's own faults come
    back as its answer."""
    data = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    client = Client(raise_request_exception=False)
    return client.generic(method, prefix + name, data, content_type=content_type, headers=headers)


def refusal_of(response: Any) -> tuple[int, str]:
    """Status and code of a refusal, after a look at the envelope that every refusal has."""
    told = response.json()
    assert (told["success"], told["error"]) == (False, told["data"]["code"])
    assert isinstance(told["data"]["message"], str)
    assert isinstance(told["data"]["retryable"], bool)
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    return response.status_code, told["error"]


def data_of(response: Any) -> Any:
    """The data of an accepted call."""
    assert response.status_code == 200, response.content
    assert response["Cache-Control"] == "no-store"
    told = response.json()
    assert (set(told), told["success"]) == ({"success", "data"}, True)
    return told["data"]


def fields_of(response: Any) -> dict[str, str]:
    """field → code of a refused body."""
    return {error["field"]: error["code"] for error in response.json()["data"]["errors"]}
