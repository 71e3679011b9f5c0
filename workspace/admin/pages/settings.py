"""Settings of one site: name and main host, export, archive, hand over."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspace.admin.forms import CoreForm, NoteField, RevisionField
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.addresses import ADDRESS_MAX, ADDRESS_MISSING, read_address
from workspace.core.field_types import checked_text
from workspace.core.fields import InvalidFields
from workspace.core.names import SITE_NAME_MAX
from workspace.core.refusals import StaleEdit
from workspace.core.roles import Right
from workspace.models import Site, SiteKey, User
from workspace.selectors.keys import key_state
from workspace.selectors.overview import covers, used_since
from workspace.selectors.site_export import site_export
from workspace.services.sites import site_archive, site_edit, site_restore, site_transfer

if TYPE_CHECKING:
    UserChoice = forms.ModelChoiceField[User]
else:  # Django's class takes no type argument at run time
    UserChoice = forms.ModelChoiceField

RECENT_DAYS = 7


class SiteForm(CoreForm):
    """Name and main host. `host` may be a pasted URL; the cleaned value is the host."""

    core_names = {"siteName": "name", "host": "host"}

    name = forms.CharField(label="Name", max_length=SITE_NAME_MAX)
    host = forms.CharField(
        label="Main host",
        error_messages={"required": ADDRESS_MISSING},
        help_text="A pasted address is fine. What your keys allow does not change with it.",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocapitalize": "off"}),
    )
    note = NoteField()
    revision = RevisionField()

    def clean(self) -> dict[str, Any]:
        """Both under the rules of a new site."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            if "name" in cleaned:
                cleaned["name"] = checked_text(cleaned["name"], field="siteName", max_length=SITE_NAME_MAX)
        except InvalidFields as invalid:
            self.add_core_errors(invalid)
        try:
            if "host" in cleaned:
                cleaned["host"] = read_address(cleaned["host"][: ADDRESS_MAX + 1], field="host").host
        except InvalidFields as invalid:
            self.add_core_errors(invalid)
        return cleaned


class TransferForm(forms.Form):
    """To whom a site goes, and its name as a sign that it is meant."""

    to = UserChoice(label="New owner", queryset=User.objects.none(), empty_label="Choose a member")
    confirm = forms.CharField(label="Type the site's name", max_length=SITE_NAME_MAX)
    note = NoteField()

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = site.name
        self.fields["to"] = UserChoice(
            label="New owner",
            queryset=_successors(site),
            empty_label="Choose a member",
            help_text="Only members can be chosen: they have agreed to work on this site.",
        )
        self.fields["confirm"].help_text = site.name

    def clean_confirm(self) -> str:
        """Exactly the name."""
        if self.cleaned_data["confirm"] != self._name:
            raise forms.ValidationError("This is not the site's name as it is written above.")
        return self._name


@site_page()
def settings(request: HttpRequest, site: Site) -> HttpResponse:
    """The form of name and host, and the doors to everything else."""
    if request.method != "POST":
        return _show(request, site, SiteForm(initial=_stored(site)))
    form = SiteForm(request.POST)
    if not form.is_valid():
        return _show(request, site, form, status=422)
    said = form.cleaned_data
    try:
        site_edit(
            actor=actor_of(request),
            site=site,
            name=said["name"],
            host=said["host"],
            revision=said["revision"],
            note=said["note"],
            now=timezone.now(),
        )
    except InvalidFields as invalid:
        form.add_core_errors(invalid)
        return _show(request, site, form, status=422)
    except StaleEdit:
        site.refresh_from_db()
        kept = SiteForm(initial={**said, "revision": site.revision})
        return _show(request, site, kept, status=409, stale=_conflict(site, said))
    say(request, f"Saved.{_uncovered(site)}")
    return redirect("admin:site_settings", site.public_id)


def _show(
    request: HttpRequest, site: Site, form: SiteForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(
        request,
        "workspace/site_settings/settings.html",
        title="Settings",
        section="site-settings",
        site=site,
        status=status,
        form=form,
        can_transfer=_successors(site).exists(),
        **context,
    )


def _stored(site: Site) -> dict[str, Any]:
    return {"name": site.name, "host": site.host, "revision": site.revision}


def _conflict(site: Site, said: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(label, what is stored now, what was typed) of every field that differs."""
    pairs = [("Name", site.name, said["name"]), ("Main host", site.host, said["host"])]
    return [(label, theirs, yours) for label, theirs, yours in pairs if theirs != yours]


def _uncovered(site: Site) -> str:
    live = [
        key
        for key in site.keys.filter(revoked_at=None)
        if key_state(_of(key, site), timezone.now()) == "active"
    ]
    if not live or any(covers(key, site.host) for key in live):
        return ""
    return f" No key of this site works on {site.host} yet: add it to the domains of a key."


def _of(key: SiteKey, site: Site) -> SiteKey:
    key.site = site
    return key


@site_page(write=Right.OWN, view=Right.OWN)
def archive(request: HttpRequest, site: Site) -> HttpResponse:
    """GET names what stops, POST archives."""
    now = timezone.now()
    if request.method == "POST":
        site_archive(actor=actor_of(request), site=site, now=now, note=_note(request))
        say(request, f"{site.name} is archived. Its keys do not work until you restore it.")
        return redirect("admin:site_settings", site.public_id)
    used = used_since(site, now=now, days=RECENT_DAYS)
    working = [key for key in site.keys.filter(revoked_at=None).order_by("label") if key.active]
    return render_page(
        request,
        "workspace/site_settings/archive.html",
        title=f"Archive {site.name}?",
        section="site-settings",
        site=site,
        keys=[{"key": key, "used": used.get(key.pk, 0)} for key in working],
        note=NoteField().get_bound_field(forms.Form(), "note"),
        days=RECENT_DAYS,
    )


@site_page(write=Right.OWN, view=Right.OWN)
def restore(request: HttpRequest, site: Site) -> HttpResponse:
    """POST brings an archived site back; there is nothing to look at before."""
    if request.method == "POST":
        site_restore(actor=actor_of(request), site=site, now=timezone.now(), note=_note(request))
        say(request, f"{site.name} is back. Its keys work again as they did.")
    return redirect("admin:site_settings", site.public_id)


@site_page(write=Right.OWN, view=Right.OWN)
def transfer(request: HttpRequest, site: Site) -> HttpResponse:
    """Make a member the owner; the old owner stays as an admin."""
    form = TransferForm(request.POST if request.method == "POST" else None, site=site)
    if request.method == "POST" and form.is_valid():
        to = form.cleaned_data["to"]
        site_transfer(
            actor=actor_of(request), site=site, to=to, now=timezone.now(), note=form.cleaned_data["note"]
        )
        say(request, f"{site.name} belongs to {to.username} now.")
        return redirect("admin:site_settings", site.public_id)
    return render_page(
        request,
        "workspace/site_settings/transfer.html",
        title=f"Hand over {site.name}",
        section="site-settings",
        site=site,
        status=422 if form.is_bound else 200,
        form=form,
        has_members=_successors(site).exists(),
    )


@site_page()
def export(request: HttpRequest, site: Site) -> HttpResponse:
    """The whole configuration as a file; keys are in it without their values."""
    answer = JsonResponse(site_export(site, now=timezone.now()), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="{site.public_id}.json"'
    return answer


def _successors(site: Site) -> QuerySet[User]:
    return User.objects.filter(memberships__site=site, is_active=True).order_by("username")


def _note(request: HttpRequest) -> str:
    return request.POST.get("note", "").replace("\x00", "")[:200]


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/settings/", settings, "site_settings"),
    ("sites/<slug:site_id>/settings/archive/", archive, "site_archive"),
    ("sites/<slug:site_id>/settings/restore/", restore, "site_restore"),
    ("sites/<slug:site_id>/settings/transfer/", transfer, "site_transfer"),
    ("sites/<slug:site_id>/settings/export/", require_safe(export), "site_export"),
]
