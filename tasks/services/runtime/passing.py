"""A decision on its way to the page: through the gates, and into the forms in which it is logged and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.core.runtime.gates import GateRules, Judgement, judge
from tasks.core.runtime.gates import Verdict as Gate
from tasks.core.runtime.progress import ProgressEvent, Transition
from tasks.core.runtime.states import RunStatus
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.acted import acted_on
from tasks.executing.in_page.forms import form_of
from tasks.executing.in_page.protocol import (
    Answered,
    Ask,
    Calls,
    Decision,
    GiveUp,
    Question,
    StepView,
    describe,
)
from tasks.executing.in_page.telling import marks_of

CONFIRM = "confirm:"
"""How the keys of questions begin that ask for a yes to one call; the number of the step follows."""
_ENTER = frozenset({"enter", "return", "numpadenter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What goes into the log, into the step, and to the page. `refused`: results of calls that the page does
    not get."""

    decided: dict[str, Any]
    answer: dict[str, Any]
    events: tuple[ProgressEvent, ...] = ()
    transition: Transition | None = None
    refused: Mapping[str, Any] | None = None


class Passage:
    """The way of a decision through the gates. `number`: of the step; `confirmed`: calls to which the visitor
    said yes, by tool and element."""

    def __init__(
        self, *, number: int, view: StepView, rules: GateRules, confirmed: frozenset[tuple[str, str]]
    ) -> None:
        self._number = number
        self._view = view
        self._page = view.page
        self._rules = rules
        self._confirmed = confirmed

    def pass_on(self, decision: Decision) -> Passed:
        """What becomes of it. Never raises."""
        match decision:
            case Calls():
                return self._calls(decision)
            case Ask():
                return self._ask(decision.message, decision.questions)
            case Answered():
                return self._answered(decision)
            case GiveUp():
                return self._failed(decision.code, decision.message)

    def _calls(self, decision: Calls) -> Passed:
        """The calls up to the first that may not be. What follows it is for a page that looks different."""
        sent: list[dict[str, Any]] = []
        for place, proposed in enumerate(decision.calls):
            call = ToolCall(name=proposed.name, args=proposed.args, id=f"c{self._number}-{place + 1}")
            judgement = self._judge(call)
            told = call.as_wire() | {"target": describe(self._page, call), "decider": proposed.id}
            if judgement.verdict is Gate.PASS:
                sent.append(told)
            elif judgement.verdict is Gate.REFUSE:
                return self._sent(decision, [*sent, told], refused={call.id: _refusal(judgement)})
            elif sent:
                break
            else:
                return self._held(told, judgement)
        return self._sent(decision, sent)

    def _judge(self, call: ToolCall) -> Judgement:
        named = (call.name, describe(self._page, call))
        found = self._judged(call, confirmed=named in self._confirmed)
        pressed = self._pressed(call) if found.verdict is Gate.PASS else None
        return found if pressed is None else self._judged(pressed, confirmed=named in self._confirmed)

    def _judged(self, call: ToolCall, *, confirmed: bool) -> Judgement:
        return judge(
            call,
            acted_on(self._page, call),
            self._rules,
            in_scope=self._view.in_scope,
            confirmed=confirmed,
        )

    def _pressed(self, call: ToolCall) -> ToolCall | None:
        """The click that Enter in a field comes down to: on the button that sends the field's form."""
        if call.name != "type_and_enter" and str(call.args.get("key", "")).lower() not in _ENTER:
            return None
        focused = (node for node in self._page.nodes if node.has("focused"))
        node = self._page.element(call.element_id) or next(focused, None)
        form = form_of(self._page, node) if node is not None else None
        button = form.submit if form is not None and node in form.fields else None
        if button is None or button.id is None:
            return None
        return ToolCall(name="click_element", args={"element_id": button.id}, id=call.id)

    def _sent(
        self, decision: Calls, calls: list[dict[str, Any]], refused: Mapping[str, Any] | None = None
    ) -> Passed:
        given = [call for call in calls if call["id"] not in (refused or {})]
        events = []
        if decision.thought:
            events.append(ProgressEvent(type="status_update", data={"text": decision.thought}))
        for call in given:
            data = {
                "name": call["name"],
                "callId": call["id"],
                "args": call["args"],
                "target": call["target"],
            }
            events.append(ProgressEvent(type="tool_start", id=call["id"], data=data))
        for id_, result in (refused or {}).items():
            name = next(call["name"] for call in calls if call["id"] == id_)
            data = {"name": name, "callId": id_, **result}
            events.append(ProgressEvent(type="tool_result", id=f"{id_}:result", data=data))
        thought = {"thought": decision.thought} if decision.thought else {}
        wire = [{name: call[name] for name in ("id", "name", "args")} for call in given]
        return Passed(
            decided=self._decided(calls, decision.thought),
            answer={"calls": wire, **thought},
            events=tuple(events),
            refused=refused,
        )

    def _held(self, call: dict[str, Any], judgement: Judgement) -> Passed:
        """The visitor is asked for a yes; the call itself is proposed anew when it is there."""
        key = f"{CONFIRM}{self._number}"
        question = Question(key=key, query=f"{judgement.reason} Go ahead?", choices=("Yes", "No"))
        return self._ask(judgement.reason, (question,), calls=[call | {"held": True}])

    def _ask(
        self, message: str, questions: Sequence[Question], calls: Sequence[Mapping[str, Any]] = ()
    ) -> Passed:
        wire = [
            {"key": each.key, "query": each.query, "required": each.required}
            | ({"choices": list(each.choices)} if each.choices else {})
            for each in questions
        ]
        asked = {"message": message, "questions": wire}
        return Passed(
            decided=self._decided(calls),
            answer={"calls": [], "askUser": asked, "state": RunStatus.AWAITING_USER.value},
            events=(ProgressEvent(type="needs_input", data=asked),),
            transition=Transition(status=RunStatus.AWAITING_USER),
        )

    def _answered(self, decision: Answered) -> Passed:
        cited = [
            {"type": "citation", "url": each.url, "title": each.title, "quote": each.quote}
            for each in decision.citations
        ]
        said = {
            "text": decision.text,
            "blocks": [*map(dict, decision.blocks), *cited],
            "summary": decision.summary or decision.text.partition("\n")[0],
        }
        return Passed(
            decided=self._decided(()),
            answer={"calls": [], "done": True, "answer": said},
            events=(ProgressEvent(type="assistant_output", data={"role": "assistant", **said}),),
            transition=Transition(status=RunStatus.COMPLETED),
        )

    def _failed(self, code: str, message: str) -> Passed:
        error = {"code": code, "message": message}
        return Passed(
            decided=self._decided(()),
            answer={"calls": [], "done": True, "error": error},
            events=(ProgressEvent(type="error", data=error),),
            transition=Transition(status=RunStatus.FAILED),
        )

    def _decided(self, calls: Sequence[Mapping[str, Any]], thought: str = "") -> dict[str, Any]:
        return {
            "url": self._page.url,
            "digest": self._page.digest,
            "marks": sorted(marks_of(self._page)),
            "thought": thought,
            "calls": [dict(call) for call in calls],
        }


def _refusal(judgement: Judgement) -> dict[str, Any]:
    return {"success": False, "error": {"code": judgement.code, "message": judgement.reason}}
