"""Forms for a model: those that only ask, each with a number, and what it may put into them."""

from collections.abc import Mapping
from typing import Final

from tasks.executing.model.pages import squeeze
from tasks.executing.model.tools import ToolError
from tasks.executing.protocol import Form, FormField, PageView

_SECRET: Final = ("password", "file")
_MAX_CHOICES: Final = 40
_MAX_LABEL_CHARS: Final = 120


class Forms:
    """The forms that were seen, by number. The same form on another page keeps its number."""

    def __init__(self) -> None:
        self._forms: list[Form] = []

    def get(self, number: int) -> Form:
        """Raises: ToolError when there is none."""
        if number > len(self._forms):
            raise ToolError(f"There is no form {number}; pages that were read show {len(self._forms)}.")
        return self._forms[number - 1]

    def shown(self, page: PageView) -> str:
        """The forms of `page` that can be sent, with their fields; '' for none."""
        lines: list[str] = []
        for form in filter(_only_asks, page.forms):
            if form not in self._forms:
                self._forms.append(form)
            lines.append(f"Form {self._forms.index(form) + 1}: {_short(form.label)}")
            lines.extend(f"  {_described(field)}" for field in form.fields if field.kind != "hidden")
        if not all(map(_only_asks, page.forms)):
            lines.append("(Other forms of the page can not be sent: they do more than ask.)")
        return "\n".join(lines)


def values_for(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """What is sent for `given`: of a choice its value.

    Raises: ToolError for fields that the form does not have, or does not show; for a value that is no
    choice; for required fields without a value.
    """
    fields = {field.name: field for field in form.fields if field.kind != "hidden"}
    if not given.keys() <= fields.keys():
        raise ToolError("The form has no such field. It has:", ", ".join(fields))
    values = {name: _value(fields[name], said) for name, said in given.items()}
    missing = [name for name, field in fields.items() if field.required and not values.get(name, field.value)]
    if missing:
        raise ToolError(
            "These fields must have a value; ask for one that you do not know:", ", ".join(missing)
        )
    return values


def _only_asks(form: Form) -> bool:
    return form.method == "get" and all(field.kind not in _SECRET for field in form.fields)


def _value(field: FormField, said: str) -> str:
    if not field.options:
        return said
    wanted = squeeze(said).casefold()
    for value, label in field.options:
        if wanted in (squeeze(value).casefold(), squeeze(label).casefold()):
            return value
    if not said and not field.required:
        return said
    raise ToolError("The value is none of the choices of its field:", _described(field))


def _described(field: FormField) -> str:
    parts = [f"{field.name} ({field.kind}{', required' if field.required else ''})"]
    if field.label and field.label != field.name:
        parts.append(_short(field.label))
    if field.options:
        labels = [_short(label or value) for value, label in field.options[:_MAX_CHOICES]]
        parts.append(f"one of: {' | '.join(labels)}{' | …' if len(field.options) > _MAX_CHOICES else ''}")
    if field.value:
        parts.append(f"now: {_short(field.value)}")
    return "; ".join(parts)


def _short(text: str) -> str:
    return squeeze(text)[:_MAX_LABEL_CHARS]
