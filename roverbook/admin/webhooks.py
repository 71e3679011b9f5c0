"""The webhooks of a site, each with its last 24 hours, and the questions that agents are asked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from roverbook.admin.webhooks_forms import QuestionsForm
from roverbook.admin.webhooks_words import OFF_WORDS, State, endpoint_state
from roverbook.core.webhooks.subscriptions import ENDPOINTS_MAX, EVERY_EVENT
from roverbook.core.webhooks.verifying import SNIPPETS
from roverbook.models import WebhookEndpoint
from roverbook.selectors.settings import asked_questions, settings_of
from roverbook.selectors.webhooks import Share, endpoints_of, shares
from roverbook.services.settings import notification_settings_patch
from tasks.admin.texts import line
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields

if TYPE_CHECKING:
    from workspace.models import Site

SECTION = "roverbook-webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One part of the bar: where it begins and how wide it is, in percent."""

    kind: str
    x: str
    width: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A webhook in the list."""

    endpoint: WebhookEndpoint
    name: str
    url: str
    state: State
    why: str
    events: str
    share: Share
    bars: tuple[Bar, ...]


@site_page()
@require_safe
def webhooks(request: HttpRequest, site: "Site") -> HttpResponse:
    """The list."""
    return _page(request, site)


@site_page()
@require_POST
def webhooks_switch(request: HttpRequest, site: "Site") -> HttpResponse:
    """Send webhooks, or none."""
    on = request.POST.get("enabled") == "on"
    notification_settings_patch(actor=actor_of(request), site=site, patch={"enabled": on}, now=timezone.now())
    say(request, "Webhooks are sent from now on." if on else "No webhook is sent any more.")
    return redirect("admin:roverbook_webhooks", site.public_id)


@site_page()
@require_POST
def webhooks_questions(request: HttpRequest, site: "Site") -> HttpResponse:
    """Replace the questions."""
    form = QuestionsForm(request.POST)
    if form.is_valid():
        try:
            patch = {"interviewQuestions": form.lines()}
            notification_settings_patch(actor=actor_of(request), site=site, patch=patch, now=timezone.now())
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
        else:
            say(request, "Agents are asked these questions from now on.")
            return redirect("admin:roverbook_webhooks", site.public_id)
    return _page(request, site, questions=form, status=422)


def rows_of(site: "Site") -> list[Row]:
    """The site's webhooks as the list shows them."""
    found = list(endpoints_of(site))
    by_id = shares(found, now=timezone.now())
    return [row_of(endpoint, by_id[endpoint.pk]) for endpoint in found]


def row_of(endpoint: WebhookEndpoint, share: Share) -> Row:
    """One of them."""
    every = EVERY_EVENT in endpoint.events
    return Row(
        endpoint=endpoint,
        name=line(endpoint.description) or line(endpoint.url, 60),
        url=line(endpoint.url),
        state=endpoint_state(endpoint),
        why=OFF_WORDS.get(endpoint.disabled_reason, ""),
        events="every event" if every else ", ".join(line(name) for name in endpoint.events),
        share=share,
        bars=_bars(share),
    )


def _bars(share: Share) -> tuple[Bar, ...]:
    parts = (("good", share.delivered), ("busy", share.pending), ("bad", share.failed))
    begun, bars = 0.0, []
    for kind, count in parts:
        width = 100 * count / (share.total or 1)
        bars.append(Bar(kind=kind, x=f"{begun:.2f}%", width=f"{width:.2f}%", count=count))
        begun += width
    return tuple(bar for bar in bars if bar.count)


def _page(
    request: HttpRequest, site: "Site", *, questions: QuestionsForm | None = None, status: int = 200
) -> HttpResponse:
    asked = "\n".join(question["text"] for question in asked_questions(site))
    rows = rows_of(site)
    return render_page(
        request,
        "workspace/roverbook/webhooks/list.html",
        title="Webhooks",
        section=SECTION,
        site=site,
        status=status,
        rows=rows,
        is_full=len(rows) >= ENDPOINTS_MAX,
        enabled=settings_of(site).enabled,
        questions=questions or QuestionsForm(initial={"questions": asked}),
        asked=[line(question["text"], 300) for question in asked_questions(site)],
        snippets=SNIPPETS.items(),
    )
