"""Telling others of visits: what is new since the visit was last written, and not older than a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from roverbook.core.happenings import Happening
from roverbook.core.visits.folded import FoldedVisit, millis
from roverbook.models import NotificationSettings, Visit
from roverbook.selectors.records import visit_record
from roverbook.services.announcing import announce
from workspace.models import Site

NEWS_AGE = timedelta(hours=24)


class Before(NamedTuple):
    """A visit as it was stored."""

    n_events: int
    status: str
    outcome: str
    finalized_at: datetime | None
    is_swept: bool


class Teller:
    """Tells of visits of these sites, those that want to be told."""

    def __init__(self, sites: Iterable[Site], now: datetime) -> None:
        asked = [site.pk for site in sites]
        wanting = NotificationSettings.objects.filter(site__in=asked, enabled=True)
        self._wanting: set[UUID] = set(wanting.values_list("site_id", flat=True))
        self._now = now

    def tell(self, visit: Visit, folded: FoldedVisit, before: Before | None) -> None:
        """Tell what is new of one visit."""
        if visit.site_id not in self._wanting:
            return
        if before is None:
            self._say(visit, Happening.VISIT_STARTED, visit.pk, visit.started_at)
            if folded.has_task:
                self._say_of_task(visit, Happening.TASK_CREATED, visit.started_at)
        asked_at = folded.asked_at
        if asked_at is not None:
            self._say(visit, Happening.VISIT_INPUT_REQUIRED, f"{visit.pk}:{millis(asked_at)}", asked_at)
        ended_at = visit.finalized_at
        if ended_at is not None and (before is None or _end(before) != (ended_at, visit.outcome)):
            self._tell_end(visit, folded, ended_at)

    def _tell_end(self, visit: Visit, folded: FoldedVisit, at: datetime) -> None:
        key = f"{visit.pk}:{visit.outcome}:{millis(at)}"  # an end that another one replaced is told as well
        self._say(visit, Happening.VISIT_FINALIZED, key, at)
        if visit.outcome == Visit.Outcome.FAILURE:
            self._say(visit, Happening.VISIT_FAILED, key, at)
        if folded.has_task and not folded.is_swept:
            if visit.outcome == Visit.Outcome.SUCCESS:
                self._say_of_task(visit, Happening.TASK_COMPLETED, at)
            elif visit.outcome == Visit.Outcome.FAILURE:
                self._say_of_task(visit, Happening.TASK_FAILED, at)

    def _say(self, visit: Visit, event: Happening, key: str, at: datetime) -> None:
        if at > self._now - NEWS_AGE:
            announce(site=visit.site, event=event, key=key, data=visit_record(visit), now=self._now)

    def _say_of_task(self, visit: Visit, event: Happening, at: datetime) -> None:
        if at > self._now - NEWS_AGE:
            announce(site=visit.site, event=event, key=visit.pk, data=_task_record(visit), now=self._now)


def _end(before: Before) -> tuple[datetime | None, str]:
    return before.finalized_at, before.outcome


def _task_record(visit: Visit) -> dict[str, Any]:
    """What others are told of a task: nothing that opens it."""
    return {
        "taskId": visit.pk,
        "workflowId": visit.workflow_id,
        "siteId": visit.site.public_id,
        "host": visit.host,
        "url": visit.entry_url,
        "prompt": visit.prompt,
        "shortcut": visit.shortcut or None,
        "launchSource": visit.launch_source,
        "agentKey": visit.agent_key,
        "agentName": visit.agent_name,
        "agentTrust": visit.agent_trust,
        "status": visit.status,
        "outcome": visit.outcome or None,
        "summary": visit.summary,
        "error": visit.error or None,
        "createdAt": millis(visit.started_at),
        "endedAt": None if visit.ended_at is None else millis(visit.ended_at),
    }
