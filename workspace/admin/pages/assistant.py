"""How the assistant greets, listens and reads pages: the forms of greeting, voice, page capture and trade."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils import timezone

from workspace.admin.forms import CoreForm, RevisionField
from workspace.admin.frame import actor_of, render_page, say, site_page
from workspace.core.fields import InvalidFields
from workspace.core.refusals import StaleEdit
from workspace.core.site_config import (
    AUTO_STOP_MS,
    BUSINESS_TYPES,
    GREETING_DELAY_MS,
    GREETING_DURATION_MS,
    PAGE_CAPTURE_DEFAULTS,
    PAGE_CAPTURE_RANGES,
    TIMER_MAX_MS,
)
from workspace.models import Site, SiteConfig
from workspace.selectors.limits import shortcut_limits
from workspace.services.configs import site_config_patch

CHOICES_OF_A_SWITCH = [("", "not set"), ("true", "yes"), ("false", "no")]


class GroupForm(CoreForm):
    """The form of one group of siteConfig. An empty field is not set; `group` is the contract's name, and the
    fields have the contract's names as well."""

    group = ""
    title = ""
    saved = ""
    can_clear = True

    version = RevisionField()

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=dict(initial or {}), auto_id=f"{self.group}_%s")
        names = [name for name in self.fields if name != "version"]
        self.core_names = {f"siteConfig.{self.group}.{name}": name for name in names}

    def value(self) -> object:
        """The group as the contract writes it."""
        set_ones = {k: v for k, v in self.cleaned_data.items() if k != "version" and v not in (None, "")}
        return {k: v == "true" if v in ("true", "false") else v for k, v in set_ones.items()}

    @classmethod
    def of(cls, config: SiteConfig) -> "GroupForm":
        """The form filled with what is stored."""
        stored = config.content.get(cls.group) or {}
        shown = {k: str(v).lower() if isinstance(v, bool) else v for k, v in stored.items()}
        return cls(initial={**shown, "version": config.version})


def _switch(label: str, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, help_text=help_text, choices=CHOICES_OF_A_SWITCH, required=False)


def _number(label: str, low: int, high: int, unset: object, unit: str = "ms") -> forms.IntegerField:
    reach = f"{low:,} or more" if high == TIMER_MAX_MS else f"{low:,} to {high:,}"
    return forms.IntegerField(
        label=label,
        required=False,
        help_text=f"{reach} {unit}".strip() + f"; {unset} when empty.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class GreetingForm(GroupForm):
    """The bubble that greets a visitor."""

    group, title, saved = "greeting", "Greeting", "The greeting is saved."

    text = forms.CharField(
        label="Text",
        required=False,
        max_length=240,
        help_text="At most 240 characters. {name} becomes the assistant's name.",
        widget=forms.TextInput(attrs={"data-greeting-text": ""}),
    )
    delay = _number("Shown after", 0, 60_000, f"{GREETING_DELAY_MS:,}")
    duration = _number("Leaves after", 1_200, 60_000, f"{GREETING_DURATION_MS:,}")
    disabled = _switch("Switched off", "The text is kept, visitors do not see it.")


class VoiceForm(GroupForm):
    """Dictation."""

    group, title, saved = "voice", "Voice", "Dictation is saved."

    enabled = _switch("Visitors may dictate")
    language = forms.CharField(
        label="Language",
        required=False,
        max_length=48,
        help_text="A tag like en-US; empty: the browser's own.",
    )
    autoStopMs = _number("Stops after silence of", 800, 5_000, f"{AUTO_STOP_MS:,}")  # noqa: N815 - the contract's name


class PageCaptureForm(GroupForm):
    """How a page is read before the assistant acts."""

    group, title, saved = "pageConfig", "Page capture", "Page capture is saved."

    disableAutoScroll = _switch("Do not scroll while reading", "yes when not set.")  # noqa: N815
    onlyTextContent = _switch("Read text alone", "no when not set.")  # noqa: N815


_CAPTURE_LABELS = {
    "totalBudgetMs": "Time for reading a page",
    "pageDataTimeoutMs": "Time for its data",
    "pdfTextSelectionTimeoutMs": "Time for the text of a PDF",
    "adaptiveSettleDebounceMs": "A page is quiet after",
    "adaptiveSettleMaxWaitMs": "Wait for quiet at most",
    "adaptiveSettleRetries": "Wait for quiet again",
    "sparseTreeRetryDelayMs": "Look again at an almost empty page after",
    "sparseTreeRetryMaxAttempts": "Look again at most",
}
for _name, (_low, _high) in PAGE_CAPTURE_RANGES.items():
    _unit = "times" if _high <= 6 else "ms"
    PageCaptureForm.base_fields[_name] = _number(
        _CAPTURE_LABELS[_name], _low, _high, f"{PAGE_CAPTURE_DEFAULTS[_name]:,}", _unit
    )


class TradeForm(GroupForm):
    """What kind of business the site is."""

    group, title, saved = "businessType", "Kind of business", "The kind of business is saved."
    can_clear = False

    businessType = forms.ChoiceField(  # noqa: N815 - the contract's name
        label="This site is about",
        choices=[(name, name.replace("_", " ")) for name in BUSINESS_TYPES],
        help_text="Tunes the hints and the shortcuts that are suggested.",
    )

    def value(self) -> object:
        """The one word."""
        return self.cleaned_data["businessType"]

    @classmethod
    def of(cls, config: SiteConfig) -> "TradeForm":
        """The form filled with what is stored."""
        stored = config.content.get("businessType", "general")
        return cls(initial={"businessType": stored, "version": config.version})


FORMS: Mapping[str, type[GroupForm]] = {
    form.group: form for form in (GreetingForm, VoiceForm, PageCaptureForm, TradeForm)
}


@site_page()
def assistant(request: HttpRequest, site: Site) -> HttpResponse:
    """All groups, each with its own save."""
    if request.method != "POST":
        return _show(request, site)
    kind = FORMS.get(request.POST.get("group", ""))
    if kind is None:
        return HttpResponseBadRequest("This form does not exist.")
    form = kind(request.POST)
    return _clear(request, site, form) if "clear" in request.POST else _save(request, site, form)


def _save(request: HttpRequest, site: Site, form: GroupForm) -> HttpResponse:
    if not form.is_valid():
        return _show(request, site, form, status=422)
    try:
        _store(request, site, {form.group: form.value()}, form.cleaned_data["version"])
    except InvalidFields as invalid:
        form.add_core_errors(invalid)
        return _show(request, site, form, status=422)
    except StaleEdit:
        stored = type(form).of(_config(site))
        return _show(request, site, _on_the_new_state(form, site), status=409, stale=stored)
    say(request, form.saved)
    return redirect("admin:site_assistant", site.public_id)


def _clear(request: HttpRequest, site: Site, form: GroupForm) -> HttpResponse:
    """Back to what Rover does by itself."""
    if not form.can_clear:
        return HttpResponseBadRequest("This group cannot be cleared.")
    _store(request, site, {form.group: None}, None)
    say(request, f"{form.title}: cleared, Rover's own values hold again.")
    return redirect("admin:site_assistant", site.public_id)


def _store(request: HttpRequest, site: Site, patch: dict[str, object], version: int | None) -> None:
    site_config_patch(
        actor=actor_of(request),
        site=site,
        patch=patch,
        max_stored=shortcut_limits(site).stored,
        version=version,
        now=timezone.now(),
    )


def _on_the_new_state(form: GroupForm, site: Site) -> GroupForm:
    """What was typed, ready to be saved over what somebody else saved in between."""
    typed = {name: form.data.get(name, "") for name in form.fields}
    again = type(form)({**typed, "version": str(_config(site).version)})
    again.is_valid()
    return again


def _config(site: Site) -> SiteConfig:
    return SiteConfig.objects.get(site=site)


def _show(
    request: HttpRequest,
    site: Site,
    filled: GroupForm | None = None,
    *,
    status: int = 200,
    stale: GroupForm | None = None,
) -> HttpResponse:
    config = _config(site)
    groups = [
        filled if filled is not None and type(filled) is kind else kind.of(config) for kind in FORMS.values()
    ]
    return render_page(
        request,
        "workspace/assistant/page.html",
        title="Assistant",
        section="assistant",
        site=site,
        status=status,
        groups=groups,
        stored=_values(config),
        stale=_labelled(stale) if stale is not None else None,
        assistant_name=shortcut_limits(site).agent_name or "the assistant",
    )


def _values(config: SiteConfig) -> list[tuple[str, list[tuple[str, object]]]]:
    """Every group with its set values, for those who may only look."""
    return [(kind.title, _labelled(kind.of(config))) for kind in FORMS.values()]


def _labelled(form: GroupForm) -> list[tuple[str, object]]:
    return [
        (str(field.label), form.initial[name])
        for name, field in form.fields.items()
        if name in form.initial and name != "version"
    ]


PAGES = [("sites/<slug:site_id>/assistant/", assistant, "site_assistant")]
