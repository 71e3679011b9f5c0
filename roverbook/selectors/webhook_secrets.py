"""What of a webhook is stored sealed: its secrets, its headers, and an address that holds a secret."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

import ada_url

from roverbook.models import WebhookEndpoint
from workspace.io.secretbox import Unreadable, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to post, whole, and the owner's own headers."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def all_headers(self) -> dict[str, str]:
        """The headers, with the user of the address as HTTP Basic unless they have an Authorization."""
        parsed = ada_url.URL(self.url)
        user, password = unquote(parsed.username), unquote(parsed.password)
        named = {name.lower() for name in self.headers}
        if not (user or password) or "authorization" in named:
            return dict(self.headers)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {**self.headers, "Authorization": f"Basic {pair}"}


def target_of(endpoint: WebhookEndpoint) -> Target:
    """Raises: Unreadable when it was sealed under another secret key."""
    if not endpoint.sealed_headers:
        return Target(url=endpoint.url)
    private = json.loads(unseal(endpoint.sealed_headers))
    return Target(url=private["url"] or endpoint.url, headers=private["headers"])


def readable_target(endpoint: WebhookEndpoint) -> Target:
    """What is stored; of what cannot be read any more only the address as shown."""
    try:
        return target_of(endpoint)
    except Unreadable:
        return Target(url=endpoint.url)


def signing_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """Those that sign now, the newest first; none when the owner wants none.

    Raises:
        Unreadable: one was sealed under another secret key.
    """
    sealed = [endpoint.sealed_secret]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > now:
        sealed.append(endpoint.sealed_old_secret)
    return [unseal(each) for each in sealed if each]
