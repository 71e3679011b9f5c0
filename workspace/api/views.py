"""The management API over HTTP: read the body, ask a service or a selector, wrap the answer."""

from typing import Any, cast

from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workspace.api.bodies import (
    GenerateKey,
    GetSiteConfig,
    ListKeys,
    RotateKey,
    UpdateCapabilities,
    UpdateKeyPolicy,
    UpsertSiteConfig,
    body_of,
    given,
)
from workspace.api.envelope import NO_STORE, failure, success
from workspace.api.permissions import HasScope
from workspace.bearer import Bearer
from workspace.core.doors import Door
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.refusals import KeyEnded, SiteMismatch
from workspace.core.roles import Right
from workspace.core.site_config import public_site_config
from workspace.core.tokens import Scope
from workspace.models import SiteConfig, SiteKey, User
from workspace.selectors.access import site_for
from workspace.selectors.keys import key_for, key_resource, key_state, key_usages, keys_of
from workspace.services.audit import Actor
from workspace.services.configs import site_config_patch
from workspace.services.keys import Minted, key_create, key_rotate, key_update
from workspace.services.onboarding import key_create_with_site

READ_SCOPES = (Scope.MANAGE, Scope.READ)
REQUEST_ID_MAX = 64


class ManagementView(APIView):
    """A POST of the management API, for owner tokens with scope `manage`. Every answer has the envelope."""

    permission_classes = [IsAuthenticated, HasScope]
    required_scope: Scope | tuple[Scope, ...] = Scope.MANAGE
    http_method_names = ["post"]
    failure_body = staticmethod(failure)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Nothing here may be kept by a cache: answers carry keys and are one caller's own."""
        response.headers["Cache-Control"] = NO_STORE
        finished: Response = super().finalize_response(request, response, *args, **kwargs)
        return finished


def caller(request: Request) -> User:
    """Whose token it is."""
    return cast(Bearer, request.auth).owner


def actor_of(request: Request) -> Actor:
    """The caller as the audit log names them. Of `X-Request-Id` the first 64 characters are kept, if it is
    plain ASCII."""
    request_id = request.headers.get("X-Request-Id", "")[:REQUEST_ID_MAX]
    return Actor(
        user=caller(request),
        door=Door.API,
        ip=request.META.get("REMOTE_ADDR", "") or "",
        request_id=request_id if request_id.isascii() and request_id.isprintable() else "",
    )


def key_asserted(user: User, key_id: str, site_id: str | None, right: Right) -> SiteKey:
    """The key, which must be of the site named, if one is named.

    Raises:
        KeyNotFound, Forbidden; SiteMismatch: it is of another site.
    """
    key = key_for(user, key_id, right)
    if site_id is not None and site_id != key.site.public_id:
        raise SiteMismatch(
            "The key belongs to another site than siteId says.",
            next_action="Leave siteId out, or give the one that listRoverSiteKeys shows for this key.",
        )
    return key


class GenerateRoverSiteKey(ManagementView):
    """`/generateRoverSiteKey`"""

    def post(self, request: Request) -> Response:
        """A new key; with `siteName` of a new site. The whole value is in the answer."""
        body = body_of(request, GenerateKey)
        minted = self._minted(request, body)
        return success(key_resource(minted.key, now=timezone.now(), with_value=True))

    def _minted(self, request: Request, body: GenerateKey) -> Minted:
        wanted: dict[str, Any] = {
            "actor": actor_of(request),
            "label": body.label,
            "allowed_domains": body.allowed_domains,
            "environment": body.environment,
            "ttl_days": body.ttl_days,
            "capabilities": body.capabilities,
            "policy": body.rover_policy,
            "now": timezone.now(),
        }
        match body.site_id, body.site_name:
            case None, None:
                raise _one_of_two("Give siteId for an existing site, or siteName for a new one.", "required")
            case str(site_id), None:
                return key_create(site=site_for(caller(request), site_id, Right.EDIT), **wanted)
            case None, name:
                return key_create_with_site(owner=caller(request), site_name=name, **wanted)
            case _:
                raise _one_of_two("Give one of siteId and siteName, not both.", "not_allowed")


class ListRoverSiteKeys(ManagementView):
    """`/listRoverSiteKeys`"""

    required_scope = READ_SCOPES

    def post(self, request: Request) -> Response:
        """Every key of every site the caller works on, newest first, with its use; no values."""
        body_of(request, ListKeys)
        now = timezone.now()
        keys = list(keys_of(caller(request)))
        usages = key_usages([key.pk for key in keys], now=now)
        return success([key_resource(key, now=now) | {"usage": usages[key.pk]} for key in keys])


class UpdateRoverSiteKeyPolicy(ManagementView):
    """`/updateRoverSiteKeyPolicy`"""

    def post(self, request: Request) -> Response:
        """Change what the body names."""
        body = body_of(request, UpdateKeyPolicy)
        key = key_update(
            actor=actor_of(request),
            key=key_asserted(caller(request), body.key_id, body.site_id, Right.EDIT),
            now=timezone.now(),
            allowed_domains=given(body, "allowed_domains"),
            active=given(body, "active"),
            capabilities=given(body, "capabilities"),
            policy=given(body, "rover_policy"),
        )
        return success(key_resource(key, now=timezone.now()))


class RotateRoverSiteKey(ManagementView):
    """`/rotateRoverSiteKey`"""

    def post(self, request: Request) -> Response:
        """A new key in place of the old one. The whole value is in the answer."""
        body = body_of(request, RotateKey)
        minted = key_rotate(
            actor=actor_of(request),
            key=key_asserted(caller(request), body.key_id, body.site_id, Right.EDIT),
            now=timezone.now(),
            label=given(body, "label"),
            capabilities=given(body, "capabilities"),
            policy=given(body, "rover_policy"),
            grace_seconds=body.grace_seconds,
        )
        return success(key_resource(minted.key, now=timezone.now(), with_value=True))


class UpdateApiKeyCapabilities(ManagementView):
    """`/updateApiKeyCapabilities`"""

    def post(self, request: Request) -> Response:
        """Change what the key opens."""
        body = body_of(request, UpdateCapabilities)
        key = key_update(
            actor=actor_of(request),
            key=key_asserted(caller(request), body.key_id, None, Right.EDIT),
            now=timezone.now(),
            capabilities=body.capabilities,
        )
        return success(key_resource(key, now=timezone.now()))


class GetRoverSiteConfig(ManagementView):
    """`/getRoverSiteConfig`"""

    required_scope = READ_SCOPES

    def post(self, request: Request) -> Response:
        """The configuration of the key's site."""
        body = body_of(request, GetSiteConfig)
        key = key_asserted(caller(request), body.key_id, body.site_id, Right.VIEW)
        return success(_site_config(SiteConfig.objects.get(site=key.site), key))


class UpsertRoverSiteConfig(ManagementView):
    """`/upsertRoverSiteConfig`"""

    def post(self, request: Request) -> Response:
        """Change what `siteConfig` names. Only a live key opens it: one that was replaced says nothing of the
        policy in force."""
        body = body_of(request, UpsertSiteConfig)
        key = key_asserted(caller(request), body.key_id, body.site_id, Right.EDIT)
        now = timezone.now()
        if key_state(key, now) in ("revoked", "rotating"):
            raise KeyEnded("This key was ended or rotated; use the key that took its place.")
        config = site_config_patch(
            actor=actor_of(request),
            site=key.site,
            patch={} if body.site_config is None else body.site_config,
            max_stored=key.policy["shortcutMaxStored"],
            now=now,
        )
        return success(_site_config(config, key))


def _site_config(config: SiteConfig, key: SiteKey) -> dict[str, Any]:
    version = config.version
    return {"siteConfig": public_site_config(config.content, key.policy, version), "version": version}


def _one_of_two(message: str, code: str) -> InvalidFields:
    return InvalidFields([FieldError("siteId", message, code), FieldError("siteName", message, code)])
