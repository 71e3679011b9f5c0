"""Whose site is it, and what may a person do there: the one place that decides it for pages and API."""

from django.db.models import Q, QuerySet

from workspace.core.credentials import Forbidden
from workspace.core.names import is_site_id
from workspace.core.refusals import SiteNotFound
from workspace.core.roles import Right, Role, allows
from workspace.models import Membership, Site, User


def sites_of(user: User) -> QuerySet[Site]:
    """The sites that a person works on, in any role; every site for an administrator of the server."""
    if user.is_superuser:
        return Site.objects.all()
    return Site.objects.filter(Q(owner=user) | Q(pk__in=_joined(user)))


def role_of(user: User, site: Site) -> Role | None:
    """The person's part on the site; an administrator of the server acts as the owner."""
    if user.is_superuser or site.owner_id == user.pk:
        return Role.OWNER
    found = Membership.objects.filter(site=site, user=user).values_list("role", flat=True).first()
    return Role(found) if found else None


def require(user: User, site: Site, right: Right) -> Role:
    """The person's role, when it carries the right.

    Raises:
        Forbidden: the site is another's, or the role is not enough.
    """
    role = role_of(user, site)
    if role is None:
        raise Forbidden("This site belongs to somebody else.")
    if not allows(role, right):
        raise Forbidden(f"Your role on this site is {role}; it does not allow this.")
    return role


def site_of(user: User, public_id: str) -> Site:
    """The site with this siteId, if the person works on it.

    Raises:
        SiteNotFound: there is none, or it is not theirs: pages tell strangers nothing.
    """
    site = sites_of(user).select_related("owner").filter(public_id=public_id).first()
    if site is None:
        raise SiteNotFound("There is no such site.")
    return site


def site_for(user: User, public_id: str, right: Right) -> Site:
    """The site with this siteId, when the person's role on it carries the right: the answer to scripts.

    Raises:
        SiteNotFound: there is none.
        Forbidden: it is another's, or the role is not enough.
    """
    rows = Site.objects.select_related("owner").filter(public_id=public_id)
    site = rows.first() if is_site_id(public_id) else None  # other texts may be none that a database can read
    if site is None:
        raise SiteNotFound("There is no site with this siteId.")
    require(user, site, right)
    return site


def _joined(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user).values("site")  # type: ignore[return-value]
