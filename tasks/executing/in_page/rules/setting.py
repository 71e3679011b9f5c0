"""Goals that set one thing: a field, a choice, a box."""

from collections.abc import Sequence

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.forms import SeenForm, is_field, is_usable
from tasks.executing.in_page.protocol import Ask, Decision
from tasks.executing.in_page.rules.filling import fill, for_the_person, give_up_field, question
from tasks.executing.in_page.rules.goals import Goal, same_words
from tasks.executing.in_page.rules.pressing import next_click
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.situation import Situation
from tasks.executing.in_page.rules.values import Given
from tasks.executing.in_page.rules.wants import Want, match_choice, take, want_named, wants_of
from tasks.executing.rules.ranking import covers


def next_set(situation: Situation) -> Decision | None:
    """What to do for a SET goal: one field filled, one choice made, one box ticked; None when it is so."""
    goal = situation.goal
    fields = [node for node in situation.page.nodes if is_field(node) and is_usable(node)]
    whole = SeenForm(fields=fields)
    wants = wants_of(whole, situation.given, situation.answers)
    for each in wants:
        each.value, each.problem = None, ""
    want = _want_meant(wants, goal, situation.given)
    if want is None:
        return _set_by_button(situation, goal)
    if want.is_secret:
        return for_the_person(situation, want)
    if want.value is None and (said := situation.answers.value(want.key)):
        take(want, said, situation.given)
    if want.value is None:
        problem = say("not_a_choice", situation.language, what=goal.phrase[:100])
        return Ask(message=problem, questions=(question(situation, want),))
    return None if want.is_met else _filled(situation, want)


def _filled(situation: Situation, want: Want) -> Decision:
    call = fill(situation, want, ())
    if call is None:
        return give_up_field(situation, want)
    return situation.calls([call], "filling", what=want.label)


def _want_meant(wants: Sequence[Want], goal: Goal, given: Given) -> Want | None:
    """The field that is meant, with its value if the wish's fits it."""
    if goal.field:
        named = want_named(wants, goal.field)
        if named is not None:
            take(named, goal.phrase, given)
        return named
    if goal.value:
        boxes = [want for want in wants if want.nodes[0].role in ("checkbox", "switch")]
        exact = [want for want in boxes if same_words(want.label, goal.phrase)]
        fitting = exact or [want for want in boxes if covers(goal.terms, want.label)]
        if len(fitting) == 1:
            fitting[0].value = goal.value
            return fitting[0]
    return _by_choice([want for want in wants if want.choices], goal)


def _by_choice(wants: Sequence[Want], goal: Goal) -> Want | None:
    """The one field that offers what was said."""
    matched = [(want, choice) for want in wants if (choice := match_choice(goal.phrase, want.choices))]
    for found in (matched, _named_choices(wants, goal.phrase)):
        if len(found) == 1:
            found[0][0].value = found[0][1]
            return found[0][0]
    return None


def _named_choices(wants: Sequence[Want], phrase: str) -> list[tuple[Want, str]]:
    """`Size M`: the field's own name stands before the choice."""
    found = []
    for want in wants:
        label = folded(want.label)
        plain = folded(phrase)
        if label and label in plain:
            choice = match_choice(plain.replace(label, " ").strip(), want.choices)
            if choice is not None:
                found.append((want, choice))
    return found


def _set_by_button(situation: Situation, goal: Goal) -> Decision | None:
    """Many a choice is a row of buttons."""
    if goal.field and not goal.value:
        return situation.give_up("field_not_found", "no_field", what=goal.field)
    return next_click(situation)
