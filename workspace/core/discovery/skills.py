"""What can be asked for: the published shortcuts, then what the owner added."""

from collections.abc import Mapping
from typing import Any

from workspace.core.discovery import reading
from workspace.core.discovery.offer import Offer
from workspace.core.discovery.told import SIDE_EFFECTS, described
from workspace.core.shortcuts import published_shortcuts

MAX_SHORTCUTS = 24
_READS = ("get", "read", "list", "show", "find", "search", "compare", "inspect", "lookup")
_WRITES = (
    "save",
    "create",
    "reply",
    "vote",
    "leave",
    "submit",
    "answer",
    "book",
    "start",
    "checkout",
    "handoff",
)


def skills_of(offer: Offer) -> list[dict[str, Any]]:
    """At most 24 shortcuts and 24 further skills; of two with the same id in other case the first. A skill of
    the owner's with the id of a shortcut that agents are not told of is left out."""
    published = [shortcut_skill(offer, one) for one in listed_shortcuts(offer)]
    hidden = hidden_ids(offer)
    added = [_additional(offer, one) for one in offer.told.skills if one["id"].lower() not in hidden]
    return reading.distinct([*published, *added], lambda skill: str(skill["id"]))


def listed_shortcuts(offer: Offer) -> list[dict[str, Any]]:
    """The shortcuts that agents are told of, in order."""
    readable = (one for one in published_shortcuts(offer.shortcuts) if reading.identifier(one.get("id")))
    return reading.distinct(readable, lambda one: str(one["id"]))[:MAX_SHORTCUTS]


def hidden_ids(offer: Offer) -> set[str]:
    """The ids in lower case of shortcuts that are off or private."""
    published = {str(one.get("id")).lower() for one in published_shortcuts(offer.shortcuts)}
    return {str(one.get("id")).lower() for one in offer.shortcuts} - published


def shortcut_skill(offer: Offer, shortcut: Mapping[str, Any]) -> dict[str, Any]:
    """A shortcut as agents read it, whether they are told of it or not. The prompt is not in it."""
    name = str(shortcut["id"])
    link = f"{offer.site_url}?rover_shortcut={name}"
    said = described(dict(shortcut) | {"name": shortcut.get("label")}, name="name")
    return _skill(
        offer,
        {**shortcut, **said, "id": name, "sideEffect": said["sideEffect"] or "transactional"},
        payload={"url": offer.site_url, "shortcut": name},
        rover={
            "source": "shortcut",
            "shortcutId": name,
            "routing": reading.choice(shortcut.get("routing"), ("auto", "act", "planner"), "auto"),
            **({"deepLink": link} if offer.access.shortcut_launch else {}),
        },
        category="primary",
    )


def inferred_effect(*names: str) -> str:
    """What a skill of these names does, where its owner did not say: the most of what each of them says."""
    return max(map(_effect, names), key=SIDE_EFFECTS.index)


def needs_yes(said: object, effect: str) -> bool:
    """Whether a person is asked before it acts: as the owner said, else when it changes something."""
    return said if isinstance(said, bool) else effect in {"write", "transactional"}


def _effect(name: str) -> str:
    lowered = name.lower()
    if lowered.startswith(_READS):
        return "read"
    if lowered.startswith(_WRITES):
        return "write"
    return "transactional" if "run_task" in lowered else "read"


def _additional(offer: Offer, said: reading.Fields) -> dict[str, Any]:
    effect = said.get("sideEffect") or inferred_effect(said["id"], said.get("name", ""))
    return _skill(
        offer,
        {**said, "sideEffect": effect},
        payload={"url": offer.site_url, "prompt": said.get("name") or said["id"]},
        rover={"source": "additional"},
        category=said.get("category", "secondary"),
    )


def _skill(
    offer: Offer, said: reading.Fields, *, payload: dict[str, str], rover: dict[str, Any], category: str
) -> dict[str, Any]:
    effect, name = said["sideEffect"], said.get("name") or said["id"]
    task = {"endpoint": offer.task_endpoint, "payload": payload, "preferExecution": offer.execution}
    return {
        "id": said["id"],
        "name": name,
        "description": said.get("description") or name,
        "tags": reading.texts(said.get("tags"), most=16, longest=40),
        "examples": reading.texts(said.get("examples"), most=6, longest=220),
        **{part: said[part] for part in ("inputSchema", "outputSchema") if said.get(part) is not None},
        "sideEffect": effect,
        "requiresConfirmation": needs_yes(said.get("requiresConfirmation"), effect),
        "preferredInterface": said.get("preferredInterface") or "task",
        "category": category,
        "rover": {**rover, "task": task},
    }
