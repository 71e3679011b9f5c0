"""What the pages of shortcuts share: the stored list, storing it, and what one shortcut means outside."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from workspace.admin.frame import actor_of
from workspace.core.discovery.skills import MAX_SHORTCUTS, listed_shortcuts, shortcut_skill
from workspace.core.hosts import is_local_name
from workspace.core.shortcut_lists import merged
from workspace.core.site_config import ai_access_effective
from workspace.models import Site, SiteConfig
from workspace.selectors.discoveries import Discovery, discovery_of
from workspace.selectors.limits import shortcut_limits
from workspace.services.configs import site_config_patch

SECTION = "shortcuts"
_DELETED = "deleted_shortcut"
SIDE_EFFECTS = {
    "none": "neither reads nor changes anything",
    "read": "only reads",
    "write": "changes something",
    "transactional": "orders, pays or sends something",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How one shortcut is started from outside. `deep_link` opens the site and starts it there, `curl` makes
    a task; `deep_link_works` and `task_works` tell whether the site's AI access lets them."""

    deep_link: str
    curl: str
    deep_link_works: bool
    task_works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What agents read of one shortcut: `skill` as it stands in the agent card, `effect` in words. `silent`:
    why they read nothing at present, or ''."""

    skill: Mapping[str, Any]
    effect: str
    is_assumed: bool
    silent: str

    @property
    def as_json(self) -> str:
        """The skill as the card has it."""
        return json.dumps(self.skill, ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """The shortcut that this person deleted last, and where it was stored, from 0."""

    shortcut: Mapping[str, Any]
    index: int


def remember_deleted(request: HttpRequest, site: Site, shortcut: Mapping[str, Any], index: int) -> None:
    """Keep it in the person's session, so that the list can offer to bring it back."""
    request.session[_DELETED] = {"site": site.public_id, "shortcut": dict(shortcut), "index": index}


def deleted_of(request: HttpRequest, site: Site) -> Deleted | None:
    """What can be brought back on this site."""
    kept = request.session.get(_DELETED)
    if not kept or kept["site"] != site.public_id:
        return None
    return Deleted(shortcut=kept["shortcut"], index=kept["index"])


def forget_deleted(request: HttpRequest) -> None:
    """After the next change the offer ends."""
    request.session.pop(_DELETED, None)


def config_of(site: Site) -> SiteConfig:
    """The site's configuration as it is stored now."""
    return SiteConfig.objects.get(site=site)


def stored_shortcuts(config: SiteConfig) -> list[dict[str, Any]]:
    """The list as it is stored."""
    return list(config.content.get("shortcuts") or [])


def posted_version(request: HttpRequest) -> int:
    """The state on which the person acted; -1, which no state has, for what is no number."""
    try:
        return int(request.POST.get("version", ""))
    except ValueError:
        return -1


def store_shortcuts(
    request: HttpRequest, site: Site, config: SiteConfig, shortcuts: list[dict[str, Any]], version: int
) -> None:
    """Store the list. A list that is longer than a lowered limit may be changed and shortened, not grow.

    Raises:
        InvalidFields, StaleEdit: as `site_config_patch`.
    """
    limit, present = shortcut_limits(site).stored, len(stored_shortcuts(config))
    site_config_patch(
        actor=actor_of(request),
        site=site,
        patch={"shortcuts": shortcuts},
        max_stored=limit if len(shortcuts) > present else max(limit, present),
        version=version,
        now=timezone.now(),
    )


def site_address(site: Site) -> str:
    """The site's front page; a host of one's own machine is spoken to without TLS."""
    host = f"[{site.host}]" if ":" in site.host else site.host
    return f"{'http' if is_local_name(site.host) else 'https'}://{host}/"


def links_of(site: Site, config: SiteConfig, shortcut_id: str) -> Links:
    """Deep link and task of one shortcut. Its id is safe in both: letters, digits, dots, hyphens, underscores
    alone."""
    access = ai_access_effective(config.content.get("aiAccess") or {})
    body = f'{{"url": "{site_address(site)}", "shortcut": "{shortcut_id}"}}'
    curl = [
        f"curl -X POST {shlex.quote(settings.ROVER.base_url + '/v1/tasks')}",
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(body)}",
    ]
    return Links(
        deep_link=f"{site_address(site)}?rover_shortcut={shortcut_id}",
        curl=" \\\n  ".join(curl),
        deep_link_works=access.shortcut_launch,
        task_works=access.enabled,
    )


def told_of(site: Site, config: SiteConfig, shortcut: Mapping[str, Any]) -> Told:
    """What agents are told of a shortcut, stored or typed a moment ago."""
    found = discovery_of(site, now=timezone.now())
    skill = shortcut_skill(found.offer, shortcut)
    return Told(
        skill=skill,
        effect=SIDE_EFFECTS[skill["sideEffect"]],
        is_assumed="sideEffect" not in shortcut,
        silent=_silent(found, shortcut),
    )


def _silent(found: Discovery, shortcut: Mapping[str, Any]) -> str:
    if found.silence:
        reason = found.silence.sentence(found.offer.host)
        return f"Agents are told nothing at present: the site does not publish anything to them. {reason}"
    if not shortcut.get("enabled", True):
        return "Agents are not told of it while it is switched off."
    if shortcut.get("visibility") == "private":
        return "Agents are not told of it: it is private."
    with_it = replace(found.offer, shortcuts=merged(found.offer.shortcuts, [shortcut]))
    listed = [one["id"] for one in listed_shortcuts(with_it)]
    if shortcut["id"] in listed:
        return ""
    if shortcut["id"].lower() in [name.lower() for name in listed]:
        return "Agents are not told of it: to them its id is the same as another shortcut’s."
    return f"Agents are told of the first {MAX_SHORTCUTS} that are switched on; this one comes later."
