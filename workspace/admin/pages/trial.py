"""Try it: the assistant as visitors get it, with the owner's own key, on a small sample page of this server.

The sample page is like any other page that carries the snippet, and none of the workspace: it has a frame and
a security policy of its own, which lets it load the embed script, speak with the paths that pages of sites
speak with, and send its forms to itself. Nothing that it takes is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import get_script_prefix
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspace.admin.frame import render_page, site_page
from workspace.admin.pages.keys_shared import key_in, rules_of, shown, trial_of
from workspace.core.domain_trial import Trial
from workspace.core.hosts import parse_host
from workspace.core.roles import Right
from workspace.models import Site, SiteKey

KEYS_LISTED = 200
ASKED_MAX = 200
_LIVE = frozenset({"active", "rotating"})
WISHES = (
    "When are you open on Saturday?",
    "What does a pot of tea cost?",
    "Find the page about honey",
    "Book a table for two on Friday",
)
MENU = (
    ("Tea, a pot", "3.80 €"),
    ("Coffee", "2.90 €"),
    ("Toast with honey", "5.20 €"),
    ("Soup of the day", "6.50 €"),
)
HOURS = (
    ("Monday", "closed"),
    ("Tuesday to Friday", "9:00–18:00"),
    ("Saturday", "10:00–16:00"),
    ("Sunday", "closed"),
)
ENTRIES = (
    ("menu", "Menu", "Tea, coffee, toast with honey, and soup, with prices"),
    ("hours", "Opening hours", "When the sample café is open, day by day"),
    ("", "Welcome", "Booking a table, and the way to everything else"),
)
"""Page, title and summary: what the search of the sample goes through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A key that the sample could carry. `value` '' cannot be read any more; `trial`: would it work here?"""

    key: SiteKey
    value: str
    trial: Trial

    @property
    def is_ready(self) -> bool:
        """Whether the assistant opens with it."""
        return bool(self.value) and self.trial.is_allowed


@site_page(view=Right.EDIT)
@require_safe
def trial(request: HttpRequest, site: Site) -> HttpResponse:
    """The way to the sample page, or what is missing; `?key=` chooses the key."""
    host = _own_host(request)
    found = _candidates(site, host, timezone.now())
    chosen = _chosen(found, request.GET.get("key", ""))
    return render_page(
        request,
        "workspace/trial/page.html",
        title="Try it",
        section="trial",
        site=site,
        host=host,
        candidates=found,
        chosen=chosen,
        watches_only=chosen is not None and chosen.key.policy["siteMode"] != "agent",
        wishes=WISHES,
    )


@site_page(view=Right.EDIT)
@require_safe
def sample(request: HttpRequest, site: Site, key_id: UUID, leaf: str = "") -> HttpResponse:
    """A page of the sample. Without a key that works it leads back to where that is told."""
    key = key_in(site, key_id)
    candidate = _candidate(key, _own_host(request), timezone.now())
    if site.archived_at is not None or not candidate.value:
        return redirect("admin:site_trial", site.public_id)
    context = {
        "site": site,
        "key": key,
        "value": candidate.value,
        "embed": f"{get_script_prefix()}embed.js",
        "leaf": leaf,
        "menu": MENU,
        "hours": HOURS,
        "asked": _asked(request, "q"),
        "found": _search(_asked(request, "q")),
        "booked": [(name, _asked(request, name)) for name in ("name", "people", "day")],
    }
    response = TemplateResponse(request, "workspace/trial/sample.html", context)
    response.headers["Content-Security-Policy"] = _policy(request, key)
    response.headers["Cache-Control"] = "no-store"
    return response


def _candidates(site: Site, host: str, now: datetime) -> list[Candidate]:
    """The site's keys that have not ended, the newest first."""
    keys = site.keys.order_by("-created_at", "-id")[:KEYS_LISTED]
    found = []
    for key in keys:
        key.site = site
        if shown(key, now).state in _LIVE:
            found.append(_candidate(key, host, now))
    return found


def _candidate(key: SiteKey, host: str, now: datetime) -> Candidate:
    return Candidate(key=key, value=shown(key, now).value, trial=trial_of(key, host, rules_of(key)))


def _chosen(found: list[Candidate], wanted: str) -> Candidate | None:
    """The one asked for, else the first that works here, else the first; None without any."""
    asked_for = [one for one in found if str(one.key.pk) == wanted]
    ready = [one for one in found if one.is_ready]
    return next(iter([*asked_for, *ready, *found]), None)


def _own_host(request: HttpRequest) -> str:
    """The host under which the person has this page open: the sample has the same."""
    return parse_host(request.get_host()) or ""


def _policy(request: HttpRequest, key: SiteKey) -> str:
    """What the sample may do: less than the pages of the workspace, whose host it has. It cannot speak with
    them, nor be put into a frame."""
    home = request.build_absolute_uri(get_script_prefix())
    own = request.build_absolute_uri(request.path.partition(f"/try/{key.pk}/")[0] + f"/try/{key.pk}/")
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {home}embed.js {home}embed/ {home}roverbook/",
            f"connect-src {home}v2/rover/ {home}v1/roverbook/ {home}v1/tasks/ {home}discovery/",
            "style-src 'self'",
            "img-src 'self' data:",
            f"form-action {own}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _asked(request: HttpRequest, name: str) -> str:
    """What was typed into a field of the sample."""
    return request.GET.get(name, "").strip()[:ASKED_MAX]


def _search(text: str) -> list[tuple[str, str, str]]:
    words = text.casefold().split()
    return [
        entry
        for entry in ENTRIES
        if words and any(word in f"{entry[1]} {entry[2]}".casefold() for word in words)
    ]


def _leaf(name: str) -> tuple[str, Callable[..., Any], str]:
    def page(request: HttpRequest, site_id: str, key_id: UUID) -> HttpResponse:
        return sample(request, site_id, key_id=key_id, leaf=name)

    return (f"sites/<slug:site_id>/try/<uuid:key_id>/{name}/", page, f"site_sample_{name}")


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/try/", trial, "site_trial"),
    ("sites/<slug:site_id>/try/<uuid:key_id>/", sample, "site_sample"),
    *(_leaf(name) for name in ("menu", "hours", "search", "booked")),
]
