"""What the policies of a site's keys mean for its shared configuration."""

from dataclasses import dataclass

from workspace.core.environments import Environment
from workspace.core.policy import policy_defaults
from workspace.models import Site, SiteKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortcutLimits:
    """`stored`: the most shortcuts that any live key allows; `rendered`: how many visitors see with the key
    that `key_label` names ('' without a key); `agent_name`: the assistant's name under that key, or ''."""

    stored: int
    rendered: int
    key_label: str
    agent_name: str


def shortcut_limits(site: Site) -> ShortcutLimits:
    """The limits that hold on a site: stored by the most generous live key, shown by its production key,
    the newest of several."""
    keys = list(SiteKey.objects.filter(site=site, revoked_at=None, active=True).order_by("-created_at"))
    policies = [key.policy for key in keys] or [policy_defaults()]
    shown = next(
        (key for key in keys if key.environment == Environment.PRODUCTION), keys[0] if keys else None
    )
    policy = shown.policy if shown else policy_defaults()
    return ShortcutLimits(
        stored=max(policy["shortcutMaxStored"] for policy in policies),
        rendered=policy["shortcutMaxRendered"],
        key_label=shown.label if shown else "",
        agent_name=policy["agentName"] or "",
    )
