"""Making, changing and removing the webhooks of a site. Each change is on record, without its secrets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from roverbook.core.webhooks.signing import new_secret
from roverbook.core.webhooks.subscriptions import (
    ENDPOINTS_MAX,
    EVERY_EVENT,
    Known,
    SecretChange,
    Wanted,
    wanted_webhook,
    wanted_webhooks,
)
from roverbook.models import WebhookDelivery, WebhookEndpoint
from roverbook.selectors.webhook_secrets import Target, readable_target
from roverbook.services.webhooks.sealing import put_secret, put_target
from tasks.models import Task
from tasks.services.engines import ssrf_policy
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.ids import new_id
from workspace.core.refusals import LimitReached
from workspace.io.transactions import write_transaction
from workspace.models import Site
from workspace.services.audit import Actor, Subject, record

GONE, FAILING = "gone", "failing"
"""Why Rover itself switched a webhook off."""


def webhooks_checked(site: Site, value: object) -> list[Wanted]:
    """What the list asks for. Raises: InvalidFields."""
    return wanted_webhooks(value, known=_known(site), policy=ssrf_policy())


def webhooks_replace(
    *, actor: Actor, site: Site, items: Sequence[Wanted], now: datetime, note: str = ""
) -> dict[str, str]:
    """Let these be the site's webhooks, in the caller's transaction; returns the secrets that were made, by
    the webhook's id, to be shown this once. The log of a webhook that is not named goes with it.

    Raises:
        InvalidFields: a webhook was removed meanwhile.
    """
    kept = {item.id for item in items if item.id is not None}
    before = {str(endpoint.pk): endpoint for endpoint in _locked(site)}
    if kept - set(before):
        raise InvalidFields([FieldError("webhooks", "One of them was removed meanwhile.", "not_allowed")])
    for name, endpoint in before.items():
        if name not in kept:
            _remove(actor, endpoint, now=now, note=note)
    made = {}
    for item in items:
        endpoint, secret = _save(
            actor, site, None if item.id is None else before[item.id], item, now=now, note=note
        )
        if secret:
            made[str(endpoint.pk)] = secret
    return made


def webhook_save(
    *,
    actor: Actor,
    site: Site,
    fields: Mapping[str, Any],
    now: datetime,
    note: str = "",
    endpoint_id: UUID | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Make one webhook, or change the one that `fields` names by `id`; returns it, and the secret that was
    made for it, or ''. `fields` are the contract's. `endpoint_id`: of a new one; when
    the site has it already, nothing is done.

    Raises:
        InvalidFields: with every field that is wrong.
        LimitReached: the site has ten.
    """
    with write_transaction():
        endpoints = {str(endpoint.pk): endpoint for endpoint in _locked(site)}
        if endpoint_id is not None and str(endpoint_id) in endpoints:
            return endpoints[str(endpoint_id)], ""
        item = wanted_webhook(fields, known=_known(site), policy=ssrf_policy(), prefix="")
        if item.id is None and len(endpoints) >= ENDPOINTS_MAX:
            raise LimitReached(f"This site has {ENDPOINTS_MAX} webhooks, which is the limit.")
        before = None if item.id is None else endpoints[item.id]
        return _save(actor, site, before, item, now=now, note=note, endpoint_id=endpoint_id)


def webhook_remove(*, actor: Actor, endpoint: WebhookEndpoint, now: datetime) -> None:
    """Remove it with its log. What is being sent this moment is not called back."""
    with write_transaction():
        _remove(actor, endpoint, now=now, note="")


def webhook_secret_rotate(*, actor: Actor, endpoint: WebhookEndpoint, now: datetime) -> str:
    """A new secret, to be shown this once. The one before signs too, for a day."""
    secret = new_secret()
    fields = {"id": str(endpoint.pk), "secret": secret}
    webhook_save(actor=actor, site=endpoint.site, fields=fields, now=now)
    return secret


def webhook_switch_off(endpoint: WebhookEndpoint, *, reason: str, actor: Actor, now: datetime) -> bool:
    """Stop sending because of how the receiver answers; False when it was off. What waits ends soon."""
    off = WebhookEndpoint.objects.filter(pk=endpoint.pk, active=True)
    if not off.update(active=False, disabled_reason=reason, updated_at=now):
        return False
    _hurry(endpoint, now=now)
    record(
        actor=actor,
        action="webhook.disabled",
        subject=_subject(endpoint),
        site=endpoint.site,
        before={"active": True},
        after={"active": False, "reason": reason},
        now=now,
    )
    return True


def _locked(site: Site) -> list[WebhookEndpoint]:
    """The site's webhooks; whoever else changes them waits for the end of this transaction."""
    Site.objects.select_for_update(no_key=True).filter(pk=site.pk).first()
    return list(WebhookEndpoint.objects.select_related("site").filter(site=site).order_by("created_at", "pk"))


def _known(site: Site) -> dict[str, Known]:
    return {
        str(endpoint.pk): Known(url=endpoint.url, headers=frozenset(readable_target(endpoint).headers))
        for endpoint in WebhookEndpoint.objects.filter(site=site)
    }


def _save(
    actor: Actor,
    site: Site,
    before: WebhookEndpoint | None,
    item: Wanted,
    *,
    now: datetime,
    note: str,
    endpoint_id: UUID | None = None,
) -> tuple[WebhookEndpoint, str]:
    endpoint = before or WebhookEndpoint(
        pk=endpoint_id or new_id(), site=site, events=[EVERY_EVENT], created_at=now
    )
    was = {} if before is None else _audited(endpoint)
    replaced = _put(endpoint, item)
    made = _put_secret(endpoint, item, is_new=before is None, now=now)
    after = _audited(endpoint)
    if before is not None:
        if replaced:  # of what is not shown, that it changed is told
            after["replaced"] = replaced
        if was == after:
            return endpoint, made
    endpoint.updated_at = now
    endpoint.save()
    if before is not None and not endpoint.active and was["active"]:
        _hurry(endpoint, now=now)
    record(
        actor=actor,
        action="webhook.created" if before is None else "webhook.changed",
        subject=_subject(endpoint),
        site=site,
        before=was,
        after=after,
        note=note,
        now=now,
    )
    return endpoint, made


def _put(endpoint: WebhookEndpoint, item: Wanted) -> list[str]:
    """Write the item into the row; returns what changed of the things that are sealed."""
    stored = readable_target(endpoint)
    headers = stored.headers
    if item.headers is not None:
        headers = {
            name: stored.headers.get(name, "") if value is None else value
            for name, value in item.headers.items()
        }
    target = Target(url=item.url or stored.url, headers=headers)
    if target != stored:
        put_target(endpoint, target)
    pairs = {
        "url": stored.url != target.url,
        "headers": dict(stored.headers) != dict(target.headers),
        "secret": item.secret is not SecretChange.KEEP,
    }
    if item.events is not None:
        endpoint.events = list(item.events)
    if item.description is not None:
        endpoint.description = item.description
    if item.active is not None:
        if item.active and not endpoint.active:
            endpoint.failure_count = 0
        endpoint.active = item.active
        endpoint.disabled_reason = ""
    return [name for name, is_other in pairs.items() if is_other]


def _put_secret(endpoint: WebhookEndpoint, item: Wanted, *, is_new: bool, now: datetime) -> str:
    """The secret if one was made here, else ''."""
    if item.secret is SecretChange.KEEP and is_new:
        made = new_secret()
        put_secret(endpoint, made, now=now)
        return made
    if item.secret is not SecretChange.KEEP:
        put_secret(endpoint, item.new_secret, now=now)
    return ""


def _remove(actor: Actor, endpoint: WebhookEndpoint, *, now: datetime, note: str) -> None:
    subject, was = _subject(endpoint), _audited(endpoint)
    deliveries = WebhookDelivery.objects.filter(endpoint=endpoint)
    Task.objects.filter(pk__in=deliveries.values("task")).delete()  # before the rows that name them
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()[0]:
        return
    record(
        actor=actor,
        action="webhook.removed",
        subject=subject,
        site=endpoint.site,
        before=was,
        note=note,
        now=now,
    )


def _hurry(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    """Let whoever sends look now at what waits for an endpoint that takes nothing any more: it ends it."""
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=WebhookDelivery.Status.PENDING)
    Task.objects.filter(pk__in=waiting.values("task")).update(not_before=now)
    waiting.update(next_at=now)


def _subject(endpoint: WebhookEndpoint) -> Subject:
    return Subject(kind="webhook", id=str(endpoint.pk), label=endpoint.description or endpoint.url)


def _audited(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "active": endpoint.active,
        "headers": sorted(readable_target(endpoint).headers),
        "secret": f"…{endpoint.secret_hint}" if endpoint.sealed_secret else None,
    }


def count_failure(endpoint: WebhookEndpoint, *, status: int | None, counts: bool, now: datetime) -> int:
    """Note an attempt that failed; returns how many did in a row. One that does not count is a test."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    rows.update(last_status=status, last_attempt_at=now, failure_count=F("failure_count") + int(counts))
    return rows.values_list("failure_count", flat=True).first() or 0


def count_success(endpoint: WebhookEndpoint, *, status: int, now: datetime) -> None:
    """Note an attempt that arrived."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        last_status=status, last_attempt_at=now, failure_count=0
    )
