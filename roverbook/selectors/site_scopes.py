"""Which addresses belong to a site."""

from collections.abc import Callable

from workspace.models import Site, SiteKey
from workspace.selectors.reception import reception_of


def in_scope_of(site: Site) -> Callable[[str], bool]:
    """Tells of a URL whether one of the site's keys that are in use admits it."""
    keys = SiteKey.objects.filter(site=site, active=True, revoked_at=None).select_related("site__config")
    scopes = [reception_of(key).scope for key in keys]
    return lambda url: any(scope.decide(url).in_scope for scope in scopes)
