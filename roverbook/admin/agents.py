"""The agents that visited a site: who they say they are, how far that can be believed, and how they fared."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from roverbook.admin.numbers import percent
from roverbook.admin.shared_people import ANY, SIGNED, curl_of, export_links, query
from roverbook.admin.visit_rows import Score, score_of
from roverbook.models import AgentProfile
from roverbook.selectors.agents import AgentFilter, Seen, agents_page, vendors_of
from roverbook.selectors.records import AgentSummary
from tasks.admin.rows import NAME
from tasks.admin.texts import line
from tasks.admin.trust import TrustWords, trust_word, trust_words
from tasks.admin.words import StatusWords
from tasks.core.attribution import Trust
from tasks.core.quantities import age
from workspace.admin.frame import render_page, site_page
from workspace.models import Site

ACCESS_WORDS = {
    AgentProfile.Access.ALLOW: StatusWords(word="allowed", badge=""),
    AgentProfile.Access.LIMIT: StatusWords(word="limited", badge="rv-warn"),
    AgentProfile.Access.BLOCK: StatusWords(word="blocked", badge="rv-bad"),
}


class AgentsForm(forms.Form):
    """The filters, read from the address of the page."""

    q = forms.CharField(label="Name or key", required=False, max_length=128, widget=forms.SearchInput)
    vendor = forms.CharField(label="Vendor", required=False, max_length=120)
    trust = forms.ChoiceField(
        label="Trust", required=False, choices=[ANY, *((each.value, trust_word(each)) for each in Trust)]
    )
    access = forms.ChoiceField(
        label="May start tasks",
        required=False,
        choices=[ANY, *((each.value, words.word) for each, words in ACCESS_WORDS.items())],
    )
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=128, widget=forms.HiddenInput, strip=False)

    def given(self) -> dict[str, Any]:
        """What was filled in, without the place in the list."""
        return {
            name: str(self.cleaned_data[name])
            for name in ("q", "vendor", "trust", "access")
            if self.cleaned_data.get(name)
        }

    def place(self) -> Seen | None:
        """Where the list goes on."""
        at, key = self.cleaned_data.get("seen"), self.cleaned_data.get("key")
        return Seen(at=at, key=key) if at and key else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """One agent as pages show it. `agent_name`: what it calls itself; `nickname`: what the owners call it."""

    agent_key: str
    agent_name: str
    nickname: str
    vendor: str
    model: str
    trust: TrustWords
    visits: int
    success: str
    score: Score
    last_seen_at: datetime
    ago: str
    access: StatusWords
    is_muted: bool


@site_page()
@require_safe
def agents(request: HttpRequest, site: Site) -> HttpResponse:
    """The directory, those seen last first."""
    now = timezone.now()
    form = AgentsForm(request.GET)
    is_valid = form.is_valid()
    given = form.given()
    page = agents_page(site, AgentFilter(**given), older_than=form.place()) if is_valid else None
    older = page.older if page else None
    exported = {name: value for name, value in given.items() if name != "access"}
    return render_page(
        request,
        "workspace/roverbook/people/agents.html",
        title="Agents",
        section="roverbook-agents",
        site=site,
        status=200 if is_valid else 422,
        form=form,
        rows=[agent_row(each, now=now) for each in page.agents] if page else [],
        vendors=[(row, query(vendor=row.vendor)) for row in vendors_of(site)],
        is_filtered=bool(given) or not is_valid,
        is_paged=form.place() is not None,
        older=query(**given, seen=older.at.isoformat(), key=older.key) if older else "",
        exports=export_links(site, "agents", exported),
        curl=curl_of(site, "agents", exported),
    )


def agent_row(agent: AgentSummary, *, now: datetime) -> AgentRow:
    """One agent."""
    return AgentRow(
        agent_key=agent.key,
        agent_name=line(agent.name, NAME) or "no name",
        nickname=line(agent.nickname, NAME),
        vendor=line(agent.vendor, NAME),
        model=line(" ".join(filter(None, (agent.model, agent.version))), NAME),
        trust=trust_of(agent),
        visits=agent.visits,
        success=percent(agent.success_rate),
        score=score_of(agent.score),
        last_seen_at=agent.last_seen_at,
        ago=age((now - agent.last_seen_at).total_seconds()),
        access=_access(agent),
        is_muted=agent.is_muted,
    )


def trust_of(agent: AgentSummary) -> TrustWords:
    """How far its identity can be believed. The vendor of one that signs is what its signature proves."""
    signer = f"https://{agent.vendor}" if agent.trust in SIGNED and agent.vendor else ""
    return trust_words({"signatureAgent": signer}, agent.trust)


def _access(agent: AgentSummary) -> StatusWords:
    words = ACCESS_WORDS[AgentProfile.Access(agent.access)]
    is_limit = agent.access == AgentProfile.Access.LIMIT
    return StatusWords(word=f"{agent.per_day} a day", badge=words.badge) if is_limit else words
