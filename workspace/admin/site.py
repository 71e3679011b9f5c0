"""The admin site that all pages of the workspace belong to."""

from http import HTTPStatus
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver

from workspace.admin.navigation import navigation
from workspace.io.transactions import write_transaction


class Workspace(AdminSite):
    """The pages under /workspace/: our own before Django's."""

    site_header = "Rover"
    site_title = "Rover"
    index_title = "Overview"
    site_url = None
    empty_value_display = "–"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The owners' pages, then the model pages."""
        from workspace.admin.urls import page_urls  # the pages need this module's `site`

        return [*page_urls(self), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page's frame needs: the side bar beside Django's own values."""
        return {**super().each_context(request), "navigation": navigation(request)}

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Django's page; what it changes is on record, or does not happen."""
        from workspace.admin.audited import record_own_password

        if request.method != "POST":
            return super().password_change(request, extra_context)
        with write_transaction():
            response = super().password_change(request, extra_context)
            if response.status_code == HTTPStatus.FOUND:
                record_own_password(request)
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The overview in place of the list of apps."""
        from workspace.admin.pages.overview import overview

        return overview(request)


site = Workspace(name="admin")
