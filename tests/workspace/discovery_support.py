"""What the tests of discovery share: a site that said everything, and reading what a marker holds."""

import json
from typing import Any

from tests.workspace.installation_support import BASE, SITE
from workspace.core.discovery.marker import MARKER_TYPE

SERVED = f"{BASE}/discovery/{SITE}"
ORDER = {"id": "order", "label": "Order bread", "prompt": "SECRET PLAN", "enabled": True}
FULL_TOLD: dict[str, Any] = {
    "description": "Bread by post.",
    "version": "2.1.0",
    "preferredExecution": "browser",
    "additionalSkills": [
        {
            "id": "search-shop",
            "name": "Search the shop",
            "description": "Finds bread.",
            "tags": ["bread", "Bread", "shop"],
            "examples": ["Rye bread without seeds"],
            "inputSchema": {"type": "object"},
            "outputSchema": {"type": "object"},
            "preferredInterface": "webmcp",
            "category": "primary",
        }
    ],
    "capabilities": [
        {
            "capabilityId": "opening-hours",
            "version": "3",
            "label": "Opening hours",
            "description": "When the shop is open.",
            "sideEffect": "none",
            "requiresConfirmation": True,
            "preferredInterface": "shortcut",
            "allowedExecutionModes": ["browser", "cloud"],
            "resultModes": ["json", "text"],
            "pageScope": ["home"],
            "analyticsTags": ["hours"],
            "inputSchema": {"type": "object"},
        }
    ],
    "pages": [
        {
            "route": "/shop/bread",
            "label": "Bread",
            "capabilityIds": ["ORDER", "opening-hours", "nothing"],
            "entityHints": ["loaf"],
            "formHints": ["basket"],
            "beaconLabel": "Order here",
            "discoveryMode": "silent",
            "hostSurface": "inline-primary",
            "actionReveal": "focus",
            "agentModeEntryHints": ["Alt+Shift+A"],
            "capabilitySummary": ["Order bread"],
        }
    ],
    "discoverySurface": {
        "mode": "integrated",
        "branding": "co",
        "hostSurface": "floating-corner",
        "actionReveal": "keyboard",
        "beaconLabel": "For agents",
        "agentModeEntryHints": ["Ask here"],
    },
}


def told_in(element: str) -> Any:
    """What a marker holds."""
    return json.loads(element.removeprefix(f'<script type="{MARKER_TYPE}">').removesuffix("</script>"))
