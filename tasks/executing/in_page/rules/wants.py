"""What each field of a form is to hold: by the visitor's answers, else by what the wish names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.acted import is_secret_field
from tasks.executing.in_page.forms import CHOICE_ROLES, SeenForm, group_label, is_usable, label_of
from tasks.executing.in_page.page import MASK, SeenNode
from tasks.executing.in_page.rules.values import (
    EMAIL,
    FieldKind,
    Given,
    find_date,
    find_time,
    folded_long,
    kind_of,
    number_in,
    unquoted,
)
from tasks.executing.rules.asking import Answers, chosen
from tasks.executing.rules.ranking import covers
from tasks.executing.rules.words import STOP, fold, stem, subject_of

CHOICES_MAX: Final = 20
_NO_CHOICE: Final = re.compile(
    r"^\W*$|^\W*(?:please|choose|select|pick|bitte|waehlen?|auswaehlen|auswahl|--|any|not? (?:selected"
    r"|choice)|keine auswahl)\b"
)
_STAR: Final = re.compile(r"\*|\((?:required|erforderlich|pflichtfeld)\)", re.I)
_ONCE: Final = frozenset({FieldKind.DATE, FieldKind.TIME, FieldKind.COUNT})
_YES: Final = re.compile(
    r"^(?:yes|y|true|on|ok(?:ay)?|sure|agreed?|accept(?:ed)?|i (?:do|agree|accept)|ja|gerne|einverstanden"
    r"|akzeptier\w*|zustimm\w*)\b"
)
_ACCEPTS: Final = re.compile(r"\b(?:accept|agree|consent|akzeptier\w*|zustimm\w*|stimme|einverstanden)\b")
_TERMS: Final = re.compile(
    r"\b(?:terms|conditions|privacy|policy|gdpr|agb|datenschutz\w*|bedingungen|nutzungsbedingungen)\b"
)
_DATE_HINTS: Final = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"[yj]{4}-m{2}", "%Y-%m-%d"),
        (r"\b[dt]{1,2}\.m{1,2}\.", "%d.%m.%Y"),
        (r"\bm{2}/d{2}/", "%m/%d/%Y"),
        (r"\bd{2}/m{2}/", "%d/%m/%Y"),
    )
)
_BEHIND: Final = (
    r"\s*(?:is|ist|=|:)?\s+(\"[^\"]+\"|“[^”]+”|„[^“]+“|[^\s,;.][^,;]*?)"
    r"(?=\s*(?:[,;]|$)|\.(?:\s|$)|\s+(?:and|und|with|mit|at|um|on|am|for|für)\s)"
)


@dataclass(slots=True, kw_only=True)
class Want:
    """A field, or the radio buttons of one question, and what it is to hold.

    `value`: text, or the label of a choice, 'on' and 'off' for a box; None: nothing is known. `problem`: what
    is wrong with a value that was given. `choices`: what can be chosen.
    """

    nodes: list[SeenNode]
    key: str
    label: str
    kind: FieldKind
    required: bool
    value: str | None = None
    problem: str = ""
    choices: tuple[str, ...] = ()
    is_secret: bool = False

    @property
    def node(self) -> SeenNode:
        """The field, or the radio button that is wanted."""
        if self.nodes[0].role == "radio" and self.value is not None:
            return next((node for node in self.nodes if label_of(node) == self.value), self.nodes[0])
        return self.nodes[0]

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing now."""
        first = self.nodes[0]
        if first.role in CHOICE_ROLES:
            return not any(node.props.get("checked") in ("true", True) for node in self.nodes)
        return first.prop("value") == "" or (
            bool(first.options) and bool(_NO_CHOICE.search(folded(first.prop("value"))))
        )

    @property
    def is_met(self) -> bool:
        """Whether it holds what it is to hold."""
        if self.value is None:
            return True
        if self.nodes[0].role in CHOICE_ROLES:
            is_on = self.node.props.get("checked") in ("true", True)
            return is_on == (self.value != "off")
        held = self.nodes[0].prop("value")
        return held == MASK or _same(held, self.value)


def wants_of(form: SeenForm, given: Given, answers: Answers) -> list[Want]:
    """The fields of a form that can be filled, in reading order."""
    wants = list(_bare(form))
    used: set[int] = set()
    known: set[FieldKind] = set()
    for want in wants:
        if not want.is_secret and want.nodes[0].prop("type") != "file":
            _resolve(want, wants, given, used, known)
    for want in wants:
        if want.key in answers:
            _answer(want, answers.value(want.key) or "", given)
    for want in wants:
        if want.required and want.value is None and want.is_empty and not want.is_secret:
            said = answers.value(want.key)
            if said is not None:
                _answer(want, said, given)
    return wants


def _bare(form: SeenForm) -> Iterable[Want]:
    taken: set[str] = set()
    groups: dict[str, Want] = {}
    for node in form.fields:
        if not is_usable(node):
            continue
        if node.role == "radio":
            name = node.prop("name") or group_label(node)
            if name in groups:
                groups[name].nodes.append(node)
                groups[name].choices += (label_of(node),)
                groups[name].required |= _is_required(node)
                continue
        want = _want(node, taken)
        taken.add(want.key)
        if node.role == "radio":
            groups[node.prop("name") or group_label(node)] = want
        yield want


def _want(node: SeenNode, taken: set[str]) -> Want:
    is_radio = node.role == "radio"
    label = (group_label(node) if is_radio else "") or label_of(node)
    name = node.prop("name")
    key = (name or re.sub(r"\W+", "_", fold(label)).strip("_") or "field")[:60]
    while key in taken:
        key += "_2"
    choices = tuple(each for each in node.options if not _NO_CHOICE.search(folded(each)))
    return Want(
        nodes=[node],
        key=key,
        label=label or key,
        kind=kind_of(kind=node.prop("type"), field=name, words=f"{label} {node.prop('placeholder')}"),
        required=_is_required(node),
        choices=(label_of(node),) if is_radio else choices,
        is_secret=is_secret_field(node),
    )


def _is_required(node: SeenNode) -> bool:
    return node.has("required") or _STAR.search(node.name) is not None


def _resolve(want: Want, wants: Sequence[Want], given: Given, used: set[int], known: set[FieldKind]) -> None:
    """What the wish itself says of the field."""
    for at, (name, value) in enumerate(given.pairs):
        if at not in used and want_named(wants, name) is want:
            used.add(at)
            take(want, value, given)
            return
    if want.nodes[0].role in ("checkbox", "switch"):
        _resolve_box(want, given)
        return
    if want.choices:
        want.value = _choice_in(want, given)
        return
    said = "" if want.kind in known else _by_kind(want, given)
    if said and want.kind in _ONCE:
        # one day is not both arrival and departure
        known.add(want.kind)
    said = said or _behind_label(want, given.text)
    if said:
        take(want, said, given)


def want_named(wants: Sequence[Want], name: str) -> Want | None:
    """The field of that label or name: the whole of it, else all of the given words."""
    wanted = fold(name).strip(" *:")
    for want in wants:
        if wanted in (fold(want.label).strip(" *:"), fold(want.key), fold(want.nodes[0].prop("placeholder"))):
            return want
    terms = subject_of(name) or (stem(wanted),)
    near = [want for want in wants if covers(terms, f"{want.label} {want.key.replace('_', ' ')}")]
    if not near:
        kind = kind_of(kind="", field="", words=name)
        near = [want for want in wants if kind is not FieldKind.OTHER and want.kind is kind]
    return near[0] if len(near) == 1 else None


def _by_kind(want: Want, given: Given) -> str:
    names = given.name.split()
    known = {
        FieldKind.EMAIL: given.email,
        FieldKind.PHONE: given.phone,
        FieldKind.NAME: given.name,
        FieldKind.FIRST_NAME: names[0] if len(names) > 1 else "",
        FieldKind.LAST_NAME: names[-1] if len(names) > 1 else "",
        FieldKind.DATE: given.day.isoformat() if given.day is not None else "",
        FieldKind.TIME: _clock(given.time) if given.time is not None else "",
        FieldKind.COUNT: str(given.count) if given.count is not None else "",
    }
    return known.get(want.kind, "")


def _behind_label(want: Want, text: str) -> str:
    """What stands behind the field's own label in the wish: `city Berlin`."""
    label = fold(want.label)
    if (
        (want.kind is not FieldKind.OTHER and want.kind is not FieldKind.MESSAGE)
        or len(label) < 3
        or len(label) > 40
    ):
        return ""
    if want.label.casefold() not in text.casefold():
        return ""
    found = re.search(rf"(?<!\w){re.escape(want.label)}(?!\w){_BEHIND}", text, re.I)
    return unquoted(found[1]) if found else ""


def _choice_in(want: Want, given: Given) -> str | None:
    """The choice that the wish names: by kind, else by its words."""
    for choice in want.choices:
        plain = folded(choice)
        if want.kind is FieldKind.COUNT and given.count is not None and number_in(plain) == given.count:
            return choice
        if given.time is not None and find_time(plain) == given.time:
            return choice
        if given.day is not None and find_date(plain, given.day)[0] == given.day:
            return choice
    text = f" {folded_long(given.text)} "
    named = [
        choice
        for choice in want.choices
        if folded(choice) not in STOP
        and folded(choice) not in ("yes", "no", "ja", "nein")
        and _is_said(choice, text, given.text)
    ]
    longest = max(map(len, named), default=0)
    named = [choice for choice in named if len(choice) == longest or want.nodes[0].role == "listbox"]
    return named[0] if len(named) == 1 else None


def _is_said(choice: str, text: str, raw: str) -> bool:
    if len(choice) <= 2:
        return re.search(rf"(?<![\w.]){re.escape(choice)}(?![\w.])", raw) is not None and not choice.isdigit()
    plain = re.sub(r"\s*[(+–-].*$", "", folded(choice)).strip() or folded(choice)
    return not plain.isdigit() and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text) is not None


def _resolve_box(want: Want, given: Given) -> None:
    """Terms are accepted only by who says so."""
    plain = folded_long(given.text)
    if _TERMS.search(folded(want.label)) and _ACCEPTS.search(plain) and _TERMS.search(plain):
        want.value = "on"


def _answer(want: Want, said: str, given: Given) -> None:
    if want.nodes[0].role in ("checkbox", "switch"):
        want.value = "on" if _YES.match(folded(said)) else "off"
        return
    take(want, said, given)


def take(want: Want, said: str, given: Given) -> None:
    """Give `want` the value `said` in the form that its field needs, or note what is wrong with it."""
    want.problem = ""
    said = unquoted(said)
    if want.nodes[0].role in ("checkbox", "switch"):
        want.value = "on" if _YES.match(folded(said)) else "off"
    elif want.choices:
        want.value = match_choice(said, want.choices)
        want.problem = "" if want.value is not None else said
    elif want.kind is FieldKind.EMAIL:
        found = EMAIL.search(said)
        want.value, want.problem = (found[0], "") if found else (None, said)
    elif want.kind is FieldKind.DATE:
        want.value = _date_for(want.nodes[0], said, given)
        want.problem = "" if want.value is not None else said
    elif want.kind is FieldKind.TIME and want.nodes[0].prop("type") == "time":
        time = find_time(folded(said))
        want.value, want.problem = (_clock(time), "") if time else (None, said)
    elif want.nodes[0].role in ("spinbutton", "slider"):
        number = re.search(r"-?\d+(?:[.,]\d+)?", said)
        counted = number_in(said)
        want.value = number[0].replace(",", ".") if number else str(counted) if counted is not None else None
        want.problem = "" if want.value is not None else said
    else:
        want.value = said or None


def match_choice(said: str, choices: Sequence[str]) -> str | None:
    """Which choice is meant; None when none or several."""
    plain = folded(said)
    time = find_time(plain)
    for choice in choices:
        if folded(choice) == plain or (time is not None and find_time(folded(choice)) == time):
            return choice
    number = number_in(said)
    if plain.isdigit() or (number is not None and len(plain.split()) == 1):
        counted = [choice for choice in choices if number_in(choice) == number]
        if len(counted) == 1:
            return counted[0]
        if any(number_in(choice) is not None for choice in choices):
            return None
    at = chosen(said, choices)
    return None if at is None else choices[at]


def _date_for(node: SeenNode, said: str, given: Given) -> str | None:
    day, _ = find_date(folded(said), given.today)
    if day is None:
        return None
    if node.prop("type") == "datetime-local":
        time = find_time(folded(said)) or given.time
        return f"{day.isoformat()}T{_clock(time)}" if time else None
    if node.prop("type") == "date":
        return day.isoformat()
    hint = folded(f"{node.prop('placeholder')} {node.name}")
    by_hint = next((form for pattern, form in _DATE_HINTS if pattern.search(hint)), None)
    return f"{day:{by_hint or ('%d.%m.%Y' if given.language == 'de' else '%Y-%m-%d')}}"


def _clock(time: tuple[int, int]) -> str:
    return f"{time[0]:02}:{time[1]:02}"


def _same(held: str, wanted: str) -> bool:
    """Pages write phone numbers and amounts in their own way."""
    if folded(held) == folded(wanted):
        return True
    one, other = re.sub(r"[\W_]", "", folded(held)), re.sub(r"[\W_]", "", folded(wanted))
    if one == other:
        return True
    return other.isdigit() and one.isdigit() and one.lstrip("0") == other.lstrip("0")
