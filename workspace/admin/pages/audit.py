"""The audit log: what changed, who did it, through which door; filtered, and as a file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspace.admin.frame import actor_of, caller, render_page, site_page
from workspace.core.doors import Door
from workspace.io.exporting import ExportFormat, export_response
from workspace.models import AuditEntry, Site
from workspace.selectors.access import sites_of
from workspace.selectors.audit import (
    COLUMNS,
    AuditFilter,
    audit_chunks,
    audit_of,
    audit_of_site,
    audit_page,
    audit_record,
    filtered,
    recent_names,
    shows_address,
    sites_edited_by,
)
from workspace.selectors.audit_changes import Change, changes
from workspace.services.exports import export_noted

SITES_OFFERED = 200
DOORS = {
    Door.WORKSPACE: "Workspace",
    Door.API: "API",
    Door.CLI: "Command line",
    Door.RUNTIME: "A site's visitor",
    Door.SYSTEM: "Rover itself",
}
EXPORTS = {
    ExportFormat.CSV: "CSV",
    ExportFormat.CSV_BOM: "CSV for Excel",
    ExportFormat.JSON: "JSON",
    ExportFormat.NDJSON: "NDJSON",
}


class AuditForm(forms.Form):
    """The filters, read from the address of the page. A site is no choice field: what is not the person's own
    matches nothing."""

    person = forms.CharField(required=False, max_length=150)
    site = forms.CharField(required=False, max_length=80, widget=forms.Select)
    action = forms.CharField(required=False, max_length=64, help_text="Like site_key or site_key.rotated.")
    door = forms.ChoiceField(
        required=False, choices=[("", "Any"), *((door.value, text) for door, text in DOORS.items())]
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    request = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    subject = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The days must be in order."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "This day is before the first.")
        return given

    def wanted(self) -> AuditFilter:
        """The filter; the form must be valid."""
        given = self.cleaned_data
        return AuditFilter(
            person=given["person"],
            site=given["site"],
            action=given["action"],
            door=given["door"],
            since=given["since"],
            until=given["until"],
            request=given["request"],
            subject=given["subject"],
        )


class ExportForm(AuditForm):
    """The same, and how the file is written."""

    format = forms.ChoiceField(choices=[(form.value, text) for form, text in EXPORTS.items()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry as the page shows it."""

    entry: AuditEntry
    words: str
    changes: list[Change]
    ip: str

    @property
    def is_about_something_new(self) -> bool:
        """Whether nothing was there before."""
        return all(change.old is None for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one person did at once: the entries of one request."""

    rows: list[Row]
    actor: str
    door: str
    at: datetime
    request_id: str
    site: Site | None


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Everything that the person may see."""
    return _page(request, audit_of(caller(request)), None)


@require_safe
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The same as a file."""
    return _export(request, audit_of(caller(request)), None)


@site_page()
@require_safe
def site_audit(request: HttpRequest, site: Site) -> HttpResponse:
    """What was changed on one site."""
    return _page(request, audit_of_site(site), site)


@site_page()
@require_safe
def site_audit_export(request: HttpRequest, site: Site) -> HttpResponse:
    """The same as a file."""
    return _export(request, audit_of_site(site), site)  # type: ignore[return-value]  # a stream is a response


def action_words(action: str) -> str:
    """ "site_key.secret_created" reads "Site key: secret created"."""
    kind, _, what = action.partition(".")
    return f"{kind.replace('_', ' ').capitalize()}: {what.replace('_', ' ')}" if what else kind


def _page(
    request: HttpRequest, rows: QuerySet[AuditEntry], site: Site | None, form: AuditForm | None = None
) -> HttpResponse:
    form = form or _prepared(AuditForm(request.GET), request, site)
    is_valid = form.is_valid()
    wanted = form.wanted() if is_valid else AuditFilter()
    found = audit_page(
        filtered(rows, wanted) if is_valid else rows.none(),
        older_than=form.cleaned_data.get("before"),
        newer_than=form.cleaned_data.get("after"),
    )
    people, actions = recent_names(rows)
    return render_page(
        request,
        "workspace/audit/list.html",
        title="Audit log",
        section="site-audit" if site else "audit",
        site=site,
        status=200 if is_valid else 422,
        form=form,
        blocks=list(_blocks(found.entries, request)),
        people=people,
        actions=actions,
        is_filtered=bool(wanted.given()) or not is_valid,
        is_paged=bool(form.cleaned_data.get("before") or form.cleaned_data.get("after")),
        wanted=wanted,
        newer=_query(request.GET, after=found.newer),
        older=_query(request.GET, before=found.older),
        without_request=_query(request.GET, request="", subject=""),
        exports=[(text, _query(request.GET, format=form)) for form, text in EXPORTS.items()],
    )


def _export(request: HttpRequest, rows: QuerySet[AuditEntry], site: Site | None) -> HttpResponseBase:
    form = _prepared(ExportForm(request.GET), request, site)
    if not form.is_valid():
        return _page(request, rows, site, form)
    wanted, written_as = form.wanted(), ExportFormat(form.cleaned_data["format"])
    now = timezone.now()
    rows = filtered(rows, wanted)
    newest = rows.order_by("-id").values_list("id", flat=True).first()
    rows = rows.filter(id__lte=newest) if newest else rows.none()  # not the row about this export
    export_noted(
        actor=actor_of(request),
        what="audit_log",
        form=written_as.value,
        filters=wanted.given(),
        site=site,
        now=now,
    )
    return export_response(
        _records(rows, request),
        columns=COLUMNS,
        form=written_as,
        name=f"rover-audit-{site.public_id + '-' if site else ''}{now:%Y-%m-%d}",
    )


def _prepared(form: AuditForm, request: HttpRequest, site: Site | None) -> AuditForm:
    if site is not None:
        form.fields["site"] = forms.CharField(required=False, widget=forms.HiddenInput, disabled=True)
        return form
    sites = sites_of(caller(request)).order_by("name").values_list("public_id", "name")[:SITES_OFFERED]
    chosen = request.GET.get("site", "")
    offered = [("", "All sites"), *sites]
    if chosen and chosen not in {public_id for public_id, _ in offered}:
        offered.append((chosen, chosen))
    form.fields["site"].widget = forms.Select(choices=offered)
    return form


def _records(rows: QuerySet[AuditEntry], request: HttpRequest) -> Iterator[list[Mapping[str, object]]]:
    user = caller(request)
    edited = sites_edited_by(user)
    for chunk in audit_chunks(rows):
        yield [audit_record(entry, with_address=shows_address(entry, user, edited)) for entry in chunk]


def _blocks(entries: list[AuditEntry], request: HttpRequest) -> Iterator[Block]:
    user = caller(request)
    edited = sites_edited_by(user)
    for _, together in groupby(entries, key=_occasion):
        group = list(together)
        first = group[0]
        yield Block(
            rows=[
                Row(
                    entry=entry,
                    words=action_words(entry.action),
                    changes=changes(entry.before, entry.after),
                    ip=entry.ip if shows_address(entry, user, edited) else "",
                )
                for entry in group
            ],
            actor=first.actor_name if first.actor_id or first.actor_name not in set(Door) else "",
            door=DOORS[Door(first.door)],
            at=first.at,
            request_id=first.request_id,
            site=first.site,
        )


def _occasion(entry: AuditEntry) -> tuple[object, ...]:
    """What entries of one request share; a request without an id is known by its moment."""
    return entry.actor_name, entry.door, entry.site_id, entry.request_id or entry.at


def _query(given: QueryDict, **instead: str | UUID | None) -> str:
    """The query of a link to the same view with other values; '' when one of them is None. Pages begin anew,
    unless they are what changes."""
    if None in instead.values():
        return ""
    query = given.copy()
    for name in ("before", "after", "format"):
        query.pop(name, None)
    for name, value in instead.items():
        query[name] = str(value)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"?{query.urlencode()}"


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("audit/", audit, "audit"),
    ("audit/export/", audit_export, "audit_export"),
    ("sites/<slug:site_id>/audit/", site_audit, "site_audit"),
    ("sites/<slug:site_id>/audit/export/", site_audit_export, "site_audit_export"),
]
