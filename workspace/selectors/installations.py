"""A site as its installation needs it."""

from datetime import datetime

from workspace.core.installation import Installation, KeyFacts
from workspace.core.patterns import ScopeMode
from workspace.io.secretbox import Unreadable
from workspace.models import Site, SiteKey
from workspace.selectors.discoveries import discovery_of
from workspace.selectors.keys import key_state, key_value

KEYS_LISTED = 200


def installation_of(site: Site, *, now: datetime, roverbook: bool = False) -> Installation:
    """The site's newest 200 keys, live or not, newest first, and what it shows to agents. A key whose value
    cannot be read any more is left out."""
    keys = SiteKey.objects.filter(site=site).select_related("site").order_by("-created_at", "-id")
    found = discovery_of(site, now=now)
    return Installation(
        offer=found.offer,
        keys=tuple(facts for key in keys[:KEYS_LISTED] if (facts := _facts(key, now))),
        discovery=found.offer.access.enabled and not found.offer.told.is_off,
        silence=found.silence,
        roverbook=roverbook,
    )


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
