"""What an agent may do on a site: the policy that is kept with each site key.

Stored and sent in full, as camelCase JSON. Changes are patches: a field that is present replaces, null puts
the default back, an unknown field refuses the whole patch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from workspace.core.field_types import HttpsUrl, Settings, refusal, single_line
from workspace.core.fields import aliases, patched
from workspace.core.patterns import parse_pattern
from workspace.core.policy_texts import POLICY_TEXTS, FieldText

__all__ = [
    "POLICY_TEXTS",
    "PRESETS",
    "FieldChange",
    "FieldText",
    "Preset",
    "RoverPolicy",
    "patched_policy",
    "policy_changes",
    "policy_defaults",
    "preset_changes",
    "preset_of",
    "sandbox_effects",
]

AGENT_NAME_MAX = 64
EXTERNAL_DOMAINS_MAX = 200
PATTERN_MAX = 253
SHORTCUTS_STORED_MAX = 100
SHORTCUTS_RENDERED_MAX = 12

ConfirmedAction = Literal["write", "transactional", "external_act"]
_CONFIRMED_ACTIONS: tuple[ConfirmedAction, ...] = ("write", "transactional", "external_act")


def _normalized_pattern(text: str) -> str:
    """The rule as it will be applied; one that no host could ever match is refused, never stored as if it
    worked."""
    pattern = parse_pattern(text)
    if pattern is None or len(pattern.normalized) > PATTERN_MAX:
        raise refusal(
            "not_allowed", "Must be a domain such as example.com, *.example.com or =app.example.com."
        )
    return pattern.normalized


def _unique(entries: list[str]) -> list[str]:
    return list(dict.fromkeys(entries))


def _in_order(actions: list[ConfirmedAction]) -> list[ConfirmedAction]:
    """A set written as a list: one spelling, so that equal policies are equal JSON."""
    return [action for action in _CONFIRMED_ACTIONS if action in actions]


AgentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=AGENT_NAME_MAX),
    AfterValidator(single_line),
]
HostRule = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=PATTERN_MAX),
    AfterValidator(single_line),
    AfterValidator(_normalized_pattern),
]
HostRules = Annotated[list[HostRule], Field(max_length=EXTERNAL_DOMAINS_MAX), AfterValidator(_unique)]


class RoverPolicy(Settings):
    """Every field of a site's policy with its default.

    `domainScopeMode` says how plain entries of the key's allowed domains are read; `externalNavigationPolicy`
    is for targets outside of them, `crossHostPolicy` for another host inside. An empty `externalAllowDomains`
    allows every host that `externalDenyDomains` does not deny. `adversarialThreshold` is a score of 1-10; a
    navigation that scores as much or more is blocked.
    """

    site_mode: Literal["agent", "analytics_only"] = "agent"
    domain_scope_mode: Literal["registrable_domain", "host_only"] = "registrable_domain"
    external_navigation_policy: Literal["open_new_tab_notice", "block", "allow"] = "open_new_tab_notice"
    cross_host_policy: Literal["same_tab", "open_new_tab"] = "same_tab"
    enable_external_web_context: bool = False
    external_scrape_mode: Literal["off", "on_demand"] = "off"
    external_allow_domains: HostRules = []
    external_deny_domains: HostRules = []
    cloud_sandbox_enabled: bool = False
    shortcut_max_stored: int = Field(default=SHORTCUTS_STORED_MAX, ge=1, le=SHORTCUTS_STORED_MAX)
    shortcut_max_rendered: int = Field(default=SHORTCUTS_RENDERED_MAX, ge=1, le=SHORTCUTS_RENDERED_MAX)
    agent_name: AgentName | None = None
    mascot_disabled: bool = False
    mascot_mp4_url: HttpsUrl | None = None
    mascot_webm_url: HttpsUrl | None = None
    mascot_image_url: HttpsUrl | None = None
    ui_mascot_sound_enabled: bool = False
    ui_muted: bool = True
    strict_mode: bool = True
    adversarial_threshold: int = Field(default=3, ge=1, le=10)
    require_confirm_for: Annotated[list[ConfirmedAction], AfterValidator(_in_order)] = ["transactional"]


class FieldChange(NamedTuple):
    """One field that differs between two policies."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Preset:
    """A named answer to the questions of safety; it says nothing of branding, lists and limits."""

    label: str
    sentence: str
    values: Mapping[str, Any]


# Every preset answers the same questions (a test sees to it), so that applying one leaves nothing of another.
# `domainScopeMode` is not among them: it changes which hosts a key works on. Nor are the lists: they are the
# owner's own work.
PRESETS: Mapping[str, Preset] = {
    "careful": Preset(
        label="Careful",
        sentence="Agents stay on your own hosts, nothing runs in the cloud, and every change needs a yes.",
        values={
            "externalNavigationPolicy": "block",
            "crossHostPolicy": "same_tab",
            "enableExternalWebContext": False,
            "externalScrapeMode": "off",
            "cloudSandboxEnabled": False,
            "strictMode": True,
            "adversarialThreshold": 2,
            "requireConfirmFor": ["write", "transactional", "external_act"],
        },
    ),
    "balanced": Preset(
        label="Balanced",
        sentence="Other sites open in a new tab and say so, nothing runs in the cloud, buying needs a yes.",
        values={
            "externalNavigationPolicy": "open_new_tab_notice",
            "crossHostPolicy": "same_tab",
            "enableExternalWebContext": False,
            "externalScrapeMode": "off",
            "cloudSandboxEnabled": False,
            "strictMode": True,
            "adversarialThreshold": 3,
            "requireConfirmFor": ["transactional"],
        },
    ),
    "open": Preset(
        label="Open",
        sentence="Agents may leave for other sites, and this server may read those and run tasks itself.",
        values={
            "externalNavigationPolicy": "allow",
            "crossHostPolicy": "same_tab",
            "enableExternalWebContext": True,
            "externalScrapeMode": "on_demand",
            "cloudSandboxEnabled": True,
            "strictMode": True,
            "adversarialThreshold": 5,
            "requireConfirmFor": ["transactional"],
        },
    ),
}
_NEAREST_FIRST = ("balanced", "careful", "open")

# What the switch "Cloud sandboxes" stands for.
_CLOUD_POLICY_ON = {"enableExternalWebContext": True, "externalScrapeMode": "on_demand"}
_CLOUD_POLICY_OFF = {"enableExternalWebContext": False, "externalScrapeMode": "off"}
_CLOUD_CAPABILITIES = ("externalWebContextScrape", "cloudAgent", "cloudScrape")


def policy_defaults() -> dict[str, Any]:
    """The policy of a key for which nothing was said: every field with its default."""
    return RoverPolicy().model_dump(by_alias=True)


def patched_policy(
    current: Mapping[str, Any], patch: object, *, prefix: str = "roverPolicy"
) -> dict[str, Any]:
    """`current` (full or sparse) with each field of `patch` replaced: the full policy.

    Shallow per field: a list replaces the whole list. Null puts a field back to its default. Raises
    InvalidFields with every error, paths below `prefix`.
    """
    return patched(RoverPolicy, current, patch, prefix=prefix)


def policy_changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[FieldChange]:
    """The fields in which policy `b` differs from policy `a`, in the order of the model; what a sparse policy
    does not say is its default."""
    defaults = policy_defaults()
    old, new = defaults | dict(a), defaults | dict(b)
    return [
        FieldChange(field, old[field], new[field])
        for field in aliases(RoverPolicy)
        if old[field] != new[field]
    ]


def preset_of(policy: Mapping[str, Any]) -> tuple[str, int]:
    """The preset that `policy` is nearest to and in how many of its fields it differs ("balanced", 2).

    Of two that are equally near, the first of balanced, careful, open.
    """
    counts = {name: len(preset_changes(policy, name)) for name in _NEAREST_FIRST}
    nearest = min(_NEAREST_FIRST, key=lambda name: counts[name])
    return nearest, counts[nearest]


def preset_changes(policy: Mapping[str, Any], name: str) -> list[FieldChange]:
    """What applying preset `name` would change in `policy`. Raises KeyError for a name that is none."""
    return policy_changes(policy, {**policy_defaults(), **policy, **PRESETS[name].values})


def sandbox_effects(
    policy: Mapping[str, Any], capabilities: Mapping[str, Any], *, before: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the one switch `cloudSandboxEnabled` means for the fields it stands for.

    When it went on between `before` (the policy before the change; None: a new key) and `policy`, external
    web context is on, its mode "on_demand", and the three cloud capabilities are on. When it went off, all
    five are off: who turns the cloud off must not be left with a part of it. When it did not move, nothing
    moves, so that each of the five can be set by itself afterwards. The switch wins over what the same change
    says of the five. Returns new dicts.
    """
    was_on = bool((before or {}).get("cloudSandboxEnabled", False))
    is_on = bool(policy.get("cloudSandboxEnabled", False))
    if was_on == is_on:
        return dict(policy), dict(capabilities)
    effects = _CLOUD_POLICY_ON if is_on else _CLOUD_POLICY_OFF
    return {**policy, **effects}, {**capabilities, **dict.fromkeys(_CLOUD_CAPABILITIES, is_on)}
