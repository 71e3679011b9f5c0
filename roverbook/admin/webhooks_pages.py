"""The pages of webhooks among RoverBook's."""

from collections.abc import Sequence

from roverbook.admin.webhooks import webhooks, webhooks_questions, webhooks_switch
from roverbook.admin.webhooks_editing import (
    webhook_active,
    webhook_edit,
    webhook_new,
    webhook_removal,
    webhook_rotate,
)
from roverbook.admin.webhooks_log import (
    webhook,
    webhook_delivery,
    webhook_delivery_replay,
    webhook_failed_replay,
    webhook_test,
)
from roverbook.admin.webhooks_words import OFF_WORDS
from roverbook.models import WebhookEndpoint
from roverbook.selectors.webhooks import switched_off
from tasks.admin.texts import line
from workspace.admin.contributions import Page, SiteLink
from workspace.models import Site
from workspace.selectors.overview import Attention

_ALL = "sites/<slug:site_id>/roverbook/webhooks/"
_ONE = f"{_ALL}<uuid:endpoint_id>/"
_DELIVERY = f"{_ONE}deliveries/<uuid:delivery_id>/"
PAGES: list[Page] = [
    (_ALL, webhooks, "roverbook_webhooks"),
    (f"{_ALL}switch/", webhooks_switch, "roverbook_webhooks_switch"),
    (f"{_ALL}questions/", webhooks_questions, "roverbook_webhooks_questions"),
    (f"{_ALL}new/", webhook_new, "roverbook_webhook_new"),
    (_ONE, webhook, "roverbook_webhook"),
    (f"{_ONE}edit/", webhook_edit, "roverbook_webhook_edit"),
    (f"{_ONE}active/", webhook_active, "roverbook_webhook_active"),
    (f"{_ONE}rotate/", webhook_rotate, "roverbook_webhook_rotate"),
    (f"{_ONE}remove/", webhook_removal, "roverbook_webhook_remove"),
    (f"{_ONE}test/", webhook_test, "roverbook_webhook_test"),
    (f"{_ONE}replay/", webhook_failed_replay, "roverbook_webhook_replay"),
    (_DELIVERY, webhook_delivery, "roverbook_webhook_delivery"),
    (f"{_DELIVERY}replay/", webhook_delivery_replay, "roverbook_webhook_delivery_replay"),
]
LINKS: list[SiteLink] = [("roverbook-webhooks", "Webhooks", "admin:roverbook_webhooks")]


def attention(sites: Sequence[Site]) -> list[Attention]:
    """Webhooks that Rover switched off, for those who need to know."""
    return [
        Attention(
            site=endpoint.site,
            text=f"Webhook {_name(endpoint)}: {OFF_WORDS[endpoint.disabled_reason]}",
            tone="bad",
            action="Look at it",
            url_name="admin:roverbook_webhook",
            key_id=endpoint.pk,
        )
        for endpoint in switched_off(sites)
        if endpoint.disabled_reason in OFF_WORDS
    ]


def _name(endpoint: WebhookEndpoint) -> str:
    return line(endpoint.description or endpoint.url, 80)
