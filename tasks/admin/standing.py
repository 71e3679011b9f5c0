"""Whether agents can start tasks, as a page says it: what is missing and where to change it, how to begin,
and what the limits are."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from tasks.selectors.site_standing import (
    CLOSED_DOOR,
    LIMITED,
    Obstacle,
    Refused,
    refused_tasks,
    standing_of,
)
from workspace.core.hosts import is_local_name

if TYPE_CHECKING:
    from workspace.models import Site

EXAMPLE = "Find the opening hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """Why tasks cannot start, what the link to the page that changes it says, and that page's name."""

    sentence: str
    action: str
    url_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`hindrance`: None when tasks can start. `curl`: the line that starts one. `limits`: what they are;
    `limited` and `turned_away`: tasks that were refused lately, by them and by a closed door."""

    hindrance: Hindrance | None
    curl: str
    limits: tuple[str, ...]
    limited: Refused | None
    turned_away: Refused | None


HINDRANCES: Mapping[Obstacle, tuple[str, str, str]] = {
    Obstacle.ARCHIVED: ("The site is archived.", "Settings", "admin:site_settings"),
    Obstacle.CLOSED: ("AI access is off.", "Open the site to agents", "admin:site_ai"),
    Obstacle.NO_KEY: ("The site has no key that works.", "To the keys", "admin:site_keys"),
    Obstacle.ANALYTICS_ONLY: (
        "Every key is for Agent Analytics only: agents are watched, not served.",
        "Change the mode in the policy",
        "admin:site_policies",
    ),
    Obstacle.UNPROVED: (
        "It is not proved yet that {host} is yours.",
        "Prove it on the page Install",
        "admin:site_install",
    ),
    Obstacle.NOT_ANSWERING: (
        "No key of this site answers for {host}: it lacks the capability for the widget, or another site's "
        "newer key answers there.",
        "To the keys",
        "admin:site_keys",
    ),
}


def shown_standing(site: "Site", *, now: datetime) -> Shown:
    """The state of one site."""
    standing = standing_of(site, now=now)
    refused = refused_tasks(site, now=now)
    return Shown(
        hindrance=None if standing.obstacle is None else _hindrance(standing.obstacle, standing.host),
        curl=_curl(standing.host),
        limits=_limits(),
        limited=refused.get(LIMITED),
        turned_away=refused.get(CLOSED_DOOR),
    )


def _hindrance(obstacle: Obstacle, host: str) -> Hindrance:
    sentence, action, url_name = HINDRANCES[obstacle]
    return Hindrance(sentence=sentence.format(host=host), action=action, url_name=url_name)


def _curl(host: str) -> str:
    """The line. A host of one's own machine is spoken to without TLS."""
    name = f"[{host}]" if ":" in host else host
    url = f"{'http' if is_local_name(host) else 'https'}://{name}/"
    body = json.dumps({"url": url, "prompt": EXAMPLE}, ensure_ascii=False)
    lines = [
        f"curl -X POST {shlex.quote(settings.ROVER.base_url + '/v1/tasks')}",
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(body)}",
    ]
    return " \\\n  ".join(lines)


def _limits() -> tuple[str, ...]:
    conf = settings.ROVER
    return (
        _limit("From one network address", conf.tasks_per_minute_ip),
        _limit("One agent, by its key", conf.tasks_per_minute_agent),
        _limit("All agents together", conf.tasks_per_minute_site),
    )


def _limit(whose: str, a_minute: int) -> str:
    return f"{whose}: {a_minute} a minute" if a_minute else f"{whose}: no limit"
