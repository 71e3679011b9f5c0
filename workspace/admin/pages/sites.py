"""The directory of a person's sites, and one site's overview."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from workspace.admin.charts import bars
from workspace.admin.contributions import contributed_attention, contributed_cards
from workspace.admin.frame import actor_of, caller, render_page, say, site_page
from workspace.admin.pages import launch
from workspace.admin.pages.audit import action_words
from workspace.admin.pages.overview import public_host
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_state
from workspace.selectors.overview import (
    attention,
    cards,
    latest_changes,
    own_sites,
    refused_hosts,
    site_daily_use,
    used_since,
)
from workspace.services.guided import policy_reviewed

PER_PAGE = 60
QUERY_MAX = 200
DAYS = 14


def directory(request: HttpRequest) -> HttpResponse:
    """The sites that a person owns or joined; `q` looks in names, hosts and siteIds."""
    user, now = caller(request), timezone.now()
    query = request.GET.get("q", "").strip()[:QUERY_MAX].replace("\x00", "")
    own = own_sites(user).order_by("name", "public_id")
    found = own.filter(Q(name__icontains=query) | Q(host__icontains=query) | Q(public_id__icontains=query))
    page = Paginator(found.filter(archived_at=None), PER_PAGE).get_page(request.GET.get("page"))
    archived = found.filter(archived_at__isnull=False)[:PER_PAGE]
    return render_page(
        request,
        "workspace/sites/directory.html",
        title="Sites",
        section="sites",
        query=query,
        page=page,
        cards=cards(user, page, now=now),
        archived=cards(user, archived, now=now),
        has_sites=own.exists(),
    )


@site_page()
def site_overview(request: HttpRequest, site: Site) -> HttpResponse:
    """One site: what is to do, its keys, its use, what was refused and what changed. POST keeps the policy as
    it is, which finishes that step."""
    now = timezone.now()
    if request.method == "POST":
        policy_reviewed(actor=actor_of(request), site=site, now=now)
        say(request, "Noted: the policy stays as it is.")
        return redirect("admin:site", site.public_id)
    [card] = cards(caller(request), [site], now=now)
    return render_page(
        request,
        "workspace/sites/site.html",
        title=site.name,
        section="site",
        site=site,
        card=card,
        attention=[
            *contributed_attention([site]),
            *(item for item in attention([card], public_host=public_host(), now=now) if item.tone != "quiet"),
        ],
        keys=_key_rows(card.keys, site),
        chart=bars(site_daily_use(site, now=now, days=DAYS)),
        refused=refused_hosts([site], now=now, hours=7 * 24)[site.pk][:10],
        contributed=contributed_cards(request, site),
        changes=[(action_words(entry.action), entry) for entry in latest_changes(site)],
    )


def _key_rows(keys: tuple[SiteKey, ...], site: Site) -> list[dict[str, Any]]:
    now = timezone.now()
    used = used_since(site, now=now, days=DAYS)
    return [{"key": key, "state": key_state(key, now), "used": used.get(key.pk, 0)} for key in keys[:20]]


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/", directory, "sites"),
    *launch.PAGES,
    ("sites/<slug:site_id>/", site_overview, "site"),
]
