"""The bodies that the management API takes: which fields there are, and which must be there.

Whether a value is good is the services' to say, so that pages and scripts get the same answer; here a value
is only described, for the document. Null is the same as a field that is not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from rest_framework.request import Request

from workspace.core.capabilities import Capabilities
from workspace.core.environments import MAX_TTL_DAYS
from workspace.core.field_types import Settings
from workspace.core.fields import InvalidFields, not_an_object, validated
from workspace.core.names import KEY_LABEL_MAX, SITE_NAME_MAX
from workspace.core.policy import RoverPolicy
from workspace.core.shortcuts import Shortcut
from workspace.core.site_config import AiAccess, BusinessType, Greeting, PageCapture, Voice
from workspace.services.keys import MAX_GRACE_SECONDS, UNSET

_Body = TypeVar("_Body", bound=Settings)


@dataclass(frozen=True, slots=True)
class Like:
    """Any value here; the document shows the type that it should have."""

    type: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, _check: value, handler.generate_schema(self.type)
        )


def body_of(request: Request, model: type[_Body]) -> _Body:
    """The request's body as a `model`.

    Raises:
        InvalidFields: it is no object, or a field is missing, unknown or of the wrong type.
    """
    if not isinstance(request.data, Mapping):
        raise InvalidFields([not_an_object("")])
    return validated(model, request.data, prefix="")


def given(body: Settings, name: str) -> Any:
    """The value of a field, or UNSET when the body does not have it."""
    return getattr(body, name) if name in body.model_fields_set else UNSET


def sent(body: Settings) -> dict[str, Any]:
    """The fields that the body has, under their wire names, with the values as they came."""
    names = {name: one.alias or name for name, one in type(body).model_fields.items()}
    return {names[name]: getattr(body, name) for name in body.model_fields_set}


class SiteConfigPatch(Settings):
    """What to change of a site's configuration: a field that is there replaces what was stored, the list of
    shortcuts as a whole; null clears greeting, voice and pageConfig."""

    shortcuts: list[Shortcut] | None = Field(
        None, max_length=100, description="All shortcuts of the site, in the order wanted; [] removes them."
    )
    greeting: Greeting | None = Field(None, description="The bubble that greets a visitor.")
    voice: Voice | None = Field(None, description="Dictation by the visitor's browser.")
    page_config: PageCapture | None = Field(None, description="Overrides of how a page is read.")
    ai_access: AiAccess | None = Field(None, description="What agents may start from outside.")
    business_type: BusinessType | None = Field(None, description="What kind of site this is.")
    experience: dict[str, Any] | None = Field(None, description="Overrides of the widget's looks, 32 KiB.")
    agent_discovery: dict[str, Any] | None = Field(None, description="Overrides of discovery, 32 KiB.")


_Domains = Annotated[
    Any, Like(Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(min_length=1, max_length=50)])
]
_Capabilities = Annotated[Any, Like(Capabilities)]
_Policy = Annotated[Any, Like(RoverPolicy)]
_DOMAINS = (
    "Which hosts the key works on: `example.com` (with its subdomains, unless the policy's `domainScopeMode` "
    "is `host_only`), `*.example.com` (subdomains alone), `=app.example.com` (this host alone), or a URL."
)
_SITE = "The site that the key should be of; another one is refused with 409."
_SITE_ID = Annotated[str, Field(max_length=80)]


class GenerateKey(Settings):
    """A new key. Either `siteId` or `siteName`; with a name, a site is made for it."""

    site_id: _SITE_ID | None = Field(None, description="An existing site.")
    site_name: Annotated[Any, Like(Annotated[str, Field(max_length=SITE_NAME_MAX)])] = Field(
        None, description="The name of a new site; its siteId is made from it."
    )
    label: Annotated[Any, Like(Annotated[str, Field(min_length=1, max_length=KEY_LABEL_MAX)])] = Field(
        description="What people call the key."
    )
    allowed_domains: _Domains = Field(description=_DOMAINS)
    ttl_days: Annotated[Any, Like(Annotated[int, Field(ge=0, le=MAX_TTL_DAYS)])] = Field(
        None, description="Days until the key ends, 0 for never. Without it 0, for environment test 90."
    )
    environment: Annotated[Any, Like(Literal["production", "development", "test"])] = Field(
        "production", description="Where the site runs; local hosts need development or test."
    )
    capabilities: _Capabilities = Field(None, description="Changes to the default capabilities.")
    rover_policy: _Policy = Field(None, description="Changes to the default policy.")


class ListKeys(Settings):
    """Nothing; the body may be left out."""


class UpdateKeyPolicy(Settings):
    """Changes to a key."""

    key_id: str = Field(description="The key to change.")
    site_id: _SITE_ID | None = Field(None, description=_SITE)
    allowed_domains: _Domains = Field(None, description="Replaces the list. " + _DOMAINS)
    active: Annotated[Any, Like(bool)] = Field(None, description="false switches the key off, true on.")
    capabilities: _Capabilities = Field(None, description="Changes to the capabilities; null: the default.")
    rover_policy: _Policy = Field(None, description="Changes to the policy; null puts the default back.")


class RotateKey(Settings):
    """A new value for a key."""

    key_id: str = Field(description="The key to replace.")
    site_id: _SITE_ID | None = Field(None, description=_SITE)
    label: Annotated[Any, Like(Annotated[str, Field(min_length=1, max_length=KEY_LABEL_MAX)])] = Field(
        None, description="The label of the new key; without it the old one's."
    )
    capabilities: _Capabilities = Field(None, description="Changes on the way to the new key.")
    rover_policy: _Policy = Field(None, description="Changes on the way to the new key.")
    grace_seconds: Annotated[Any, Like(Annotated[int, Field(ge=0, le=MAX_GRACE_SECONDS)])] = Field(
        0, description="How long the old value goes on working beside the new one, at most a week."
    )


class GetSiteConfig(Settings):
    """Whose configuration."""

    key_id: str = Field(description="A key of the site.")
    site_id: _SITE_ID | None = Field(None, description=_SITE)


class UpsertSiteConfig(Settings):
    """Changes to the configuration of a key's site."""

    key_id: str = Field(description="A key of the site; its policy limits the number of shortcuts.")
    site_id: _SITE_ID | None = Field(None, description=_SITE)
    site_config: Annotated[Any, Like(SiteConfigPatch)] = Field(None, description="What to change.")


class UpdateCapabilities(Settings):
    """Changes to what a key opens."""

    key_id: str = Field(description="The key to change.")
    capabilities: _Capabilities = Field(description="What to change; null puts the default back.")
