"""Whether agents can start tasks on a site, what keeps them from it, and how often they were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Max, Q, Sum

from workspace.core.site_config import empty_site_config
from workspace.selectors.ai_state import AiState, ai_state
from workspace.selectors.reception import reception_for

if TYPE_CHECKING:
    from workspace.models import Site

DAYS = 7
LIMITED, CLOSED_DOOR = "rate_limited", "ai_access_disabled"
"""The reasons under which refused tasks are counted with the site's keys."""


class Obstacle(StrEnum):
    """What keeps agents from starting tasks; the first that holds, in this order."""

    ARCHIVED = "archived"
    CLOSED = "closed"
    NO_KEY = "no_key"
    ANALYTICS_ONLY = "analytics_only"
    UNPROVED = "unproved"
    NOT_ANSWERING = "not_answering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`obstacle`: None when agents can start tasks. `host`: where they can; the main host when nowhere."""

    obstacle: Obstacle | None
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Tasks that were refused in the last `DAYS` days for one reason; `n_today` on this day (UTC)."""

    reason: str
    count: int
    n_today: int
    last_at: datetime


def standing_of(site: "Site", *, now: datetime) -> Standing:
    """The state of things, by the rules that the task API goes by."""
    content = _content(site)
    state = ai_state(site, content["aiAccess"], discovery=True, now=now)
    open_hosts = [host.host for host in state.hosts if host.is_open]
    answering = (host for host in open_hosts if _answers(site, host, now))
    host = next(answering, None)
    if host is not None and state.is_on:
        return Standing(obstacle=None, host=host)
    return Standing(obstacle=_obstacle(site, state, is_open=bool(open_hosts)), host=host or site.host)


def refused_tasks(site: "Site", *, now: datetime) -> dict[str, Refused]:
    """By reason, how often tasks were refused lately; reasons without any are left out."""
    lately = Q(usage__day__gt=(now - timedelta(days=DAYS)).date(), usage__reason__in=(LIMITED, CLOSED_DOOR))
    rows = (
        site.keys.filter(lately)
        .values(reason=F("usage__reason"))
        .annotate(
            n=Sum("usage__count"),
            n_today=Sum("usage__count", filter=Q(usage__day=now.date())),
            last=Max("usage__last_at"),
        )
        .order_by("reason")
    )
    return {
        row["reason"]: Refused(
            reason=row["reason"], count=row["n"], n_today=row["n_today"] or 0, last_at=row["last"]
        )
        for row in rows
    }


def _obstacle(site: "Site", state: AiState, *, is_open: bool) -> Obstacle:
    reasons = (
        (site.archived_at is not None, Obstacle.ARCHIVED),
        (not state.is_on, Obstacle.CLOSED),
        (not state.keys, Obstacle.NO_KEY),
        (not any(key.policy["siteMode"] == "agent" for key in state.keys), Obstacle.ANALYTICS_ONLY),
        (not is_open, Obstacle.UNPROVED),
    )
    return next((reason for holds, reason in reasons if holds), Obstacle.NOT_ANSWERING)


def _answers(site: "Site", host: str, now: datetime) -> bool:
    """Whether a task for this host would come to this site, and be taken but for the site's main switch."""
    reception = reception_for(host, now=now)
    if reception is None or reception.site.pk != site.pk:
        return False
    return bool(reception.key.policy["siteMode"] == "agent")


def _content(site: "Site") -> Mapping[str, Any]:
    try:
        return {**empty_site_config(), **site.config.content}
    except ObjectDoesNotExist:
        return empty_site_config()
