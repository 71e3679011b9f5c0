"""One agent on a site: how it fared, what it said, and what the owners decide about it."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Avg, Count
from django.db.models.functions import TruncDate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from roverbook.admin.agents import ACCESS_WORDS, agent_row
from roverbook.admin.charts import Trend, trend
from roverbook.admin.notes_shown import shown_note
from roverbook.admin.reviews import shown_review
from roverbook.admin.shared_people import query
from roverbook.admin.visit_rows import visit_rows
from roverbook.models import AgentProfile, Note, Review
from roverbook.selectors.agents import (
    AgentFilter,
    agent_of,
    agents_by_key,
    keys_of,
    profiles_of,
    tasks_last_week,
    would_have_stopped,
)
from roverbook.selectors.filtering import visits_of_site
from roverbook.selectors.records import AgentSummary
from roverbook.selectors.visits import latest_visits
from roverbook.services.profiles import NICKNAME_MAX, PER_DAY_MOST, agent_decide
from workspace.admin.forms import CoreForm
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields
from workspace.models import Site

SHOWN = 10
TREND_DAYS = 30
OFFERED = 100
LIMITS = (1, 5, 20)
"""What a limit of so many a day would have done is told beside the form."""
KEY_MAX = 128


class DecideForm(CoreForm):
    """What the owners decide."""

    nickname = forms.CharField(
        label="Nickname",
        required=False,
        max_length=NICKNAME_MAX,
        help_text="What you call it. Agents never see this.",
    )
    alias_of = forms.CharField(
        label="Is the same as",
        required=False,
        max_length=KEY_MAX,
        help_text="The key of another agent: its visits and this one’s are counted together.",
    )
    is_muted = forms.BooleanField(
        label="Leave it out of the scores", required=False, help_text="Its visits stay in the lists."
    )
    access = forms.ChoiceField(
        label="May start tasks",
        choices=[(each.value, words.word) for each, words in ACCESS_WORDS.items()],
        widget=forms.RadioSelect,
    )
    per_day = forms.IntegerField(
        label="Tasks a day, if limited", required=False, min_value=1, max_value=PER_DAY_MOST
    )
    core_names = {"aliasOf": "alias_of", "perDay": "per_day", "nickname": "nickname", "access": "access"}


@site_page()
@require_http_methods(["GET", "HEAD", "POST"])
def agent(request: HttpRequest, site: Site) -> HttpResponse:
    """The page of `?key=`; POST writes down what the owners decide about it."""
    now, key = timezone.now(), (request.POST.get("key") or request.GET.get("key", ""))[:KEY_MAX]
    found = agent_of(site, key) if key and "\0" not in key else None
    if found is None:
        raise Http404("No such agent has visited this site.")
    form = DecideForm(request.POST or None, initial=_decided(site, key))
    if request.method == "POST" and form.is_valid():
        try:
            agent_decide(actor=actor_of(request), site=site, agent_key=key, now=now, **form.cleaned_data)
            say(request, "Written down.")
            return redirect(f"{reverse('admin:roverbook_agent', args=[site.public_id])}{query(key=key)}")
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
    return _page(request, site, found, key, form, now)


def _page(
    request: HttpRequest, site: Site, found: AgentSummary, key: str, form: DecideForm, now: datetime
) -> HttpResponse:
    keys = keys_of(site, found.key)
    visits = visits_of_site(site).filter(agent_key__in=keys)
    notes = Note.objects.filter(site=site, agent_key__in=keys).order_by("-created_at", "-pk")
    reviews = Review.objects.filter(site=site, agent_key__in=keys).order_by("-created_at", "-pk")
    tasks = tasks_last_week(site, keys, now=now)
    return render_page(
        request,
        "workspace/roverbook/people/agent.html",
        title="Agent",
        section="roverbook-agents",
        site=site,
        status=200 if not form.errors else 422,
        row=agent_row(found, now=now),
        agent=found,
        key=key,
        keys=keys,
        aliases=keys[1:],
        is_alias=key != found.key,
        form=form,
        others=_others(site, key),
        tasks=tasks,
        limits=[(most, would_have_stopped(site, keys, per_day=most, now=now)) for most in LIMITS],
        visits=visit_rows(latest_visits(visits, SHOWN), now=now),
        visits_query=query(q=_line_of(keys)),
        notes=[shown_note(note, now=now, told=False) for note in notes[:SHOWN]],
        reviews=[shown_review(review, now=now) for review in reviews[:SHOWN]],
        said_query=query(agentKey=found.key, provenance="all"),
        chart=_trend(visits, now),
    )


def _decided(site: Site, key: str) -> dict[str, Any]:
    row = profiles_of(site).get(key) or AgentProfile(site=site, agent_key=key)
    return {name: getattr(row, name) for name in ("nickname", "alias_of", "is_muted", "access", "per_day")}


def _others(site: Site, key: str) -> list[tuple[str, str]]:
    """Keys to choose an alias from, with the names that go with them."""
    found = agents_by_key(site, AgentFilter(), limit=OFFERED)
    return [(each.key, each.nickname or each.name) for each in found if each.key != key]


def _line_of(keys: list[str]) -> str:
    quoted = (key.replace("\\", "\\\\").replace('"', '\\"') for key in keys)
    return "agent:" + ",".join(f'"{key}"' for key in quoted)


def _trend(visits: Any, now: datetime) -> Trend:
    """The mean score of each day's visits; of one or two visits it says little."""
    since = (now - timedelta(days=TREND_DAYS - 1)).date()
    rows = (
        visits.filter(started_at__date__gte=since, score__isnull=False)
        .annotate(day=TruncDate("started_at"))
        .values("day")
        .annotate(mean=Avg("score"), n_visits=Count("pk"))
    )
    by_day: dict[date, tuple[float, int]] = {row["day"]: (row["mean"], row["n_visits"]) for row in rows}
    days = [since + timedelta(days=offset) for offset in range(TREND_DAYS)]
    points = [(day, *(by_day.get(day) or (None, 0))) for day in days]
    told = [(day, mean, n_visits < 3) for day, mean, n_visits in points]
    return trend(told, since=since, days=TREND_DAYS)
