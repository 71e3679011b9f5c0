"""Letting go of what a site no longer wants to keep. Tasks and sessions have terms of their own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from roverbook.models import (
    CollectedEvent,
    DailyScore,
    DriftAlert,
    Exposure,
    InterviewAnswer,
    Note,
    NotificationSettings,
    Post,
    Review,
    Visit,
)
from roverbook.models.shared import Provenance
from roverbook.selectors.settings import settings_of
from workspace.io.transactions import write_transaction
from workspace.models import Site

BITE = 500
MOST = 20_000
"""So many rows of one site in one round: the rest goes with the next."""


def retention_prune(now: datetime) -> int:
    """Remove what is older than its site keeps it; returns how many rows. Call it now and then; any number of
    callers may."""
    return sum(_prune_site(site, now) for site in Site.objects.order_by("pk").iterator(chunk_size=BITE))


def _prune_site(site: Site, now: datetime) -> int:
    left = MOST
    for rows in _too_old(site, settings_of(site), now):
        while left > 0:
            with write_transaction():
                some = list(rows.values_list("pk", flat=True)[: min(BITE, left)])
                rows.model._default_manager.filter(pk__in=some).delete()
            left -= len(some)
            if len(some) < BITE:
                break
    return MOST - left


def _too_old(site: Site, kept: NotificationSettings, now: datetime) -> Iterator[QuerySet[Any]]:
    """The rows of a site whose time is over: see the table in docs/privacy.md."""
    visits_until = now - timedelta(days=kept.visit_days)
    scores_until = now - timedelta(days=kept.score_days)
    of_site: dict[str, Any] = {"site": site}
    derived: dict[str, Any] = {**of_site, "provenance": Provenance.DERIVED, "created_at__lt": visits_until}
    yield Review.objects.filter(**derived)
    yield InterviewAnswer.objects.filter(**derived)
    yield Note.objects.filter(**derived, is_pinned=False)
    yield Visit.objects.filter(**of_site, last_event_at__lt=visits_until, finalized_at__isnull=False)
    yield CollectedEvent.objects.filter(**of_site, created_at__lt=visits_until)
    yield Exposure.objects.filter(**of_site, created_at__lt=visits_until)
    yield Review.objects.filter(**of_site, created_at__lt=scores_until)
    yield InterviewAnswer.objects.filter(**of_site, created_at__lt=scores_until)
    done = Post.objects.filter(**of_site, parent=None, updated_at__lt=scores_until)
    yield done.filter(is_hidden=True)
    yield done.filter(status=Post.Status.SOLVED)
    yield DailyScore.objects.filter(**of_site, day__lt=scores_until.date())
    yield DriftAlert.objects.filter(**of_site, ended_at__lt=scores_until)
