"""What a site key opens: four switches, patched like the policy (null puts the default back)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspace.core.field_types import Settings
from workspace.core.fields import patched


class Capabilities(Settings):
    """`roverEmbed` opens sessions of the embed script; the other three are the cloud: reading other sites for
    a session, running tasks without a visitor's browser, and reading the site's own pages for such runs."""

    rover_embed: bool = True
    external_web_context_scrape: bool = False
    cloud_agent: bool = False
    cloud_scrape: bool = False


@dataclass(frozen=True, slots=True)
class CapabilityText:
    """`label` for the switch, `sentence` for what turning it on allows."""

    label: str
    sentence: str


CAPABILITY_TEXTS: Mapping[str, CapabilityText] = {
    "roverEmbed": CapabilityText("Embed", "Your pages can load the widget and open sessions with this key."),
    "externalWebContextScrape": CapabilityText(
        "External reading",
        "A session can ask this server to read a page of another site, if your policy agrees.",
    ),
    "cloudAgent": CapabilityText(
        "Cloud agent", "Agents can have a task done by this server, without a visitor's browser."
    ),
    "cloudScrape": CapabilityText(
        "Cloud reading", "This server fetches your pages itself when a task only needs to read them."
    ),
}

CAPABILITY_PRESETS: Mapping[str, Mapping[str, bool]] = {
    "widget_only": {
        "roverEmbed": True,
        "externalWebContextScrape": False,
        "cloudAgent": False,
        "cloudScrape": False,
    },
    # Agents' tasks run and read on the owner's own site; reading other sites is a decision of its own.
    "widget_and_agents": {
        "roverEmbed": True,
        "externalWebContextScrape": False,
        "cloudAgent": True,
        "cloudScrape": True,
    },
}


def capability_defaults() -> dict[str, Any]:
    """The capabilities of a key for which nothing was said."""
    return Capabilities().model_dump(by_alias=True)


def patched_capabilities(
    current: Mapping[str, Any], patch: object, *, prefix: str = "capabilities"
) -> dict[str, Any]:
    """`current` with each switch of `patch` replaced: all four. Raises InvalidFields, paths below
    `prefix`."""
    return patched(Capabilities, current, patch, prefix=prefix)
