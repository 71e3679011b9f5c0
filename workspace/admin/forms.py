"""What the pages' forms share: errors of the core on the field that they belong to."""

from collections.abc import Mapping
from typing import Any

from django import forms

from workspace.core.fields import InvalidFields


class CoreForm(forms.Form):
    """A form whose values the core checks. `core_names` maps the contract's names to the form's fields;
    an error of a name that is not listed goes to the field of its longest listed beginning, else above the
    form."""

    core_names: Mapping[str, str] = {}
    required_css_class = "required"

    def add_core_errors(self, invalid: InvalidFields) -> None:
        """Show each error of the core where it belongs."""
        for error in invalid.errors:
            self.add_error(self._field_of(error.field), error.message)

    def _field_of(self, name: str) -> str | None:
        begins = [
            known for known in self.core_names if name == known or name.startswith((f"{known}.", f"{known}["))
        ]
        return self.core_names[max(begins, key=len)] if begins else None


class RevisionField(forms.IntegerField):
    """The state on which an edit was made; hidden, so that an edit of an old state can be refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, widget=forms.HiddenInput, **kwargs)


class NoteField(forms.CharField):
    """Why a change was made, for the audit log."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Note for the audit log", max_length=200, required=False, empty_value="", **kwargs
        )
