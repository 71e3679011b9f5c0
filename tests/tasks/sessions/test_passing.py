"""A decision on its way to the page: which of its calls pass, and what is written down of each."""

from typing import Any

import pytest

from tasks.core.runtime.gates import GateRules
from tasks.core.runtime.tools import ToolCall
from tasks.executing.in_page.protocol import Answered, Calls, Citation, GiveUp, SeenPage, StepView, Wish
from tasks.executing.in_page.telling import marks_of
from tasks.services.runtime.passing import Passage, Passed
from tests.tasks.in_page.runs import seen

LOGIN = """
main
  heading 1 "Sign in"
  textbox "Email" [type=email] [name=email]
  textbox "Password" [type=password] [name=password]
  button "Place order"
  status: Welcome back, your last order was received.
"""
PAGE = seen(LOGIN)
EMAIL = ToolCall(name="type_into_element", args={"element_id": 1, "text": "ada@example.org"}, id="g0a-1")
PASSWORD = ToolCall(name="type_into_element", args={"element_id": 2, "text": "hunter2"}, id="g0a-2")
ORDER = ToolCall(name="click_element", args={"element_id": 3}, id="g0s-1")


def passed(*calls: ToolCall, confirmed: frozenset[tuple[str, str]] = frozenset(), **view: Any) -> Passed:
    wish = Wish(url=PAGE.url, prompt="Order it")
    passage = Passage(
        number=3, view=StepView(wish=wish, page=PAGE, **view), rules=GateRules(), confirmed=confirmed
    )
    return passage.pass_on(Calls(calls=calls, thought="Going on."))


def types(found: Passed) -> list[str]:
    return [event.type for event in found.events]


def test_calls_get_ids_of_the_run_and_keep_those_of_the_decider() -> None:
    found = passed(EMAIL)

    assert found.answer == {
        "calls": [{"id": "c3-1", "name": EMAIL.name, "args": dict(EMAIL.args)}],
        "thought": "Going on.",
    }
    (call,) = found.decided["calls"]
    assert (call["id"], call["decider"], call["target"]) == ("c3-1", "g0a-1", 'textbox "Email"')
    assert found.decided["marks"] == sorted(marks_of(PAGE)) != []
    assert types(found) == ["status_update", "tool_start"]
    assert found.transition is None and found.refused is None


def test_calls_pass_up_to_the_first_that_is_refused() -> None:
    found = passed(EMAIL, PASSWORD, ORDER)

    assert [call["id"] for call in found.answer["calls"]] == ["c3-1"]
    assert found.refused is not None and set(found.refused) == {"c3-2"}
    assert found.refused["c3-2"]["error"]["code"] == "HUMAN_INTERVENTION_REQUIRED"
    assert [call["id"] for call in found.decided["calls"]] == ["c3-1", "c3-2"], (
        "the third is not even proposed"
    )
    assert types(found) == ["status_update", "tool_start", "tool_result"]


def test_a_refused_call_alone_leaves_the_run_going() -> None:
    found = passed(PASSWORD)

    assert found.answer["calls"] == [] and found.transition is None
    assert "hunter2" not in str(found.answer) + str([event.data for event in found.events])


def test_calls_before_one_that_needs_a_yes_are_made_first() -> None:
    found = passed(EMAIL, ORDER)

    assert [call["name"] for call in found.answer["calls"]] == [EMAIL.name]
    assert "askUser" not in found.answer and len(found.decided["calls"]) == 1


def test_a_call_that_needs_a_yes_is_held_and_asked_about() -> None:
    found = passed(ORDER, EMAIL)

    assert (found.answer["calls"], found.answer["state"]) == ([], "awaiting_user")
    (question,) = found.answer["askUser"]["questions"]
    assert (question["key"], question["choices"], question["required"]) == ("confirm:3", ["Yes", "No"], True)
    assert "Place order" in question["query"]
    (call,) = found.decided["calls"]
    assert call["held"] is True
    assert types(found) == ["needs_input"]
    assert found.transition is not None and found.transition.status == "awaiting_user"


def test_a_yes_is_for_the_tool_and_the_element_that_were_asked_about() -> None:
    right = passed(ORDER, confirmed=frozenset({("click_element", 'button "Place order"')}))
    other = passed(ORDER, confirmed=frozenset({("click_element", 'button "Cancel"')}))

    assert len(right.answer["calls"]) == 1
    assert other.answer["calls"] == []


def test_an_answer_ends_the_run_with_what_it_cites() -> None:
    passage = Passage(
        number=1,
        view=StepView(wish=Wish(url=PAGE.url, prompt="When?"), page=PAGE),
        rules=GateRules(),
        confirmed=frozenset(),
    )
    cited = Citation(url=PAGE.url, title="Shop", quote="received")
    found = passage.pass_on(Answered(text="Now.\nReally.", blocks=({"type": "text"},), citations=(cited,)))

    assert found.answer["done"] is True
    assert found.answer["answer"] == {
        "text": "Now.\nReally.",
        "blocks": [
            {"type": "text"},
            {"type": "citation", "url": PAGE.url, "title": "Shop", "quote": "received"},
        ],
        "summary": "Now.",
    }
    assert found.transition is not None and found.transition.status == "completed"


def test_giving_up_ends_the_run_with_its_code() -> None:
    passage = Passage(
        number=1,
        view=StepView(wish=Wish(url=PAGE.url, prompt="When?"), page=PAGE),
        rules=GateRules(),
        confirmed=frozenset(),
    )
    found = passage.pass_on(GiveUp(code="no_such_thing", message="It is not here."))

    assert found.answer["error"] == {"code": "no_such_thing", "message": "It is not here."}
    assert found.transition is not None and found.transition.status == "failed"
    assert types(found) == ["error"]


@pytest.mark.parametrize(
    "call",
    [
        ToolCall(name="press_key", args={"key": "Enter", "element_id": 1}),
        ToolCall(name="type_and_enter", args={"element_id": 1, "text": "ada@example.org"}),
    ],
)
def test_a_form_that_is_sent_by_its_enter_key_is_weighed_by_its_button(call: ToolCall) -> None:
    """Its button orders, and Enter in a field presses that button."""
    order = seen('main\n  textbox "Email" [type=email]\n  textbox "Street"\n  button "Place order"')
    ask = seen('main\n  textbox "Email" [type=email]\n  textbox "Question"\n  button "Look up"')

    def found(page: SeenPage) -> Passed:
        view = StepView(wish=Wish(url=page.url, prompt="Do it"), page=page)
        passage = Passage(number=1, view=view, rules=GateRules(), confirmed=frozenset())
        return passage.pass_on(Calls(calls=(call,)))

    assert "askUser" in found(order).answer
    assert len(found(ask).answer["calls"]) == 1
