"""What browsers and workers do to a task, by the service that they use, and what every answer must be."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from tasks.core.events import EventKind, NewEvent
from tasks.core.session_tokens import LIFETIME, SessionClaims, sign_session
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, CallerRate, Event, Receipt, RememberedKey, RuntimeSession, Task
from tasks.services.agents.log import Logs, change
from tests.tasks.agents.support import row_of
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.io.transactions import write_transaction
from workspace.models import Site, SiteKey

T = TypeVar("T")
P, W, R, ASKING = (
    TaskStatus.PENDING,
    TaskStatus.WAITING_BROWSER,
    TaskStatus.RUNNING,
    TaskStatus.INPUT_REQUIRED,
)
DONE, FAILED, CANCELLED, EXPIRED = (
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
    TaskStatus.EXPIRED,
)
TASKS = "/v1/tasks"
URL = "https://shop.example/"
BODY = {"url": URL, "prompt": "find the opening hours"}
SHORTCUTS = [
    {"id": "latest_post", "label": "Latest", "prompt": "find the latest post"},
    {"id": "retired", "label": "Retired", "prompt": "find the oldest post", "enabled": False},
    {"id": "pay", "label": "Pay", "prompt": "pay the open bill", "routing": "planner"},
]
QUESTION = {
    "message": "Which hours?",
    "questions": [{"key": "hours_of", "query": "Shop or workshop?", "required": True}],
}
RESULT = {"text": "Monday to Friday, 9 to 18.", "summary": "The opening hours."}
ALWAYS = {
    "access-control-allow-origin": "*",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
}
_TABLES = (Task, AgentTask, Event, Receipt, RememberedKey, CallerRate)


def check_headers(answer: Exchange) -> None:
    """What goes with every answer: any page may read it, nobody keeps it or passes its address on."""
    assert answer.headers.items() >= ALWAYS.items(), answer.headers
    assert "access-control-allow-credentials" not in answer.headers
    assert {"Accept", "Authorization", "Prefer"} <= set(answer.headers["vary"].split(", "))
    assert len(answer.headers) == len(answer.header_list), "a header was sent twice"


def refusal(answer: Exchange) -> tuple[int, str]:
    """Status and code of a refusal that has the shape of all of them."""
    check_headers(answer)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["content-length"]) == len(answer.body)
    body = answer.json()
    assert body["status"] == answer.status
    assert body["instance"] == answer.scope["path"]
    assert {"type", "title", "detail"} <= set(body)
    assert set(body["error"]) == {"code", "message", "retryable"}
    assert (body["code"], body["detail"], body["retryable"]) == tuple(body["error"].values())
    assert body["detail"]
    return answer.status, body["code"]


def stored() -> dict[str, int]:
    """How many rows each table has."""
    return {model.__name__: model.objects.count() for model in _TABLES}


def nothing_is_stored() -> bool:
    return not any(stored().values())


async def listed(rows: Iterable[T]) -> list[T]:
    """What a query finds."""
    return await in_database(lambda: list(rows))()


def agent_row(name: str) -> AgentTask:
    """The stored task by its public name."""
    return AgentTask.objects.select_related("task").get(pk=row_of(name).pk)


def bring(
    name: str, *statuses: TaskStatus, now: datetime | None = None, result: Mapping[str, Any] | None = None
) -> None:
    """Let a task become these, one after the other, in the hands of a worker. Asking brings `QUESTION`,
    completing `RESULT`."""
    for status in statuses:
        is_asking = status is TaskStatus.INPUT_REQUIRED
        said = result or (RESULT if status is TaskStatus.COMPLETED else None)
        with write_transaction():
            if is_asking:
                AgentTask.objects.filter(pk=row_of(name).pk).update(input=QUESTION)
            assert change(
                Logs.of(agent_row(name)),
                after=status,
                now=now or timezone.now(),
                events=[NewEvent(kind=EventKind.INPUT, payload=QUESTION)] if is_asking else [],
                result=said,
                by_worker=True if status is TaskStatus.RUNNING else None,
            )


def session_token(
    site: Site, *, host: str = "shop.example", sid: str = "", life: timedelta = LIFETIME
) -> str:
    """The token of a browser session on a page of the site. Its claims are signed whatever the site says."""
    now = timezone.now()
    key = SiteKey.objects.filter(site=site).first()
    sid = sid or f"session-{site.public_id}"
    RuntimeSession.objects.get_or_create(
        id=sid, defaults={"site": site, "key": key, "host": host, "created_at": now, "seen_at": now}
    )
    claims = SessionClaims(sid=sid, site_id=site.public_id, host=host, expires_at=timezone.now() + life)
    return sign_session(claims, secret=django_settings.SECRET_KEY.encode())


def receipt_of(link: str) -> str:
    """The receipt that `open` or `browserLink` carries."""
    return link.partition("#rover_receipt=")[2].partition("&")[0]


def limited(settings: Any, *, ip: int = 0, agent: int = 0, site: int = 0) -> None:
    """Let the server count so many tasks a minute; 0 counts nothing."""
    settings.ROVER = settings.ROVER.model_copy(
        update={"tasks_per_minute_ip": ip, "tasks_per_minute_agent": agent, "tasks_per_minute_site": site}
    )


def begin_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the clock to the start of the next minute, so that none ends while a test counts."""
    real = timezone.now
    ahead = timedelta(seconds=60 - real().timestamp() % 60)
    monkeypatch.setattr(timezone, "now", lambda: real() + ahead)


def token_of(address: str) -> str:
    """The access token in an address."""
    return address.partition("access=")[2]


def bare(address: str) -> str:
    """The address without its token."""
    return address.partition("?")[0]


def at_once(*calls: Callable[[], T]) -> list[T]:
    """What the calls return that are begun together in threads of their own."""
    together = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            together.wait(30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [begun.result(60) for begun in [threads.submit(run, call) for call in calls]]
