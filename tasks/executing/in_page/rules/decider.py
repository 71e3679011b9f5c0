"""The step decider without a model."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from tasks.core.runtime.gates import (
    CONFIRMATION_REFUSED,
    DOMAIN_SCOPE_BLOCKED,
    HUMAN_INTERVENTION_REQUIRED,
    folded,
)
from tasks.executing.in_page.protocol import Answered, Ask, Calls, Decision, GiveUp, StepView, describe
from tasks.executing.in_page.rules.answering import lead_quotes, next_answer, results_of, told
from tasks.executing.in_page.rules.filling import next_form
from tasks.executing.in_page.rules.goals import UNSENT, Act, Goal, is_question, same_words
from tasks.executing.in_page.rules.pressing import next_add, next_click, next_search
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.setting import next_set
from tasks.executing.in_page.rules.situation import Purpose, Situation, plain
from tasks.executing.in_page.rules.targets import find_targets, way_out
from tasks.executing.protocol import Question

logger = logging.getLogger(__name__)

_SCROLL_PIXELS: Final = 600
_SAID_MAX: Final = 300
_FAILURES: Final = frozenset(
    {"not_found", "form_not_found", "field_not_found", "no_evidence", "nothing_happened"}
)
_COOKIES: Final = ("cookie", "consent", "einwillig", "datenschutz", "newsletter")


def _today() -> date:
    return datetime.now(UTC).date()


class RulesStepDecider:
    """See `StepDecider`. Holds nothing between steps; one instance may serve many runs at once. `today`: what
    relative days such as "Friday" are counted from."""

    def __init__(self, *, today: Callable[[], date] = _today) -> None:
        self._today = today

    async def decide(self, view: StepView) -> Decision:
        """See `StepDecider.decide`."""
        try:
            return await self.decided(view)
        except Exception:
            logger.exception("a step could not be decided")
            return GiveUp(code="internal_error", message=say("internal", "en"))

    async def decided(self, view: StepView) -> Decision:
        """`decide` without its net."""
        situation = Situation(view, today=self._today())
        stop = _stop(situation)
        if stop is not None:
            return stop
        decision = await _next(situation)
        if isinstance(decision, Calls) and all(map(situation.is_repeated, decision.calls)):
            what = describe(view.page, decision.calls[0]) or decision.calls[0].name
            return situation.give_up("nothing_happened", "nothing_happened", what=plain(what))
        return decision


async def _next(situation: Situation) -> Decision:
    """The first thing that is still to be done; goals that are met are passed over."""
    while True:
        decision = await _for_goal(situation)
        if isinstance(decision, GiveUp) and decision.code in _FAILURES:
            decision = _uncover(situation) or decision
        if decision is not None:
            return decision
        if situation.is_last:
            return _done(situation)
        situation.at += 1


_ACTS: Final[Mapping[Act, Callable[[Situation], Decision | None]]] = {
    Act.CLICK: next_click,
    Act.ADD: next_add,
    Act.SEARCH: next_search,
    Act.FORM: next_form,
    Act.SET: next_set,
    Act.LOGIN: lambda situation: situation.give_up("human_required", "login"),
}


async def _for_goal(situation: Situation) -> Decision | None:
    goal = situation.goal
    if goal.act is Act.QUESTION:
        return await _question(situation, goal)
    return _ACTS[goal.act](situation) if goal.act in _ACTS else _browse(situation, goal)


async def _question(situation: Situation, goal: Goal) -> Decision | None:
    if not goal.text.strip():
        message = say("what_wish", situation.language)
        return Ask(message=message, questions=(Question(key="wish", query=message),))
    if situation.made(Purpose.AIM) or _names_a_button(situation, goal):
        return next_click(situation)
    return await next_answer(situation)


def _names_a_button(situation: Situation, goal: Goal) -> bool:
    """Whether the clause is, word for word, what something on the page is called ("Sort by price")."""
    if is_question(goal.text) or len(goal.text) > 60:
        return False
    targets = find_targets(situation.page, goal.text, ())
    if not targets or not same_words(targets[0].words, goal.text):
        return False
    goals = list(situation.goals)
    goals[situation.at] = Goal(act=Act.CLICK, text=goal.text, phrase=goal.text, terms=goal.terms)
    situation.goals = tuple(goals)
    return True


def _browse(situation: Situation, goal: Goal) -> Decision | None:
    """Back, reload, scroll: done once, and that is it."""
    if situation.made(Purpose.AIM):
        return None
    if goal.act is Act.BACK:
        return situation.calls([situation.call(Purpose.AIM, "go_back")], "moving", what=goal.text[:80])
    if goal.act is Act.RELOAD:
        return situation.calls([situation.call(Purpose.AIM, "refresh_page")], "moving", what=goal.text[:80])
    call = situation.call(Purpose.AIM, "scroll_page", direction=goal.value or "down", amount=_SCROLL_PIXELS)
    return situation.calls([call], "moving", what=goal.text[:80])


def _stop(situation: Situation) -> GiveUp | None:
    """What ends the run whatever was wished."""
    view = situation.view
    last = view.history[-1].calls if view.history else ()
    codes = {done.code for done in last}
    if CONFIRMATION_REFUSED in codes:
        return situation.give_up("confirmation_refused", "refused")
    if HUMAN_INTERVENTION_REQUIRED in codes:
        return situation.give_up("human_required", "captcha" if _is_captcha(last) else "login")
    if DOMAIN_SCOPE_BLOCKED in codes or (not view.in_scope and "click_element" not in view.allowed):
        return situation.give_up("out_of_scope", "out_of_scope")
    if view.steps_left <= 0:
        return situation.give_up("budget_exhausted", "budget")
    return None


def _is_captcha(calls: object) -> bool:
    return "captcha" in folded(str(calls)[:500])


def _uncover(situation: Situation) -> Calls | GiveUp | None:
    """What was not found may be behind a dialog: close it once, agreeing to as little as can be."""
    if situation.made(Purpose.CLEAR):
        return None
    if not situation.page.modal and not _has_banner(situation):
        return None
    node = way_out(situation.page)
    if node is None:
        return None
    call = situation.call(Purpose.CLEAR, "click_element", element_id=node.id)
    return situation.calls([call], "closing")


def _has_banner(situation: Situation) -> bool:
    dialogs = [node for node in situation.page.nodes if node.role in ("dialog", "alertdialog")]
    return any(word in folded(node.name) for node in dialogs for word in _COOKIES)


def _done(situation: Situation) -> Answered | GiveUp:
    """All is done: what was done, and what the page says to it."""
    goal = situation.goal
    page = situation.text
    if goal.act is Act.SEARCH:
        return _found(situation)
    did = say("did", situation.language, what=", ".join(_deeds(situation)) or goal.text[:80])
    steps = [made.step for made in situation.made(Purpose.SUBMIT, Purpose.AIM)]
    news = situation.news(steps[-1]) if steps else []
    good = next(
        (each.text for each in sorted(news, key=lambda each: (not each.is_good, not each.is_loud))), ""
    )
    if good:
        said = say("page_says", situation.language, what=good[:_SAID_MAX])
        return told(f"{did} {said}", [good], page)
    if goal.act in (Act.SCROLL, Act.SET) or goal.value == UNSENT:
        return told(did, [], page)
    lead, quotes = lead_quotes(page)
    return told(f"{did}\n{lead}", quotes, page)


def _found(situation: Situation) -> Answered | GiveUp:
    goal = situation.goal
    items, page = results_of(situation)
    words = goal.phrase or goal.text
    if not items:
        return situation.give_up("no_results", "no_results", what=words)
    lines = [f"- {item.title}: {item.url}" for item in items]
    text = "\n".join([say("found_for", situation.language, what=words), *lines])
    rows = [{"title": item.title, "url": item.url, "text": item.summary} for item in items]
    return told(text, [item.title for item in items], page, blocks=({"type": "list", "items": rows},))


def _deeds(situation: Situation) -> list[str]:
    """What was done, as far as the history tells."""
    deeds = []
    for at, goal in enumerate(situation.goals[: situation.at + 1]):
        last = [
            done
            for step in situation.history
            for done in step.calls
            if done.success and done.call.id.startswith((f"g{at}a-", f"g{at}s-", f"g{at}f-"))
        ]
        if goal.act is Act.SEARCH:
            deeds.append(say("searched", situation.language, what=goal.phrase))
        elif goal.act is Act.BACK:
            deeds.append(say("went_back", situation.language))
        elif goal.act is Act.RELOAD:
            deeds.append(say("reloaded", situation.language))
        elif goal.act is not Act.SCROLL and last:
            word = (
                "sent"
                if goal.act is Act.FORM and goal.value != UNSENT
                else "set"
                if goal.act in (Act.SET, Act.FORM)
                else "pressed"
            )
            deeds.append(say(word, situation.language, what=plain(last[-1].target)))
    return deeds
