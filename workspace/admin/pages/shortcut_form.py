"""The form of one shortcut: what visitors see of it, and what agents know of it."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from workspace.admin.forms import CoreForm, RevisionField
from workspace.admin.pages.shortcuts_shared import SIDE_EFFECTS
from workspace.core.fields import FieldError, InvalidFields
from workspace.core.json_lines import UnreadableJson, read_object
from workspace.core.shortcut_lists import proposed_id
from workspace.core.shortcuts import PROMPT_MAX, validated_shortcuts

PREFIX = "shortcut"
_PLACE = re.compile(rf"{PREFIX}\[0\]\.(\w+)(?:\[(\d+)\])?")
_CODE = {"class": "rv-mono", "spellcheck": "false", "autocapitalize": "off"}
_ROUTING = {
    "": "not set",
    "auto": "the assistant decides",
    "act": "acts at once",
    "planner": "makes a plan first",
}
_RUN_KIND = {"": "not set", "guide": "shows the visitor how", "task": "does it"}
_SIDE_EFFECT = {"": "not set: agents expect that it orders, pays or sends"} | {
    name: f"It {words}" for name, words in SIDE_EFFECTS.items()
}
_INTERFACE = {
    "": "not set: a task",
    "task": "a task",
    "shortcut": "this shortcut in the page",
    "client_tool": "a tool of your page's script",
    "webmcp": "a WebMCP tool of your page",
}
_VISIBILITY = {"": "not set: they are", "public": "they are", "private": "they are not"}
_ASKS = {"": "not set: when it changes something", "true": "always", "false": "never"}


def _choice(label: str, words: Mapping[str, str], help_text: str = "") -> forms.ChoiceField:
    """The contract's name of each choice stands behind its words."""
    choices = [(name, f"{text} ({name})" if name else text) for name, text in words.items()]
    return forms.ChoiceField(label=label, choices=choices, required=False, help_text=help_text)


def _lines(label: str, rows: int, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, help_text=help_text, widget=forms.Textarea(attrs={"rows": rows})
    )


def _schema(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        strip=False,  # a line that went would be missed by the number of an error's line
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 8, **_CODE}),
    )


class ShortcutForm(CoreForm):
    """Fields have the contract's names; an empty one is not set. Lengths are checked by the core alone:
    browsers count in other units, and cut what is pasted without a word.

    `old_id`: the id of the shortcut that is edited, '' for a new one; `taken`: the ids of all others.
    """

    label = forms.CharField(label="Label", help_text="What the button says. At most 80 characters.")
    prompt = forms.CharField(
        label="Prompt",
        help_text=f"What the assistant is told. At most {PROMPT_MAX:,} characters. Agents do not read it.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    description = forms.CharField(
        label="Description", required=False, help_text="One line below the label. At most 200 characters."
    )
    icon = forms.CharField(label="Icon", required=False, help_text="An emoji.")
    enabled = forms.BooleanField(label="Switched on", required=False)
    routing = _choice("How the assistant goes about it", _ROUTING)
    runKind = _choice("What happens in the page", _RUN_KIND)  # noqa: N815 - the contract's name
    id = forms.CharField(
        label="Id",
        required=False,
        help_text="Letters, digits, dots, hyphens and underscores; in links and agents' calls.",
        widget=forms.TextInput(attrs=_CODE),
    )
    visibility = _choice(
        "Whether agents are told of it", _VISIBILITY, "Visitors see its button all the same."
    )
    sideEffect = _choice("What it can do", _SIDE_EFFECT)  # noqa: N815
    requiresConfirmation = _choice("Asks a person before it acts", _ASKS)  # noqa: N815
    preferredInterface = _choice("Best started by", _INTERFACE)  # noqa: N815
    tags = _lines("Tags", 3, "One per line, at most 16 of 40 characters.")
    examples = _lines("Examples", 4, "What somebody might ask; one per line, at most 6 of 220 characters.")
    inputSchema = _schema(  # noqa: N815
        "Input schema", "JSON Schema of what an agent hands over. At most 16 KiB."
    )
    outputSchema = _schema("Output schema", "JSON Schema of what comes back. At most 16 KiB.")  # noqa: N815
    version = RevisionField()

    PEOPLE = ("label", "prompt", "description", "icon", "enabled", "routing", "runKind", "id")
    AGENTS = (
        "visibility",
        "sideEffect",
        "requiresConfirmation",
        "preferredInterface",
        "tags",
        "examples",
        "inputSchema",
        "outputSchema",
    )

    def __init__(self, *args: Any, old_id: str = "", taken: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old_id, self._taken = old_id, taken

    @property
    def people(self) -> list[forms.BoundField]:
        """The fields about what visitors see."""
        return [self[name] for name in self.PEOPLE]

    @property
    def agents(self) -> list[forms.BoundField]:
        """The fields about what agents know."""
        return [self[name] for name in self.AGENTS]

    @property
    def proposed(self) -> str:
        """The id that an empty field stands for."""
        label = self["label"].value()
        return self.old_id or (proposed_id(str(label), self._taken) if label else "")

    def clean_id(self) -> str:
        """An empty id is the old one, or what the label says."""
        typed: str = self.cleaned_data["id"] or self.proposed
        if typed in self._taken:
            raise forms.ValidationError("Another shortcut has this id.")
        return typed

    def clean_inputSchema(self) -> dict[str, Any] | None:  # noqa: N802 - Django's naming
        """The object that was typed."""
        return _read_schema(self.cleaned_data["inputSchema"])

    def clean_outputSchema(self) -> dict[str, Any] | None:  # noqa: N802
        """The object that was typed."""
        return _read_schema(self.cleaned_data["outputSchema"])

    def clean(self) -> dict[str, Any]:
        """Each value under the contract's rules."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            validated_shortcuts([self.entry()], max_stored=1, prefix=PREFIX)
        except InvalidFields as invalid:
            for error in invalid.errors:
                self._add_core_error(error)
        return cleaned

    def entry(self, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The shortcut as the contract writes it. `kept`: what was stored; its place in the list, which no
        field here shows, stays."""
        typed = {name: self.cleaned_data.get(name) for name in (*self.PEOPLE, *self.AGENTS)}
        for name in ("tags", "examples"):
            typed[name] = [line.strip() for line in (typed[name] or "").splitlines() if line.strip()]
        asks = typed["requiresConfirmation"]
        typed["requiresConfirmation"] = asks == "true" if asks else None
        order = {"order": kept["order"]} if kept and "order" in kept else {}
        set_ones = {name: value for name, value in typed.items() if value not in (None, "", [])}
        return {**set_ones, **order}

    def _add_core_error(self, error: FieldError) -> None:
        place = _PLACE.match(error.field)
        name, number = (place[1], place[2]) if place else (None, None)
        if name in self.errors or (name == "id" and not self.cleaned_data.get("id")):
            return  # said already; an id is missing only where the label is
        field = name if name in self.fields else None
        self.add_error(field, f"Entry {int(number) + 1}: {error.message}" if number else error.message)

    @classmethod
    def initial_of(cls, shortcut: Mapping[str, Any]) -> dict[str, Any]:
        """What the fields show of a stored shortcut."""
        shown = dict(shortcut)
        for name in ("tags", "examples"):
            shown[name] = "\n".join(shortcut.get(name) or [])
        for name in ("inputSchema", "outputSchema"):
            if shortcut.get(name) is not None:
                shown[name] = json.dumps(shortcut[name], ensure_ascii=False, indent=2)
        asks = shortcut.get("requiresConfirmation")
        return shown | {"requiresConfirmation": "" if asks is None else str(asks).lower()}


def _read_schema(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        return read_object(text).value
    except UnreadableJson as unreadable:
        raise forms.ValidationError(f"Line {unreadable.line}: {unreadable.message}") from None
