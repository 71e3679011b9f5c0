"""What a webhook was told: its deliveries, one of them in full, tests, and sending again."""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from roverbook.admin.webhooks import SECTION, row_of
from roverbook.admin.webhooks_forms import LogForm, ReplayForm, TestForm
from roverbook.admin.webhooks_shared import delivery_or_404, endpoint_or_404
from roverbook.admin.webhooks_words import DELIVERY_STATES, State
from roverbook.core.happenings import Happening
from roverbook.models import WebhookAttempt, WebhookDelivery
from roverbook.selectors.settings import settings_of
from roverbook.selectors.webhooks import delivery_page, shares
from roverbook.services.webhooks.outbox import is_test
from roverbook.services.webhooks.replaying import (
    delivery_replay,
    failed_replay,
    webhook_test_send,
)
from tasks.admin.texts import as_json, block, line
from tasks.core.quantities import duration
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.io.waiting import waits_for_others

if TYPE_CHECKING:
    from workspace.models import Site

TEST_SECONDS = 5.0
"""A page waits so long for what came of a test."""
LOOK_SECONDS = 0.1
BODY_SHOWN = 70_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery in the list."""

    delivery: WebhookDelivery
    state: State
    event: str
    is_test: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt, made harmless."""

    number: int
    at: datetime
    took: str
    said: str
    is_good: bool
    is_open: bool
    request_headers: str
    response_headers: str
    response_body: str


@site_page()
@require_safe
def webhook(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """One webhook: what it is, and what it was told."""
    endpoint = endpoint_or_404(site, endpoint_id)
    form = LogForm(request.GET)
    is_valid = form.is_valid()
    said = form.cleaned_data if is_valid else {}
    status, event, older = said.get("status") or "", said.get("event") or "", said.get("older")
    found = delivery_page(endpoint, status=status, event=event, older_than=older)
    [share] = shares([endpoint], now=timezone.now()).values()
    return render_page(
        request,
        "workspace/roverbook/webhooks/webhook.html",
        title=line(endpoint.description) or "Webhook",
        section=SECTION,
        site=site,
        status=200 if is_valid else 422,
        row=row_of(endpoint, share),
        enabled=settings_of(site).enabled,
        form=form,
        deliveries=[_row(delivery) for delivery in found.rows],
        is_filtered=bool(status or event) or not is_valid,
        is_paged=older is not None,
        older=_query(status=status, event=event, older=found.older) if found.older else "",
        test=TestForm(),
        replay=ReplayForm(),
    )


@site_page()
@require_safe
def webhook_delivery(
    request: HttpRequest, site: "Site", endpoint_id: UUID, delivery_id: UUID
) -> HttpResponse:
    """One delivery: what was sent, and what came of each attempt."""
    endpoint = endpoint_or_404(site, endpoint_id)
    delivery = delivery_or_404(endpoint, delivery_id)
    attempts = WebhookAttempt.objects.filter(delivery=delivery).order_by("-number")
    return render_page(
        request,
        "workspace/roverbook/webhooks/delivery.html",
        title="Delivery",
        section=SECTION,
        site=site,
        endpoint=endpoint,
        row=_row(delivery),
        attempts=[_attempt(attempt) for attempt in attempts],
        body=as_json(json.loads(delivery.message.body), BODY_SHOWN),
    )


@site_page()
@require_POST
@waits_for_others
def webhook_test(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """Send a test, and show what came of it."""
    endpoint = endpoint_or_404(site, endpoint_id)
    form = TestForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "There is no event of this name.")
        return redirect("admin:roverbook_webhook", site.public_id, endpoint.pk)
    event = Happening(form.cleaned_data["event"])
    delivery = webhook_test_send(actor=actor_of(request), endpoint=endpoint, event=event, now=timezone.now())
    if _is_tried_soon(delivery):
        say(request, "The test was sent. Below is what came of it.")
    else:
        messages.info(request, "The test is on its way. Load this page again in a moment.")
    return redirect("admin:roverbook_webhook_delivery", site.public_id, endpoint.pk, delivery.pk)


@site_page()
@require_POST
def webhook_delivery_replay(
    request: HttpRequest, site: "Site", endpoint_id: UUID, delivery_id: UUID
) -> HttpResponse:
    """Send it again: the same message, a new delivery."""
    endpoint = endpoint_or_404(site, endpoint_id)
    delivery = delivery_or_404(endpoint, delivery_id)
    again = delivery_replay(actor=actor_of(request), delivery=delivery, now=timezone.now())
    if again is None:
        messages.info(request, "This message is on its way to the webhook already.")
    else:
        delivery = again
        say(request, "It is sent again, with the same webhook-id. This is the new delivery.")
    return redirect("admin:roverbook_webhook_delivery", site.public_id, endpoint.pk, delivery.pk)


@site_page()
@require_POST
def webhook_failed_replay(request: HttpRequest, site: "Site", endpoint_id: UUID) -> HttpResponse:
    """Send again what failed lately."""
    endpoint, now = endpoint_or_404(site, endpoint_id), timezone.now()
    form = ReplayForm(request.POST)
    if form.is_valid():
        since = now - timedelta(hours=int(form.cleaned_data["hours"]))
        n_sent = failed_replay(actor=actor_of(request), endpoint=endpoint, since=since, now=now)
        say(
            request,
            f"Sent again: {n_sent}." if n_sent else "Nothing failed in this time that has not arrived since.",
        )
    else:
        messages.warning(request, "Choose one of the times.")
    return redirect("admin:roverbook_webhook", site.public_id, endpoint.pk)


def _is_tried_soon(delivery: WebhookDelivery) -> bool:
    """Wait until an attempt has ended; False when none does in time."""
    end = time.monotonic() + TEST_SECONDS
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    while True:
        state = rows.values_list("attempts_made", "status").first()
        if state is None or state[0] or state[1] != WebhookDelivery.Status.PENDING:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_SECONDS)


def _row(delivery: WebhookDelivery) -> DeliveryRow:
    task = delivery.task
    reason = "" if task is None else task.error
    return DeliveryRow(
        delivery=delivery,
        state=DELIVERY_STATES.get(delivery.status) or State(word=line(delivery.status), badge=""),
        event=line(delivery.message.event),
        is_test=is_test(delivery.message),
        said=_REASONS.get(reason, ""),
    )


_REASONS = {
    "webhook_off": "the webhook was switched off before it was sent",
    "webhooks_off": "the site’s webhooks were switched off before it was sent",
    "site_archived": "the site is archived",
    "cancelled": "somebody cancelled it",
    "secrets_unreadable": "its secrets cannot be read: the server’s secret key changed. Make a new one",
    "worker_crashed": "the workers that sent it died again and again",
}


def _attempt(attempt: WebhookAttempt) -> AttemptRow:
    status, is_open = attempt.status_code, attempt.status_code is None and not attempt.error
    said = "under way" if is_open else " – ".join(str(each) for each in (status, attempt.error) if each)
    return AttemptRow(
        number=attempt.number,
        at=attempt.at,
        took="" if is_open else duration(attempt.duration_ms),
        said=line(said),
        is_good=status is not None and 200 <= status < 300,
        is_open=is_open,
        request_headers=_headers(attempt.request_headers),
        response_headers=_headers(attempt.response_headers),
        response_body=block(attempt.response_body),
    )


def _headers(headers: dict[str, str]) -> str:
    return block("\n".join(f"{line(name)}: {line(value, 600)}" for name, value in headers.items()))


def _query(**values: object) -> str:
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in values.items() if value})
    return f"?{query.urlencode()}"
