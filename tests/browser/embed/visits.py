"""A visitor's page and the step decider in a loop: observe, decide, do it with the browser's own hands."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from playwright.sync_api import Error, Page

from tasks.core.runtime.gates import GateRules, Verdict, judge
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.acted import acted_on
from tasks.executing.in_page.protocol import (
    Answer,
    Ask,
    Calls,
    Decision,
    PastStep,
    StepView,
    Wish,
    past_step,
    read_page,
    read_past_step,
)
from tasks.executing.in_page.rules.decider import RulesStepDecider
from tests.browser.embed.conftest import Capture, Observe

STEPS_MAX = 20
TODAY = date(2026, 11, 22)
"""A Sunday."""


@dataclass
class Visit:
    """One wish in one tab. `done`: the calls that were carried out; `held`: those that need a yes first."""

    page: Page
    observe: Observe
    wish: str
    answers: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    history: list[PastStep] = field(default_factory=list)

    def run(self, **replies: str) -> Decision:
        """Until it ends; questions get `replies` by key, and end the run when there is none."""
        for left in range(STEPS_MAX, 0, -1):
            capture = self.observe()
            seen = read_page(capture.data)
            decision = self._decide(seen, left)
            if isinstance(decision, Ask):
                self.asked.append(decision)
                if not all(question.key in replies for question in decision.questions):
                    return decision
                self.answers |= {question.key: replies[question.key] for question in decision.questions}
                continue
            if not isinstance(decision, Calls):
                return decision
            results = {}
            for call in decision.calls:
                verdict = judge(call, acted_on(seen, call), GateRules())
                assert verdict.verdict is not Verdict.REFUSE, verdict
                if verdict.verdict is Verdict.CONFIRM:
                    self.held.append(seen.by_id[call.element_id or 0].words)
                results[call.id] = self._do(capture, call)
            step = past_step(seen, decision, results)
            self.history.append(read_past_step(step.as_json()))
        raise AssertionError(f"no end after {STEPS_MAX} steps: {self.done}")

    def _decide(self, seen: Any, left: int) -> Decision:
        given = tuple(Answer(key=key, text=text) for key, text in self.answers.items())
        view = StepView(
            wish=Wish(url=seen.url, prompt=self.wish, answers=given),
            page=seen,
            history=tuple(self.history),
            steps_left=left,
        )
        decider = RulesStepDecider(today=lambda: TODAY)
        found: list[Decision] = []

        async def decide() -> None:
            found.append(await decider.decided(view))

        # Playwright's loop runs in this thread
        import threading

        thread = threading.Thread(target=lambda: asyncio.run(decide()))
        thread.start()
        thread.join()
        assert found, "the decider raised"
        return found[0]

    def _do(self, capture: Capture, call: ToolCall) -> dict[str, Any]:
        before = self.page.url
        element = capture.element(call.element_id) if call.element_id else None
        args = call.args
        self.done.append(call.name)
        try:
            match call.name:
                case "click_element":
                    assert element is not None
                    element.click(timeout=3_000)
                case "type_into_element" | "type_and_enter":
                    assert element is not None
                    element.fill(args["text"], timeout=3_000)
                    if call.name == "type_and_enter":
                        element.press("Enter")
                case "select_dropdown_value":
                    assert element is not None
                    element.select_option(label=args["value"], timeout=3_000)
                case "press_key":
                    assert element is not None
                    element.press(args["key"])
                case "goto_url":
                    self.page.goto(args["url"])
                case "wait_action":
                    self.page.wait_for_timeout(args["duration"])
                case other:
                    raise AssertionError(f"no hands for {other}")
        except Error as error:
            return {"success": False, "error": {"code": "ACTION_FAILED", "message": error.message[:200]}}
        self.page.wait_for_load_state()
        moved = self.page.url != before
        return {"success": True} | ({"navigation": {"outcome": "same_host_navigated"}} if moved else {})
