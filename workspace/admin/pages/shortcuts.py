"""The list of a site's shortcuts beside the launcher that visitors get of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse

from workspace.admin.frame import render_page, say, site_page
from workspace.admin.pages import shortcut, shortcut_files
from workspace.admin.pages.shortcuts_shared import (
    SECTION,
    Deleted,
    Links,
    config_of,
    deleted_of,
    forget_deleted,
    links_of,
    posted_version,
    store_shortcuts,
    stored_shortcuts,
)
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.refusals import ShortcutNotFound, StaleEdit
from workspace.core.shortcut_lists import duplicated, index_of, inserted, moved, replaced
from workspace.core.shortcut_suggestions import SUGGESTED, suggestions
from workspace.core.shortcuts import ordered_shortcuts, rendered_shortcuts
from workspace.models import Site, SiteConfig
from workspace.selectors.limits import shortcut_limits

Stored = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One shortcut of the list. `state`: shown, beyond (switched on, but visitors see fewer) or off."""

    position: int
    shortcut: Mapping[str, Any]
    state: str
    is_first: bool
    is_last: bool
    links: Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What one button does to the list: the new list, what to say, and whose row to come back to."""

    after: Stored
    text: str
    at: str = ""


@site_page()
def shortcuts(request: HttpRequest, site: Site) -> HttpResponse:
    """The list, the launcher, and what to begin with."""
    return _show(request, site)


@site_page()
def change(request: HttpRequest, site: Site) -> HttpResponse:
    """POST by `act`: up, down, place, on, off, duplicate, take (a suggestion), undo (the last deletion)."""
    act = _ACTS.get(request.POST.get("act", ""))
    if request.method != "POST":
        return redirect("admin:site_shortcuts", site.public_id)
    if act is None:
        return HttpResponseBadRequest("There is no such change.")
    config, version = config_of(site), posted_version(request)
    if version != config.version:
        return _show(request, site, status=409, stale=True)
    try:
        done = act(request, site, config)
        store_shortcuts(request, site, config, done.after, version)
    except InvalidFields as invalid:
        return _show(request, site, status=422, problem=" ".join(error.message for error in invalid.errors))
    except StaleEdit:
        return _show(request, site, status=409, stale=True)
    forget_deleted(request)
    say(request, done.text)
    return redirect(f"{reverse('admin:site_shortcuts', args=[site.public_id])}#s-{done.at}")


def _named(request: HttpRequest) -> str:
    return request.POST.get("id", "")


def _label(stored: Stored, shortcut_id: str) -> str:
    return f"“{stored[index_of(stored, shortcut_id)]['label']}”"


def _up(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    return _step(request, config, -1)


def _down(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    return _step(request, config, 1)


def _step(request: HttpRequest, config: SiteConfig, by: int) -> Act:
    stored, name = stored_shortcuts(config), _named(request)
    return _move(stored, name, index_of(ordered_shortcuts(stored), name) + 1 + by)


def _place(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    stored = stored_shortcuts(config)
    typed = request.POST.get("position", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 6):
        raise InvalidFields(
            [FieldError("position", f"A position is a number from 1 to {len(stored)}.", "out_of_range")]
        )
    return _move(stored, _named(request), int(typed))


def _move(stored: Stored, name: str, position: int) -> Act:
    after = moved(stored, name, position)
    place = index_of(ordered_shortcuts(after), name) + 1
    return Act(after=after, text=f"{_label(stored, name)} is at position {place}.", at=name)


def _on(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    return _switch(request, config, to=True)


def _off(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    return _switch(request, config, to=False)


def _switch(request: HttpRequest, config: SiteConfig, *, to: bool) -> Act:
    stored, name = stored_shortcuts(config), _named(request)
    entry = {**stored[index_of(stored, name)], "enabled": to}
    return Act(
        after=replaced(stored, name, entry),
        text=f"{_label(stored, name)} is switched {'on' if to else 'off'}.",
        at=name,
    )


def _duplicate(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    stored, name = stored_shortcuts(config), _named(request)
    after, copy = duplicated(stored, name)
    text = f"{_label(stored, name)} is copied. The copy is switched off until you have changed it."
    return Act(after=after, text=text, at=copy)


def _take(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    stored, name = stored_shortcuts(config), _named(request)
    entry = next((one for one in _suggested(config) if one["id"] == name), None)
    if entry is None:
        raise ShortcutNotFound("There is no suggestion with this id.")
    return Act(after=inserted(stored, len(stored), entry), text=f"“{entry['label']}” is added.", at=name)


def _undo(request: HttpRequest, site: Site, config: SiteConfig) -> Act:
    deleted = deleted_of(request, site)
    if deleted is None:
        raise ShortcutNotFound("There is nothing to undo.")
    entry = deleted.shortcut
    after = inserted(stored_shortcuts(config), deleted.index, entry)
    return Act(after=after, text=f"“{entry['label']}” is back.", at=entry["id"])


_ACTS: Mapping[str, Callable[[HttpRequest, Site, SiteConfig], Act]] = {
    "up": _up,
    "down": _down,
    "place": _place,
    "on": _on,
    "off": _off,
    "duplicate": _duplicate,
    "take": _take,
    "undo": _undo,
}


def _suggested(config: SiteConfig) -> Stored:
    taken = {one["id"] for one in stored_shortcuts(config)}
    return suggestions(config.content.get("businessType") or "general", taken)


def _show(
    request: HttpRequest, site: Site, *, status: int = 200, stale: bool = False, problem: str = ""
) -> HttpResponse:
    config, limits = config_of(site), shortcut_limits(site)
    stored = stored_shortcuts(config)
    launcher = rendered_shortcuts(stored, limits.rendered)
    deleted: Deleted | None = deleted_of(request, site)
    return render_page(
        request,
        "workspace/shortcuts/list.html",
        title="Shortcuts",
        section=SECTION,
        site=site,
        status=status,
        rows=_rows(site, config, {one["id"] for one in launcher}),
        launcher=launcher,
        limits=limits,
        switched_on=sum(one.get("enabled", True) for one in stored),
        beyond=limits.rendered + 1,
        suggested=_suggested(config) if len(stored) < SUGGESTED else [],
        version=config.version,
        deleted=deleted,
        stale=stale,
        problem=problem,
    )


def _rows(site: Site, config: SiteConfig, shown: set[str]) -> list[Row]:
    ordered = ordered_shortcuts(stored_shortcuts(config))
    return [
        Row(
            position=position,
            shortcut=one,
            state="shown" if one["id"] in shown else "beyond" if one.get("enabled", True) else "off",
            is_first=position == 1,
            is_last=position == len(ordered),
            links=links_of(site, config, one["id"]),
        )
        for position, one in enumerate(ordered, start=1)
    ]


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/shortcuts/", shortcuts, "site_shortcuts"),
    ("sites/<slug:site_id>/shortcuts/change/", change, "site_shortcuts_change"),
    *shortcut.PAGES,
    *shortcut_files.PAGES,
]
