"""What a site offers to agents, and whether this server publishes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from workspace.core.discovery.offer import Offer
from workspace.core.discovery.silence import Silence, silence_of
from workspace.core.discovery.told import told_by
from workspace.core.names import is_site_id
from workspace.core.patterns import ScopeMode
from workspace.core.scope import Scope
from workspace.core.site_config import ai_access_effective, empty_site_config
from workspace.models import Site, SiteConfig, SiteKey
from workspace.selectors.claims import speaks_for
from workspace.selectors.keys import key_state
from workspace.selectors.reception import reception_for

LIVE = frozenset({"active", "rotating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """`offer`: what agents would find. `silence`: why they find nothing on this server, None when they do."""

    offer: Offer
    silence: Silence | None


def discovery_of(site: Site, *, now: datetime) -> Discovery:
    """The site's offer, and whether it is published: the site is not archived, the owner lets agents in and
    has not turned discovery off, and by a live key of the mode agent the site may open its main host."""
    content = _content(site)
    access, told = ai_access_effective(content["aiAccess"]), told_by(content["agentDiscovery"])
    keys = _keys(site, now)
    offer = Offer(
        site_id=site.public_id,
        site_name=site.name,
        host=site.host,
        base_url=settings.ROVER.base_url,
        access=access,
        told=told,
        shortcuts=content["shortcuts"],
        has_cloud_agent=_has_cloud_agent(site, now),
    )
    silence = silence_of(
        is_archived=site.archived_at is not None,
        is_open=access.enabled,
        is_turned_off=told.is_off,
        has_key=bool(keys),
        is_spoken_for=_is_spoken_for(site, keys),
    )
    return Discovery(offer=offer, silence=silence)


def published_offer(site_id: str, *, now: datetime) -> Offer | None:
    """What agents find of the site with this siteId; None when they find nothing, whatever the reason."""
    site = Site.objects.filter(public_id=site_id).first() if is_site_id(site_id) else None
    if site is None:
        return None
    found = discovery_of(site, now=now)
    return None if found.silence else found.offer


def _keys(site: Site, now: datetime) -> list[SiteKey]:
    """The live keys that let agents work on the main host."""
    rows = SiteKey.objects.filter(site=site, active=True, revoked_at=None).select_related("site")
    return [
        key
        for key in rows
        if key_state(key, now) in LIVE
        and key.policy["siteMode"] == "agent"
        and key.capabilities.get("roverEmbed") is True
        and Scope.compile(key.normalized_domains, ScopeMode(key.policy["domainScopeMode"])).covers(site.host)
    ]


def _is_spoken_for(site: Site, keys: Sequence[SiteKey]) -> bool:
    """Whether the site may open its main host by one of these keys; of one environment all may or none."""
    one_of_each = {key.environment: key for key in keys}
    return any(speaks_for(site, key, site.host) for key in one_of_each.values())


def _has_cloud_agent(site: Site, now: datetime) -> bool:
    """Of the key under whose rules tasks on the main host run."""
    reception = reception_for(site.host, now=now)
    if reception is None or reception.site.pk != site.pk:
        return False
    return reception.key.capabilities.get("cloudAgent") is True


def _content(site: Site) -> dict[str, Any]:
    stored = SiteConfig.objects.filter(site=site).values_list("content", flat=True).first()
    return empty_site_config() | (stored or {})
