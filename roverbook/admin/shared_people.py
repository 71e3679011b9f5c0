"""What the pages about agents and what they said share: who said it, filters, where the list goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from roverbook.admin.visit_rows import AgentWords, agent_words
from roverbook.models.shared import ByAgent, Provenance
from roverbook.selectors.collections.rows import RowCollection
from roverbook.selectors.collections.wanted import (
    EVERYTHING,
    InvalidCursor,
    Position,
    Wanted,
    read_cursor,
    write_cursor,
)
from tasks.admin.trust import trust_word
from tasks.core.attribution import Trust
from tasks.core.quantities import age
from workspace.io.exporting import ExportFormat
from workspace.models import Site

PAGE_SIZE = 50
ANY = ("", "Any")
EXPORTS = (
    (ExportFormat.CSV, "CSV"),
    (ExportFormat.CSV_BOM, "CSV for Excel"),
    (ExportFormat.JSON, "JSON"),
    (ExportFormat.NDJSON, "NDJSON"),
)
SIGNED = (Trust.VERIFIED_SIGNED, Trust.SIGNED_DIRECTORY_ONLY)
PROVENANCE_WORDS: Mapping[str, tuple[str, str]] = {
    Provenance.AGENT_AUTHORED: ("written by the agent", ""),
    Provenance.DERIVED: ("derived by Rover", "rv-warn"),
    Provenance.OWNER: ("written by you", "rv-good"),
}
"""What stands beside every record, and the class of its badge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who wrote a record, and when. `provenance`: the words and the class of their badge."""

    agent: AgentWords
    provenance: tuple[str, str]
    is_derived: bool
    is_owner: bool
    visit_id: str
    at: datetime
    ago: str


class SaidForm(forms.Form):
    """The filters of a list, read from the address of the page. The names are those of the collection, which
    is what the list exports."""

    q = forms.CharField(label="Words", required=False, max_length=200, widget=forms.SearchInput)
    agentKey = forms.CharField(label="Agent’s key", required=False, max_length=128)  # noqa: N815 - the collection's name
    visitId = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)  # noqa: N815 - likewise
    trust = forms.ChoiceField(
        label="Trust", required=False, choices=[ANY, *((each.value, trust_word(each)) for each in Trust)]
    )
    provenance = forms.ChoiceField(
        label="Written by",
        required=False,
        choices=[
            ("", "agents and you"),
            (EVERYTHING, "anybody, Rover too"),
            (Provenance.AGENT_AUTHORED.value, "agents alone"),
            (Provenance.DERIVED.value, "Rover alone (derived)"),
        ],
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    cursor = forms.CharField(required=False, max_length=1_000, widget=forms.HiddenInput)

    def given(self) -> dict[str, str]:
        """What was filled in and makes sense, as it stands in an address, without the place in the list."""
        cleaned: dict[str, Any] = getattr(self, "cleaned_data", {})
        return {name: str(value) for name, value in cleaned.items() if value and name != "cursor"}

    def wanted(self, site: Site) -> Wanted:
        """The question to the collection; what is not valid is left out."""
        given = self.given()
        until = given.pop("until", "")
        since, q = given.pop("since", ""), given.pop("q", "")
        values = {"provenance": "said"} if "provenance" in self.fields else {}
        return Wanted(
            values=values | given | {"siteId": site.public_id},
            since=_midnight(since),
            until=_midnight(until, days=1),
            q=q,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidPage:
    """A page of a list. `older`: the query of the next one, '' at the end. `is_filtered`: something is asked
    for; `is_damaged`: the place in the list cannot be read; `hides_derived`: there would be something, but it
    is derived."""

    form: SaidForm
    rows: list[Any]
    older: str
    is_filtered: bool
    is_paged: bool
    is_damaged: bool
    hides_derived: bool
    exports: list[tuple[str, str]]
    curl: str
    status: int


def said_page(request: HttpRequest, site: Site, collection: RowCollection, form: SaidForm) -> SaidPage:
    """What a list of this collection shows; newest first."""
    is_valid = form.is_valid()
    wanted = form.wanted(site)
    cursor = form.cleaned_data.get("cursor") or ""
    after, is_damaged = _place(cursor, collection.name, wanted)
    rows: list[Any] = []
    last: Position | None = None
    if is_valid and not is_damaged:
        sites = Site.objects.filter(pk=site.pk)
        rows, last = collection.rows(sites, wanted, after=after, limit=PAGE_SIZE)
    given = form.given()
    return SaidPage(
        form=form,
        rows=rows,
        older=query(**given, cursor=write_cursor(last, collection.name, wanted)) if last else "",
        is_filtered=bool(given) or not is_valid,
        is_paged=bool(cursor),
        is_damaged=is_damaged,
        hides_derived=not (rows or given or cursor) and _has_any(collection, site),
        exports=export_links(site, collection.name, given),
        curl=curl_of(site, collection.name, given),
        status=200 if is_valid and not is_damaged else 422,
    )


def by(row: Any, *, now: datetime) -> By:
    """Who wrote a review, an answer, a note, or a post."""
    return By(
        agent=who(row),
        provenance=PROVENANCE_WORDS[row.provenance],
        is_derived=row.provenance == Provenance.DERIVED,
        is_owner=row.provenance == Provenance.OWNER,
        visit_id=row.visit_id,
        at=row.created_at,
        ago=age((now - row.created_at).total_seconds()),
    )


def who(row: ByAgent) -> AgentWords:
    """The agent's name and trust. The vendor of one that signs is the host that its signature proves."""
    signer = f"https://{row.agent_vendor}" if row.agent_trust in SIGNED and row.agent_vendor else ""
    return agent_words(row, signer=signer)


def export_links(site: Site, name: str, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """The formats, and where what is filtered is downloaded in each."""
    path = reverse("admin:roverbook_export", args=[site.public_id, name])
    return [(text, f"{path}{query(**given, format=form.value)}") for form, text in EXPORTS]


def curl_of(site: Site, name: str, given: Mapping[str, str]) -> str:
    """The same for a script."""
    address = f"{settings.ROVER.base_url}/v1/roverbook/collections/{name}"
    asked = query(siteId=site.public_id, **given, format="csv")
    return f'curl -H "Authorization: Bearer $ROVER_TOKEN" "{address}{asked}"'


def query(**values: object) -> str:
    """A query without what is empty; '' for none."""
    given = {name: str(value) for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


def back_to(request: HttpRequest, name: str, site: Site) -> HttpResponse:
    """To the list `name` as it was when the button was pressed: its query is in `back`."""
    asked = QueryDict(request.POST.get("back", "").removeprefix("?")[:2_000])
    kept = query(**{key: value for key, value in asked.items() if "\0" not in value})
    return redirect(f"{reverse(name, args=[site.public_id])}{kept}")


def _has_any(collection: RowCollection, site: Site) -> bool:
    return collection.model._default_manager.filter(site=site).exists()


def _midnight(day: str, *, days: int = 0) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time.min, UTC)
    except OverflowError:
        return None  # the last day that there is has no end


def _place(cursor: str, name: str, wanted: Wanted) -> tuple[Position | None, bool]:
    """Where the list goes on, and whether that cannot be read."""
    try:
        return (read_cursor(cursor, name, wanted) if cursor else None), False
    except InvalidCursor:
        return None, True
