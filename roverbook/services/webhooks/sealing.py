"""Writing what of a webhook is stored sealed."""

import json
from datetime import datetime, timedelta

from roverbook.core.webhooks.subscriptions import masked_url
from roverbook.models import WebhookEndpoint
from roverbook.selectors.webhook_secrets import Target
from workspace.core.tokens import hint
from workspace.io.secretbox import seal

OVERLAP = timedelta(hours=24)
"""How long a replaced secret goes on signing beside the new one."""


def put_target(endpoint: WebhookEndpoint, target: Target) -> None:
    """Write it into the row, which the caller saves."""
    endpoint.url = masked_url(target.url)
    has_private = bool(target.headers) or endpoint.url != target.url
    private = {"url": target.url if endpoint.url != target.url else "", "headers": dict(target.headers)}
    endpoint.sealed_headers = seal(json.dumps(private)) if has_private else ""


def put_secret(endpoint: WebhookEndpoint, secret: str, *, now: datetime) -> None:
    """Let `secret` sign, and the one before it too for a day. '' takes both away at once."""
    replaces = bool(secret) and bool(endpoint.sealed_secret)
    endpoint.sealed_old_secret = endpoint.sealed_secret if replaces else ""
    endpoint.old_secret_until = now + OVERLAP if replaces else None
    endpoint.sealed_secret = seal(secret) if secret else ""
    endpoint.secret_hint = hint(secret) if secret else ""
