"""The configuration with which the embed script is tried on a page that does not carry the snippet."""

from collections.abc import Mapping
from typing import Any

from workspace.core.installation import Installation, KeyFacts


def trial_config(
    installation: Installation, key: KeyFacts, capabilities: Mapping[str, bool]
) -> dict[str, Any]:
    """What a boot call takes, as plain JSON: nothing in it is code. The assistant opens at once, so that a
    test shows something; a key for analytics only allows no actions. `capabilities`: those of the key."""
    return {
        "siteId": installation.site_id,
        "publicKey": key.public_key,
        "siteKeyId": key.key_id,
        "apiBase": installation.base_url,
        "allowedDomains": list(key.patterns),
        "domainScopeMode": key.mode.value,
        "openOnInit": True,
        "mode": "full",
        "allowActions": key.site_mode == "agent",
        "capabilities": {"roverEmbed": capabilities.get("roverEmbed") is True},
    }
