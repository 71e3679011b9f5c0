"""The one form of guided creation: every answer but the address has a good default."""

from typing import Any

from django import forms
from django.utils.text import slugify

from workspace.admin.forms import CoreForm
from workspace.core.addresses import (
    ADDRESS_MAX,
    ADDRESS_MISSING,
    Address,
    Reach,
    reaches,
    read_address,
    suggested_name,
)
from workspace.core.business_types import BUSINESS_TEXTS, starters
from workspace.core.field_types import checked_text
from workspace.core.fields import InvalidFields
from workspace.core.names import SITE_NAME_MAX
from workspace.core.policy import policy_defaults
from workspace.core.shortcuts import PROMPT_MAX, validated_shortcuts
from workspace.services.guided import LaunchPlan

OWN_SHORTCUTS = 3
AGENT, ANALYTICS = "agent", "analytics_only"
MODES = ((AGENT, "Agent"), (ANALYTICS, "Agent Analytics"))
ID_MAX = 60


class LaunchForm(CoreForm):
    """What is asked for a new site. After `is_valid`, `plan` is what to make.

    A name that is left empty is made from the address; `reach` likewise is the suggested one. With analytics
    only, what is asked about agents counts as not said.
    """

    core_names = {
        "address": "address",
        "siteName": "name",
        "aiAccess": "ai_access",
        "siteConfig": "business_type",
    }

    address = forms.CharField(
        label="Your site's address",
        error_messages={"required": ADDRESS_MISSING},
        help_text="Paste it as it is in the browser; Rover keeps the host.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "url", "spellcheck": "false", "autocapitalize": "off"}
        ),
    )
    reach = forms.CharField(label="Which hosts belong to it", required=False, empty_value="", max_length=10)
    name = forms.CharField(
        label="Name of the site",
        required=False,
        empty_value="",
        max_length=SITE_NAME_MAX,
        help_text="For you and your colleagues. Left empty, it is made from the address.",
    )
    mode = forms.ChoiceField(
        label="What Rover does there", choices=MODES, initial=AGENT, widget=forms.RadioSelect
    )
    ai_access = forms.BooleanField(
        label="AI access",
        required=False,
        initial=True,
        help_text="Agents find your site and may start tasks and shortcuts on it, by links and by this "
        "server's API. Tasks begin once the host is proved to be yours.",
    )
    cloud = forms.BooleanField(
        label="Cloud sandboxes",
        required=False,
        help_text="This server may do a task by itself, without a visitor's browser, and read other sites "
        "for it.",
    )
    business_type = forms.ChoiceField(
        label="What kind of site is it",
        initial="general",
        choices=[(value, text.label) for value, text in BUSINESS_TEXTS.items()],
    )
    suggestions = forms.BooleanField(label="Begin with the two shortcuts suggested for it", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.found: Address | None = None
        self.chosen: Reach | None = None
        self.shortcuts: list[dict[str, Any]] = []
        for number in self.rows():
            self.fields[f"label_{number}"] = forms.CharField(
                label=f"Label of shortcut {number}", required=False, max_length=80
            )
            self.fields[f"prompt_{number}"] = forms.CharField(
                label=f"Prompt of shortcut {number}",
                required=False,
                max_length=PROMPT_MAX,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @staticmethod
    def rows() -> range:
        """The numbers of the owner's own shortcuts."""
        return range(1, OWN_SHORTCUTS + 1)

    def own_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Label and prompt of each own shortcut, for the page."""
        return [(self[f"label_{number}"], self[f"prompt_{number}"]) for number in self.rows()]

    def known_address(self) -> Address | None:
        """The address as it stands in the form, when it is one."""
        value = self["address"].value()
        try:
            return read_address(value) if isinstance(value, str) and value.strip() else None
        except InvalidFields:
            return None

    def is_analytics(self) -> bool:
        """Whether the site only records."""
        return bool(self.cleaned_data.get("mode") == ANALYTICS)

    def clean_address(self) -> str:
        """Refuses what cannot be a site's host; keeps the host."""
        typed = str(self.cleaned_data["address"])
        try:
            self.found = read_address(typed)
        except InvalidFields as invalid:
            raise forms.ValidationError(invalid.errors[0].message) from None
        return typed[:ADDRESS_MAX]

    def clean_name(self) -> str:
        """One line without control characters."""
        typed = str(self.cleaned_data["name"])
        try:
            return checked_text(typed, field="siteName", max_length=SITE_NAME_MAX) if typed else ""
        except InvalidFields as invalid:
            raise forms.ValidationError(invalid.errors[0].message) from None

    def clean(self) -> dict[str, Any]:
        """The reach for the address, and the shortcuts under the rules of the configuration."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.found:
            offered = reaches(self.found)
            wanted = [one for one in offered if one.value == cleaned.get("reach")]
            self.chosen = wanted[0] if wanted else offered[0]
        if not self.is_analytics():
            self._read_shortcuts(cleaned)
        return cleaned

    def plan(self) -> LaunchPlan:
        """What to make, once the form is valid."""
        if self.found is None or self.chosen is None:
            raise ValueError("only a valid form has a plan")
        said = self.cleaned_data
        agents = not self.is_analytics()
        return LaunchPlan(
            name=said["name"] or suggested_name(self.found),
            address=self.found,
            reach=self.chosen,
            site_mode=said["mode"],
            ai_access=agents and said["ai_access"],
            cloud=agents and said["cloud"],
            business_type=said["business_type"],
            shortcuts=self.shortcuts if agents else [],
        )

    def _read_shortcuts(self, cleaned: dict[str, Any]) -> None:
        own: list[tuple[int, dict[str, Any]]] = []
        taken: set[str] = set()
        for number in self.rows():
            label = str(cleaned.get(f"label_{number}", "")).strip()
            prompt = str(cleaned.get(f"prompt_{number}", "")).strip()
            if label or prompt:
                own.append((number, {"id": _free_id(label, taken), "label": label, "prompt": prompt}))
        given = (
            starters(cleaned["business_type"])
            if cleaned.get("suggestions") and "business_type" in cleaned
            else []
        )
        entries = [entry for _, entry in own] + [entry for entry in given if entry["id"] not in taken]
        self.core_names = {
            **type(self).core_names,
            **{f"siteConfig.shortcuts[{i}].label": f"label_{number}" for i, (number, _) in enumerate(own)},
            **{f"siteConfig.shortcuts[{i}].prompt": f"prompt_{number}" for i, (number, _) in enumerate(own)},
        }
        try:
            self.shortcuts = validated_shortcuts(entries, max_stored=policy_defaults()["shortcutMaxStored"])
        except InvalidFields as invalid:
            self.add_core_errors(invalid)


def _free_id(label: str, taken: set[str]) -> str:
    """An id for a deep link, from the label, that no other has."""
    base = slugify(label)[:ID_MAX].strip("-_") or "shortcut"
    free = next(name for name in (base, *(f"{base}-{n}" for n in range(2, 99))) if name not in taken)
    taken.add(free)
    return free
