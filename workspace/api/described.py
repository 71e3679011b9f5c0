"""The operations of the management API, for the document."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from workspace.api import bodies
from workspace.api.operations import (
    FAULT,
    WITH_BODY,
    WITH_TOKEN,
    Answer,
    Content,
    Operation,
    Record,
    Refused,
    Shape,
    Tag,
    with_code,
)
from workspace.core.capabilities import Capabilities, capability_defaults
from workspace.core.credentials import Forbidden
from workspace.core.fields import InvalidFields
from workspace.core.policy import RoverPolicy, policy_defaults
from workspace.core.refusals import (
    KeyEnded,
    KeyNotFound,
    LimitReached,
    SiteMismatch,
    SiteNotFound,
    StaleEdit,
)
from workspace.core.shortcuts import Shortcut
from workspace.core.site_config import (
    AiAccess,
    BusinessType,
    Greeting,
    PageCapture,
    Voice,
    empty_site_config,
    public_site_config,
)
from workspace.core.tokens import Scope

MANAGEMENT = Tag(
    "Management",
    "Keys, policies and the configuration of sites, for owners' scripts: POST with a JSON object and an "
    "owner token. Each operation is also at the same name below /api/v1/. Null is the same as a field that "
    "is left out; in capabilities and the policy it puts the default back. Every answer is "
    '{"success": true, "data": …} or {"success": false, "error": code, "data": {code, message, …}}.',
)
READERS = (Scope.MANAGE, Scope.READ)


class FullCapabilities(Capabilities):
    """What the key opens; every switch."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class FullPolicy(RoverPolicy):
    """What an agent may do on the site; every field."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Usage(Record):
    """Where a key was used in the last 30 days: at most 50 hosts."""

    usage_by_hostname: dict[str, int] = Field(description="How often it was accepted, by host.")
    last_seen_domains: list[str] = Field(description="The hosts where it was accepted, latest first.")
    blocked_host_attempts: int = Field(description="How often it was refused.")
    last_blocked_host: str | None = Field(description="Where it was refused last.")
    last_used_at: datetime | None = Field(description="When it was accepted last.")


class KeyRecord(Record):
    """A site key, without its value."""

    key_id: UUID = Field(description="Names the key in every other operation.")
    site_key_id: UUID = Field(description="The same as keyId, under the name that embed snippets use.")
    site_id: str = Field(description="The site it belongs to.")
    site_name: str = Field(description="The site's name.")
    label: str = Field(description="What people call the key.")
    prefix: str = Field(description="The first characters of the value.")
    suffix: str = Field(description="Its last four characters.")
    has_secret_key: bool = Field(description="Whether an `sk_site_…` for servers exists beside it.")
    allowed_domains: list[str] = Field(description="The rules as they were given.")
    normalized_domains: list[str] = Field(description="The rules as they are matched.")
    environment: Literal["production", "development", "test"]
    ttl_days: int = Field(description="Days from its making to its end; 0 is never.")
    expires_at: datetime | None
    active: bool = Field(description="The owner's switch.")
    state: Literal["active", "rotating", "disabled", "expired", "revoked", "archived"] = Field(
        description="What follows from the switch, expiry, rotation and the site's archive."
    )
    capabilities: FullCapabilities
    rover_policy: FullPolicy
    rotated_from_key_id: UUID | None = Field(description="The key that this one replaced.")
    grace_until: datetime | None = Field(description="Until when a replaced key goes on working.")
    revoked_at: datetime | None
    created_at: datetime


class ListedKey(KeyRecord):
    """A site key with its use."""

    usage: Usage


class NewKey(KeyRecord):
    """A site key with its value."""

    public_key: str = Field(description="The value for the embed snippet, `pk_site_…`.")


class Limits(Record):
    """What the key's policy allows."""

    shortcut_max_stored: int
    shortcut_max_rendered: int


class SiteConfigRecord(Record):
    """The configuration of a site. Groups hold what was set, the rest is the widget's default."""

    shortcuts: list[Shortcut]
    greeting: Greeting | None
    voice: Voice | None
    page_config: PageCapture | None
    ai_access: AiAccess
    business_type: BusinessType
    experience: dict[str, Any]
    agent_discovery: dict[str, Any]
    limits: Limits
    version: int


class SiteConfigAnswer(Record):
    """The configuration and its version, which counts changes."""

    site_config: SiteConfigRecord
    version: int


KEY_ID = "7c2f0f6e-9d0b-4d57-9f2a-0d4a3f1f9b11"
NEW_KEY_ID = "2b9e4c1d-5a3f-4e86-8c70-6f1d2e3a4b5c"
SITE_ID = "corner-bakery-a1B2c3"
_RECORD: dict[str, Any] = {
    "keyId": KEY_ID,
    "siteKeyId": KEY_ID,
    "siteId": SITE_ID,
    "siteName": "Corner Bakery",
    "label": "Production",
    "prefix": "pk_site_Zx8q",
    "suffix": "9fQw",
    "hasSecretKey": False,
    "allowedDomains": ["bakery.example"],
    "normalizedDomains": ["bakery.example"],
    "environment": "production",
    "ttlDays": 0,
    "expiresAt": None,
    "active": True,
    "state": "active",
    "capabilities": capability_defaults(),
    "roverPolicy": policy_defaults(),
    "rotatedFromKeyId": None,
    "graceUntil": None,
    "revokedAt": None,
    "createdAt": "2026-05-04T08:15:30Z",
}
_VALUE = {"publicKey": "pk_site_Zx8qkH3uVb1mT5yR7cPdLw0aEoNsGfJiXtKqYzB9fQw"}
_USAGE = {
    "usageByHostname": {"bakery.example": 41, "www.bakery.example": 7},
    "lastSeenDomains": ["www.bakery.example", "bakery.example"],
    "blockedHostAttempts": 2,
    "lastBlockedHost": "copy.example",
    "lastUsedAt": "2026-05-06T17:02:11Z",
}
_SHORTCUTS = [
    {
        "id": "opening-hours",
        "label": "Opening hours",
        "prompt": "When are you open on {day}?",
        "enabled": True,
        "sideEffect": "read",
    }
]
_CONFIG = public_site_config(
    empty_site_config()
    | {"shortcuts": _SHORTCUTS, "greeting": {"text": "Fresh bread since 1962. Ask me anything."}},
    policy_defaults(),
    2,
)

_INVALID = (
    with_code(InvalidFields, 400, "The body has a field that does not exist; data.errors names all."),
    with_code(InvalidFields, 422, "A field is missing or its value is not accepted; data.errors names each."),
)
_BY_KEY = (
    with_code(Forbidden, 403, "The key is of somebody else's site, or your role there is not enough."),
    with_code(KeyNotFound, 404, "There is no key with this keyId."),
)
_MISMATCH = with_code(SiteMismatch, 409, "The key is not of the site that siteId names.")
_ENDED = with_code(KeyEnded, 409, "The key was revoked or rotated; nothing about it changes any more.")
_STALE = with_code(StaleEdit, 409, "Somebody changed the same thing in this moment; read it again.")
BY_SITE = (
    with_code(Forbidden, 403, "The site is somebody else's, or your role there is not enough."),
    with_code(SiteNotFound, 404, "There is no site with this siteId."),
)


def management_operation(
    name: str,
    *,
    summary: str,
    description: str,
    body: Content,
    answer: Shape,
    examples: dict[str, Any],
    says: str,
    refused: tuple[Refused, ...],
    scopes: tuple[Scope, ...] = (Scope.MANAGE,),
    body_required: bool = True,
) -> Operation:
    """One operation of the management API, with the refusals that all of them have."""
    return Operation(
        name=name,
        method="post",
        path=f"/{name}",
        also=f"/api/v1/{name}",
        tag=MANAGEMENT.name,
        summary=summary,
        description=description,
        scopes=scopes,
        body=body,
        body_required=body_required,
        answers=[Answer(description=says, contents=[Content(shape=answer, examples=examples)])],
        refused=[*_INVALID, *refused, *WITH_BODY, *WITH_TOKEN, FAULT],
        is_enveloped=True,
    )


OPERATIONS = (
    management_operation(
        "generateRoverSiteKey",
        summary="Make a site key",
        description="Makes a key, with `siteName` also a site for it: both, or neither. The value can be "
        "seen again in the workspace, but in no other answer.",
        body=Content(
            shape=bodies.GenerateKey,
            examples={
                "A new site": {
                    "siteName": "Corner Bakery",
                    "label": "Production",
                    "allowedDomains": ["bakery.example"],
                },
                "A test key of an existing site": {
                    "siteId": SITE_ID,
                    "label": "My machine",
                    "allowedDomains": ["localhost"],
                    "environment": "test",
                    "ttlDays": 30,
                    "roverPolicy": {"externalNavigationPolicy": "block"},
                },
            },
        ),
        answer=NewKey,
        examples={"The new key": _RECORD | _VALUE},
        says="The key with its value.",
        refused=(
            *BY_SITE,
            with_code(LimitReached, 409, "You may have no more sites, or the site no more keys."),
        ),
    ),
    management_operation(
        "listRoverSiteKeys",
        summary="List site keys",
        description="Every key of every site that you work on, newest first, ended ones too; their values "
        "are not shown.",
        body=Content(shape=bodies.ListKeys, examples={"Nothing to say": {}}),
        body_required=False,
        answer=[ListedKey],
        examples={"One key": [_RECORD | {"usage": _USAGE}]},
        says="The keys.",
        refused=(),
        scopes=READERS,
    ),
    management_operation(
        "updateRoverSiteKeyPolicy",
        summary="Change a site key",
        description="Changes what the body names: `allowedDomains` is replaced; of `capabilities` and "
        "`roverPolicy` the fields given are, and null puts a field back to its default.",
        body=Content(
            shape=bodies.UpdateKeyPolicy,
            examples={
                "Two fields of the policy": {
                    "keyId": KEY_ID,
                    "roverPolicy": {"crossHostPolicy": "open_new_tab", "adversarialThreshold": None},
                },
                "Switch a key off": {"keyId": KEY_ID, "siteId": SITE_ID, "active": False},
            },
        ),
        answer=KeyRecord,
        examples={
            "The key": _RECORD | {"roverPolicy": policy_defaults() | {"crossHostPolicy": "open_new_tab"}}
        },
        says="The key as it is now.",
        refused=(*_BY_KEY, _MISMATCH, _ENDED, _STALE),
    ),
    management_operation(
        "rotateRoverSiteKey",
        summary="Replace a site key",
        description="Makes a key with the same rules. The old one ends at once, or after `graceSeconds`, "
        "during which both work. Of two that rotate the same key at once, one gets the new key.",
        body=Content(
            shape=bodies.RotateKey,
            examples={
                "At once": {"keyId": KEY_ID},
                "With an hour to change over": {"keyId": KEY_ID, "graceSeconds": 3600},
            },
        ),
        answer=NewKey,
        examples={
            "The new key": _RECORD
            | _VALUE
            | {"keyId": NEW_KEY_ID, "siteKeyId": NEW_KEY_ID, "rotatedFromKeyId": KEY_ID}
        },
        says="The new key with its value; `rotatedFromKeyId` is the old one.",
        refused=(*_BY_KEY, _MISMATCH, _ENDED),
    ),
    management_operation(
        "updateApiKeyCapabilities",
        summary="Change what a key opens",
        description="Of `capabilities` the fields given are changed.",
        body=Content(
            shape=bodies.UpdateCapabilities,
            examples={"Tasks in the cloud": {"keyId": KEY_ID, "capabilities": {"cloudAgent": True}}},
        ),
        answer=KeyRecord,
        examples={"The key": _RECORD | {"capabilities": capability_defaults() | {"cloudAgent": True}}},
        says="The key as it is now.",
        refused=(*_BY_KEY, _ENDED, _STALE),
    ),
    management_operation(
        "getRoverSiteConfig",
        summary="Read a site's configuration",
        description="Shortcuts, greeting, voice, page capture and what agents may start. `limits` come from "
        "the key's policy.",
        body=Content(shape=bodies.GetSiteConfig, examples={"By a key": {"keyId": KEY_ID}}),
        answer=SiteConfigAnswer,
        examples={"The configuration": {"siteConfig": _CONFIG, "version": 2}},
        says="The configuration.",
        refused=(*_BY_KEY, _MISMATCH),
        scopes=READERS,
    ),
    management_operation(
        "upsertRoverSiteConfig",
        summary="Change a site's configuration",
        description="A field of `siteConfig` that is there replaces what was stored; null clears greeting, "
        "voice and pageConfig; what is not there stays. A change counts `version` up. `limits` and `version` "
        "cannot be set.",
        body=Content(
            shape=bodies.UpsertSiteConfig,
            examples={
                "A shortcut and a greeting": {
                    "keyId": KEY_ID,
                    "siteConfig": {
                        "shortcuts": _SHORTCUTS,
                        "greeting": {"text": "Fresh bread since 1962. Ask me anything."},
                    },
                },
                "No greeting": {"keyId": KEY_ID, "siteConfig": {"greeting": None}},
            },
        ),
        answer=SiteConfigAnswer,
        examples={"The configuration": {"siteConfig": _CONFIG, "version": 2}},
        says="The configuration as it is now.",
        refused=(*_BY_KEY, _MISMATCH, _ENDED),
    ),
)
