"""Shortcuts as a file: download it, or look at what an uploaded one would change and take it over."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from workspace.admin.frame import render_page, say, site_page
from workspace.admin.pages.shortcuts_shared import (
    SECTION,
    config_of,
    posted_version,
    store_shortcuts,
    stored_shortcuts,
)
from workspace.core.fields import InvalidFields
from workspace.core.json_lines import UnreadableJson
from workspace.core.policy import SHORTCUTS_STORED_MAX
from workspace.core.refusals import StaleEdit
from workspace.core.roles import Right
from workspace.core.shortcut_files import FILE_MAX_BYTES, read_shortcuts_file, shortcuts_file
from workspace.core.shortcut_lists import Comparison, compared, merged
from workspace.core.shortcuts import ordered_shortcuts, validated_shortcuts
from workspace.models import Site, SiteConfig
from workspace.selectors.limits import shortcut_limits

REPLACE, MERGE = "replace", "merge"


class UploadForm(forms.Form):
    """A file, and what becomes of shortcuts that it does not name."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="JSON of at most 1 MiB, as the export writes it. You see what changes before it is stored.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )
    mode = forms.ChoiceField(
        label="Shortcuts that the file does not name",
        choices=[(MERGE, "stay"), (REPLACE, "are removed: the file is the whole list")],
        initial=MERGE,
        widget=forms.RadioSelect,
    )

    def clean_file(self) -> bytes:
        """Its content; what is too large is not read."""
        file = self.cleaned_data["file"]
        if file.size > FILE_MAX_BYTES:
            raise forms.ValidationError("The file is larger than 1 MiB.")
        content: bytes = file.read()
        return content


class TakeForm(forms.Form):
    """The file once more, after somebody looked at what it changes."""

    content = forms.CharField(widget=forms.HiddenInput, strip=False)
    mode = forms.ChoiceField(choices=[(MERGE, ""), (REPLACE, "")], widget=forms.HiddenInput)


@site_page()
def export(request: HttpRequest, site: Site) -> HttpResponse:
    """All shortcuts in the order that people see."""
    content = shortcuts_file(ordered_shortcuts(stored_shortcuts(config_of(site))))
    answer = HttpResponse(content, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{site.public_id}-shortcuts.json"'
    return answer


@site_page(view=Right.EDIT)
def import_(request: HttpRequest, site: Site) -> HttpResponse:
    """GET asks for a file, POST with a file shows what it changes, POST with `step` take stores it."""
    if request.method != "POST":
        return _ask(request, site, UploadForm())
    if request.POST.get("step") == "take":
        return _take(request, site)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _ask(request, site, form, status=422)
    return _look(request, site, form, form.cleaned_data["file"], form.cleaned_data["mode"])


def _look(
    request: HttpRequest, site: Site, form: forms.Form, content: bytes, mode: str, *, stale: bool = False
) -> HttpResponse:
    """What the file would change."""
    config = config_of(site)
    try:
        named = _read(content)
    except (InvalidFields, UnreadableJson) as refused:
        return _refused(request, site, form, refused)
    after = _after(config, named, mode)
    limit = shortcut_limits(site).stored
    return render_page(
        request,
        "workspace/shortcuts/import_look.html",
        title="Look at what changes",
        section=SECTION,
        site=site,
        status=409 if stale else 200,
        stale=stale,
        changes=_shown(compared(stored_shortcuts(config), after)),
        total=len(after),
        limit=limit,
        is_too_long=len(after) > max(limit, len(stored_shortcuts(config))),
        mode=mode,
        content=json.dumps(named, ensure_ascii=False, separators=(",", ":")),
        version=config.version,
    )


def _take(request: HttpRequest, site: Site) -> HttpResponse:
    form, asked = TakeForm(request.POST), UploadForm()
    if not form.is_valid():
        return _ask(request, site, asked, status=422, problems=["Choose the file again."])
    config, content = config_of(site), form.cleaned_data["content"].encode("utf-8", "surrogatepass")
    try:
        after = _after(config, _read(content), form.cleaned_data["mode"])
        store_shortcuts(request, site, config, after, posted_version(request))
    except (InvalidFields, UnreadableJson) as refused:
        return _refused(request, site, asked, refused)
    except StaleEdit:
        return _look(request, site, asked, content, form.cleaned_data["mode"], stale=True)
    say(request, f"Imported: this site has {len(after)} shortcut{'' if len(after) == 1 else 's'} now.")
    return redirect("admin:site_shortcuts", site.public_id)


def _read(content: bytes) -> list[dict[str, Any]]:
    """The file's shortcuts, checked; how many a site may have is asked when they are stored."""
    return validated_shortcuts(
        read_shortcuts_file(content), max_stored=SHORTCUTS_STORED_MAX, prefix="shortcuts"
    )


def _after(config: SiteConfig, named: list[dict[str, Any]], mode: str) -> list[dict[str, Any]]:
    return merged(stored_shortcuts(config), named) if mode == MERGE else named


def _shown(changes: Comparison) -> dict[str, Any]:
    return {
        "added": changes.added,
        "changed": [(change, ", ".join(change.fields)) for change in changes.changed],
        "removed": changes.removed,
        "reordered": changes.reordered,
        "is_empty": changes.is_empty,
    }


def _refused(
    request: HttpRequest, site: Site, form: forms.Form, refused: InvalidFields | UnreadableJson
) -> HttpResponse:
    if isinstance(refused, UnreadableJson):
        problems = [refused.message]
    else:
        problems = [f"{error.field}: {error.message}" for error in refused.errors]
    return _ask(request, site, form, status=422, problems=problems)


def _ask(
    request: HttpRequest,
    site: Site,
    form: forms.Form,
    *,
    status: int = 200,
    problems: Sequence[str] = (),
) -> HttpResponse:
    return render_page(
        request,
        "workspace/shortcuts/import.html",
        title="Import shortcuts",
        section=SECTION,
        site=site,
        status=status,
        form=form,
        problems=problems,
    )


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/shortcuts/export/", require_safe(export), "site_shortcuts_export"),
    ("sites/<slug:site_id>/shortcuts/import/", import_, "site_shortcuts_import"),
]
