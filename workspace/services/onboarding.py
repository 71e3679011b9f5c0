"""The first steps of an owner in one go."""

from collections.abc import Sequence
from datetime import datetime

from workspace.core.field_types import checked_text
from workspace.core.names import SITE_NAME_MAX
from workspace.core.patterns import parse_pattern
from workspace.io.transactions import write_transaction
from workspace.models import User
from workspace.services.audit import Actor
from workspace.services.keys import Minted, key_create
from workspace.services.sites import site_create

LOCAL_HOST = "localhost"


def key_create_with_site(
    *,
    actor: Actor,
    owner: User,
    site_name: object,
    label: object,
    allowed_domains: object,
    now: datetime,
    environment: object = "production",
    ttl_days: object = None,
    capabilities: object = None,
    policy: object = None,
) -> Minted:
    """A new site and its first key: both, or neither. The first concrete rule of `allowed_domains` gives the
    site its main host. The arguments are those of `site_create` and `key_create`.

    Raises:
        InvalidFields: with the fields of the key, or with the name of the site.
        LimitReached: the owner has as many sites as allowed.
    """
    name = checked_text(site_name, field="siteName", max_length=SITE_NAME_MAX)
    with write_transaction():
        site = site_create(actor=actor, owner=owner, name=name, host=_main_host(allowed_domains), now=now)
        return key_create(
            actor=actor,
            site=site,
            label=label,
            allowed_domains=allowed_domains,
            environment=environment,
            ttl_days=ttl_days,
            capabilities=capabilities,
            policy=policy,
            now=now,
        )


def _main_host(allowed_domains: object) -> str:
    """The host of the first rule that names one. A key for every host (`*`) names none; such keys are for
    tests on one's own machine. Rules that are wrong are left to `key_create` to refuse."""
    rules = allowed_domains if isinstance(allowed_domains, Sequence) else ()
    found = (parse_pattern(rule) for rule in rules[:100] if isinstance(rule, str))
    return next((pattern.host for pattern in found if pattern and pattern.host), LOCAL_HOST)
