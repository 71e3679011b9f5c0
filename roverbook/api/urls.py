"""Paths of RoverBook's part of the management API."""

from collections.abc import Mapping

from rest_framework.views import APIView

from roverbook.api import views
from workspace.api.urls import management_paths

VIEWS: Mapping[str, type[APIView]] = {
    "getRoverBookNotificationSettings": views.GetRoverBookNotificationSettings,
    "upsertRoverBookNotificationSettings": views.UpsertRoverBookNotificationSettings,
    "upsertRoverBookQuestions": views.UpsertRoverBookQuestions,
}

urlpatterns = management_paths(VIEWS)
