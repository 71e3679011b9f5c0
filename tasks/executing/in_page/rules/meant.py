"""Which form of a page a wish is about, and the way to one that is not to be seen yet."""

import re
from itertools import islice
from typing import Final

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.forms import TEXT_ROLES, SeenForm, is_search_form, is_usable, label_of
from tasks.executing.in_page.page import SeenNode
from tasks.executing.in_page.protocol import Ask, Decision
from tasks.executing.in_page.rules.goals import Goal
from tasks.executing.in_page.rules.pressing import LEADS_MAX, TRIES
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.situation import Purpose, Situation
from tasks.executing.in_page.rules.targets import find_lead, menu_button, words_of
from tasks.executing.in_page.rules.wants import want_named, wants_of
from tasks.executing.protocol import Question
from tasks.executing.rules.asking import chosen
from tasks.executing.rules.ranking import coverage, covers
from tasks.executing.rules.words import stems

FORMS_MAX: Final = 60
_FAIR: Final = 0.5
# words of a wish for a form, and the words by which such a form goes
_SORTS: Final = tuple(
    (re.compile(wish), re.compile(form), tuple(stems(leads)))
    for wish, form, leads in (
        (
            r"newsletter|subscrib|abonn",
            r"newsletter|subscrib|abonn|mailing list|updates",
            "newsletter subscribe abonnieren",
        ),
        (
            r"\bbook|reserv|\bbuch|\btisch|\btable|appointment|termin",
            r"\bbook|reserv|\bbuch|\btisch|\btable|appointment|termin",
            "reservation reservations book booking reserve reservierung reservieren buchen table tisch "
            "termin",
        ),
        (
            r"\bregist|sign (?:me |us )?up|account|konto",
            r"regist|sign ?up|account|konto|join",
            "register signup account registrieren konto",
        ),
        (r"\bappl|bewerb", r"\bappl|bewerb", "apply application jobs bewerbung karriere"),
        (
            r"\border|bestell|\bbuy|kauf",
            r"\border|bestell|checkout|kasse|\bbuy",
            "order checkout bestellen kasse",
        ),
        (
            r"contact|message|\bsend\b.*\be-?mail|\bschick\w*\b.*\bmail|enquir|inquir|write|kontakt"
            r"|nachricht|anfrag|schreib",
            r"contact|message|enquir|inquir|get in touch|kontakt|nachricht|anfrag|anliegen|send",
            "contact message enquiry kontakt nachricht anfrage",
        ),
    )
)


def sort_of(text: str) -> tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]] | None:
    """What sort of form a wish speaks of: patterns of wish and form, and words that lead to it."""
    return next((sort for sort in _SORTS if sort[0].search(folded(text))), None)


def form_meant(situation: Situation) -> SeenForm | Ask | None:
    """The form that the wish is about: by its sort, its words, and the values that it has fields for."""
    usable = (form for form in situation.forms if any(map(is_usable, form.fields)))
    forms = [form for form in islice(usable, FORMS_MAX) if not is_search_form(form)]
    goal = situation.goal
    if not forms:
        return None
    filled = [form for form in forms if any(was_filled(situation, node) for node in form.fields)]
    if filled:
        return filled[0]
    scores = [(_score(situation, form, goal), form) for form in forms]
    best = max(score for score, _ in scores)
    return _one_of(situation, [form for score, form in scores if score == best]) if best > 0 else None


def _one_of(situation: Situation, forms: list[SeenForm]) -> SeenForm | Ask:
    """The one of several that the visitor chose; those of one name are the same."""
    labels = [_label(form) for form in forms]
    if len(set(labels)) == 1:
        return forms[0]
    said = situation.answers.value("which_form")
    at = chosen(said, labels) if said else None
    if at is not None:
        return forms[at]
    message = say("which_form", situation.language)
    choices = tuple(dict.fromkeys(labels))
    return Ask(message=message, questions=(Question(key="which_form", query=message, choices=choices),))


def _label(form: SeenForm) -> str:
    submit = form.submit
    return form.title or (submit.words if submit else "") or ", ".join(map(label_of, form.fields[:3]))


def _score(situation: Situation, form: SeenForm, goal: Goal) -> float:
    """0 for a form that is not meant."""
    about = f"{form.about} {situation.title if not form.part or form.part.role in ('main', 'form') else ''}"
    sort = sort_of(goal.text)
    fits_sort = sort is not None and sort[1].search(folded(about)) is not None
    if sort is not None and not fits_sort and not (goal.terms and covers(goal.terms, about)):
        return 0.0
    wants = wants_of(form, situation.given, situation.answers)
    named = {id(want) for name, _ in situation.given.pairs if (want := want_named(wants, name))}
    met = sum(1 for want in wants if want.value is not None) + len(named)
    typed = [want for want in wants if want.nodes[0].role in TEXT_ROLES or want.choices]
    if sort is not None:
        submit = form.submit
        title_fits = sort[1].search(folded(f"{form.title} {submit.words if submit else ''}")) is not None
        return 2.0 + title_fits + 0.1 * min(met, 9)
    if goal.terms and coverage(goal.terms, about) >= _FAIR:
        return 1.0 + 0.1 * min(met, 9)
    if met and (not goal.terms or met >= 2):
        return 0.5 + 0.1 * min(met, 9)
    alone = [each for each in situation.forms if not is_search_form(each)]
    return 0.1 if len(alone) == 1 and not goal.terms and typed else 0.0


def find_form(situation: Situation) -> Decision:
    """The way to a form: a link, a button that opens it, a menu; else the end."""
    goal = situation.goal
    if situation.made(Purpose.SUBMIT):
        last = situation.made(Purpose.SUBMIT)[-1]
        return situation.give_up("unverified", "unverified", what=last.what)
    sort = sort_of(goal.text)
    if len(situation.made(Purpose.LEAD)) < LEADS_MAX:
        link = find_lead(situation.page, goal.terms, sort[2] if sort else (), situation.visited)
        if link is not None:
            call = situation.call(Purpose.LEAD, "click_element", element_id=link.id)
            return situation.calls([call], "leading", what=words_of(link))
    opener = _opener(situation, sort[1]) if sort else None
    opened = situation.made(Purpose.OPEN)
    if opener is None and len(opened) < TRIES:
        opener = menu_button(situation.page, {made.done.target for made in opened})
    if opener is not None:
        call = situation.call(Purpose.OPEN, "click_element", element_id=opener.id)
        return situation.calls([call], "opening_menu", what=words_of(opener))
    return situation.give_up("form_not_found", "no_form")


def _opener(situation: Situation, sort: re.Pattern[str]) -> SeenNode | None:
    """A button that may open the form, such as "Book a table"."""
    tried = {made.done.target for made in situation.made(Purpose.OPEN)}
    for node in situation.page.nodes:
        is_button = node.role in ("button", "tab") and node.id is not None and is_usable(node)
        if is_button and node.shown not in tried and sort.search(folded(words_of(node))):
            return node
    return None


def was_filled(situation: Situation, node: SeenNode) -> bool:
    """Whether the field was filled for this goal."""
    return any(made.done.target == node.shown for made in situation.made(Purpose.FILL))
