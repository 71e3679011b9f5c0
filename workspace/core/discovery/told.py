"""What an owner said in `siteConfig.agentDiscovery`, typed. That field takes any JSON object, so every member
is read leniently, and what cannot be read is as if it were not there.

    enabled              false turns discovery off
    description          up to 400 characters about the site; version up to 40, else 1.0.0
    preferredExecution   auto, browser or cloud
    additionalSkills     up to 24 beside the shortcuts
    capabilities         up to 48 entries
    pages                up to 48 entries
    discoverySurface     how the signs look in a page: mode, branding, hostSurface, actionReveal, beaconLabel,
                         agentModeEntryHints; the same names beside it are read too
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workspace.core.discovery import reading
from workspace.core.discovery.reading import Fields

VERSION = "1.0.0"
MAX_ADDITIONAL = 24
MAX_CAPABILITIES = 48
MAX_PAGES = 48
LABEL_MAX = 180
DESCRIPTION_MAX = 400
PAGE_ID_MAX = 120
ROUTE_MAX = 300

SIDE_EFFECTS = ("none", "read", "write", "transactional")
INTERFACES = ("task", "shortcut", "client_tool", "webmcp")
EXECUTIONS = ("auto", "browser", "cloud")
RESULT_MODES = ("text", "markdown", "json", "observation", "artifacts")
SURFACE: Mapping[str, tuple[str, ...]] = {
    "mode": ("beacon", "silent", "integrated", "debug"),
    "branding": ("site", "co", "rover"),
    "hostSurface": ("auto", "existing-assistant", "floating-corner", "inline-primary"),
    "actionReveal": ("click", "focus", "keyboard", "agent-handshake"),
}
"""How the signs may look, by name; the first is the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`is_off`: the owner shows agents nothing. `skills`, `capabilities` and `pages` have the wire's names
    and only members that were said; `surface` is complete."""

    is_off: bool = False
    description: str = ""
    version: str = VERSION
    execution: str = "auto"
    skills: tuple[Fields, ...] = ()
    capabilities: tuple[Fields, ...] = ()
    pages: tuple[Fields, ...] = ()
    surface: Fields = field(default_factory=lambda: _surface({}))


def told_by(stored: object) -> Told:
    """The typed reading of `siteConfig.agentDiscovery`."""
    said = reading.fields(stored)
    return Told(
        is_off=said.get("enabled") is False,
        description=reading.text(said.get("description"), DESCRIPTION_MAX),
        version=reading.text(said.get("version"), 40) or VERSION,
        execution=reading.choice(said.get("preferredExecution"), EXECUTIONS, "auto"),
        skills=_entries(said.get("additionalSkills"), _skill, "id", MAX_ADDITIONAL),
        capabilities=_entries(said.get("capabilities"), _capability, "capabilityId", MAX_CAPABILITIES),
        pages=_entries(said.get("pages"), _page, "pageId", MAX_PAGES),
        surface=_surface({**said, **reading.fields(said.get("discoverySurface"))}),
    )


def described(raw: Fields, *, name: str) -> dict[str, Any]:
    """The members that skills and capabilities share. `name`: the field with what people call it."""
    confirms = raw.get("requiresConfirmation")
    return {
        name: reading.text(raw.get(name), LABEL_MAX),
        "description": reading.text(raw.get("description"), DESCRIPTION_MAX),
        "inputSchema": reading.schema(raw.get("inputSchema")),
        "outputSchema": reading.schema(raw.get("outputSchema")),
        "sideEffect": reading.choice(raw.get("sideEffect"), SIDE_EFFECTS),
        "requiresConfirmation": confirms if isinstance(confirms, bool) else None,
        "preferredInterface": reading.choice(raw.get("preferredInterface"), INTERFACES),
    }


def page_id(route: str) -> str:
    """The id of a page that was given none: "/a/b" is "a__b", "/" is "home"."""
    joined = "__".join(part for part in route.split("/") if part)
    return re.sub(r"[^\w.-]+", "-", joined)[:PAGE_ID_MAX] or "home"


def route_of(value: object) -> str:
    """The path of a page without query and fragment; '' for what does not begin with a slash."""
    path = re.split(r"[?#]", reading.text(value, ROUTE_MAX))[0]
    return path if path.startswith("/") else ""


def _entries(value: object, read: Any, name: str, most: int) -> tuple[Fields, ...]:
    entries = (reading.sparse(read(raw)) for raw in reading.objects(value))
    named = [entry for entry in entries if entry.get(name)]
    return tuple(reading.distinct(named, lambda entry: str(entry[name]))[:most])


def _skill(raw: Fields) -> dict[str, Any]:
    return {
        "id": reading.identifier(raw.get("id")),
        **described(raw, name="name"),
        "tags": reading.texts(raw.get("tags"), most=16, longest=40),
        "examples": reading.texts(raw.get("examples"), most=6, longest=220),
        "category": reading.choice(raw.get("category"), ("primary", "secondary")),
    }


def _capability(raw: Fields) -> dict[str, Any]:
    modes = (("allowedExecutionModes", EXECUTIONS), ("resultModes", RESULT_MODES))
    return {
        "capabilityId": reading.identifier(raw.get("capabilityId")),
        "version": reading.text(raw.get("version"), 40),
        **described(raw, name="label"),
        **{name: _choices(raw.get(name), options) for name, options in modes},
        "pageScope": reading.texts(raw.get("pageScope"), most=MAX_PAGES, longest=PAGE_ID_MAX),
        "analyticsTags": reading.texts(raw.get("analyticsTags"), most=16, longest=40),
    }


def _page(raw: Fields) -> dict[str, Any]:
    route = route_of(raw.get("route"))
    looks = {
        "discoveryMode": SURFACE["mode"],
        "hostSurface": SURFACE["hostSurface"],
        "actionReveal": SURFACE["actionReveal"],
    }
    return {
        "pageId": reading.text(raw.get("pageId"), PAGE_ID_MAX) or (page_id(route) if route else ""),
        "route": route,
        "label": reading.text(raw.get("label"), LABEL_MAX),
        "capabilityIds": reading.texts(raw.get("capabilityIds"), most=48, longest=reading.ID_MAX),
        "entityHints": reading.texts(raw.get("entityHints"), most=24, longest=LABEL_MAX),
        "formHints": reading.texts(raw.get("formHints"), most=24, longest=LABEL_MAX),
        "beaconLabel": reading.text(raw.get("beaconLabel"), LABEL_MAX),
        **{name: reading.choice(raw.get(name), options) for name, options in looks.items()},
        "agentModeEntryHints": reading.texts(raw.get("agentModeEntryHints"), most=8, longest=LABEL_MAX),
        "capabilitySummary": reading.texts(raw.get("capabilitySummary"), most=12, longest=LABEL_MAX),
    }


def _surface(raw: Fields) -> dict[str, Any]:
    return {
        **{name: reading.choice(raw.get(name), options, options[0]) for name, options in SURFACE.items()},
        "beaconLabel": reading.text(raw.get("beaconLabel"), LABEL_MAX),
        "agentModeEntryHints": reading.texts(raw.get("agentModeEntryHints"), most=8, longest=LABEL_MAX),
    }


def _choices(value: object, options: tuple[str, ...]) -> list[str]:
    """Those of `options` that a list names, in the order of `options`."""
    given = value if isinstance(value, list) else []
    return [option for option in options if option in given]
