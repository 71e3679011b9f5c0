"""A run of a step decider over pages that a test writes down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tasks.executing.in_page.protocol import (
    Answer,
    Answered,
    Ask,
    Calls,
    Decision,
    GiveUp,
    PastStep,
    SeenPage,
    StepView,
    Wish,
    past_step,
    read_page,
    read_past_step,
)
from tasks.executing.in_page.rules.decider import RulesStepDecider
from tests.tasks.in_page.pages import URL, page_data

TODAY = date(2026, 11, 22)
"""A Sunday."""
OK = {"success": True}


def seen(tree: str, **options: Any) -> SeenPage:
    """The page with this tree."""
    return read_page(page_data(tree, **options))


@dataclass
class Run:
    """A wish on its way. Every step is written down as a log would keep it and read again."""

    wish: str
    answers: dict[str, str] = field(default_factory=dict)
    history: list[PastStep] = field(default_factory=list)
    decider: Any = field(default_factory=lambda: RulesStepDecider(today=lambda: TODAY))
    options: dict[str, Any] = field(default_factory=dict)
    last: tuple[SeenPage, Decision] | None = None
    first_id: int = 1

    def see(self, tree: str, **options: Any) -> Decision:
        """What is decided about the page as it is now."""
        page = seen(tree, first_id=self.first_id, **options)
        # ids are never used again
        self.first_id += len(page.by_id)
        return self.look(page)

    def look(self, page: SeenPage) -> Decision:
        answers = tuple(Answer(key=key, text=text) for key, text in self.answers.items())
        view = StepView(
            wish=Wish(url=URL, prompt=self.wish, answers=answers),
            page=page,
            history=tuple(self.history),
            steps_left=40 - len(self.history),
            **self.options,
        )
        decision: Decision = asyncio.run(self.decider.decide(view))
        self.last = (page, decision)
        return decision

    def did(self, result: dict[str, Any] | Callable[[str], dict[str, Any]] = OK) -> None:
        """The calls of the last decision were carried out."""
        assert self.last is not None
        page, decision = self.last
        assert isinstance(decision, Calls), decision
        results = {call.id: result(call.name) if callable(result) else result for call in decision.calls}
        self.history.append(read_past_step(past_step(page, decision, results).as_json()))

    def calls(self, tree: str, **options: Any) -> list[str]:
        """The calls that are decided about this page, in words, and carried out."""
        decision = self.see(tree, **options)
        assert isinstance(decision, Calls), decision
        assert self.last is not None
        told = spoken(self.last[0], decision)
        self.did()
        return told

    def answer(self, tree: str, **options: Any) -> str:
        decision = self.see(tree, **options)
        assert isinstance(decision, Answered), decision
        return decision.text

    def ask(self, tree: str, **options: Any) -> Ask:
        decision = self.see(tree, **options)
        assert isinstance(decision, Ask), decision
        return decision

    def gives_up(self, tree: str, **options: Any) -> GiveUp:
        decision = self.see(tree, **options)
        assert isinstance(decision, GiveUp), decision
        return decision


def spoken(page: SeenPage, decision: Calls) -> list[str]:
    """Calls as people would say them: `click_element button "Order"`, `type_into_element textbox "Name" = Ada`."""
    told = []
    for call in decision.calls:
        node = page.element(call.element_id)
        rest = {name: value for name, value in call.args.items() if name != "element_id"}
        value = " = " + ", ".join(map(str, rest.values())) if rest else ""
        told.append(f"{call.name}{' ' + node.shown if node else ''}{value}")
    return told
