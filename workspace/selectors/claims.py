"""Who speaks for a host.

Anyone can type a domain into a form. Until control is proved, a key works for the embed on that host, but
public tasks, discovery and cloud execution are off there.
"""

from django.db.models import QuerySet

from workspace.core.environments import Environment
from workspace.core.hosts import is_local_name
from workspace.models import HostClaim, Site, SiteKey


def claims_of(site: Site) -> QuerySet[HostClaim]:
    """The hosts that the site claims, by name."""
    return HostClaim.objects.filter(site=site).select_related("site").order_by("host")


def proved_claim(host: str) -> HostClaim | None:
    """The one claim to this host that is proved, with its site; None when nobody has shown control. `host`
    as `workspace.core.hosts.parse_host` returns it, here and below."""
    return (
        HostClaim.objects.filter(host=host, proved_at__isnull=False, lost_at=None)
        .select_related("site", "site__owner")
        .first()
    )


def host_is_proved(site: Site, host: str) -> bool:
    """Whether the site has shown that it controls exactly this host, and the host has not passed on."""
    return HostClaim.objects.filter(site=site, host=host, proved_at__isnull=False, lost_at=None).exists()


def speaks_for(site: Site, key: SiteKey, host: str) -> bool:
    """Whether the site may open this host to agents by this key of its own: it has proved control, or the key
    is for development or test and the host can only be somebody's own machine. Whether the key lists the host
    is another question (`workspace.core.scope`)."""
    if key.site_id != site.pk:
        return False
    is_for_work = key.environment in {Environment.DEVELOPMENT.value, Environment.TEST.value}
    return (is_for_work and is_local_name(host)) or host_is_proved(site, host)
