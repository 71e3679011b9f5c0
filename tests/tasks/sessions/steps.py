"""What pages, owners and time do to sessions, and what is then in the tables."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from tasks.core.session_tokens import SessionClaims, sign_session
from tasks.models import (
    AppliedCommand,
    Checkpoint,
    RequestNonce,
    Run,
    RunEvent,
    RunStep,
    RuntimeSession,
    RuntimeTab,
    TelemetryEvent,
)
from tests.tasks.agents.steps import receipt_of
from tests.tasks.sessions.support import Page, Runtime, data
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import KeyUsage, Site, SiteKey
from workspace.services.audit import SYSTEM
from workspace.services.keys import key_update

T = TypeVar("T")
TABLES = (
    RuntimeSession,
    Run,
    RunEvent,
    RunStep,
    RuntimeTab,
    AppliedCommand,
    RequestNonce,
    Checkpoint,
    TelemetryEvent,
)
QUESTION = {"key": "size", "query": "Which size?", "required": True}
ASKS = {"type": "needs_input", "data": {"message": "One thing.", "questions": [QUESTION]}}
WAITS = {"status": "awaiting_user", "continuationReason": "awaiting_user"}
OVER = ("completed", "failed", "cancelled")


def tool(n: int) -> dict[str, Any]:
    """A worker's event with an id of its own."""
    return {"type": "tool_start", "id": f"tool-{n}", "data": {"name": "click_element"}}


class Clock:
    """The server's time, which the test moves forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = timezone.now
        self._ahead = timedelta(0)
        monkeypatch.setattr(timezone, "now", lambda: self._real() + self._ahead)

    def forward(self, by: timedelta) -> None:
        self._ahead += by


async def asked(call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """A call into the database from a test's event loop."""
    found: T = await in_database(call)(*args, **kwargs)
    return found


async def stored() -> dict[str, int]:
    """How many rows each of the runtime's tables has."""
    return await asked(lambda: {model.__name__: model.objects.count() for model in TABLES})


async def usage(site: Site) -> dict[tuple[str, str], int]:
    """How often the site's keys were shown, by host and reason."""

    def read() -> dict[tuple[str, str], int]:
        rows = KeyUsage.objects.filter(key__site=site)
        return {(row.host, row.reason): row.count for row in rows}

    return await asked(read)


async def change_key(site: Site, **fields: Any) -> None:
    """The owner changes the site's newest key."""

    def change() -> None:
        key = SiteKey.objects.filter(site=site).latest("created_at")
        key_update(actor=SYSTEM, key=key, now=timezone.now(), **fields)

    await asked(change)


def signed(page: Page, site: Site, *, life: timedelta, **claims: Any) -> str:
    """A token of the page's session that ends `life` from now."""
    said: dict[str, Any] = {
        "sid": page.session_id,
        "site_id": site.public_id,
        "host": "shop.example",
        "expires_at": timezone.now() + life,
    }
    return sign_session(SessionClaims(**(said | claims)), secret=django_settings.SECRET_KEY.encode())


async def in_status(page: Page, status: str) -> None:
    """A run of the page that has come to `status`; the page knows its counters."""
    await page.ask()
    if status == "running":
        return
    if status == "cancelled":
        told = data(await page.command("RUN_CONTROL", action="cancel"))
        page.epoch, page.seq = told["projection"]["epoch"], told["currentSeq"]
        return
    events = [ASKS] if status == "awaiting_user" else []
    transition = WAITS if status == "awaiting_user" else {"status": status}
    told = data(await page.command("RUN_PROGRESS", runId=page.run_id, events=events, transition=transition))
    page.seq = told["currentSeq"]


async def claimed(runtime: Runtime, page: Page, **body: Any) -> dict[str, Any]:
    """A task of an agent that the page has taken up: what the agent was told, and under `taskId` its name."""
    created = await runtime.create(**body)
    claim = {"receipt": receipt_of(created["open"]), "sessionToken": page.token, "sessionId": page.session_id}
    told = data(await runtime.post("/v1/tasks/claim-browser", claim))
    return created | {"taskId": told["taskId"], "prompt": told["input"]["prompt"]}


def conflict(answer: Exchange) -> dict[str, Any]:
    """The data of a 409 without the sentence for people."""
    assert answer.status == 409, answer.body
    told = dict(answer.json()["data"])
    assert told.pop("message")
    return told
