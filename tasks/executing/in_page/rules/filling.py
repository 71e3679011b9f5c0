"""Goals that are met by a form: find it, ask for what is missing, fill it, send it, read what came of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.runtime.gates import folded, is_captcha
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.forms import (
    CHOICE_ROLES,
    TEXT_ROLES,
    SeenForm,
    is_usable,
    label_of,
)
from tasks.executing.in_page.page import MASK, SeenNode
from tasks.executing.in_page.protocol import Ask, Decision
from tasks.executing.in_page.rules.goals import UNSENT
from tasks.executing.in_page.rules.meant import find_form, form_meant, was_filled
from tasks.executing.in_page.rules.pressing import TRIES, failed
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.situation import Made, Purpose, Situation
from tasks.executing.in_page.rules.targets import words_of
from tasks.executing.in_page.rules.values import FieldKind
from tasks.executing.in_page.rules.wants import CHOICES_MAX, Want, wants_of
from tasks.executing.protocol import Question

QUESTIONS_MAX: Final = 8
SUBMITS_MAX: Final = 5
WAITS_MAX: Final = 2
WAIT_MS: Final = 1_000
_FAIR: Final = 0.5
_BUSY: Final = re.compile(
    r"\b(?:sending|submitting|loading|please wait|processing|wird gesendet|bitte warten|wird geladen)\b"
)


def next_form(situation: Situation) -> Decision | None:
    """What to do for a FORM goal; None when the page says that it worked."""
    submits = situation.made(Purpose.SUBMIT)
    if submits:
        settled, decision = _after_submit(situation, submits)
        if settled:
            return decision
    form = form_meant(situation)
    if isinstance(form, Ask):
        return form
    if form is None:
        return find_form(situation)
    return _carry_on(situation, form, submits)


def _carry_on(situation: Situation, form: SeenForm, submits: Sequence[Made]) -> Decision | None:
    wants = wants_of(form, situation.given, situation.answers)
    ask = _ask_missing(situation, form, wants)
    if ask is not None:
        return ask
    open_wants = [want for want in wants if not want.is_met and not want.is_secret]
    calls = [call for want in open_wants if (call := fill(situation, want, submits)) is not None]
    if calls:
        return situation.calls(calls, "filling", what=", ".join(want.label for want in open_wants)[:200])
    stuck = next((want for want in open_wants if _times_filled(situation, want, submits) >= TRIES), None)
    if stuck is not None:
        return give_up_field(situation, stuck)
    if situation.goal.value == UNSENT:
        return None
    return _for_a_person(situation, wants) or _submit(situation, form, submits)


def _for_a_person(situation: Situation, wants: Sequence[Want]) -> Decision | None:
    """What only the visitor can do before the form is sent."""
    secret = next((want for want in wants if want.is_secret and want.is_empty and want.required), None)
    if secret is not None:
        return for_the_person(situation, secret)
    if any(is_captcha(node.words) and _is_open(node) for node in situation.page.nodes):
        return situation.give_up("human_required", "captcha")
    return None


def _is_open(node: SeenNode) -> bool:
    """Whether a box that tells people from programs waits to be ticked."""
    return node.role == "checkbox" and node.props.get("checked") not in ("true", True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _After:
    """The page after the last sending. `form`: the one that was filled, or another step of it, if it is still
    there. `good`, `bad`: what the page tells that it did not tell before."""

    last: Made
    form: SeenForm | None
    invalid: list[SeenNode]
    good: list[str]
    bad: list[str]


def _after_submit(situation: Situation, submits: Sequence[Made]) -> tuple[bool, Decision | None]:
    """Whether the last sending settles it, and how; (True, None): it worked."""
    last = submits[-1]
    if not last.done.success:
        return (True, failed(situation, last)) if len(submits) >= TRIES else (False, None)
    after = _look(situation, last)
    if after.good and not after.invalid and not (after.bad and after.form):
        return True, None
    if _filled_since(situation, last):
        return False, None
    if after.form is not None and (after.invalid or after.bad):
        return True, _rejected(situation, after.form, after.invalid, after.bad)
    if after.bad:
        return True, situation.give_up("rejected", "rejected", what=after.bad[0])
    return _undecided(situation, submits, after)


def _look(situation: Situation, last: Made) -> _After:
    news = situation.news(last.step)
    found = form_meant(situation)
    form = found if isinstance(found, SeenForm) and _has_fields_of(situation, found) else None
    return _After(
        last=last,
        form=form,
        invalid=[node for node in form.fields if node.has("invalid")] if form is not None else [],
        good=[told.text for told in news if told.is_good],
        bad=[told.text for told in news if not told.is_good],
    )


def _undecided(situation: Situation, submits: Sequence[Made], after: _After) -> tuple[bool, Decision | None]:
    """The page says neither yes nor no."""
    if not situation.changed(after.last.step):
        return _unmoved(situation, submits)
    waits = situation.made(Purpose.WAIT)
    if len(waits) < WAITS_MAX and _is_busy(situation):
        call = situation.call(Purpose.WAIT, "wait_action", duration=WAIT_MS)
        return True, situation.calls([call], "waiting")
    if after.form is None and situation.moved(after.last.step):
        return True, None
    if after.form is None or len(submits) >= SUBMITS_MAX or _is_all_met(situation, after.form):
        return True, situation.give_up("unverified", "unverified", what=after.last.what)
    return False, None


def _is_busy(situation: Situation) -> bool:
    return any(_BUSY.search(folded(node.words)) for node in situation.page.nodes if node.role != "option")


def _unmoved(situation: Situation, submits: Sequence[Made]) -> tuple[bool, Decision | None]:
    """Nothing happened: wait once, then try once more in the other way."""
    if not situation.made(Purpose.WAIT):
        call = situation.call(Purpose.WAIT, "wait_action", duration=WAIT_MS)
        return True, situation.calls([call], "waiting")
    if len(submits) < TRIES:
        return False, None
    return True, situation.give_up("nothing_happened", "nothing_happened", what=submits[0].what)


def _is_all_met(situation: Situation, form: SeenForm) -> bool:
    """Whether there is nothing left to fill in: what was sent is all that could be."""
    wants = wants_of(form, situation.given, situation.answers)
    needed = [node for node in form.fields if node.role in TEXT_ROLES and node.has("required")]
    return all(want.is_met for want in wants) and all(was_filled(situation, node) for node in needed)


def _has_fields_of(situation: Situation, form: SeenForm) -> bool:
    """Whether it is the form that was filled, or has another step of it."""
    if any(was_filled(situation, node) for node in form.fields):
        return True
    return any(node.has("required") for node in form.fields)


def _rejected(
    situation: Situation, form: SeenForm, invalid: Sequence[SeenNode], said: Sequence[str]
) -> Decision:
    """The page did not take it: ask for the fields that it names, with its own words; else give up."""
    wants = wants_of(form, situation.given, situation.answers)
    wrong = [want for want in wants if any(node in invalid for node in want.nodes)]
    if not wrong:
        named = [
            want for want in wants if want.label and any(folded(want.label) in folded(text) for text in said)
        ]
        wrong = named or [want for want in wants if want.required and want.is_empty]
    text = said[0] if said else ""
    fresh = [want for want in wrong if not want.is_met and want.value is not None]
    if fresh:
        # answered since
        calls = [call for want in fresh if (call := fill(situation, want, situation.made(Purpose.SUBMIT)))]
        if calls:
            return situation.calls(calls, "filling", what=", ".join(want.label for want in fresh)[:200])
    secret = next((want for want in wrong if want.is_secret), None)
    if secret is not None:
        return for_the_person(situation, secret)
    if not wrong:
        return situation.give_up("rejected", "rejected", what=text or form.title)
    message = say("page_says", situation.language, what=text) if text else say("missing", situation.language)
    return Ask(message=message, questions=tuple(question(situation, want) for want in wrong[:QUESTIONS_MAX]))


def _filled_since(situation: Situation, submit: Made) -> bool:
    return any(made.step > submit.step for made in situation.made(Purpose.FILL))


def _ask_missing(situation: Situation, form: SeenForm, wants: Sequence[Want]) -> Ask | None:
    """Questions for required values that nobody named, and for values that cannot be used."""
    missing = [want for want in wants if want.problem]
    missing += [
        want
        for want in wants
        if want.required
        and want.value is None
        and (want.is_empty or _is_chance(situation, want))
        and not want.is_secret
        and not want.problem
    ]
    if not missing and not any(want.required for want in wants):
        missing = _silent_needs(wants)
    if not missing:
        return None
    problem = next((want.problem for want in missing if want.problem and want.choices), "")
    if problem:
        message = say("not_a_choice", situation.language, what=problem[:100])
    elif situation.given.ambiguous and any(want.kind is FieldKind.DATE for want in missing):
        message = say("which_day", situation.language)
    else:
        message = say("missing", situation.language)
    return Ask(
        message=message, questions=tuple(question(situation, want) for want in missing[:QUESTIONS_MAX])
    )


def _is_chance(situation: Situation, want: Want) -> bool:
    """A day or a time that the form came with is nobody's wish."""
    return (
        want.kind in (FieldKind.DATE, FieldKind.TIME)
        and bool(want.choices)
        and not situation.made(Purpose.FILL)
    )


def _silent_needs(wants: Sequence[Want]) -> list[Want]:
    """A form that marks nothing as required: a short one needs all that is typed, a long one something."""
    typed = [want for want in wants if want.nodes[0].role in TEXT_ROLES and not want.is_secret]
    empty = [want for want in typed if want.value is None and want.is_empty]
    if len(typed) <= 2 or len(empty) == len(typed):
        return empty
    return []


def question(situation: Situation, want: Want) -> Question:
    """What is asked for a field."""
    choices = want.choices[:CHOICES_MAX]
    if want.nodes[0].role in ("checkbox", "switch"):
        choices = (say("yes", situation.language), say("no", situation.language))
    return Question(key=want.key, query=want.label, choices=choices, required=True)


def for_the_person(situation: Situation, want: Want) -> Ask:
    """What only the visitor may fill in."""
    message = say("yourself", situation.language, what=want.label if want.label != MASK else "•")
    key = f"{want.key}_done"[:80]
    choices = (say("done_word", situation.language),)
    return Ask(message=message, questions=(Question(key=key, query=message, choices=choices),))


def give_up_field(situation: Situation, want: Want) -> Decision:
    """A field that does not take its value."""
    last = [made for made in situation.made(Purpose.FILL) if made.done.target == want.node.shown]
    why = last[-1].done.message or last[-1].done.code if last else ""
    why = why or f"{want.nodes[0].prop('value')[:80]!r}"
    return situation.give_up("action_failed", "call_failed", what=want.label, why=why)


def _times_filled(situation: Situation, want: Want, submits: Sequence[Made]) -> int:
    since = submits[-1].step if submits else -1
    return sum(
        1
        for made in situation.made(Purpose.FILL)
        if made.step > since and made.done.target == want.node.shown
    )


def fill(situation: Situation, want: Want, submits: Sequence[Made]) -> ToolCall | None:
    """The call that puts the value in; None when that was tried often enough."""
    if _times_filled(situation, want, submits) >= TRIES or want.value is None:
        return None
    node = want.node
    if node.role in CHOICE_ROLES:
        return situation.call(Purpose.FILL, "click_element", element_id=node.id)
    if node.options or node.role == "listbox":
        return situation.call(Purpose.FILL, "select_dropdown_value", element_id=node.id, value=want.value)
    if node.role == "slider":
        return situation.call(Purpose.FILL, "adjust_slider", element_id=node.id, value=float(want.value))
    return situation.call(Purpose.FILL, "type_into_element", element_id=node.id, text=want.value)


def _submit(situation: Situation, form: SeenForm, submits: Sequence[Made]) -> Decision:
    if len(submits) >= SUBMITS_MAX:
        return situation.give_up("unverified", "unverified", what=submits[0].what)
    button = form.submit
    pressed = {made.done.target for made in submits if not situation.changed(made.step)}
    if button is not None and button.shown not in pressed and is_usable(button):
        call = situation.call(Purpose.SUBMIT, "click_element", element_id=button.id)
        return situation.calls([call], "sending", what=words_of(button))
    typed = [node for node in form.fields if node.role in ("textbox", "searchbox") and is_usable(node)]
    if not typed:
        return situation.give_up("form_not_sent", "no_form")
    call = situation.call(Purpose.SUBMIT, "press_key", key="Enter", element_id=typed[-1].id)
    return situation.calls([call], "sending", what=label_of(typed[-1]))
