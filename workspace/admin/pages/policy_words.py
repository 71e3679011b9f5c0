"""A policy in words: its fields in groups, its values as sentences, and what differs between two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workspace.core.capabilities import CAPABILITY_TEXTS
from workspace.core.policy import (
    POLICY_TEXTS,
    PRESETS,
    FieldChange,
    policy_changes,
    preset_changes,
    preset_of,
    sandbox_effects,
)

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Mode", ("siteMode", "agentName")),
    ("Where it may go", ("domainScopeMode", "crossHostPolicy", "externalNavigationPolicy")),
    (
        "Reading other sites",
        (
            "cloudSandboxEnabled",
            "enableExternalWebContext",
            "externalScrapeMode",
            "externalAllowDomains",
            "externalDenyDomains",
        ),
    ),
    ("Shortcuts", ("shortcutMaxStored", "shortcutMaxRendered")),
    (
        "Look and sound",
        (
            "mascotDisabled",
            "mascotImageUrl",
            "mascotWebmUrl",
            "mascotMp4Url",
            "uiMascotSoundEnabled",
            "uiMuted",
        ),
    ),
    ("Safety", ("requireConfirmFor", "adversarialThreshold", "strictMode")),
)
RULES: tuple[tuple[int, str, str], ...] = (
    (3, "The target is no http or https address", "stopped"),
    (4, "It looks hostile: the score reaches your threshold", "stopped"),
    (5, "In your domains, the same host", "same tab"),
    (6, "In your domains, another host, which may stay in the same tab", "same tab"),
    (7, "In your domains, another host, which gets a tab of its own", "new tab"),
    (8, "Not in your domains, but a sibling of one, and plain domains cover exactly their host", "stopped"),
    (9, "Not in your domains, which opens a new tab and says so", "new tab"),
    (10, "Not in your domains, which is stopped", "stopped"),
    (11, "Not in your domains, which is let go", "same tab"),
)
"""The rows of `workspace.core.navigation` in the words of this page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInWords:
    """One field that changes: its name on the wire, its label, both values as people read them."""

    field: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetInWords:
    """One preset beside a policy: `is_nearest` of all, and how the policy differs from it."""

    name: str
    label: str
    sentence: str
    is_nearest: bool
    differences: list[ChangeInWords]


def value_in_words(field: str, value: Any) -> str:
    """The value as a sentence or a few words; enum names only where there is no sentence for them."""
    choices = POLICY_TEXTS[field].choices if field in POLICY_TEXTS else {}
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return "; ".join(str(choices.get(each, each)) for each in value) or "none"
    return str(choices.get(value, value))


def changes_in_words(changes: Iterable[FieldChange]) -> list[ChangeInWords]:
    """Each change of a policy field."""
    return [
        ChangeInWords(
            field=change.field,
            label=POLICY_TEXTS[change.field].label,
            old=value_in_words(change.field, change.old),
            new=value_in_words(change.field, change.new),
        )
        for change in changes
    ]


def effects_in_words(
    policy: Mapping[str, Any], capabilities: Mapping[str, Any], wanted: Mapping[str, Any]
) -> list[ChangeInWords]:
    """Everything that changes when a key with `policy` and `capabilities` gets the full policy `wanted`: also
    what the switch of the cloud takes with it."""
    rules, powers = sandbox_effects(wanted, capabilities, before=policy)
    moved = [
        ChangeInWords(
            field=f"capabilities.{name}",
            label=f"Capability: {text.label}",
            old=value_in_words(name, bool(capabilities.get(name))),
            new=value_in_words(name, powers[name]),
        )
        for name, text in CAPABILITY_TEXTS.items()
        if name in powers and powers[name] != capabilities.get(name)
    ]
    return [*changes_in_words(policy_changes(policy, rules)), *moved]


def presets_in_words(policy: Mapping[str, Any]) -> list[PresetInWords]:
    """Every preset beside the policy, the most careful first."""
    nearest, _ = preset_of(policy)
    return [
        PresetInWords(
            name=name,
            label=preset.label,
            sentence=preset.sentence,
            is_nearest=name == nearest,
            differences=changes_in_words(preset_changes(policy, name)),
        )
        for name, preset in PRESETS.items()
    ]


def preset_summary(policy: Mapping[str, Any]) -> str:
    """Like "Balanced" or "Balanced + 2 changes"."""
    name, count = preset_of(policy)
    label = PRESETS[name].label
    return label if not count else f"{label} + {count} change{'' if count == 1 else 's'}"


def risk_in_words(policy: Mapping[str, Any], capabilities: Mapping[str, Any]) -> str:
    """What agents can do while cloud runs and other sites are both open to them; '' while they are not."""
    reads = policy["enableExternalWebContext"] and policy["externalScrapeMode"] != "off"
    if policy["siteMode"] != "agent" or not (reads and capabilities.get("cloudAgent")):
        return ""
    allowed, denied = policy["externalAllowDomains"], policy["externalDenyDomains"]
    where = f"the {len(allowed)} you listed" if allowed else "any"
    where += f", but not the {len(denied)} you denied" if denied else ""
    asks = "external_act" in policy["requireConfirmFor"]
    return (
        f"With this key an agent can work on other websites ({where}) by this server, without a visitor's "
        f"browser, {'after a person agreed' if asks else 'and nobody is asked first'}."
    )
