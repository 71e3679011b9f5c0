"""The policy of a key: presets, every field as a sentence, JSON, history, and a simulator beside them.

A change goes two steps: what was typed is shown as a difference, then saved. What travels between the steps
is the patch alone, so that fields which nobody touched are never written back.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.admin.pages.policy_form import (
    JsonForm,
    PolicyForm,
    SaveForm,
    as_json,
    base_of,
)
from workspace.admin.pages.policy_show import (
    BACK,
    SECTION,
    form_of,
    has_ended,
    known_fields,
    policy_key,
    show_conflict,
    show_policy,
    show_review,
    simulation_of,
)
from workspace.admin.pages.policy_words import (
    changes_in_words,
    preset_summary,
    value_in_words,
)
from workspace.core.fields import InvalidFields
from workspace.core.policy import (
    PRESETS,
    patched_policy,
    policy_changes,
)
from workspace.core.refusals import StaleEdit
from workspace.core.roles import Right
from workspace.models import Site, SiteKey
from workspace.selectors.keys import key_state
from workspace.selectors.policy_history import policy_version, policy_versions
from workspace.services.keys import key_update


@site_page()
def policies(request: HttpRequest, site: Site) -> HttpResponse:
    """Which key's policy? With one key there is nothing to choose."""
    now = timezone.now()
    keys = [
        key
        for key in SiteKey.objects.filter(site=site, revoked_at=None).select_related("site", "site__owner")
        if key_state(key, now) != "revoked"
    ]
    changeable = [key for key in keys if not has_ended(key)]
    if len(changeable) == 1:
        return redirect("admin:site_policy", site.public_id, changeable[0].pk)
    keys.sort(key=lambda key: (has_ended(key), key.environment != "production", key.label))
    rows = [
        {
            "key": key,
            "state": key_state(key, now),
            "preset": preset_summary(key.policy),
            "mode": value_in_words("siteMode", key.policy["siteMode"]),
        }
        for key in keys
    ]
    return render_page(
        request, "workspace/policy/keys.html", title="Policy", section=SECTION, site=site, rows=rows
    )


@site_page()
def policy(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """The editor with the simulator. POST: `action` is review, try, edit or save."""
    key = policy_key(site, key_id)
    if request.method != "POST":
        return show_policy(request, site, key)
    step = _STEPS.get(request.POST.get("action", "review"))
    if step is None:
        raise Http404("There is no such step.")
    return step(request, site, key)


def _review_typed(request: HttpRequest, site: Site, key: SiteKey) -> HttpResponse:
    """What the form says, as a difference."""
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return show_policy(request, site, key, form=form, status=422)
    return _next(request, site, key, form.mine, form.cleaned_data)


def _try_typed(request: HttpRequest, site: Site, key: SiteKey) -> HttpResponse:
    """The same page with what was typed, and what the simulator makes of it."""
    form = PolicyForm(request.POST)
    status = 200 if form.is_valid() else 422
    return show_policy(request, site, key, form=form, status=status, question=request.POST)


def _edit_on(request: HttpRequest, site: Site, key: SiteKey) -> HttpResponse:
    """Back from the difference to the form, with everything that was typed."""
    form = SaveForm(request.POST)
    form.is_valid()
    mine = known_fields(form.cleaned_data.get("changes", {}))
    base = base_of(form.cleaned_data.get("base", ""))
    revision = form.cleaned_data.get("revision", key.revision)
    return show_policy(request, site, key, form=form_of({**key.policy, **mine}, base, revision))


def _save(request: HttpRequest, site: Site, key: SiteKey) -> HttpResponse:
    """The difference becomes the policy."""
    form = SaveForm(request.POST)
    is_valid = form.is_valid()
    said = form.cleaned_data
    if not is_valid:
        if {*form.errors} == {"note"}:
            return show_review(request, site, key, said["changes"], save=form, status=422)
        return show_policy(
            request, site, key, status=422, problem="The change cannot be read; make it again."
        )
    try:
        saved = key_update(
            actor=actor_of(request),
            key=key,
            policy=said["changes"],
            revision=said["revision"],
            note=said["note"],
            now=timezone.now(),
        )
    except InvalidFields as invalid:
        return show_policy(request, site, key, status=422, problem=invalid.message)
    except StaleEdit:
        return show_conflict(request, site, policy_key(site, key.pk), said["changes"], base_of(said["base"]))
    say(
        request, f"Saved. The policy is now {preset_summary(saved.policy)}; the one before is in the history."
    )
    if said["back"] in BACK:
        return redirect(BACK[said["back"]], site.public_id)
    return redirect("admin:site_policy", site.public_id, key.pk)


_STEPS: Mapping[str, Callable[[HttpRequest, Site, SiteKey], HttpResponse]] = {
    "review": _review_typed,
    "try": _try_typed,
    "edit": _edit_on,
    "save": _save,
}


@site_page(write=Right.VIEW)
def attempt(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """The simulator by itself. GET is a page to link to; POST, which the editor's script sends with a form
    that is not saved, answers with the results alone. Neither changes anything."""
    key = policy_key(site, key_id)
    if request.method == "POST":
        form = PolicyForm(request.POST)
        found = simulation_of(key, request.POST, form=form if form.is_bound else None)
        return TemplateResponse(
            request, "workspace/policy/results.html", {"site": site, "key": key, "simulation": found}
        )
    found = simulation_of(key, request.GET)
    return render_page(
        request,
        "workspace/policy/try.html",
        title="Try the policy",
        section=SECTION,
        site=site,
        key=key,
        simulation=found,
        status=422 if found["form"].errors else 200,
    )


@site_page()
def in_json(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """The policy as JSON, to copy and to paste."""
    key = policy_key(site, key_id)
    form = JsonForm(request.POST if request.method == "POST" else None, initial=_json_initial(key))
    if request.method == "POST" and form.is_valid():
        return _next(request, site, key, form.mine, form.cleaned_data)
    return render_page(
        request,
        "workspace/policy/json.html",
        title="Policy as JSON",
        section=SECTION,
        site=site,
        key=key,
        tab="json",
        form=form,
        text=_pretty(key.policy),
        has_ended=has_ended(key),
        status=422 if form.is_bound else 200,
    )


@site_page()
def history(request: HttpRequest, site: Site, key_id: UUID) -> HttpResponse:
    """Every version of the policy, newest first."""
    key = policy_key(site, key_id)
    versions = [
        {"version": version, "changes": changes_in_words(version.changes)} for version in policy_versions(key)
    ]
    return render_page(
        request,
        "workspace/policy/history.html",
        title="Policy history",
        section=SECTION,
        site=site,
        key=key,
        tab="history",
        versions=versions,
        has_ended=has_ended(key),
    )


@site_page()
def version(request: HttpRequest, site: Site, key_id: UUID, entry_id: UUID) -> HttpResponse:
    """What going back to a version would change."""
    key = policy_key(site, key_id)
    found = policy_version(key, entry_id)
    if found is None:
        raise Http404("There is no such version.")
    wanted = patched_policy({}, known_fields(found.policy))
    mine = {change.field: change.new for change in policy_changes(key.policy, wanted)}
    return show_review(request, site, key, mine, version=found, wanted=wanted)


@site_page()
def preset(request: HttpRequest, site: Site, key_id: UUID, name: str) -> HttpResponse:
    """What a preset would change."""
    key = policy_key(site, key_id)
    if name not in PRESETS:
        raise Http404("There is no such preset.")
    wanted = {**key.policy, **PRESETS[name].values}
    mine = {change.field: change.new for change in policy_changes(key.policy, wanted)}
    return show_review(request, site, key, mine, preset=PRESETS[name])


@site_page()
def cloud(request: HttpRequest, site: Site, key_id: UUID, state: str) -> HttpResponse:
    """What the switch of the cloud sandboxes would change."""
    if state not in {"on", "off"}:
        raise Http404("The switch is on or off.")
    key = policy_key(site, key_id)
    is_on = state == "on"
    mine = {} if key.policy["cloudSandboxEnabled"] is is_on else {"cloudSandboxEnabled": is_on}
    return show_review(request, site, key, mine, cloud=state, back="ai")


def _next(
    request: HttpRequest, site: Site, key: SiteKey, mine: dict[str, Any], said: Mapping[str, Any]
) -> HttpResponse:
    """After valid input: the difference; the conflict, if somebody was faster; or nothing to do."""
    if said["revision"] != key.revision:
        return show_conflict(request, site, key, mine, base_of(said["base"]))
    if not mine:
        messages.info(request, "Nothing differs from what is saved.")
        return redirect("admin:site_policy", site.public_id, key.pk)
    return show_review(request, site, key, mine)


def _pretty(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, indent=2, ensure_ascii=False)


def _json_initial(key: SiteKey) -> dict[str, Any]:
    return {"text": _pretty(key.policy), "base": as_json(key.policy), "revision": key.revision}


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/policy/", require_safe(policies), "site_policies"),
    ("sites/<slug:site_id>/policy/<uuid:key_id>/", policy, "site_policy"),
    ("sites/<slug:site_id>/policy/<uuid:key_id>/try/", attempt, "site_policy_try"),
    ("sites/<slug:site_id>/policy/<uuid:key_id>/json/", in_json, "site_policy_json"),
    ("sites/<slug:site_id>/policy/<uuid:key_id>/history/", require_safe(history), "site_policy_history"),
    (
        "sites/<slug:site_id>/policy/<uuid:key_id>/history/<uuid:entry_id>/",
        require_safe(version),
        "site_policy_version",
    ),
    (
        "sites/<slug:site_id>/policy/<uuid:key_id>/preset/<slug:name>/",
        require_safe(preset),
        "site_policy_preset",
    ),
    (
        "sites/<slug:site_id>/policy/<uuid:key_id>/cloud/<slug:state>/",
        require_safe(cloud),
        "site_policy_cloud",
    ),
]
