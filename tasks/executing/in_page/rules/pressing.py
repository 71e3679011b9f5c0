"""Goals that are met by pressing something: click, open, add to the cart, set one field, search."""

import re
from collections.abc import Sequence
from typing import Final

from tasks.core.runtime.gates import folded
from tasks.executing.in_page.forms import (
    is_search_form,
    is_usable,
    search_box,
)
from tasks.executing.in_page.protocol import Ask, Decision, GiveUp
from tasks.executing.in_page.rules.goals import GOING, Goal
from tasks.executing.in_page.rules.needles import Needles
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.situation import Made, Purpose, Situation
from tasks.executing.in_page.rules.targets import (
    Target,
    best_of,
    card_text,
    find_lead,
    find_targets,
    in_context,
    menu_button,
    words_of,
)
from tasks.executing.protocol import Question
from tasks.executing.rules.asking import MAX_CHOICES, chosen
from tasks.executing.rules.ranking import covers, excess
from tasks.executing.rules.words import stems, subject_of

TRIES: Final = 2
LEADS_MAX: Final = 4
_BUY: Final = re.compile(
    r"\b(?:add|buy|order|cart|basket|bag|purchase|in den warenkorb|warenkorb|einkaufswagen|kaufen"
    r"|bestellen|hinzufuegen)\b"
)
_IN_CARDS: Final = ("listitem", "article", "row", "banner", "dialog")
_ORDINALS: Final = {
    word: at
    for at, words in enumerate(
        ("first erste", "second zweite", "third dritte", "fourth vierte", "fifth fuenfte")
    )
    for word in stems(words)
} | dict.fromkeys(stems("last letzte"), -1)
_CONTAINERS: Final = frozenset(stems("cart basket bag list warenkorb einkaufswagen liste"))
_FIRST: Final = frozenset(stems("first erste erstes ersten erster"))
_SEARCH_LEADS: Final = tuple(stems("search suche"))
_SHOP_LEADS: Final = tuple(stems("shop products produkte sortiment store"))


def next_click(situation: Situation) -> Decision | None:
    """What to do for a CLICK goal; None when it is met."""
    goal = situation.goal
    failure = after_aim(situation)
    if failure is not _AGAIN:
        return failure
    targets = find_targets(situation.page, goal.phrase, goal.terms, quoted=goal.is_quoted)
    targets = targets or find_targets(situation.page, goal.phrase, goal.terms, roles=_TICKABLE)
    targets = targets or _of_the_thing(situation, goal) or _by_number(situation, goal)
    if goal.value == GOING:
        # who wants to go to the cart does not want to put something into it
        targets = [each for each in targets if each.node.url or not _BUY.search(folded(each.words))]
    return _press(situation, targets, goal)


def _by_number(situation: Situation, goal: Goal) -> list[Target]:
    """`The second link`: counted in reading order."""
    ordinal, _, rest = goal.phrase.partition(" ")
    at = _ORDINALS.get(stems(ordinal)[0] if stems(ordinal) else "")
    if at is None or not rest:
        return []
    targets = best_of(find_targets(situation.page, rest, subject_of(rest)))
    targets.sort(key=lambda target: target.node.at)
    return targets[at:][:1] if at >= 0 else targets[-1:]


def _of_the_thing(situation: Situation, goal: Goal) -> list[Target]:
    """`Remove the blue mug`: the button "Remove" that stands with the blue mug."""
    verb = stems(goal.phrase)[:1]
    rest = tuple(term for term in goal.terms if term not in verb and term not in _CONTAINERS)
    if not verb or not rest:
        return []
    buttons = find_targets(situation.page, goal.phrase.split()[0], verb)
    return [
        button
        for button in buttons
        if covers(rest, f"{button.words} {card_text(situation.page, button.node)}")
    ]


def next_add(situation: Situation) -> Decision | None:
    """What to do for a wish to put something into the cart; None when it is met."""
    goal = situation.goal
    failure = after_aim(situation)
    if failure is None:
        return _once_more(situation, goal)
    if failure is not _AGAIN:
        return failure
    buttons = _buy_buttons(situation, goal)
    if buttons:
        return _press(situation, buttons, goal)
    links = [each for each in find_targets(situation.page, goal.phrase, goal.terms) if each.node.url]
    unseen = [each for each in links if each.node.url.partition("#")[0] not in situation.visited]
    if unseen and len(situation.made(Purpose.LEAD)) < LEADS_MAX:
        call = situation.call(Purpose.LEAD, "click_element", element_id=unseen[0].node.id)
        return situation.calls([call], "leading", what=unseen[0].words)
    return search_further(situation, goal) or _not_found(situation, goal)


def _once_more(situation: Situation, goal: Goal) -> Decision | None:
    """The same button again, for who wants several."""
    made = situation.made(Purpose.AIM)
    if len(made) >= int(goal.value or 1):
        return None
    again = [each for each in _buy_buttons(situation, goal) if each.node.shown == made[-1].done.target]
    best = best_of(again)
    picked = best[0] if len(best) == 1 else pick(situation, "which", in_context(situation.page, best))
    if picked is None:
        return situation.give_up("not_found", "not_found", what=goal.phrase)
    call = situation.call(Purpose.AIM, "click_element", element_id=picked.node.id)
    return situation.calls([call], "clicking", what=picked.words)


_TICKABLE: Final = frozenset({"checkbox", "radio", "switch", "option"})
_AGAIN: Final = GiveUp(code="again", message="")


def after_aim(situation: Situation) -> Decision | None:
    """What the last aimed call came to: None when it worked, `_AGAIN` when (another) try is due."""
    made = situation.made(Purpose.AIM)
    if not made:
        return _AGAIN
    last = made[-1]
    if last.done.success and situation.changed(last.step):
        bad = [told for told in situation.news(last.step) if not told.is_good and told.is_loud]
        if bad:
            return situation.give_up("rejected", "rejected", what=bad[0].text)
        return None
    if len(made) < TRIES:
        return _AGAIN
    return failed(situation, last)


def failed(situation: Situation, made: Made) -> GiveUp:
    """Why a call that was tried often enough is given up."""
    what = made.what
    if not made.done.success:
        why = made.done.message or made.done.code
        return situation.give_up("action_failed", "call_failed", what=what, why=why)
    return situation.give_up("nothing_happened", "nothing_happened", what=what)


def _press(situation: Situation, targets: Sequence[Target], goal: Goal) -> Decision:
    tried = {made.done.target for made in situation.made(Purpose.AIM)}
    fresh = [target for target in targets if target.node.shown not in tried]
    if not fresh:
        if tried:
            return failed(situation, situation.made(Purpose.AIM)[-1])
        return _open_or_lead(situation, goal)
    best = best_of(fresh)
    if len(best) > 1:
        best = in_context(situation.page, best)
        key = "which"
        picked = pick(situation, key, best)
        if picked is None:
            message = say("which", situation.language, what=goal.phrase)
            labels = tuple(dict.fromkeys(target.label for target in best))[:MAX_CHOICES]
            return Ask(message=message, questions=(Question(key=key, query=message, choices=labels),))
        best = [picked]
    node = best[0].node
    call = situation.call(Purpose.AIM, "click_element", element_id=node.id)
    return situation.calls([call], "clicking", what=best[0].words)


def pick(situation: Situation, key: str, targets: Sequence[Target]) -> Target | None:
    """The one that the visitor chose; None when that was not asked or not understood. Those that look the
    same are the same."""
    labels = [target.label for target in targets]
    distinct = list(dict.fromkeys(labels))
    if len(distinct) == 1:
        return targets[0]
    said = situation.answers.value(key)
    at = chosen(said, distinct) if said else None
    return targets[labels.index(distinct[at])] if at is not None else None


def _open_or_lead(situation: Situation, goal: Goal) -> Decision:
    """It is not to be seen: open a menu, then look behind the link that fits best."""
    opened = situation.made(Purpose.OPEN)
    menu = menu_button(situation.page, {made.done.target for made in opened})
    if menu is not None and len(opened) < TRIES:
        call = situation.call(Purpose.OPEN, "click_element", element_id=menu.id)
        return situation.calls([call], "opening_menu", what=words_of(menu))
    return search_further(situation, goal, with_search=False) or _not_found(situation, goal)


def search_further(situation: Situation, goal: Goal, *, with_search: bool = True) -> Decision | None:
    """Another page on which it may be: behind a link, or found by the site's search."""
    leads = situation.made(Purpose.LEAD)
    if len(leads) >= LEADS_MAX:
        return None
    searched = any(made.done.call.name == "type_and_enter" for made in leads)
    box = next((box for form in situation.forms if is_search_form(form) and (box := search_box(form))), None)
    if with_search and box is not None and goal.phrase and not searched:
        call = situation.call(Purpose.LEAD, "type_and_enter", element_id=box.id, text=goal.phrase)
        return situation.calls([call], "searching", what=goal.phrase)
    lead_words = _SHOP_LEADS if with_search else ()
    link = find_lead(situation.page, goal.terms, lead_words, situation.visited)
    if link is None:
        return None
    call = situation.call(Purpose.LEAD, "click_element", element_id=link.id)
    return situation.calls([call], "leading", what=words_of(link))


def _not_found(situation: Situation, goal: Goal) -> GiveUp:
    return situation.give_up("not_found", "not_found", what=goal.phrase or goal.text)


def _buy_buttons(situation: Situation, goal: Goal) -> list[Target]:
    """Buttons that buy the thing: in its card, or on its own page."""
    named = [
        Target(node=node, score=1.0, words=words_of(node))
        for node in situation.page.nodes
        if node.role == "button"
        and node.id is not None
        and is_usable(node)
        and _BUY.search(folded(words_of(node)))
    ]
    outside = [target for target in named if not target.node.is_in(*_IN_CARDS)]
    if not goal.terms:
        return outside[:1] or named
    if set(goal.terms) <= _FIRST and named:
        return named[:1]
    fitting: list[Target] = []
    needles = Needles(goal.terms)
    for target in named:
        around = f"{target.words} {card_text(situation.page, target.node)}"
        if needles.may_be_in(around) and covers(goal.terms, around):
            score = 2.0 - min(1.0, 0.02 * excess(goal.terms, around))
            fitting.append(Target(node=target.node, score=score, words=target.words))
    if fitting:
        return sorted(fitting, key=lambda target: -target.score)
    about = f"{situation.title} {situation.page.title}"
    return outside[:1] if outside and covers(goal.terms, about) else []


# --- search ---


def next_search(situation: Situation) -> Decision | None:
    """What to do for a SEARCH goal; None when results are there."""
    goal = situation.goal
    phrase = goal.phrase or situation.answers.value("search_words") or ""
    if not phrase:
        message = say("search_words", situation.language)
        return Ask(message=message, questions=(Question(key="search_words", query=message),))
    made = situation.made(Purpose.AIM)
    if made and made[-1].done.success and situation.changed(made[-1].step):
        return None
    if len(made) >= TRIES:
        return failed(situation, made[-1])
    form = next((form for form in situation.forms if is_search_form(form)), None)
    box = search_box(form) if form is not None else None
    if form is None or box is None:
        return _find_search(situation)
    if made and form.submit is not None:
        calls = [situation.call(Purpose.AIM, "click_element", element_id=form.submit.id)]
    else:
        calls = [situation.call(Purpose.AIM, "type_and_enter", element_id=box.id, text=phrase)]
    return situation.calls(calls, "searching", what=phrase)


def _find_search(situation: Situation) -> Decision:
    opened = situation.made(Purpose.OPEN)
    if len(opened) < TRIES:
        targets = find_targets(situation.page, "search", _SEARCH_LEADS[:1])
        targets = targets or find_targets(situation.page, "suche", _SEARCH_LEADS[1:])
        tried = {made.done.target for made in opened}
        fresh = [target for target in targets if target.node.shown not in tried]
        if fresh:
            call = situation.call(Purpose.OPEN, "click_element", element_id=fresh[0].node.id)
            return situation.calls([call], "opening_menu", what=fresh[0].words)
    goal = situation.goal
    found = search_further(situation, goal, with_search=False)
    return found or _not_found(situation, goal)
