"""The forms of site keys. What their values must be is decided by the services; here errors find their
place."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from workspace.admin.forms import CoreForm, NoteField, RevisionField
from workspace.core.capabilities import CAPABILITY_PRESETS, CAPABILITY_TEXTS, CapabilityText
from workspace.core.environments import MAX_TTL_DAYS, TEST_TTL_DAYS, Environment
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.names import KEY_LABEL_MAX
from workspace.models import SiteKey
from workspace.services.keys import UNSET, Unset

KEEP, DEFAULT, NEVER, DAYS = "keep", "default", "never", "days"
ENVIRONMENTS = (
    (Environment.PRODUCTION.value, "Production: your live site"),
    (Environment.DEVELOPMENT.value, "Development: your own machine and previews; may list localhost"),
    (
        Environment.TEST.value,
        f"Test: automated tests; ends after {TEST_TTL_DAYS} days",
    ),
)
PRESET_LABELS = {"widget_only": "Widget only", "widget_and_agents": "Widget and agents"}
GRACES = (
    ("0", "now: pages with the old value stop working at once"),
    ("3600", "in 1 hour"),
    ("86400", "in 24 hours"),
    ("604800", "in 7 days"),
)
EXTENSIONS = GRACES[1:]


class CapabilitiesForm(CoreForm):
    """What a form that has the four switches shares. They are shown by keys/capabilities.html."""

    capabilities = forms.MultipleChoiceField(
        label="Capabilities",
        required=False,
        choices=[(name, text.label) for name, text in CAPABILITY_TEXTS.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    def capability_boxes(self) -> list[tuple[forms.boundfield.BoundWidget, CapabilityText]]:
        """Each switch with its words."""
        return [(box, CAPABILITY_TEXTS[box.data["value"]]) for box in self["capabilities"]]

    def presets(self) -> list[tuple[str, str, str]]:
        """Name, label, and the switches that it turns on, separated by spaces."""
        return [
            (name, PRESET_LABELS[name], " ".join(on_of(values)))
            for name, values in CAPABILITY_PRESETS.items()
        ]

    def powers(self) -> dict[str, bool]:
        """All four switches as the service takes them."""
        on = self.cleaned_data["capabilities"]
        return {name: name in on for name in CAPABILITY_TEXTS}


class ExpiryForm(CoreForm):
    """What a form that has an expiry shares: a choice, and a number that belongs to one of its answers."""

    days = forms.IntegerField(
        label="Days from now",
        required=False,
        min_value=1,
        max_value=MAX_TTL_DAYS,
        widget=forms.NumberInput(attrs={"class": "rv-days"}),
    )

    def clean(self) -> dict[str, Any]:
        """The number is asked for where it counts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("expiry") == DAYS and cleaned.get("days") is None and "days" not in self.errors:
            self.add_error("days", f"Give a number of days, 1 to {MAX_TTL_DAYS}.")
        return cleaned

    def ttl_days(self) -> int | Unset | None:
        """As the service takes it: UNSET leaves the expiry alone, None takes the environment's default."""
        answers: dict[str, int | Unset | None] = {KEEP: UNSET, DEFAULT: None, NEVER: 0}
        chosen: str = self.cleaned_data["expiry"]
        days: int | None = self.cleaned_data["days"]
        return days if chosen == DAYS else answers[chosen]


class NewKeyForm(CapabilitiesForm, ExpiryForm):
    """A new key, maybe like another one."""

    core_names = {
        "label": "label",
        "environment": "environment",
        "ttlDays": "days",
        "capabilities": "capabilities",
        "allowedDomains": "domains",
    }

    label = forms.CharField(
        label="Label",
        help_text="Where this key is used. One key per place makes it easy to end one without the others.",
        widget=forms.TextInput(attrs={"maxlength": KEY_LABEL_MAX, "placeholder": "Production"}),
    )
    environment = forms.ChoiceField(label="Environment", choices=ENVIRONMENTS, widget=forms.RadioSelect)
    domains = forms.CharField(
        label="Allowed domains, one per line",
        strip=False,
        help_text="example.com covers the host and its subdomains, *.example.com the subdomains alone, "
        "=app.example.com exactly that host. A pasted address is fine.",
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "class": "rv-mono"}
        ),
    )
    allow_intranet = forms.BooleanField(
        label="Some of these are names without a dot, in a network of our own", required=False
    )
    expiry = forms.ChoiceField(
        label="It ends",
        choices=[
            (DEFAULT, f"as usual: test keys after {TEST_TTL_DAYS} days, others never"),
            (NEVER, "never"),
            (DAYS, "after a number of days"),
        ],
        widget=forms.RadioSelect,
        initial=DEFAULT,
    )
    note = NoteField()
    source = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def rules(self) -> list[str]:
        """The lines that say something."""
        return [text for _, text in self._lines()]

    def add_core_errors(self, invalid: InvalidFields) -> None:
        """An error of a rule names the line where it stands."""
        lines = self._lines()
        super().add_core_errors(InvalidFields(_at_line(error, lines) for error in invalid.errors))

    def _lines(self) -> list[tuple[int, str]]:
        typed: str = self.cleaned_data.get("domains", "")
        return [(number, line.strip()) for number, line in enumerate(typed.splitlines(), 1) if line.strip()]


class KeyForm(CapabilitiesForm, ExpiryForm):
    """Label, expiry and capabilities of a key."""

    core_names = {
        "label": "label",
        "ttlDays": "days",
        "capabilities": "capabilities",
        "allowedDomains": "expiry",  # only the expiry of this form can make a rule wrong
    }

    label = forms.CharField(
        label="Label",
        widget=forms.TextInput(attrs={"maxlength": KEY_LABEL_MAX}),
    )
    expiry = forms.ChoiceField(
        label="It ends",
        choices=[(KEEP, "as it is"), (NEVER, "never"), (DAYS, "after a number of days, counted from now")],
        widget=forms.RadioSelect,
        initial=KEEP,
    )
    note = NoteField()
    revision = RevisionField()


class RotateForm(CoreForm):
    """When the old value ends."""

    core_names = {"label": "label", "graceSeconds": "grace"}

    grace = forms.ChoiceField(
        label="The old key ends", choices=GRACES, widget=forms.RadioSelect, initial=GRACES[2][0]
    )
    label = forms.CharField(
        label="Label of the new key",
        widget=forms.TextInput(attrs={"maxlength": KEY_LABEL_MAX}),
    )
    note = NoteField()


class ExtendForm(forms.Form):
    """How long an overlap shall still last."""

    grace = forms.ChoiceField(label="End the old key", choices=EXTENSIONS, initial=EXTENSIONS[1][0])


class EndForm(forms.Form):
    """The end of a key; with its label as a sign that it is meant, where it was used lately."""

    confirm = forms.CharField(label="Type the key's label")
    note = NoteField()

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        """`label` '' asks for no sign."""
        super().__init__(*args, **kwargs)
        self._label = label
        if not label:
            del self.fields["confirm"]

    def clean_confirm(self) -> str:
        """Exactly the label."""
        if self.cleaned_data["confirm"] != self._label:
            raise forms.ValidationError("This is not the key's label as it is written above.")
        return self._label


class SecretForm(forms.Form):
    """A new secret key. `revision` tells a reload of the answer from a second wish."""

    note = NoteField()
    revision = RevisionField()


def on_of(capabilities: Any) -> list[str]:
    """The switches that are on."""
    return [name for name in CAPABILITY_TEXTS if capabilities.get(name) is True]


def stored_key(key: SiteKey) -> dict[str, Any]:
    """The values of `KeyForm` as saved."""
    return {"label": key.label, "capabilities": on_of(key.capabilities), "revision": key.revision}


def with_preset(form: type[CapabilitiesForm], typed: QueryDict) -> dict[str, Any] | None:
    """Everything typed, with the switches of the preset that was asked for; None if none was."""
    values = CAPABILITY_PRESETS.get(typed.get("preset", ""))
    if values is None:
        return None
    shown = {name: typed.get(name, "") for name in form.base_fields if name != "capabilities"}
    return {**shown, "capabilities": on_of(values)}


def _at_line(error: FieldError, lines: Sequence[tuple[int, str]]) -> FieldError:
    inside = error.field.removeprefix("allowedDomains[").removesuffix("]")
    if inside == error.field or not inside.isdecimal() or int(inside) >= len(lines):
        return error
    return FieldError(error.field, f"Line {lines[int(inside)][0]}: {error.message}", error.code)
