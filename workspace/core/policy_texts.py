"""The words for each policy field: a label that reads as a sentence's beginning, help, and what each value
means."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldText:
    """`label` names the question, `help` says what follows from the answer; `choices` maps each value of a
    field with fixed values to the sentence a person chooses."""

    label: str
    help: str
    choices: Mapping[str, str] = field(default_factory=dict)


POLICY_TEXTS: Mapping[str, FieldText] = {
    "siteMode": FieldText(
        "What Rover does on your site",
        "With analytics only, the script loads and counts visits, but agents can do nothing on your pages.",
        {
            "agent": "help visitors and agents act, and record what they do",
            "analytics_only": "only record visits; no actions, no tasks, no discovery",
        },
    ),
    "domainScopeMode": FieldText(
        "A plain domain in your list covers",
        "Applies to entries such as shop.example.com; entries with *. or = always mean what they say.",
        {
            "registrable_domain": "this host and its subdomains",
            "host_only": "exactly this host",
        },
    ),
    "externalNavigationPolicy": FieldText(
        "When the agent wants to leave your site",
        "Your site is what your list of allowed domains covers.",
        {
            "open_new_tab_notice": "open a new tab and tell the visitor",
            "block": "stop it",
            "allow": "let it go in the same tab",
        },
    ),
    "crossHostPolicy": FieldText(
        "When the agent moves to another of your hosts",
        "For example from www.example.com to shop.example.com, both in your list.",
        {
            "same_tab": "stay in the same tab",
            "open_new_tab": "open a new tab",
        },
    ),
    "enableExternalWebContext": FieldText(
        "Let agents use pages of other sites as context",
        "This server reads the page, not the visitor's browser. Needs the capability External reading.",
    ),
    "externalScrapeMode": FieldText(
        "When this server may read a page of another site",
        "Has an effect only while agents may use pages of other sites.",
        {
            "off": "never",
            "on_demand": "when the agent asks for it",
        },
    ),
    "externalAllowDomains": FieldText(
        "Other sites that may be read",
        "Empty means every site that is not denied below. Up to 200 domains.",
    ),
    "externalDenyDomains": FieldText(
        "Other sites that must never be read",
        "Wins over the list above. Up to 200 domains.",
    ),
    "cloudSandboxEnabled": FieldText(
        "Cloud sandboxes",
        "One switch for reading other sites, cloud runs and cloud reads: all go on or off with it.",
    ),
    "shortcutMaxStored": FieldText(
        "How many shortcuts your site may keep",
        "1 to 100.",
    ),
    "shortcutMaxRendered": FieldText(
        "How many shortcuts visitors see at once",
        "1 to 12; the first that are enabled, in your order.",
    ),
    "agentName": FieldText(
        "What the assistant is called",
        "Up to 64 characters. Empty means the built-in name.",
    ),
    "mascotDisabled": FieldText(
        "Hide the mascot",
        "The launcher then shows no figure.",
    ),
    "mascotMp4Url": FieldText(
        "Mascot video (MP4)",
        "An https:// address.",
    ),
    "mascotWebmUrl": FieldText(
        "Mascot video (WebM)",
        "An https:// address; used by browsers that prefer WebM.",
    ),
    "mascotImageUrl": FieldText(
        "Mascot image",
        "An https:// address; shown where video is not wanted, such as with reduced motion.",
    ),
    "uiMascotSoundEnabled": FieldText(
        "Let the mascot make sounds",
        "Sounds are heard only while the widget is not muted.",
    ),
    "uiMuted": FieldText(
        "Start muted",
        "Visitors can unmute the widget themselves.",
    ),
    "strictMode": FieldText(
        "Refuse commands that do not say what state they expect",
        "Keeps two tabs or a late message from undoing each other's work. Turn off for old clients only.",
    ),
    "adversarialThreshold": FieldText(
        "Block a navigation that looks hostile from this score on",
        "1 to 10. Lower is stricter: 2 stops at mild signs, 5 only at several strong ones.",
    ),
    "requireConfirmFor": FieldText(
        "Ask the visitor before the agent",
        "Enforced by this server, whatever the agent says.",
        {
            "write": "changes something, such as a form or a setting",
            "transactional": "buys, books, pays or cancels",
            "external_act": "acts on another site",
        },
    ),
}
