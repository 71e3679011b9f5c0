"""The webhooks that an owner of the walk has."""

from datetime import datetime

from roverbook.core.happenings import Happening
from roverbook.models import NotificationSettings, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from roverbook.services.announcing import announce
from roverbook.services.webhooks.endpoints import webhook_save
from workspace.models import Site
from workspace.services.audit import Actor


def webhooks_make(word: str, site: Site, actor: Actor, now: datetime) -> list[str]:
    """One that was told something and did not answer; returns its secrets."""
    fields = {
        "url": f"https://{word}:{word}-pass@hooks.{word}.example/",
        "description": f"{word} hook",
        "headers": {"X-Word": f"{word}-header"},
    }
    NotificationSettings.objects.update_or_create(site=site, defaults={"enabled": True, "updated_at": now})
    endpoint, secret = webhook_save(actor=actor, site=site, fields=fields, now=now, note=word)
    announce(site=site, event=Happening.VISIT_FAILED, key=word, data={"visitId": word}, now=now)
    WebhookAttempt.objects.create(
        delivery=endpoint.deliveries.get(), number=1, at=now, error="timeout", response_body=f"{word} said"
    )
    return [secret, f"{word}-pass", f"{word}-header"]


def webhook_values(site: Site) -> dict[str, list[str]]:
    """Parameters of addresses."""
    deliveries = WebhookDelivery.objects.filter(endpoint__site=site).values_list("pk", flat=True)
    endpoints = WebhookEndpoint.objects.filter(site=site).values_list("pk", flat=True)
    return {"endpoint_id": [str(pk) for pk in endpoints], "delivery_id": [str(pk) for pk in deliveries]}
