"""Sessions on other pages of a site: how many there are now on its overview, and the first one on the page of
its installation."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks.selectors.sessions import counts_now, first_session, sessions_of_site
from workspace.admin.contributions import Card
from workspace.admin.frame import site_page
from workspace.core.hosts import parse_host

if TYPE_CHECKING:
    from workspace.models import Site


def sessions_card(request: HttpRequest, site: "Site") -> Card | None:
    """The card; None as long as no page has opened a session, and nothing of a site that is archived."""
    if site.archived_at is not None or not sessions_of_site(site).exists():
        return None
    today = counts_now(site, now=timezone.now())
    return Card(template="workspace/sessions/card.html", content={"today": today, "site": site})


def first_session_part(request: HttpRequest, site: "Site") -> Card:
    """The line on the page of the installation."""
    first = first_session(site, own_host=parse_host(request.get_host()) or "")
    return Card(template="workspace/sessions/first.html", content={"site": site, "first": first})


@site_page()
@require_safe
def site_first_session(request: HttpRequest, site: "Site") -> HttpResponse:
    """That line alone, which the page of the installation asks for until there is something to tell."""
    part = first_session_part(request, site)
    return TemplateResponse(
        request,
        part.template,
        {"content": part.content, "chosen": True},
        headers={"Cache-Control": "no-store"},
    )
