"""One attempt to deliver a message: taking it up, and writing down what came of it. The sending between the
two is `postman`'s; no transaction is open meanwhile.

An attempt is written down before it is made. If the worker dies in the middle, whoever takes the delivery up
next sees that, and tries again at once: receivers know a message that comes twice by its `webhook-id`. The
wait before the next attempt stands in the task's row (`not_before`): a restart does not begin it anew.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from roverbook.core.webhooks.retrying import FAILURES_IN_A_ROW, Verdict, verdict_of, wait_before_next
from roverbook.core.webhooks.signing import signature_headers
from roverbook.core.webhooks.subscriptions import VEIL
from roverbook.models import NotificationSettings, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from roverbook.selectors.webhook_secrets import Target, signing_secrets, target_of
from roverbook.services.webhooks.endpoints import (
    FAILING,
    GONE,
    count_failure,
    count_success,
    webhook_switch_off,
)
from roverbook.services.webhooks.outbox import is_test
from tasks.core.errors import LeaseLost
from tasks.core.events import EventKind, NewEvent
from tasks.core.states import TaskStatus
from tasks.core.storable import storable
from tasks.models import Task
from tasks.services.events import events_append
from tasks.services.leases import LEASE, Lease, lease_claim, lease_release, task_finish
from workspace.io.secretbox import Unreadable
from workspace.io.transactions import write_transaction
from workspace.services.audit import SYSTEM

Status = WebhookDelivery.Status
INTERRUPTED = "interrupted: the worker that sent it ended"
ERROR_MAX = 200
HEADERS_KEPT = 40
HEADER_VALUE_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose time has come."""

    delivery_id: UUID
    task_id: UUID
    endpoint_id: UUID
    site_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """An attempt under way: what is posted where."""

    lease: Lease
    delivery_id: UUID
    number: int
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt. `status`: of the answer, None without one; `error`: why, in words."""

    status: int | None = None
    error: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    duration_ms: int = 0

    def header(self, name: str) -> str:
        """The first value of the field called `name` (lower case); '' without one."""
        return next((value for key, value in self.headers if key == name), "")


def deliveries_due(
    *, now: datetime, busy_endpoints: set[UUID], busy_sites: set[UUID], limit: int
) -> list[Due]:
    """Deliveries that nobody works on and whose time has come, those due first at the front."""
    lease = "task__lease_expires_at"
    free = Q(**{lease: None}) | Q(**{f"{lease}__lt": now}) | Q(**{f"{lease}__gt": now + 3 * LEASE})
    open_ = Q(task__status__in=(TaskStatus.PENDING, TaskStatus.RUNNING))
    rows = (
        WebhookDelivery.objects.filter(free, open_, status=Status.PENDING, next_at__lte=now)
        .exclude(endpoint__in=busy_endpoints)
        .exclude(endpoint__site__in=busy_sites)
        .order_by("next_at")
        .values_list("pk", "task", "endpoint", "endpoint__site")
    )
    return [
        Due(delivery_id=delivery, task_id=task, endpoint_id=endpoint, site_id=site)
        for delivery, task, endpoint, site in rows[:limit]
    ]


def cancellations_hurry(*, now: datetime) -> int:
    """Let deliveries that somebody cancelled be looked at now, however long they have to wait yet."""
    cancelled = WebhookDelivery.objects.filter(
        status=Status.PENDING, next_at__gt=now, task__cancellation_requested=True
    )
    with write_transaction():
        return cancelled.update(next_at=now)


def attempt_begin(due: Due, *, now: datetime) -> Sending | None:
    """Take the delivery up. None when somebody else has it, or when it is not to be sent any more; then it
    has ended.

    Raises:
        LeaseLost: another worker took it in this moment.
    """
    lease = lease_claim(task_id=due.task_id, now=now)
    if lease is None:
        return None
    with write_transaction():
        rows = WebhookDelivery.objects.select_related("endpoint__site", "message", "task")
        delivery = rows.filter(pk=due.delivery_id, status=Status.PENDING).first()
        if delivery is None:  # removed, or ended by somebody who then lost the lease
            lease_release(lease=lease, now=now)
            return None
        _start(delivery, lease, now)
        _close_interrupted(delivery)
        error, message = _hindrance(delivery, lease)
        if not error:
            try:
                return _attempt(delivery, lease, now)
            except Unreadable:
                error, message = "secrets_unreadable", "Its secrets were sealed under another secret key."
        _end(delivery, lease, now, status=Status.FAILED, error=error, message=message)
        return None


def attempt_end(sending: Sending, outcome: Outcome, *, spread: float, now: datetime) -> None:
    """Write down what came of it, and when the next attempt is, if there is one. `spread`: -1 to 1, chance.

    Raises:
        LeaseLost: another worker has the delivery, or it was removed; nothing is written.
    """
    with write_transaction():
        _hold(sending.lease)
        delivery = WebhookDelivery.objects.select_related("endpoint__site", "message").get(
            pk=sending.delivery_id
        )
        _write_attempt(delivery, sending.number, outcome)
        delivery.attempts_made += 1
        verdict = verdict_of(outcome.status)
        wait = None
        if verdict is Verdict.AGAIN:
            wait = wait_before_next(
                delivery.attempts_made,
                spread=spread,
                retry_after=outcome.header("retry-after"),
                now=now,
            )
        if verdict is Verdict.DELIVERED:
            _end(delivery, sending.lease, now, status=Status.DELIVERED)
        elif wait is None:
            _end(
                delivery,
                sending.lease,
                now,
                status=Status.FAILED,
                error="webhook_refused" if outcome.status else "webhook_unreachable",
                message=told(outcome),
            )
        else:
            _postpone(delivery, sending.lease, outcome, next_at=now + wait, now=now)
        _count(delivery, verdict, outcome, now)


def attempt_abandon(sending: Sending, *, now: datetime) -> None:
    """Give the delivery back in the middle of an attempt, because this worker stops: another begins anew."""
    lease_release(lease=sending.lease, now=now)


def leases_renew(sendings: list[Sending], *, now: datetime) -> None:
    """Say that these are still being sent."""
    with write_transaction():
        for sending in sendings:
            held = Task.objects.filter(pk=sending.lease.task_id, lease_token=sending.lease.token)
            held.update(lease_expires_at=now + LEASE)


def told(outcome: Outcome) -> str:
    """The outcome in a few words."""
    if outcome.status is None:
        return outcome.error or "no answer"
    redirected = " (redirects are not followed)" if 300 <= outcome.status < 400 else ""
    return f"the receiver answered {outcome.status}{redirected}"


def _start(delivery: WebhookDelivery, lease: Lease, now: datetime) -> None:
    row = Task.objects.filter(pk=lease.task_id, lease_token=lease.token)
    if not row.filter(status=TaskStatus.PENDING).update(status=TaskStatus.RUNNING):
        return
    started = {"task_kind": "webhook", "event": delivery.message.event, "message": delivery.message_id}
    event = NewEvent(kind=EventKind.TASK_STARTED, payload=started)
    events_append(task_id=lease.task_id, events=[event], now=now, lease_token=lease.token)


def _close_interrupted(delivery: WebhookDelivery) -> None:
    """An attempt that nobody ended was cut off with its worker; how it went nobody knows."""
    open_ = WebhookAttempt.objects.filter(delivery=delivery, status_code=None, error="")
    open_.update(error=INTERRUPTED)


def _hindrance(delivery: WebhookDelivery, lease: Lease) -> tuple[str, str]:
    """Why it is not to be sent, as a code and a sentence; '' for no reason."""
    endpoint, tries_it = delivery.endpoint, is_test(delivery.message)
    if lease.verdict is not None:
        return lease.verdict
    if delivery.task is not None and delivery.task.cancellation_requested:
        return "cancelled", "Somebody cancelled it."
    if endpoint.site.archived_at is not None:
        return "site_archived", "The site is archived."
    if not (endpoint.active or tries_it):  # a test goes out before a webhook is switched on again
        return "webhook_off", "The webhook is switched off."
    if not (tries_it or NotificationSettings.objects.filter(site=endpoint.site_id, enabled=True).exists()):
        return "webhooks_off", "The site’s webhooks are switched off."
    return "", ""


def _attempt(delivery: WebhookDelivery, lease: Lease, now: datetime) -> Sending:
    """Raises: Unreadable."""
    endpoint, message = delivery.endpoint, delivery.message
    target, body = target_of(endpoint), message.body.encode()
    signed = signature_headers(
        message=message.pk,
        delivery=str(delivery.pk),
        event=message.event,
        timestamp=int(now.timestamp()),
        body=body,
        secrets=signing_secrets(endpoint, now=now),
    )
    own = {"Content-Type": "application/json", **signed}
    last = WebhookAttempt.objects.filter(delivery=delivery).aggregate(last=Max("number"))["last"] or 0
    WebhookAttempt.objects.create(
        delivery=delivery, number=last + 1, at=now, request_headers=own | _veiled(target)
    )
    return Sending(
        lease=lease,
        delivery_id=delivery.pk,
        number=last + 1,
        url=target.url,
        headers={**target.all_headers(), **own},
        body=body,
    )


def _veiled(target: Target) -> dict[str, str]:
    return dict.fromkeys(target.all_headers(), VEIL)


def _hold(lease: Lease) -> None:
    """Lock the task's row while the lease holds. Raises: LeaseLost."""
    row = Task.objects.select_for_update().filter(pk=lease.task_id, lease_token=lease.token)
    if row.filter(status=TaskStatus.RUNNING).first() is None:
        raise LeaseLost(f"task {lease.task_id} is owned by another worker or has ended")


def _write_attempt(delivery: WebhookDelivery, number: int, outcome: Outcome) -> None:
    headers: dict[str, str] = {}
    for name, value in outcome.headers[:HEADERS_KEPT]:
        headers[name[:100]] = value[:HEADER_VALUE_KEPT]
    error = outcome.error if outcome.status is None else ""
    if outcome.status is not None and 300 <= outcome.status < 400:
        error = "redirects are not followed"
    WebhookAttempt.objects.filter(delivery=delivery, number=number).update(
        duration_ms=outcome.duration_ms,
        status_code=outcome.status,
        error=storable(error)[:ERROR_MAX] or ("no answer" if outcome.status is None else ""),
        response_headers=storable(headers),
        response_body=storable(outcome.body.decode("utf-8", "replace")),
    )


def _postpone(
    delivery: WebhookDelivery, lease: Lease, outcome: Outcome, *, next_at: datetime, now: datetime
) -> None:
    payload = {"attempt": delivery.attempts_made, "text": told(outcome), "next_at": next_at.isoformat()}
    event = NewEvent(kind=EventKind.TASK_PROGRESS, payload=payload)
    events_append(task_id=lease.task_id, events=[event], now=now, lease_token=lease.token)
    Task.objects.filter(pk=lease.task_id, lease_token=lease.token).update(
        lease_owner="", lease_expires_at=None, crashes=0, not_before=next_at, updated_at=now
    )
    delivery.next_at = next_at
    delivery.save(update_fields=["attempts_made", "next_at"])


def _end(
    delivery: WebhookDelivery,
    lease: Lease,
    now: datetime,
    *,
    status: WebhookDelivery.Status,
    error: str = "",
    message: str = "",
) -> None:
    result: dict[str, Any] = {"attempts": delivery.attempts_made, "status": status.value}
    if status is Status.DELIVERED:
        after, event = TaskStatus.COMPLETED, NewEvent(kind=EventKind.TASK_COMPLETED, payload=dict(result))
    elif error == "cancelled":
        after, event = TaskStatus.CANCELLED, NewEvent(kind=EventKind.TASK_CANCELLED, payload=dict(result))
    else:
        said = {"error": error, "message": message}
        after, event = TaskStatus.FAILED, NewEvent(kind=EventKind.TASK_FAILED, payload=said)
    if not task_finish(lease=lease, now=now, status=after, events=[event], error=error, result=result):
        raise LeaseLost(f"task {lease.task_id} is owned by another worker")
    delivery.status, delivery.next_at, delivery.ended_at = status, None, now
    delivery.save(update_fields=["attempts_made", "status", "next_at", "ended_at"])


def _count(delivery: WebhookDelivery, verdict: Verdict, outcome: Outcome, now: datetime) -> None:
    """Keep how the endpoint fares; one that is gone, or failed too often in a row, is switched off."""
    endpoint: WebhookEndpoint = delivery.endpoint
    if verdict is Verdict.DELIVERED:
        count_success(endpoint, status=outcome.status or 0, now=now)
        return
    in_a_row = count_failure(endpoint, status=outcome.status, counts=not is_test(delivery.message), now=now)
    if verdict is Verdict.GONE:
        webhook_switch_off(endpoint, reason=GONE, actor=SYSTEM, now=now)
    elif in_a_row >= FAILURES_IN_A_ROW:
        webhook_switch_off(endpoint, reason=FAILING, actor=SYSTEM, now=now)
