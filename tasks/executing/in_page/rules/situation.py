"""One step's situation: the wish as goals, which of them is on, what was done for it, and what that changed.

A decider keeps nothing, so it writes what a call is for into the call's id: `g2a-37-0` was made for goal 2
(of 0 …) as its aim.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.forms import SeenForm, forms_of
from tasks.executing.in_page.page import SeenPage
from tasks.executing.in_page.protocol import Calls, DoneCall, GiveUp, PastStep, StepView
from tasks.executing.in_page.rules.goals import Act, Goal, goals_of, language
from tasks.executing.in_page.rules.saying import say
from tasks.executing.in_page.rules.values import Given, given_by
from tasks.executing.in_page.rules.view import page_view, title_of
from tasks.executing.in_page.telling import Told, told_by
from tasks.executing.protocol import PageView
from tasks.executing.rules.asking import Answers

REPEATS_MAX: Final = 2
_ID: Final = re.compile(r"g(\d{1,2})([a-z])-")


_FILLING: Final = frozenset({"type_into_element", "select_dropdown_value", "adjust_slider"})


class Purpose(StrEnum):
    """What a call is for."""

    AIM = "a"
    FILL = "f"
    SUBMIT = "s"
    LEAD = "l"
    OPEN = "o"
    WAIT = "w"
    CLEAR = "c"
    """To get something out of the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call of the goal that is on, and the number of its step."""

    step: int
    done: DoneCall

    @property
    def what(self) -> str:
        """What it acted on, without its role."""
        return plain(self.done.target) or self.done.call.name


@dataclass(slots=True, kw_only=True)
class _Kept:
    n_calls: int = 0


class Situation:
    """What a step is decided from; looked up once each."""

    def __init__(self, view: StepView, *, today: date) -> None:
        self.view = view
        self.page: SeenPage = view.page
        self.today = today
        self.words = view.wish.words.strip() or _said_later(view)
        self.language = language(self.words)
        self.goals: tuple[Goal, ...] = goals_of(self.words)
        if not self.goals[0].text:
            self.goals = goals_of(_said_later(view))
        numbers = [int(found[1]) for made in self._all if (found := _ID.match(made.done.call.id))]
        self.at = min(max(numbers, default=0), len(self.goals) - 1)
        self._kept = _Kept()

    @property
    def goal(self) -> Goal:
        """The goal that is on."""
        return self.goals[self.at]

    @property
    def is_last(self) -> bool:
        """Whether nothing comes after the goal."""
        return self.at == len(self.goals) - 1

    @property
    def history(self) -> tuple[PastStep, ...]:
        """The steps before."""
        return self.view.history

    @cached_property
    def forms(self) -> list[SeenForm]:
        """The forms of the page."""
        return forms_of(self.page)

    @cached_property
    def text(self) -> PageView:
        """The page as text."""
        return page_view(self.page)

    @cached_property
    def title(self) -> str:
        """What the page calls itself."""
        return title_of(self.page)

    @cached_property
    def given(self) -> Given:
        """The values that the wish names, the words beside a shortcut included."""
        wish = self.view.wish
        extra = wish.prompt if wish.shortcut and wish.prompt != wish.shortcut else ""
        return given_by(f"{wish.words}\n{extra}".strip(), today=self.today, language=self.language)

    @cached_property
    def answers(self) -> Answers:
        """What the visitor answered; those without a key serve once."""
        return Answers(self.view.wish.answers)

    @cached_property
    def visited(self) -> frozenset[str]:
        """Addresses of pages that were seen."""
        return frozenset(bare(url) for url in (self.page.url, *(step.url for step in self.history)))

    @cached_property
    def _all(self) -> list[Made]:
        return [Made(step=at, done=done) for at, step in enumerate(self.view.history) for done in step.calls]

    def made(self, *purposes: Purpose) -> list[Made]:
        """The calls that were made for the goal, of these purposes or of all."""
        found = []
        for made in self._all:
            goal, purpose = self._meant(made.done)
            if goal == self.at and (not purposes or purpose in purposes):
                found.append(made)
        return found

    def _meant(self, done: DoneCall) -> tuple[int, str]:
        """The goal and the purpose of a call: by its id, else (it was given another) by its looks."""
        if found := _ID.match(done.call.id):
            return int(found[1]), found[2]
        act, role = self.goals[0].act, done.target.partition(" ")[0]
        name = done.call.name
        if name == "wait_action":
            return 0, Purpose.WAIT
        if act in (Act.FORM, Act.SET) and (name in _FILLING or role in ("radio", "checkbox", "switch")):
            return 0, Purpose.FILL
        if role == "link" and act not in (Act.CLICK, Act.ADD):
            return 0, Purpose.LEAD
        return 0, {Act.FORM: Purpose.SUBMIT, Act.QUESTION: Purpose.LEAD}.get(act, Purpose.AIM)

    def changed(self, step: int) -> bool:
        """Whether the page was ever another one after that step."""
        before = self.history[step]
        if any(done.navigated for done in before.calls):
            return True
        later = [(each.url, each.digest) for each in self.history[step + 1 :]]
        here = (bare(before.url), before.digest)
        return any((bare(url), digest) != here for url, digest in (*later, (self.page.url, self._digest)))

    def moved(self, step: int) -> bool:
        """Whether the address is another one since that step."""
        return bare(self.history[step].url) != bare(self.page.url)

    def news(self, step: int) -> list[Told]:
        """What the page tells now and did not tell before that step."""
        return [told for told in self.told if told.mark not in self.history[step].marks]

    @cached_property
    def told(self) -> list[Told]:
        """What the page tells."""
        return list(told_by(self.page))

    @cached_property
    def _digest(self) -> str:
        return self.page.digest

    def is_repeated(self, call: ToolCall) -> bool:
        """Whether this very call was made twice on a page that looked exactly like this one."""
        node = self.page.element(call.element_id)
        wanted = (call.name, node.shown if node else "", _told(call))
        same = [
            done
            for step in self.history
            if step.digest == self._digest
            for done in step.calls
            if (done.call.name, done.target, _told(done.call)) == wanted
        ]
        return len(same) >= REPEATS_MAX

    def call(self, purpose: Purpose, name: str, **args: Any) -> ToolCall:
        """A call for the goal that is on."""
        self._kept.n_calls += 1
        id_ = f"g{self.at}{purpose}-{self.view.steps_left}-{self._kept.n_calls}"
        return ToolCall(name=name, args=args, id=id_)

    def calls(self, calls: Sequence[ToolCall], sentence: str, /, **values: object) -> Calls | GiveUp:
        """These calls, if all of them are allowed. `sentence`: the name of a sentence of ours."""
        barred = next((call for call in calls if call.name not in self.view.allowed), None)
        if barred is not None:
            return self.give_up("tool_not_allowed", "not_allowed", tool=barred.name)
        return Calls(calls=tuple(calls), thought=say(sentence, self.language, **values))

    def give_up(self, code: str, sentence: str, /, **values: object) -> GiveUp:
        """The end without success."""
        return GiveUp(code=code, message=say(sentence, self.language, **values))


def _told(call: ToolCall) -> str:
    return repr(sorted((name, value) for name, value in call.args.items() if name != "element_id"))


def plain(target: str) -> str:
    """`button "Order"` without its role."""
    return target.partition(" ")[2].strip('"') or target


def _said_later(view: StepView) -> str:
    """The wish of a visitor who was asked for it."""
    return next((answer.text for answer in view.wish.answers if answer.key in ("wish", None)), "")


def bare(url: str) -> str:
    """An address without its fragment, unless that is a route."""
    head, mark, fragment = url.partition("#")
    return url if mark and fragment.startswith(("/", "!")) else head
