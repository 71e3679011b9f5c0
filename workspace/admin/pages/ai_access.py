"""AI access: the switch that opens the site to agents, what they can do then, and what they find."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from workspace.admin.forms import CoreForm, NoteField, RevisionField
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.capabilities import CAPABILITY_TEXTS
from workspace.core.discovery.artefacts import ARTEFACTS
from workspace.core.discovery.tags import rich_marker
from workspace.core.fields import InvalidFields
from workspace.core.installation import (
    Installation,
    KeyFacts,
    head_discovery,
    link_header,
)
from workspace.core.policy import SHORTCUTS_STORED_MAX
from workspace.core.refusals import StaleEdit
from workspace.core.site_config import (
    AUTO_PROMOTE_MAX,
    AUTO_PROMOTE_SECONDS,
    ai_access_effective,
    empty_site_config,
)
from workspace.models import Site, SiteConfig, SiteKey
from workspace.selectors.ai_state import ai_state
from workspace.selectors.installations import installation_of
from workspace.services.configs import site_config_patch

KEEP, YES, NO = "", "yes", "no"
_LEGACY = ((KEEP, "not set"), (YES, "yes"), (NO, "no"))


class AiAccessForm(CoreForm):
    """The switches of `aiAccess`, and whether the site shows agents the way (`agentDiscovery.enabled`)."""

    core_names = {
        "siteConfig.aiAccess.enabled": "enabled",
        "siteConfig.aiAccess.allowCloudBrowser": "cloud",
        "siteConfig.aiAccess.autoPromoteSeconds": "wait",
        "siteConfig.aiAccess.allowDelegatedHandoffs": "handoffs",
        "siteConfig.aiAccess.debugStreaming": "debug",
        "siteConfig.aiAccess.allowPromptLaunch": "prompt_links",
        "siteConfig.aiAccess.allowShortcutLaunch": "shortcut_links",
        "siteConfig.agentDiscovery": "discovery",
    }

    enabled = forms.BooleanField(
        label="Open this site to AI agents",
        required=False,
        help_text="One switch for tasks, links that start them, and the signs by which agents find you. "
        "Off means gone: nothing is published, and tasks are refused.",
    )
    discovery = forms.BooleanField(
        label="Show agents the way",
        required=False,
        help_text="Tags in your pages and files on your host say that your site takes tasks.",
    )
    cloud = forms.BooleanField(
        label="Agents may ask for a run without a visitor's browser",
        required=False,
        help_text="Also needs a key whose cloud switch is on, below.",
    )
    wait = forms.IntegerField(
        label="Seconds that a task waits for a browser before this server takes it",
        required=False,
        min_value=0,
        max_value=AUTO_PROMOTE_MAX,
        help_text=f"At most {AUTO_PROMOTE_MAX}. It matters for tasks that may run either way. 0: never, the "
        f"task waits for a browser until it expires. Left empty: {AUTO_PROMOTE_SECONDS}.",
    )
    handoffs = forms.BooleanField(
        label="Take tasks that other sites hand over",
        required=False,
        help_text="An agent at work on another site may have a part of its task done on yours.",
    )
    debug = forms.BooleanField(
        label="Show full arguments and results in task events",
        required=False,
        help_text="For finding faults. Whoever follows a task then reads everything that its steps carried.",
    )
    prompt_links = forms.ChoiceField(
        label="Links may start a prompt (allowPromptLaunch)", choices=_LEGACY, required=False
    )
    shortcut_links = forms.ChoiceField(
        label="Links may start a shortcut (allowShortcutLaunch)", choices=_LEGACY, required=False
    )
    note = NoteField()
    version = RevisionField()

    def main_fields(self) -> list[forms.BoundField]:
        """What is always in sight."""
        return [self[name] for name in ("enabled", "discovery", "cloud", "wait", "handoffs", "debug")]

    def clean_wait(self) -> int:
        """Nothing is the default."""
        given: int | None = self.cleaned_data["wait"]
        return AUTO_PROMOTE_SECONDS if given is None else given

    def legacy_fields(self) -> list[forms.BoundField]:
        """The two switches that are older than the main one."""
        return [self["prompt_links"], self["shortcut_links"]]


# Form field, member of aiAccess, and what an absent member means.
_SWITCHES = (
    ("enabled", "enabled", False),
    ("cloud", "allowCloudBrowser", True),
    ("handoffs", "allowDelegatedHandoffs", False),
    ("debug", "debugStreaming", False),
)
_WAIT = "autoPromoteSeconds"
_LINKS = (("prompt_links", "allowPromptLaunch"), ("shortcut_links", "allowShortcutLaunch"))


@site_page()
def ai_access(request: HttpRequest, site: Site) -> HttpResponse:
    """The form, what follows from it, and what agents would find."""
    config = SiteConfig.objects.get(site=site)
    if request.method != "POST":
        return _show(request, site, config, AiAccessForm(initial=_stored(config)))
    form = AiAccessForm(request.POST)
    if not form.is_valid():
        return _show(request, site, config, form, status=422)
    said = form.cleaned_data
    before = config.version
    try:
        saved = site_config_patch(
            actor=actor_of(request),
            site=site,
            patch=_patch(_content(config), said),
            max_stored=SHORTCUTS_STORED_MAX,
            version=said["version"],
            note=said["note"],
            now=timezone.now(),
        )
    except InvalidFields as invalid:
        form.add_core_errors(invalid)
        return _show(request, site, config, form, status=422)
    except StaleEdit:
        config.refresh_from_db()
        kept = AiAccessForm(initial={**said, "version": config.version})
        return _show(request, site, config, kept, status=409, is_stale=True, stale=_conflict(config, said))
    if saved.version == before:
        messages.info(request, "Nothing differs from what is saved.")
    else:
        is_on = ai_access_effective(_content(saved)["aiAccess"]).enabled
        say(request, f"Saved. AI access is {'on' if is_on else 'off'}.")
    return redirect("admin:site_ai", site.public_id)


def _show(
    request: HttpRequest,
    site: Site,
    config: SiteConfig,
    form: AiAccessForm,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    now = timezone.now()
    content = _content(config)
    discovery = content["agentDiscovery"].get("enabled") is not False
    state = ai_state(site, content["aiAccess"], discovery=discovery, now=now)
    installation = installation_of(site, now=now)
    silence = installation.silence
    return render_page(
        request,
        "workspace/ai_access/ai_access.html",
        title="AI access",
        section="ai-access",
        site=site,
        status=status,
        form=form,
        state=state,
        keys=[_cloud_row(key) for key in state.keys],
        stored=_stored_in_words(config),
        unpublished=silence.sentence(site.host) if silence else "",
        artefacts=_artefacts(_as_if_open(installation, content)),
        **context,
    )


def _content(config: SiteConfig) -> dict[str, Any]:
    stored: Mapping[str, Any] = config.content
    return {**empty_site_config(), **stored}


def _stored(config: SiteConfig) -> dict[str, Any]:
    """The stored switches as the form shows them."""
    content = _content(config)
    said: Mapping[str, Any] = content["aiAccess"]
    switches = {name: said.get(member, default) is True for name, member, default in _SWITCHES}
    links = {name: _answer(said.get(member)) for name, member in _LINKS}
    discovery = content["agentDiscovery"].get("enabled") is not False
    wait = ai_access_effective(said).auto_promote_seconds
    return {**switches, **links, "wait": wait, "discovery": discovery, "version": config.version, "note": ""}


def _answer(stored: object) -> str:
    """A switch of three states."""
    return KEEP if stored is None else YES if stored is True else NO


def _patch(content: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says, as a patch. A member that was not set stays so while the answer is its default:
    `enabled` that is absent and `enabled` that is false are not the same to the older switches."""
    access = dict(content["aiAccess"])
    for name, member, default in _SWITCHES:
        if member in access or said[name] is not default:
            access[member] = said[name]
    if _WAIT in access or said["wait"] != AUTO_PROMOTE_SECONDS:
        access[_WAIT] = said["wait"]
    for name, member in _LINKS:
        access.pop(member, None)
        if said[name] != KEEP:
            access[member] = said[name] == YES
    patch: dict[str, Any] = {"aiAccess": access}
    discovery = dict(content["agentDiscovery"])
    if "enabled" in discovery or not said["discovery"]:
        patch["agentDiscovery"] = {**discovery, "enabled": said["discovery"]}
    return patch


def _conflict(config: SiteConfig, said: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(label, what is stored now, what was chosen) of every switch that differs."""
    theirs = _stored(config)
    form = AiAccessForm()
    return [
        (str(form.fields[name].label), _word(theirs[name]), _word(said[name]))
        for name in form.fields
        if name not in {"note", "version"} and theirs[name] != said[name]
    ]


def _word(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value) or "not set"


def _stored_in_words(config: SiteConfig) -> list[tuple[str, str]]:
    """For those who may not edit."""
    stored = _stored(config)
    form = AiAccessForm()
    return [
        (str(form.fields[name].label), _word(stored[name]))
        for name in form.fields
        if name not in {"note", "version"}
    ]


def _cloud_row(key: SiteKey) -> dict[str, Any]:
    """A key's part in the cloud: the switch, and the three capabilities that it moves."""
    powers = [
        (text.label, bool(key.capabilities.get(name)))
        for name, text in CAPABILITY_TEXTS.items()
        if name != "roverEmbed"
    ]
    return {
        "key": key,
        "is_on": key.policy["cloudSandboxEnabled"],
        "powers": powers,
        "can_change": key.grace_until is None,
    }


def _as_if_open(installation: Installation, content: Mapping[str, Any]) -> Installation:
    """The site with AI access and discovery on, all else as it is stored."""
    access = ai_access_effective({**content["aiAccess"], "enabled": True})
    return replace(installation, discovery=True, offer=replace(installation.offer, access=access))


def _artefacts(installation: Installation) -> list[tuple[str, str, str]]:
    """(name, where it goes, content) of everything that shows agents the way. Nothing without a live key for
    agents."""
    key, offer = _publishing_key(installation), installation.offer
    if key is None:
        return []
    places = zip(ARTEFACTS.values(), offer.served, strict=True)
    return [
        ("Tags", "in the head of each page", head_discovery(installation, key)),
        ("Link header", "in the answers of your server", link_header(installation, key)),
        ("Rich marker", "in place of the short one, for agents that know Rover", rich_marker(offer)),
        *((each.path, f"this server serves it at {url}", each.write(offer)) for each, url in places),
    ]


def _publishing_key(installation: Installation) -> KeyFacts | None:
    live = (key for key in installation.keys if key.is_live and key.site_mode == "agent")
    return next(live, None)


PAGES: list[tuple[str, Callable[..., Any], str]] = [
    ("sites/<slug:site_id>/ai-access/", ai_access, "site_ai"),
]
