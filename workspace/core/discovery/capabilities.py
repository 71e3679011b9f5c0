"""What can be done on a site in detail, and on which of its pages."""

from collections.abc import Sequence
from typing import Any

from workspace.core.discovery import reading
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.skills import hidden_ids, inferred_effect, needs_yes
from workspace.core.discovery.told import VERSION

_OF_SKILLS = ("capabilityId", "sideEffect", "requiresConfirmation")
_SAME = ("description", "inputSchema", "outputSchema", "sideEffect", "requiresConfirmation")


def capabilities_of(offer: Offer, skills: Sequence[reading.Fields]) -> list[dict[str, Any]]:
    """One for each skill, in the words of `capabilities` where the owner described it there too, then those
    that are described there alone. Of a shortcut that agents are not told of there is none."""
    hidden = hidden_ids(offer)
    found = {skill["id"].lower(): _of_skill(offer, skill) for skill in skills}
    for said in offer.told.capabilities:
        name = said["capabilityId"].lower()
        if name not in hidden:
            found[name] = _as_said(offer, said, of_skill=found.get(name, {}))
    return list(found.values())


def pages_of(offer: Offer, capabilities: Sequence[reading.Fields]) -> list[dict[str, Any]]:
    """The pages that the owner described; of the capabilities that they name those that there are."""
    known = {str(one["capabilityId"]).lower(): one["capabilityId"] for one in capabilities}
    pages = []
    for page in offer.told.pages:
        named = [name.lower() for name in page.get("capabilityIds", ())]
        pages.append({**page, "capabilityIds": [known[name] for name in named if name in known]})
    return pages


def _of_skill(offer: Offer, skill: reading.Fields) -> dict[str, Any]:
    return {
        "capabilityId": skill["id"],
        "version": VERSION,
        "label": skill["name"],
        **{name: skill[name] for name in _SAME if name in skill},
        "preferredInterface": skill["preferredInterface"],
        "allowedExecutionModes": _executions(offer),
        "resultModes": ["text"],
    }


def _as_said(offer: Offer, said: reading.Fields, *, of_skill: reading.Fields) -> dict[str, Any]:
    """With what was not said filled in. What a skill can do is said by the skill, and a run without a browser
    is named only where it is allowed."""
    name, allowed = said["capabilityId"], _executions(offer)
    label = said.get("label", name)
    effect = said.get("sideEffect") or inferred_effect(name, label)
    otherwise = {
        "version": VERSION,
        "label": label,
        "description": label,
        "sideEffect": effect,
        "requiresConfirmation": needs_yes(said.get("requiresConfirmation"), effect),
        "preferredInterface": "task",
        "resultModes": ["text"],
    }
    kept = {part: of_skill[part] for part in _OF_SKILLS if part in of_skill}
    modes = [mode for mode in said.get("allowedExecutionModes", ()) if mode in allowed]
    return {**otherwise, **of_skill, **said, **kept, "allowedExecutionModes": modes or allowed}


def _executions(offer: Offer) -> list[str]:
    return ["auto", "browser", "cloud"] if offer.is_cloud_allowed else ["auto", "browser"]
