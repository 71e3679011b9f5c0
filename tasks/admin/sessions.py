"""The sessions of visitors' pages on one site: who is there now, what they asked for, and how it stands."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from tasks.admin.sessions_rows import RUN_WORDS, query_of, session_rows
from tasks.selectors.sessions import (
    NONE,
    OPEN,
    Place,
    SessionFilter,
    counts_now,
    filtered,
    hosts_seen,
    read_place,
    session_page,
    sessions_of_site,
)
from workspace.admin.frame import render_page, site_page

if TYPE_CHECKING:
    from workspace.models import Site

HOST_MAX = 253
PLACE_MAX = 200
_ANY = ("", "Any")


class PlaceField(forms.CharField):
    """Where a page of the list begins, as its links say it."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> Place | None:
        """The place; None without one."""
        text = super().clean(value)
        found = read_place(text) if text else None
        if text and found is None:
            raise ValidationError("This is no place in the list.")
        return found


class SessionsForm(forms.Form):
    """The filters, read from the address of the page."""

    live = forms.BooleanField(label="Live now", required=False)
    host = forms.CharField(required=False, max_length=HOST_MAX)
    status = forms.ChoiceField(
        required=False,
        choices=[
            _ANY,
            (OPEN, "not ended"),
            *((status, words.word) for status, words in RUN_WORDS.items()),
            (NONE, "nothing asked"),
        ],
    )
    task = forms.ChoiceField(
        required=False,
        choices=[_ANY, ("with", "for an agent’s task"), ("without", "for a visitor alone")],
    )
    before = PlaceField(required=False, max_length=PLACE_MAX)
    after = PlaceField(required=False, max_length=PLACE_MAX)

    def wanted(self) -> SessionFilter:
        """The filter; the form must be valid."""
        given = self.cleaned_data
        return SessionFilter(
            live=given["live"],
            host=given["host"].strip().lower(),
            status=given["status"],
            task=given["task"],
        )


@site_page()
@require_safe
def site_sessions(request: HttpRequest, site: "Site") -> HttpResponse:
    """The list, those seen last first: so the live ones lead it."""
    now = timezone.now()
    form = SessionsForm(request.GET)
    is_valid = form.is_valid()
    wanted = form.wanted() if is_valid else SessionFilter()
    rows = sessions_of_site(site)
    before, after = form.cleaned_data.get("before"), form.cleaned_data.get("after")
    found = session_page(
        filtered(rows, wanted, now=now) if is_valid else rows.none(), older_than=before, newer_than=after
    )
    return render_page(
        request,
        "workspace/sessions/list.html",
        title="Sessions",
        section="site-sessions",
        site=site,
        status=200 if is_valid else 422,
        form=form,
        rows=session_rows(found.sessions, found.n_runs, now=now),
        hosts=hosts_seen(site),
        today=counts_now(site, now=now),
        is_filtered=not is_valid or not wanted.is_empty,
        is_paged=bool(before or after),
        newer=_link(wanted, after=found.newer),
        older=_link(wanted, before=found.older),
    )


def _link(wanted: SessionFilter, **places: Place | None) -> str:
    """The query of the next page; '' at an end."""
    [(name, place)] = places.items()
    if place is None:
        return ""
    kept = {
        "live": "on" if wanted.live else "",
        "host": wanted.host,
        "status": wanted.status,
        "task": wanted.task,
    }
    return query_of(**kept, **{name: place.as_text()})
