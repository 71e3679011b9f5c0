"""One shortcut: make it, edit it, delete it, and see on the way what visitors and agents get."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from workspace.admin.frame import render_page, say, site_page
from workspace.admin.pages.shortcut_form import ShortcutForm
from workspace.admin.pages.shortcuts_shared import (
    SECTION,
    config_of,
    links_of,
    posted_version,
    remember_deleted,
    store_shortcuts,
    stored_shortcuts,
    told_of,
)
from workspace.core.fields import InvalidFields
from workspace.core.refusals import ShortcutNotFound, StaleEdit
from workspace.core.roles import Right
from workspace.core.shortcut_lists import index_of, inserted, replaced, without
from workspace.core.shortcuts import validated_shortcuts
from workspace.models import Site, SiteConfig


@site_page(view=Right.EDIT)
def new(request: HttpRequest, site: Site) -> HttpResponse:
    """An empty form; POST puts the shortcut at the end of the list."""
    if request.method == "POST":
        return _save(request, site, "")
    config = config_of(site)
    form = ShortcutForm(initial={"enabled": True, "version": config.version}, taken=_ids(config))
    return _page(request, site, config, form)


@site_page()
def edit(request: HttpRequest, site: Site, shortcut_id: str) -> HttpResponse:
    """The form of a stored shortcut, for viewers its values."""
    if request.method == "POST":
        return _save(request, site, shortcut_id)
    config = config_of(site)
    stored = stored_shortcuts(config)
    shown = ShortcutForm.initial_of(stored[index_of(stored, shortcut_id)])
    form = ShortcutForm(
        initial={**shown, "version": config.version}, old_id=shortcut_id, taken=_ids(config) - {shortcut_id}
    )
    return _page(request, site, config, form)


@site_page()
def preview(request: HttpRequest, site: Site) -> HttpResponse:
    """The part of the page that tells what visitors and agents get, for `shortcuts.js` as one types."""
    config = config_of(site)
    old_id = request.POST.get("old_id", "")
    form = ShortcutForm(request.POST, old_id=old_id, taken=_ids(config) - {old_id})
    return TemplateResponse(request, "workspace/shortcuts/preview.html", _preview(site, config, form))


@site_page(view=Right.EDIT)
def delete(request: HttpRequest, site: Site, shortcut_id: str) -> HttpResponse:
    """GET says what stops, POST deletes; the list offers to undo it."""
    config = config_of(site)
    stored = stored_shortcuts(config)
    index = index_of(stored, shortcut_id)
    if request.method == "POST":
        try:
            store_shortcuts(request, site, config, without(stored, shortcut_id), posted_version(request))
        except StaleEdit:
            return _confirm(request, site, stored[index], stale=True)
        remember_deleted(request, site, stored[index], index)
        return redirect("admin:site_shortcuts", site.public_id)
    return _confirm(request, site, stored[index])


def _confirm(
    request: HttpRequest, site: Site, shortcut: Mapping[str, Any], *, stale: bool = False
) -> HttpResponse:
    config = config_of(site)
    return render_page(
        request,
        "workspace/shortcuts/delete.html",
        title=f"Delete “{shortcut['label']}”?",
        section=SECTION,
        site=site,
        status=409 if stale else 200,
        shortcut=shortcut,
        links=links_of(site, config, shortcut["id"]),
        version=config.version,
        stale=stale,
    )


def _save(request: HttpRequest, site: Site, old_id: str) -> HttpResponse:
    """Store what was typed, a new shortcut for an `old_id` of ''."""
    config = config_of(site)
    stored, version = stored_shortcuts(config), posted_version(request)
    old = next((one for one in stored if one["id"] == old_id), None)
    if old_id and old is None and version == config.version:
        raise ShortcutNotFound("This site has no shortcut with this id.")
    form = ShortcutForm(request.POST, old_id=old_id, taken=_ids(config) - {old_id})
    is_stale = version != config.version
    if form.is_valid() and not is_stale:
        entry = form.entry(old)
        after = replaced(stored, old_id, entry) if old else inserted(stored, len(stored), entry)
        try:
            store_shortcuts(request, site, config, after, version)
        except InvalidFields as invalid:
            for error in invalid.errors:
                form.add_error(None, error.message)
        except StaleEdit:
            is_stale, config = True, config_of(site)
        else:
            return _saved(request, site, old_id, entry)
    if is_stale:
        return _stale(request, site, config, form)
    return _page(request, site, config, form, status=422)


def _saved(request: HttpRequest, site: Site, old_id: str, entry: Mapping[str, Any]) -> HttpResponse:
    text = f"“{entry['label']}” is saved."
    if old_id and entry["id"] != old_id:
        text += f" Links and tasks with its old id {old_id} do not work any more."
    say(request, text)
    return redirect(f"{reverse('admin:site_shortcuts', args=[site.public_id])}#s-{entry['id']}")


def _stale(request: HttpRequest, site: Site, config: SiteConfig, typed: ShortcutForm) -> HttpResponse:
    """What somebody else stored beside what was typed; the form holds the latter and the new state."""
    data = request.POST.copy()
    data["version"] = str(config.version)
    theirs = next((one for one in stored_shortcuts(config) if one["id"] == typed.old_id), None)
    # deleted in between: what was typed can be saved as a new shortcut
    old_id = typed.old_id if theirs else ""
    form = ShortcutForm(data, old_id=old_id, taken=_ids(config) - {old_id})
    return _page(
        request,
        site,
        config,
        form,
        status=409,
        is_stale=True,
        is_gone=bool(typed.old_id) and theirs is None,
        differences=_differences(form, theirs) if theirs else [],
    )


def _differences(form: ShortcutForm, theirs: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    """(label, stored, typed) of every field that differs."""
    stored = ShortcutForm.initial_of(theirs)
    rows = []
    for name in (*form.PEOPLE, *form.AGENTS):
        old, typed = stored.get(name, ""), form[name].value()
        if name == "id":
            typed = typed or form.old_id
        if name == "enabled":
            old, typed = ("yes" if each else "no" for each in (old, typed))
        if _plain(old) != _plain(typed):
            rows.append((str(form[name].label), old, typed))
    return rows


def _plain(value: object) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def _ids(config: SiteConfig) -> set[str]:
    return {shortcut["id"] for shortcut in stored_shortcuts(config)}


def _page(
    request: HttpRequest,
    site: Site,
    config: SiteConfig,
    form: ShortcutForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    return render_page(
        request,
        "workspace/shortcuts/shortcut.html",
        title=f"Shortcut “{form.old_id}”" if form.old_id else "New shortcut",
        section=SECTION,
        site=site,
        status=status,
        form=form,
        values=_values(form),
        **_preview(site, config, form),
        **context,
    )


def _values(form: ShortcutForm) -> list[tuple[str, object]]:
    """What is set, for those who may only look."""
    shown = ((str(field.label), field.value()) for field in (*form.people, *form.agents))
    return [
        (label, {True: "yes", False: "no"}.get(value, value)) if isinstance(value, bool) else (label, value)
        for label, value in shown
        if value not in (None, "")
    ]


def _preview(site: Site, config: SiteConfig, form: ShortcutForm) -> dict[str, Any]:
    """`chip`: icon and label as they are typed; `told` and `links` where what is typed is valid, else
    `problems`: (field, what is wrong with it)."""
    context: dict[str, Any] = {
        "chip": {"icon": form["icon"].value() or "", "label": form["label"].value() or ""},
        "proposed": form.proposed,
        "problems": [],
    }
    if form.is_bound:
        entry = form.entry() if form.is_valid() else None
        context["problems"] = [
            (str(form[name].label) if name in form.fields else "", messages[0])
            for name, messages in form.errors.items()
            if name != "version"
        ]
    else:
        entry = next((one for one in stored_shortcuts(config) if one["id"] == form.old_id), None)
    if entry:
        [entry] = validated_shortcuts([entry], max_stored=1)
        context |= {"told": told_of(site, config, entry), "links": links_of(site, config, entry["id"])}
    return context


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/shortcuts/new/", new, "site_shortcut_new"),
    ("sites/<slug:site_id>/shortcuts/preview/", require_POST(preview), "site_shortcut_preview"),
    ("sites/<slug:site_id>/shortcuts/edit/<str:shortcut_id>/", edit, "site_shortcut"),
    ("sites/<slug:site_id>/shortcuts/delete/<str:shortcut_id>/", delete, "site_shortcut_delete"),
]
