"""The forms of the policy page. What a value must be is decided by the core; here errors find their place."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from workspace.admin.forms import CoreForm, NoteField, RevisionField
from workspace.admin.pages.policy_words import GROUPS
from workspace.core.adversarial import MAX_MESSAGE_CHARS, MAX_URL_CHARS
from workspace.core.fields import InvalidFields
from workspace.core.json_lines import MAX_TEXT, TypedObject, UnreadableJson, read_object
from workspace.core.policy import (
    AGENT_NAME_MAX,
    POLICY_TEXTS,
    RoverPolicy,
    patched_policy,
    policy_changes,
    policy_defaults,
)

_PREFIX = "roverPolicy"
_CODE = {"spellcheck": "false", "autocapitalize": "off", "class": "rv-mono"}


class BaseField(forms.CharField):
    """The policy that a form was made from, as JSON: what the person typed is what differs from it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TEXT, required=False, widget=forms.HiddenInput, **kwargs)


class PolicyForm(CoreForm):
    """Every field of a policy. `mine` is the patch: what differs from the policy that the form showed."""

    core_names = {f"{_PREFIX}.{name}": name for name in POLICY_TEXTS}

    revision = RevisionField()
    base = BaseField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mine: dict[str, Any] = {}
        for name in POLICY_TEXTS:
            self.fields[name] = _field(name)

    def clean(self) -> dict[str, Any]:
        """Everything under the rules of a policy."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        wanted = {name: _value(name, cleaned[name]) for name in POLICY_TEXTS if name in cleaned}
        try:
            typed = patched_policy({}, wanted, prefix=_PREFIX)
        except InvalidFields as invalid:
            self.add_core_errors(invalid)
        else:
            base = base_of(cleaned.get("base", ""))
            self.mine = {
                change.field: change.new for change in policy_changes(base, typed) if change.field in wanted
            }
        return cleaned

    def add_core_errors(self, invalid: InvalidFields) -> None:
        """As in the parent; an error of an entry of a list says on which line it stands."""
        for error in invalid.errors:
            name, _, rest = error.field.removeprefix(f"{_PREFIX}.").partition("[")
            index = rest.rstrip("]")
            if name in self.fields and index.isdigit():
                numbers = [number for number, _ in _numbered(self.data.get(name, ""))]
                line = numbers[int(index)] if int(index) < len(numbers) else int(index) + 1
                self.add_error(name, f"Line {line}: {error.message}")
            else:
                self.add_error(self._field_of(error.field), error.message)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(heading, [self[name] for name in names]) for heading, names in GROUPS]


class JsonForm(forms.Form):
    """A policy as JSON. `problems` after a refusal: (line, name, message, that line's text)."""

    text = forms.CharField(
        label="New policy as JSON",
        help_text="Members that you leave out stay as they are; null puts a default back.",
        required=False,
        strip=False,
        empty_value="",
        widget=forms.Textarea(attrs={**_CODE, "rows": 24}),
    )
    revision = RevisionField()
    base = BaseField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mine: dict[str, Any] = {}
        self.problems: list[tuple[int, str, str, str]] = []

    def clean_text(self) -> str:
        """Checked as a patch: what is not named stays, null puts a default back."""
        text: str = self.cleaned_data["text"]
        try:
            typed = read_object(text)
        except UnreadableJson as unread:
            self._refuse(text, [(unread.line, "", unread.message)])
        else:
            self._check(text, typed)
        return text

    def _check(self, text: str, typed: TypedObject) -> None:
        base = base_of(self.data.get("base", ""))
        try:
            wanted = patched_policy(base, typed.value, prefix="")
        except InvalidFields as invalid:
            errors = [(typed.line_of(error.field), error.field, error.message) for error in invalid.errors]
            self._refuse(text, sorted(errors))
        else:
            self.mine = {change.field: change.new for change in policy_changes(base, wanted)}

    def _refuse(self, text: str, errors: list[tuple[int, str, str]]) -> None:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.problems = [
            (line, name, message, lines[line - 1].strip()[:120] if line <= len(lines) else "")
            for line, name, message in errors
        ]
        raise forms.ValidationError("Nothing is saved: see what is wrong above.")


class SaveForm(forms.Form):
    """A reviewed change: the patch as JSON, the state it was made on, and where the person came from."""

    changes = forms.CharField(max_length=MAX_TEXT, widget=forms.HiddenInput)
    base = BaseField()
    revision = RevisionField()
    back = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    note = NoteField()

    def clean_changes(self) -> dict[str, Any]:
        """An object; whether its members are fields of a policy is the service's question."""
        try:
            return read_object(self.cleaned_data["changes"]).value
        except UnreadableJson as unread:
            raise forms.ValidationError("The change cannot be read; make it again.") from unread


class SimulatorForm(forms.Form):
    """The navigation that is tried."""

    current = forms.CharField(
        label="The agent is on",
        required=False,
        empty_value="",
        max_length=MAX_URL_CHARS,
        widget=forms.TextInput(attrs={**_CODE, "inputmode": "url"}),
    )
    target = forms.CharField(
        label="It wants to open",
        required=False,
        empty_value="",
        max_length=MAX_URL_CHARS,
        widget=forms.TextInput(attrs={**_CODE, "inputmode": "url", "placeholder": "https://example.org/"}),
    )
    message = forms.CharField(
        label="The prompt",
        required=False,
        empty_value="",
        max_length=MAX_MESSAGE_CHARS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def initial_of(policy: Mapping[str, Any]) -> dict[str, Any]:
    """A full policy as the fields of `PolicyForm` show it."""
    return {
        name: "\n".join(policy[name]) if _is_lines(name) else policy[name]
        for name in POLICY_TEXTS
        if policy[name] is not None
    }


def as_json(value: object) -> str:
    """For hidden fields."""
    return json.dumps(value, separators=(",", ":"))


def base_of(text: str) -> dict[str, Any]:
    """The policy of a base field; the defaults for what is none, so that all that was typed counts."""
    try:
        return patched_policy({}, read_object(text).value)
    except (UnreadableJson, InvalidFields):
        return policy_defaults()


def _field(name: str) -> forms.Field:
    text, default = POLICY_TEXTS[name], policy_defaults()[name]
    words: dict[str, Any] = {"label": text.label, "help_text": text.help}
    if isinstance(default, bool):
        return forms.BooleanField(required=False, **words)
    if isinstance(default, int):
        low, high = range_of(name)
        number = forms.NumberInput(attrs={"min": low, "max": high})
        return forms.IntegerField(widget=number, **words)
    if _is_lines(name):
        box = forms.Textarea(attrs={**_CODE, "rows": 3})
        return forms.CharField(required=False, strip=False, empty_value="", widget=box, **words)
    if isinstance(default, list):
        several = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(
            required=False, choices=list(text.choices.items()), widget=several, **words
        )
    if text.choices:
        return forms.ChoiceField(choices=list(text.choices.items()), widget=forms.RadioSelect, **words)
    attrs = {"maxlength": AGENT_NAME_MAX} if name == "agentName" else {**_CODE, "inputmode": "url"}
    return forms.CharField(required=False, empty_value="", widget=forms.TextInput(attrs=attrs), **words)


def range_of(name: str) -> tuple[int, int]:
    """The least and the greatest value of a number's field, both allowed."""
    field = next(field for field in RoverPolicy.model_fields.values() if field.alias == name)
    low = next(each.ge for each in field.metadata if hasattr(each, "ge"))
    high = next(each.le for each in field.metadata if hasattr(each, "le"))
    return low, high


def _is_lines(name: str) -> bool:
    """Whether the field is a list that people write one entry a line."""
    return isinstance(policy_defaults()[name], list) and not POLICY_TEXTS[name].choices


def _numbered(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _value(name: str, typed: Any) -> Any:
    """What the form holds, as a policy holds it."""
    if _is_lines(name):
        return [line for _, line in _numbered(typed)]
    return None if typed == "" else typed
