"""Sites: made, renamed, archived, handed over."""

import secrets
import string
from collections.abc import Mapping
from datetime import datetime

from django.db.models import F

from workspace.core.credentials import Forbidden
from workspace.core.field_types import checked_text
from workspace.core.names import SITE_NAME_MAX, site_id
from workspace.core.refusals import LimitReached, StaleEdit
from workspace.core.site_config import empty_site_config
from workspace.io.transactions import write_transaction
from workspace.models import Membership, Site, SiteConfig, User
from workspace.services.audit import Actor, Subject, record

_ALPHANUMERIC = string.ascii_letters + string.digits


def site_create(
    *,
    actor: Actor,
    owner: User,
    name: str,
    host: str,
    now: datetime,
    note: str = "",
    suffix: str | None = None,
) -> Site:
    """A site without keys.

    `host` as `workspace.core.hosts.parse_host` returns it. `suffix`: the last 6 characters of the public id,
    for sample sites that shall have the same one everywhere; else random.

    Raises:
        InvalidFields: the name is empty or too long.
        LimitReached: the owner has as many sites as allowed.
    """
    name = _checked_name(name)
    with write_transaction():
        _check_limit(owner)
        site = Site.objects.create(
            public_id=site_id(name, suffix or _random_suffix()),
            owner=owner,
            name=name,
            host=host,
            created_at=now,
        )
        SiteConfig.objects.create(site=site, content=empty_site_config(), updated_at=now)
        _log(actor, "created", site, {}, {"name": name, "host": host, "owner": owner.username}, now, note)
    return site


def site_edit(
    *, actor: Actor, site: Site, name: str, host: str, revision: int, now: datetime, note: str = ""
) -> Site:
    """Another name or main host; the public id stays.

    Raises:
        InvalidFields, StaleEdit: `revision` is not the stored one.
    """
    name = _checked_name(name)
    before = {"name": site.name, "host": site.host}
    with write_transaction():
        found = Site.objects.filter(pk=site.pk, revision=revision)
        if not found.update(name=name, host=host, revision=F("revision") + 1):
            raise StaleEdit("Somebody changed this site in between.")
        site.refresh_from_db()
        _log(actor, "edited", site, before, {"name": name, "host": host}, now, note)
    return site


def site_archive(*, actor: Actor, site: Site, now: datetime, note: str = "") -> None:
    """Put a site away: its keys stop working, nothing is deleted. A second time changes nothing."""
    with write_transaction():
        if Site.objects.filter(pk=site.pk, archived_at=None).update(
            archived_at=now, revision=F("revision") + 1
        ):
            _log(actor, "archived", site, {"archived": False}, {"archived": True}, now, note)


def site_restore(*, actor: Actor, site: Site, now: datetime, note: str = "") -> None:
    """Bring an archived site back; its keys work again as they did."""
    with write_transaction():
        if Site.objects.filter(pk=site.pk, archived_at__isnull=False).update(
            archived_at=None, revision=F("revision") + 1
        ):
            _log(actor, "restored", site, {"archived": True}, {"archived": False}, now, note)


def site_transfer(*, actor: Actor, site: Site, to: User, now: datetime, note: str = "") -> None:
    """Another owner, who must be a member already; the old one stays as an admin.

    Raises:
        Forbidden: the new owner is no member, so has never agreed to work on this site, or cannot sign in.
        LimitReached: the new owner has as many sites as allowed.
    """
    with write_transaction():
        if not to.is_active or not Membership.objects.filter(site=site, user=to).exists():
            raise Forbidden("Only a member of the site can become its owner.")
        _check_limit(to)
        previous = site.owner
        Membership.objects.filter(site=site, user=to).delete()
        Site.objects.filter(pk=site.pk).update(owner=to, revision=F("revision") + 1)
        Membership.objects.create(site=site, user=previous, role="admin", created_at=now)
        site.refresh_from_db()
        _log(actor, "transferred", site, {"owner": previous.username}, {"owner": to.username}, now, note)


def _check_limit(owner: User) -> None:
    User.objects.select_for_update().get(pk=owner.pk)  # two at once are counted in turn
    if Site.objects.filter(owner=owner, archived_at=None).count() >= owner.max_sites:
        raise LimitReached(
            f"{owner.username} has {owner.max_sites} sites, which is the limit.",
            next_action="Archive a site, or ask the administrator for a higher limit.",
        )


def _checked_name(name: str) -> str:
    return checked_text(name, field="siteName", max_length=SITE_NAME_MAX)


def _random_suffix() -> str:
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(6))


def _log(
    actor: Actor,
    what: str,
    site: Site,
    before: Mapping[str, object],
    after: Mapping[str, object],
    now: datetime,
    note: str,
) -> None:
    record(
        actor=actor,
        action=f"site.{what}",
        subject=Subject(kind="site", id=site.public_id, label=site.name),
        site=site,
        before=before,
        after=after,
        note=note,
        now=now,
    )
