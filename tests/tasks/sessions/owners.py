"""What owners do to the keys of their sites while pages use them."""

from datetime import timedelta

from django.utils import timezone

from workspace.models import Site, SiteKey
from workspace.services.audit import SYSTEM
from workspace.services.keys import key_end_now, key_rotate, key_update
from workspace.services.sites import site_archive


def newest(site: Site) -> SiteKey:
    """The site's newest key."""
    return SiteKey.objects.filter(site=site).latest("created_at")


def rotate(site: Site, grace_seconds: int = 0) -> None:
    key_rotate(actor=SYSTEM, key=newest(site), now=timezone.now(), grace_seconds=grace_seconds)


def revoke(site: Site) -> None:
    key_end_now(actor=SYSTEM, key=newest(site), now=timezone.now())


def switch_off(site: Site) -> None:
    key_update(actor=SYSTEM, key=newest(site), now=timezone.now(), active=False)


def let_expire(site: Site) -> None:
    ended = timezone.now() - timedelta(seconds=1)
    made = ended - timedelta(days=1)
    SiteKey.objects.filter(site=site).update(ttl_days=1, created_at=made, expires_at=ended)


def take_the_embed(site: Site) -> None:
    key_update(actor=SYSTEM, key=newest(site), now=timezone.now(), capabilities={"roverEmbed": False})


def take_the_host(site: Site) -> None:
    key_update(actor=SYSTEM, key=newest(site), now=timezone.now(), allowed_domains=["elsewhere.example"])


def archive(site: Site) -> None:
    site_archive(actor=SYSTEM, site=site, now=timezone.now())
