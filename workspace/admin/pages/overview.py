"""The first page after sign-in: the sites, and what needs their owner."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from workspace.admin.contributions import contributed_attention
from workspace.admin.frame import caller, render_page
from workspace.core.roles import Right, allows
from workspace.selectors.overview import attention, cards, own_sites

CARDS_SHOWN = 12
ATTENTION_SHOWN = 12


def overview(request: HttpRequest) -> TemplateResponse:
    """What there is, and what needs the owner; a welcome when there is no site yet."""
    user, now = caller(request), timezone.now()
    own = own_sites(user).order_by("name", "public_id")
    found = cards(user, own.filter(archived_at=None), now=now)
    editable = [card for card in found if allows(card.role, Right.EDIT)]
    needs = contributed_attention([card.site for card in editable])
    needs += attention(editable, public_host=public_host(), now=now)
    context: dict[str, Any] = {
        "cards": found[:CARDS_SHOWN],
        "count": len(found),
        "has_archived": not found and own.exists(),
        "unfinished": [card for card in editable if not card.is_set_up][:2],
        "attention": needs[:ATTENTION_SHOWN],
        "more_attention": max(0, len(needs) - ATTENTION_SHOWN),
    }
    return render_page(
        request,
        "workspace/overview.html",
        title="Overview" if found else "Welcome",
        section="overview",
        **context,
    )


def public_host() -> str:
    """The host under which the outside reaches this server."""
    return urlsplit(str(settings.ROVER.base_url)).hostname or ""
