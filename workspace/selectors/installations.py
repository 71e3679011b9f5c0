"""A site as its installation needs it."""

from datetime import datetime
from typing import Any

from django.conf import settings

from workspace.core.installation import Installation, KeyFacts
from workspace.core.patterns import ScopeMode
from workspace.core.shortcuts import ordered_shortcuts
from workspace.core.site_config import ai_access_effective, empty_site_config
from workspace.io.secretbox import Unreadable
from workspace.models import Site, SiteConfig, SiteKey
from workspace.selectors.keys import key_state, key_value

KEYS_LISTED = 200


def installation_of(site: Site, *, now: datetime, roverbook: bool = False) -> Installation:
    """The site's newest 200 keys, live or not, newest first, and what it shows to agents. A key whose value
    cannot be read any more is left out."""
    keys = SiteKey.objects.filter(site=site).select_related("site").order_by("-created_at", "-id")
    content = _config(site)
    discovery = content["agentDiscovery"].get("enabled") is not False
    return Installation(
        site_id=site.public_id,
        site_name=site.name,
        host=site.host,
        base_url=settings.ROVER.base_url,
        keys=tuple(facts for key in keys[:KEYS_LISTED] if (facts := _facts(key, now))),
        discovery=discovery and ai_access_effective(content["aiAccess"]).enabled,
        roverbook=roverbook,
        shortcuts=[each for each in ordered_shortcuts(content["shortcuts"]) if each.get("enabled", True)],
    )


def _config(site: Site) -> dict[str, Any]:
    stored = SiteConfig.objects.filter(site=site).values_list("content", flat=True).first()
    return empty_site_config() | (stored or {})


def _facts(key: SiteKey, now: datetime) -> KeyFacts | None:
    try:
        value = key_value(key)
    except Unreadable:
        return None
    return KeyFacts(
        key_id=str(key.pk),
        public_key=value,
        environment=key.environment,
        state=key_state(key, now),
        patterns=tuple(key.normalized_domains),
        mode=ScopeMode(key.policy["domainScopeMode"]),
        site_mode=key.policy["siteMode"],
    )
