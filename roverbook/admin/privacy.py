"""How long things are kept, what is known of one agent or visitor, and how they are forgotten."""

from collections.abc import Mapping

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from roverbook.admin.shared_people import query
from roverbook.selectors.exporting import archive_response
from roverbook.selectors.settings import settings_of
from roverbook.selectors.traces import Traces, traces_of_agent, traces_of_visitor
from roverbook.services.privacy.erasing import agent_erase, digest_of, visitor_erase
from roverbook.services.privacy.settings import SCORE_DAYS, VISIT_DAYS, privacy_settings_set
from workspace.admin.forms import CoreForm
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields
from workspace.core.roles import Right
from workspace.models import Site
from workspace.services.exports import export_noted

NAME_MAX = 128
COUNT_WORDS = {
    "visits": "visits, with their steps",
    "tasks": "tasks, with their logs",
    "sessions": "sessions of pages",
    "events": "events that pages told",
    "reviews": "reviews",
    "interviews": "answers",
    "notes": "notes",
    "posts": "posts and replies",
    "exposures": "exposures to experiments",
}


class KeepingForm(CoreForm):
    """How long, and whether visitors are asked."""

    visit_days = forms.IntegerField(
        label="Keep visits for (days)", min_value=VISIT_DAYS[0], max_value=VISIT_DAYS[1]
    )
    score_days = forms.IntegerField(
        label="Keep daily scores for (days)", min_value=SCORE_DAYS[0], max_value=SCORE_DAYS[1]
    )
    needs_consent = forms.BooleanField(
        label="Ask visitors first",
        required=False,
        help_text="The collector on your pages tells and keeps nothing until your page says that the visitor "
        "agreed.",
    )
    core_names = {"visitDays": "visit_days", "scoreDays": "score_days"}


class WhoForm(forms.Form):
    """Whom it is about. An agent is named by its key; a visitor by a session id, or by the mail address or
    visitor id that your pages told."""

    kind = forms.ChoiceField(
        label="Who", choices=[("agent", "An agent, by its key"), ("visitor", "A visitor")]
    )
    name = forms.CharField(label="Key, session id, mail address or visitor id", max_length=NAME_MAX)

    def traces(self, site: Site) -> Traces:
        """What is known of them; the form must be valid."""
        name = self.cleaned_data["name"]
        is_agent = self.cleaned_data["kind"] == "agent"
        return traces_of_agent(site, name) if is_agent else traces_of_visitor(site, name)


class EraseForm(WhoForm):
    """The same, typed once more: this cannot be undone."""

    typed = forms.CharField(label="Type the same again to confirm", max_length=NAME_MAX)
    kind = forms.ChoiceField(choices=[("agent", "agent"), ("visitor", "visitor")], widget=forms.HiddenInput)
    name = forms.CharField(max_length=NAME_MAX, widget=forms.HiddenInput)

    def clean_typed(self) -> str:
        """Raises: ValidationError."""
        typed: str = self.cleaned_data["typed"]
        if typed != self.cleaned_data.get("name"):
            raise forms.ValidationError("This is not what stands above.")
        return typed


@site_page()
@require_http_methods(["GET", "HEAD", "POST"])
def privacy(request: HttpRequest, site: Site) -> HttpResponse:
    """The page; POST changes how long things are kept. `?kind=&name=` shows what is known of somebody."""
    kept = settings_of(site)
    initial = {name: getattr(kept, name) for name in ("visit_days", "score_days", "needs_consent")}
    form = KeepingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actor, now = actor_of(request), timezone.now()
            privacy_settings_set(actor=actor, site=site, now=now, **form.cleaned_data)
            say(request, "Written down. What is too old by then goes within the hour.")
            return redirect("admin:roverbook_privacy", site.public_id)
        except InvalidFields as invalid:
            form.add_core_errors(invalid)
    who = WhoForm(request.GET) if "name" in request.GET else WhoForm()
    is_asked = who.is_bound and who.is_valid()
    counts = who.traces(site).counts() if is_asked else {}
    return render_page(
        request,
        "workspace/roverbook/people/privacy.html",
        title="Privacy",
        section="roverbook-privacy",
        site=site,
        status=422 if form.errors or (who.is_bound and who.errors) else 200,
        form=form,
        who=who,
        is_asked=is_asked,
        counts=_told(counts),
        is_known=any(counts.values()),
        asked=query(kind=who.cleaned_data["kind"], name=who.cleaned_data["name"]) if is_asked else "",
    )


@site_page(view=Right.EDIT)
@require_safe
def privacy_export(request: HttpRequest, site: Site) -> HttpResponse:
    """All that is known of `?kind=&name=`, as one JSON file; noted in the audit log."""
    form = WhoForm(request.GET)
    if not form.is_valid():
        raise Http404("Say whom the file is about.")
    kind, name, now = form.cleaned_data["kind"], form.cleaned_data["name"], timezone.now()
    traces = form.traces(site)
    export_noted(
        actor=actor_of(request),
        what=f"roverbook_{kind}",
        form="json",
        filters={"who": digest_of(name)},
        site=site,
        now=now,
    )
    return archive_response(traces, now=now, kind=kind, name=name)  # type: ignore[return-value]  # a stream is a response


@site_page(view=Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_erase(request: HttpRequest, site: Site) -> HttpResponse:
    """GET says what goes and asks for the name once more, POST erases."""
    asked = WhoForm(request.POST if request.method == "POST" else request.GET)
    if not asked.is_valid():
        raise Http404("Say whom you want to forget.")
    kind, name = asked.cleaned_data["kind"], asked.cleaned_data["name"]
    form = EraseForm(request.POST or None, initial={"kind": kind, "name": name})
    if request.method == "POST" and form.is_valid():
        actor, now = actor_of(request), timezone.now()
        if kind == "agent":
            agent_erase(actor=actor, site=site, agent_key=name, now=now)
        else:
            visitor_erase(actor=actor, site=site, visitor=name, now=now)
        say(request, "Forgotten. Nothing of it can be brought back.")
        return redirect("admin:roverbook_privacy", site.public_id)
    counts = asked.traces(site).counts()
    return render_page(
        request,
        "workspace/roverbook/people/erase.html",
        title="Forget",
        section="roverbook-privacy",
        site=site,
        status=422 if form.errors else 200,
        form=form,
        kind=kind,
        name=name,
        counts=_told(counts),
        is_known=any(counts.values()),
    )


def _told(counts: Mapping[str, int]) -> list[tuple[int, str]]:
    return [(count, COUNT_WORDS[name]) for name, count in counts.items() if count]
