"""What the files for agents may look like: every member, its type and its limits, and no other."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # brings no types

Schema = dict[str, Any]
BOOLEAN: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
ADDRESS: Schema = {"type": "string", "pattern": r"^https?://[^\s<>\"]+$"}
EFFECT: Schema = {"enum": ["none", "read", "write", "transactional"]}
INTERFACE: Schema = {"enum": ["task", "shortcut", "client_tool", "webmcp"]}
EXECUTION: Schema = {"enum": ["auto", "browser", "cloud"]}
IDENTIFIER: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"}


def line(longest: int, shortest: int = 1) -> Schema:
    """One line of text without control characters or half characters."""
    return {
        "type": "string",
        "minLength": shortest,
        "maxLength": longest,
        "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ud800-\\udfff]*$",
    }


def listed(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "maxItems": most}


def closed(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these members alone."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


LOOKS: Schema = {
    "hostSurface": {"enum": ["auto", "existing-assistant", "floating-corner", "inline-primary"]},
    "actionReveal": {"enum": ["click", "focus", "keyboard", "agent-handshake"]},
}
MODE: Schema = {"enum": ["silent", "beacon", "integrated", "debug"]}
SURFACE = closed(
    {
        "mode": MODE,
        "branding": {"enum": ["site", "co", "rover"]},
        **LOOKS,
        "beaconLabel": line(180, 0),
        "agentModeEntryHints": listed(line(180), 8),
        "compactActionMaxActions": {"const": 3},
    }
)
SCHEMAS: Schema = {"inputSchema": OBJECT, "outputSchema": OBJECT}
TASK = closed(
    {
        "endpoint": ADDRESS,
        "payload": {
            "oneOf": [
                closed({"url": ADDRESS, "shortcut": IDENTIFIER}),
                closed({"url": ADDRESS, "prompt": line(180)}),
            ]
        },
        "preferExecution": EXECUTION,
    }
)
SKILL = closed(
    {
        "id": IDENTIFIER,
        "name": line(180),
        "description": line(400),
        "tags": listed(line(40), 16),
        "examples": listed(line(220), 6),
        "sideEffect": EFFECT,
        "requiresConfirmation": BOOLEAN,
        "preferredInterface": INTERFACE,
        "category": {"enum": ["primary", "secondary"]},
        "rover": {
            "oneOf": [
                closed({"source": {"const": "additional"}, "task": TASK}),
                closed(
                    {
                        "source": {"const": "shortcut"},
                        "shortcutId": IDENTIFIER,
                        "routing": {"enum": ["auto", "act", "planner"]},
                        "task": TASK,
                    },
                    {"deepLink": ADDRESS},
                ),
            ]
        },
    },
    SCHEMAS,
)
CAPABILITY = closed(
    {
        "capabilityId": IDENTIFIER,
        "version": line(40),
        "label": line(180),
        "description": line(400),
        "sideEffect": EFFECT,
        "requiresConfirmation": BOOLEAN,
        "preferredInterface": INTERFACE,
        "allowedExecutionModes": {**listed(EXECUTION, 3), "minItems": 1},
        "resultModes": {
            **listed({"enum": ["text", "markdown", "json", "observation", "artifacts"]}, 5),
            "minItems": 1,
        },
    },
    {**SCHEMAS, "pageScope": listed(line(120), 48), "analyticsTags": listed(line(40), 16)},
)
PAGE = closed(
    {"pageId": line(120), "capabilityIds": listed(IDENTIFIER, 48)},
    {
        "route": {**line(300), "allOf": [{"pattern": "^/[^?#]*$"}]},
        "label": line(180),
        "entityHints": listed(line(180), 24),
        "formHints": listed(line(180), 24),
        "beaconLabel": line(180),
        "discoveryMode": MODE,
        **LOOKS,
        "agentModeEntryHints": listed(line(180), 8),
        "capabilitySummary": listed(line(180), 12),
    },
)
INTERFACES = {
    **listed(
        closed(
            {
                "type": {"enum": ["task", "workflow", "site", "deep_link"]},
                "url": ADDRESS,
                "description": line(120),
                "available": BOOLEAN,
            }
        ),
        5,
    ),
    "minItems": 5,
}
ADDRESSES: Schema = {"agentCardUrl": ADDRESS, "roverSiteUrl": ADDRESS, "llmsUrl": ADDRESS}
POLICIES: Schema = {
    "preferredExecution": EXECUTION,
    "promptLaunchEnabled": BOOLEAN,
    "shortcutLaunchEnabled": BOOLEAN,
    "cloudBrowserAllowed": BOOLEAN,
    "delegatedHandoffs": BOOLEAN,
}
CAPABILITIES = listed(CAPABILITY, 96)
PAGES = listed(PAGE, 48)
CARD = closed(
    {
        "name": line(253),
        "description": line(400),
        "url": ADDRESS,
        "version": line(40),
        "defaultInputModes": {"const": ["text/plain", "application/json"]},
        "defaultOutputModes": {"const": ["text/plain", "application/json"]},
        "capabilities": closed(
            {
                "streaming": {"const": True},
                "publicTasks": BOOLEAN,
                "stateTransitions": {"const": True},
                "delegatedHandoffs": BOOLEAN,
                "webmcp": {"const": False},
            }
        ),
        "skills": listed(SKILL, 48),
        "interfaces": INTERFACES,
        "extensions": closed(
            {
                "rover": closed(
                    {
                        "siteId": line(80),
                        "siteUrl": ADDRESS,
                        "taskEndpoint": ADDRESS,
                        "workflowEndpoint": ADDRESS,
                        "serviceDescUrl": ADDRESS,
                        "roverSiteUrl": ADDRESS,
                        "llmsUrl": ADDRESS,
                        "wellKnownUrls": closed(ADDRESSES),
                        **POLICIES,
                        "instructions": listed(line(200), 4),
                        "capabilitiesGraph": CAPABILITIES,
                        "pages": PAGES,
                        "discoverySurface": SURFACE,
                        "shortcuts": listed(closed({"id": IDENTIFIER, "label": line(180)}), 24),
                        "webmcp": {"const": {"available": False, "tools": []}},
                    }
                )
            }
        ),
    }
)
PROFILE = closed(
    {
        "identity": closed(
            {"siteId": line(80), "name": line(253), "description": line(400), "siteUrl": ADDRESS}
        ),
        "actions": CAPABILITIES,
        "pages": PAGES,
        "policies": closed(POLICIES),
        "auth": closed(
            {
                "taskEndpoint": ADDRESS,
                "workflowEndpoint": ADDRESS,
                "acceptsHttpMessageSignatures": {"const": True},
                "supportsUnsignedSelfReportedIdentity": {"const": True},
            }
        ),
        "display": SURFACE,
        "artifacts": closed({**ADDRESSES, "siteUrl": ADDRESS}),
        "interfaces": INTERFACES,
    }
)
MARKER = closed(
    {
        "task": ADDRESS,
        "card": ADDRESS,
        "roverSite": ADDRESS,
        "site": ADDRESS,
        "workflow": ADDRESS,
        "preferExecution": EXECUTION,
        "discoveryMode": MODE,
        **LOOKS,
        "skills": listed(closed({"id": IDENTIFIER, "name": line(180)}), 24),
        "capabilities": listed(closed({"capabilityId": IDENTIFIER, "label": line(180)}), 24),
    },
    {"page": line(120), "beaconLabel": line(180)},
)


def check(schema: Schema, value: object) -> None:
    """Fails with the place where the value is not as the schema says."""
    jsonschema.Draft202012Validator(schema).validate(value)
