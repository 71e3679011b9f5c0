"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lxml import html

Fields = dict[str, list[str]]


@dataclass(frozen=True)
class Form:
    """A form with the values that it has when the page is opened. `action` is its path; `choices` are the
    fields whose values the page offers, `buttons` the name and value of each button that has one, `checks` the
    fields that may well have no value."""

    action: str
    method: str
    fields: Fields
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)

    @property
    def chosen(self) -> list[str]:
        """The fields that nobody types into."""
        return [name for name in self.fields if name in self.choices or name in self.hidden]


def forms_in(page: str, at: str) -> list[Form]:
    """Every form of a page that was found at the path `at`."""
    if "<form" not in page:
        return []
    document = html.fromstring(page)
    return [_form(element, document, at) for element in document.iter("form")]


def links_in(page: str, at: str) -> list[str]:
    """Where the links of a page lead that carry a query: path and query, in the server itself."""
    if "<a " not in page:
        return []
    leads = [urlsplit(urljoin(at, one.get("href", ""))) for one in html.fromstring(page).iter("a")]
    return [f"{one.path}?{one.query}" for one in leads if one.query and not one.netloc]


def _form(element: html.HtmlElement, document: html.HtmlElement, at: str) -> Form:
    fields: Fields = {}
    choices: dict[str, list[str]] = {}
    buttons: list[tuple[str, str]] = []
    hidden: set[str] = set()
    checks: set[str] = set()
    for control in _controls(element, document):
        name = control.get("name", "")
        kind = (control.get("type") or "").lower()
        if control.tag == "button" or kind in ("submit", "image", "reset", "button"):
            if name and kind not in ("reset", "button"):
                buttons.append((name, control.get("value", "")))
            continue
        if not name or control.get("disabled") is not None:
            continue
        if name == "csrfmiddlewaretoken":
            continue
        fields.setdefault(name, [])
        if kind == "hidden":
            hidden.add(name)
        if control.tag == "select":
            _select(control, name, fields, choices)
        elif control.tag == "textarea":
            fields[name].append((control.text_content() or "").removeprefix("\n"))
        elif kind in ("checkbox", "radio"):
            choices.setdefault(name, []).append(control.get("value", "on"))
            if kind == "checkbox":
                checks.add(name)
            if control.get("checked") is not None:
                fields[name].append(control.get("value", "on"))
        else:
            fields[name].append(control.get("value", ""))
    action = urlsplit(urljoin(at, element.get("action") or at)).path
    return Form(action, (element.get("method") or "get").lower(), fields, choices, buttons, hidden, checks)


def _controls(element: html.HtmlElement, document: html.HtmlElement) -> list[html.HtmlElement]:
    """Those inside, and those elsewhere on the page that name the form."""
    tags = ("input", "select", "textarea", "button")
    inside = [one for one in element.iter(*tags) if one.get("form") is None]
    if name := element.get("id"):
        inside += [one for one in document.iter(*tags) if one.get("form") == name]
    return inside


def _select(control: html.HtmlElement, name: str, fields: Fields, choices: dict[str, list[str]]) -> None:
    options = [(one.get("value", one.text_content().strip()), one) for one in control.iter("option")]
    choices.setdefault(name, []).extend(value for value, _ in options)
    chosen = [value for value, one in options if one.get("selected") is not None]
    if not chosen and options and control.get("multiple") is None:
        chosen = [options[0][0]]
    fields[name].extend(chosen)
