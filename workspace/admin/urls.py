"""Every page of the workspace that is not a model page, below /workspace/."""

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from workspace.admin.contributions import Page, contributed_pages
from workspace.admin.pages import (
    ai_access,
    assistant,
    audit,
    domains,
    health,
    install,
    key,
    key_ends,
    keys,
    members,
    policy,
    settings,
    shortcuts,
    sites,
    tokens,
    trial,
)

PAGES: list[Page] = [
    *sites.PAGES,
    *keys.PAGES,
    *key.PAGES,
    *key_ends.PAGES,
    *domains.PAGES,
    *policy.PAGES,
    *shortcuts.PAGES,
    *assistant.PAGES,
    *ai_access.PAGES,
    *install.PAGES,
    *trial.PAGES,
    *members.PAGES,
    *settings.PAGES,
    *audit.PAGES,
    *tokens.PAGES,
    *health.PAGES,
]


def page_urls(site: AdminSite) -> list[URLPattern]:
    """Each page behind the admin site's sign-in, also those of other apps."""
    pages = [*PAGES, *contributed_pages()]
    return [path(route, site.admin_view(view), name=name) for route, view, name in pages]
