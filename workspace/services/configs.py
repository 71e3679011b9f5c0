"""The siteConfig of a site: shortcuts, greeting, voice, page capture, AI access."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workspace.core.refusals import StaleEdit
from workspace.core.site_config import patched_site_config
from workspace.io.transactions import write_transaction
from workspace.models import Site, SiteConfig
from workspace.services.audit import Actor, Subject, record


def site_config_patch(
    *,
    actor: Actor,
    site: Site,
    patch: object,
    max_stored: int,
    now: datetime,
    version: int | None = None,
    note: str = "",
) -> SiteConfig:
    """Replace the members that `patch` names, under the contract's names; null clears greeting, voice and
    pageConfig. `max_stored`: how many shortcuts the key's policy allows. `version`: the edit was made on this
    state; None takes the present one.

    Raises:
        InvalidFields: with every field that is wrong.
        StaleEdit.
    """
    with write_transaction():
        config = SiteConfig.objects.select_for_update().get(site=site)
        if version is not None and version != config.version:
            raise StaleEdit("Somebody changed this site's configuration in between.")
        before: Mapping[str, Any] = config.content
        after = patched_site_config(before, patch, max_stored=max_stored)
        if after != before:
            config.content, config.version, config.updated_at = after, config.version + 1, now
            config.save()
            record(
                actor=actor,
                action="site_config.changed",
                subject=Subject(kind="site_config", id=site.public_id, label=f"version {config.version}"),
                site=site,
                before=before,
                after=after,
                note=note,
                now=now,
            )
    return config
