"""Visits as the projector leaves them, to score."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from roverbook.core.happenings import Happening
from roverbook.core.issues import issue_of
from roverbook.core.scoring import visit_scores
from roverbook.models import (
    NotificationSettings,
    Visit,
    VisitIssue,
    VisitTool,
    WebhookEndpoint,
    WebhookMessage,
)
from workspace.core.doors import Door
from workspace.models import Site, User
from workspace.services.audit import Actor
from workspace.services.owners import owner_create
from workspace.services.sites import site_create

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_numbers = count(1)


def make_site(host: str = "shop.example") -> Site:
    """A site that nobody has visited."""
    owner = User.objects.filter(username="owner").first() or owner_create(username="owner", password=None)
    actor = Actor(user=owner, door=Door.WORKSPACE)
    return site_create(actor=actor, owner=owner, name=f"Site {host}", host=host, now=NOON - 100 * DAY)


def visited(site: Site, outcome: str = "success", *, at: datetime = NOON, **columns: Any) -> Visit:
    """A visit that came to its end: 4 steps in 4 s, unless `columns` say otherwise."""
    number = next(_numbers)
    numbers = {"total_steps": 4, "error_count": 0, "backtrack_count": 0, "total_duration_ms": 4_000}
    numbers |= {name: columns[name] for name in numbers if name in columns}
    scores = visit_scores(
        outcome=outcome,
        steps=numbers["total_steps"],
        errors=numbers["error_count"],
        backtracks=numbers["backtrack_count"],
        duration_ms=numbers["total_duration_ms"],
        targeted=0,
        named=0,
        missing=0,
    )
    defaults: dict[str, Any] = {
        "id": f"vis_{number:05d}",
        "status": Visit.Status.COMPLETED if outcome == "success" else Visit.Status.FAILED,
        "intent": "find",
        "agent_key": "helper",
        "agent_name": "Helper",
        "agent_trust": "self_reported",
        "agent_memory_key": "self:helper",
        "latest_url": "https://shop.example/cart?user=ada#top",
        "last_event_at": at + timedelta(seconds=4),
        "ended_at": at + timedelta(seconds=4),
        "finalized_at": at + timedelta(seconds=4),
        "runs": [{"runId": f"run_{number}"}],
        "score": scores.overall,
        "score_completion": scores.completion,
        "score_efficiency": scores.efficiency,
        "score_recovery": scores.recovery,
        "score_accessibility": scores.accessibility,
        **numbers,
    }
    return Visit.objects.create(site=site, outcome=outcome, started_at=at, **(defaults | columns))


def met(
    visit: Visit, message: str = "Element 7 not found", *, tool: str = "click", times: int = 1
) -> VisitIssue:
    """An error that a visit met on /cart."""
    issue = issue_of(tool, message, "/cart")
    return VisitIssue.objects.create(
        visit=visit,
        site=visit.site,
        started_at=visit.started_at,
        fingerprint=issue.fingerprint,
        tool=tool,
        message=issue.message,
        path="/cart",
        count=times,
    )


def used(
    visit: Visit,
    *,
    calls: int = 4,
    failures: int = 0,
    missing: int = 0,
    tool: str = "click",
    path: str = "/cart",
) -> VisitTool:
    """Calls of a tool that a visit made on a page."""
    return VisitTool.objects.create(
        visit=visit,
        site=visit.site,
        started_at=visit.started_at,
        path=path,
        tool=tool,
        calls=calls,
        failures=failures,
        missing=missing,
    )


def listen(site: Site, *events: Happening) -> None:
    """Let somebody be told of these events."""
    NotificationSettings.objects.update_or_create(site=site, defaults={"enabled": True, "updated_at": NOON})
    WebhookEndpoint.objects.create(
        site=site,
        url="https://listener.example/hook",
        events=[event.value for event in events],
        created_at=NOON,
        updated_at=NOON,
    )


def told(site: Site, event: Happening) -> list[WebhookMessage]:
    """What others were told, in order."""
    return list(WebhookMessage.objects.filter(site=site, event=event.value).order_by("id"))
