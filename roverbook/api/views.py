"""RoverBook's private settings over HTTP, as part of the management API."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from roverbook.api.bodies import GetNotificationSettings, UpsertNotificationSettings, UpsertQuestions
from roverbook.selectors.settings import notification_settings
from roverbook.services.settings import notification_settings_patch
from workspace.api.bodies import body_of, sent
from workspace.api.envelope import success
from workspace.api.views import READ_SCOPES, ManagementView, actor_of, caller
from workspace.core.field_types import Settings
from workspace.core.roles import Right
from workspace.selectors.access import site_for


class GetRoverBookNotificationSettings(ManagementView):
    """`/getRoverBookNotificationSettings`"""

    required_scope = READ_SCOPES

    def post(self, request: Request) -> Response:
        """The settings of a site."""
        body = body_of(request, GetNotificationSettings)
        return success(notification_settings(site_for(caller(request), body.site_id, Right.VIEW)))


class UpsertRoverBookNotificationSettings(ManagementView):
    """`/upsertRoverBookNotificationSettings`"""

    def post(self, request: Request) -> Response:
        """Change what the body names."""
        body = body_of(request, UpsertNotificationSettings)
        return _patched(request, body.site_id, body)


class UpsertRoverBookQuestions(ManagementView):
    """`/upsertRoverBookQuestions`"""

    def post(self, request: Request) -> Response:
        """Replace the questions."""
        body = body_of(request, UpsertQuestions)
        return _patched(request, body.site_id, body)


def _patched(request: Request, site_id: str, body: Settings) -> Response:
    site = site_for(caller(request), site_id, Right.EDIT)
    patch = {name: value for name, value in sent(body).items() if name != "siteId"}
    changed = notification_settings_patch(actor=actor_of(request), site=site, patch=patch, now=timezone.now())
    return success(notification_settings(site, secrets=changed.secrets))
