"""The forms of a seen page. A form without a name leaves no node, so it is found by what a person goes by:
fields that follow each other in one part of the page, up to the buttons behind them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.page import SeenNode, SeenPage

TEXT_ROLES: Final = frozenset({"textbox", "searchbox", "combobox", "spinbutton", "slider"})
CHOICE_ROLES: Final = frozenset({"checkbox", "radio", "switch"})
FIELD_ROLES: Final = TEXT_ROLES | CHOICE_ROLES | {"listbox"}
BUTTON_ROLES: Final = frozenset({"button"})
_FORM_ROLES: Final = frozenset({"form", "search", "dialog", "alertdialog"})
_PARTS: Final = _FORM_ROLES | {
    *("main", "region", "article", "banner", "contentinfo", "navigation", "complementary", "tabpanel"),
    *("iframe", "table", "toolbar"),
}
_SEARCH_NAMES: Final = frozenset(
    {"q", "s", "query", "search", "suche", "suchbegriff", "keyword", "keywords", "term"}
)
_SEARCH: Final = re.compile(r"\b(?:search|suche?n?|find|finden|durchsuchen|look ?up)\b")
_HELPER: Final = re.compile(
    r"^(?:[^\w]*|show|hide|anzeigen|verbergen|(?:show|hide) password|clear|reset|close|schliessen|menu"
    r"|menue|info|help|"
    r"hilfe|increase.*|decrease.*|erhoehen|verringern|zuruecksetzen|(?:choose|select|pick|open"
    r"|waehle?n?) .*(?:date|"
    r"calendar|datum|kalender|file|datei).*|upload.*|browse.*|next month|previous month)$"
)
_CANCEL: Final = re.compile(
    r"\b(?:cancel|reset|clear|back|close|abbrechen|zurueck|zuruecksetzen|schliessen|not now|later|skip"
    r"|spaeter|"
    r"forgot.*|delete|loeschen|remove|entfernen|preview|vorschau|save draft|entwurf)\b"
)
_SUBMIT: Final = re.compile(
    r"\b(?:submit|send|order|book|reserve|request|subscribe|sign ?up|register|search|find|save|continue"
    r"|next|go|apply"
    r"|pay|buy|checkout|place|confirm|log ?in|sign ?in|post|join|create|update|get|donate|absenden|senden"
    r"|abschicken"
    r"|schicken|bestell\w*|buch\w*|reservier\w*|anfrag\w*|abonnier\w*|anmelden|registrier\w*|such\w*"
    r"|finden|speichern"
    r"|weiter|bezahl\w*|kauf\w*|bestaetig\w*|einloggen|uebernehmen|jetzt)\b"
)


@dataclass(slots=True, kw_only=True, eq=False)
class SeenForm:
    """Fields in reading order with the buttons behind them. `title`: its name, or the heading it stands
    under; `part`: what it stands in."""

    fields: list[SeenNode] = field(default_factory=list)
    buttons: list[SeenNode] = field(default_factory=list)
    title: str = ""
    part: SeenNode | None = None

    @property
    def submit(self) -> SeenNode | None:
        """What sends it, as far as words tell."""
        usable = [button for button in self.buttons if not _CANCEL.search(folded(button.words))]
        named = [button for button in usable if _SUBMIT.search(folded(button.words))]
        native = [button for button in usable if button.prop("type") == "submit"]
        found = named or native or usable
        return found[0] if found else None

    @property
    def about(self) -> str:
        """All that it is called by."""
        submit = self.submit
        return " ".join(
            filter(None, (self.title, submit.words if submit else "", *map(label_of, self.fields)))
        )


def forms_of(page: SeenPage) -> list[SeenForm]:
    """The forms in reading order."""
    parts = _parts(page)
    headings: dict[int, str] = {}
    open_forms: dict[int, SeenForm] = {}
    found: list[SeenForm] = []
    for node in page.nodes:
        part = parts[node.at]
        place = -1 if part is None else part.at
        if node.role == "heading":
            headings[place] = node.words
        elif is_field(node):
            form = open_forms.get(place)
            is_closed = form is not None and form.buttons and (part is None or part.role not in _FORM_ROLES)
            if form is None or is_closed:
                title = part.name if part is not None and part.role in _FORM_ROLES and part.name else ""
                form = SeenForm(title=title or headings.get(place, ""), part=part)
                open_forms[place] = form
                found.append(form)
            form.fields.append(node)
        elif node.role in BUTTON_ROLES and node.id is not None and not _HELPER.match(folded(node.words)):
            form = open_forms.get(place)
            if form is not None and not node.props.get("expanded"):
                form.buttons.append(node)
    return found


def form_of(page: SeenPage, node: SeenNode) -> SeenForm | None:
    """The form that a field or a button belongs to."""
    return next((form for form in forms_of(page) if node in form.fields or node in form.buttons), None)


def is_field(node: SeenNode) -> bool:
    """Whether it can be filled, ticked or chosen from."""
    if node.id is None:
        return False
    return node.role in FIELD_ROLES or (node.role == "button" and node.prop("type") == "file")


def is_search_form(form: SeenForm) -> bool:
    """Whether it only looks for words."""
    typed = [each for each in form.fields if each.role in TEXT_ROLES]
    box = search_box(form)
    if box is None or len(typed) > 2:
        return False
    submit = form.submit
    return (
        submit is None or not submit.words or bool(_SEARCH.search(folded(submit.words))) or is_search_box(box)
    )


def search_box(form: SeenForm) -> SeenNode | None:
    """The field that takes the words to look for."""
    boxes = [node for node in form.fields if is_search_box(node) and is_usable(node)]
    if boxes:
        return boxes[0]
    inside = form.part is not None and form.part.role == "search"
    typed = [node for node in form.fields if node.role in ("textbox", "combobox") and not node.options]
    return typed[0] if inside and typed else None


def is_search_box(node: SeenNode) -> bool:
    """Whether the field takes words to look for."""
    if node.role == "searchbox" or node.prop("type") == "search":
        return True
    if node.role not in ("textbox", "combobox") or node.options:
        return False
    words = folded(f"{node.name} {node.prop('placeholder')}")
    return node.prop("name").lower() in _SEARCH_NAMES or (
        len(words.split()) <= 6 and bool(_SEARCH.search(words))
    )


def is_usable(node: SeenNode) -> bool:
    """Whether a person could use it now."""
    return not (node.has("disabled") or node.has("readonly"))


def label_of(node: SeenNode) -> str:
    """What people call a field, without its star."""
    said = node.name or node.prop("placeholder") or node.prop("name").replace("_", " ").replace("-", " ")
    return said.strip(" *:")


def group_label(node: SeenNode) -> str:
    """What a radio button is a choice for."""
    for around in node.around():
        if around.role in ("group", "radiogroup") and around.name:
            return around.name.strip(" *:")
        if around.role in _PARTS:
            break
    return node.prop("name").replace("_", " ").replace("-", " ")


def radio_groups(fields: Sequence[SeenNode]) -> list[list[SeenNode]]:
    """Radio buttons by the question that they answer."""
    groups: dict[str, list[SeenNode]] = {}
    for node in fields:
        if node.role == "radio":
            groups.setdefault(node.prop("name") or group_label(node), []).append(node)
    return list(groups.values())


def _parts(page: SeenPage) -> list[SeenNode | None]:
    """For every node the part of the page that it stands in; a form counts before what is around it."""
    found: list[SeenNode | None] = []
    for node in page.nodes:
        above = node.above
        found.append(None if above is None else above if above.role in _PARTS else found[above.at])
    return found
