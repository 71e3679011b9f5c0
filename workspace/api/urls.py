"""Paths of the management API: each name at the root, as the contract has it, and below /api/v1/."""

from collections.abc import Mapping

from django.urls import URLPattern, path
from rest_framework.views import APIView

from workspace.api import views

VIEWS: Mapping[str, type[APIView]] = {
    "generateRoverSiteKey": views.GenerateRoverSiteKey,
    "listRoverSiteKeys": views.ListRoverSiteKeys,
    "updateRoverSiteKeyPolicy": views.UpdateRoverSiteKeyPolicy,
    "rotateRoverSiteKey": views.RotateRoverSiteKey,
    "getRoverSiteConfig": views.GetRoverSiteConfig,
    "upsertRoverSiteConfig": views.UpsertRoverSiteConfig,
    "updateApiKeyCapabilities": views.UpdateApiKeyCapabilities,
}


def management_paths(named: Mapping[str, type[APIView]]) -> list[URLPattern]:
    """Both addresses of each view."""
    return [
        path(prefix + name, view.as_view(), name=f"api-{name}" if prefix else name)
        for prefix in ("", "api/v1/")
        for name, view in named.items()
    ]


urlpatterns = management_paths(VIEWS)
