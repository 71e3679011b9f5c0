"""The agent card, by which agents of any kind know what a site offers."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace.core.discovery.capabilities import capabilities_of, pages_of
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.skills import skills_of

MEDIA_TYPES = ("text/plain", "application/json")
COMPACT_ACTIONS = 3


def agent_card(offer: Offer) -> dict[str, Any]:
    """The card. Its addresses are absolute and lead to this server, wherever a copy of it lies."""
    skills = skills_of(offer)
    return {
        "name": offer.name,
        "description": offer.description,
        "url": offer.task_endpoint,
        "version": offer.told.version,
        "defaultInputModes": list(MEDIA_TYPES),
        "defaultOutputModes": list(MEDIA_TYPES),
        "capabilities": {
            "streaming": True,
            "publicTasks": offer.access.enabled,
            "stateTransitions": True,
            "delegatedHandoffs": offer.access.delegated_handoffs,
            "webmcp": False,
        },
        "skills": skills,
        "interfaces": interfaces(offer),
        "extensions": {"rover": _extension(offer, skills)},
    }


def interfaces(offer: Offer) -> list[dict[str, Any]]:
    """The ways in, and whether they are open."""
    prompt, shortcut = f"{offer.site_url}?rover=", f"{offer.site_url}?rover_shortcut="
    access = offer.access
    return [
        _interface("task", offer.task_endpoint, "Make a task and follow it.", access.enabled),
        _interface("workflow", offer.workflow_endpoint, "Follow tasks of several sites.", access.enabled),
        _interface("site", offer.site_url, "The website.", True),
        _interface("deep_link", prompt, "The website with a prompt, percent-encoded.", access.prompt_launch),
        _interface("deep_link", shortcut, "The website with the id of a shortcut.", access.shortcut_launch),
    ]


def policies(offer: Offer) -> dict[str, Any]:
    """What the owner lets agents do."""
    return {
        "preferredExecution": offer.execution,
        "promptLaunchEnabled": offer.access.prompt_launch,
        "shortcutLaunchEnabled": offer.access.shortcut_launch,
        "cloudBrowserAllowed": offer.is_cloud_allowed,
        "delegatedHandoffs": offer.access.delegated_handoffs,
    }


def surface(offer: Offer) -> Mapping[str, Any]:
    """How the signs look in a page that carries the widget."""
    return {**offer.told.surface, "compactActionMaxActions": COMPACT_ACTIONS}


def _extension(offer: Offer, skills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    capabilities = capabilities_of(offer, skills)
    return {
        "siteId": offer.site_id,
        "siteUrl": offer.site_url,
        "taskEndpoint": offer.task_endpoint,
        "workflowEndpoint": offer.workflow_endpoint,
        "serviceDescUrl": offer.served.agent_card,
        "roverSiteUrl": offer.served.rover_site,
        "llmsUrl": offer.served.llms,
        "wellKnownUrls": offer.on_site.as_fields(),
        **policies(offer),
        "instructions": [
            "A task is made by POST to taskEndpoint, with url and prompt, or url and shortcut, as JSON.",
            "No key is needed; the answer holds the address of the task and the token that reads it.",
        ],
        "capabilitiesGraph": capabilities,
        "pages": pages_of(offer, capabilities),
        "discoverySurface": surface(offer),
        "shortcuts": [
            {"id": skill["id"], "label": skill["name"]} for skill in skills if "shortcutId" in skill["rover"]
        ],
        "webmcp": {"available": False, "tools": []},
    }


def _interface(kind: str, url: str, description: str, is_open: bool) -> dict[str, Any]:
    return {"type": kind, "url": url, "description": description, "available": is_open}
