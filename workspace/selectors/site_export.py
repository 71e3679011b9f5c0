"""Everything about a site as JSON, without secrets."""

from datetime import datetime
from typing import Any

from workspace.models import Membership, Site
from workspace.selectors.keys import key_resource

FORMAT = 1


def site_export(site: Site, *, now: datetime) -> dict[str, Any]:
    """The site's whole configuration. Keys are there without their values. Times are ISO 8601."""
    members = Membership.objects.filter(site=site).select_related("user").order_by("created_at", "id")
    keys = site.keys.select_related("site").order_by("created_at", "id")
    return {
        "format": FORMAT,
        "exportedAt": now.isoformat(),
        "site": {
            "siteId": site.public_id,
            "siteName": site.name,
            "host": site.host,
            "owner": site.owner.username,
            "createdAt": site.created_at.isoformat(),
            "archivedAt": site.archived_at.isoformat() if site.archived_at else None,
        },
        "siteConfig": {**site.config.content, "version": site.config.version},
        "keys": [key_resource(key, now=now) for key in keys],
        "members": [
            {"username": member.user.username, "role": member.role, "since": member.created_at.isoformat()}
            for member in members
        ],
        "hosts": [
            {"host": claim.host, "proved": claim.is_proved, "method": claim.method}
            for claim in site.claims.order_by("host")
        ],
    }
