"""For any page and any wish there is a decision, soon, and it is one that can be carried out."""

import asyncio
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.core.runtime.tools import TOOLS, read_call
from tasks.executing.in_page.protocol import (
    Answer,
    Ask,
    Calls,
    Decision,
    SeenPage,
    StepView,
    Wish,
    past_step,
    read_page,
)
from tasks.executing.in_page.rules.decider import RulesStepDecider
from tasks.executing.in_page.rules.goals import goals_of
from tasks.executing.in_page.rules.values import given_by
from tests.tasks.in_page.runs import TODAY

WORDS = [
    "click",
    "open",
    "add",
    "buy",
    "book",
    "reserve",
    "search",
    "fill",
    "select",
    "tick",
    "type",
    "subscribe",
    "the",
    "a",
    "mug",
    "table",
    "for",
    "four",
    "on",
    "Friday",
    "at",
    "7pm",
    "with",
    "name",
    "Ada",
    "email",
    "ada@example.org",
    "cart",
    "and",
    "then",
    "in",
    '"Size"',
    ":",
    "=",
    ",",
    ".",
    "?",
    "klicke",
    "öffne",
    "suche",
    "nach",
    "Tisch",
    "für",
    "zwei",
    "Warenkorb",
    "Newsletter",
    "abonnieren",
    "mit",
    "what",
    "when",
    "costs",
    "price",
    "hours",
    "phone",
    "back",
    "scroll",
    "log",
    "in",
    "terms",
    "accept",
    "send",
]
ROLES = [
    "button",
    "link",
    "textbox",
    "searchbox",
    "combobox",
    "listbox",
    "checkbox",
    "radio",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "heading",
    "text",
    "listitem",
    "article",
    "row",
    "cell",
    "columnheader",
    "form",
    "search",
    "dialog",
    "main",
    "navigation",
    "banner",
    "contentinfo",
    "group",
    "alert",
    "status",
    "iframe",
    "option",
    "region",
    "generic",
]
WISHES = st.lists(st.sampled_from(WORDS), max_size=18).map(" ".join) | st.text(max_size=60)
NAMES = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(max_size=10)


@st.composite
def pages(draw: st.DrawFn) -> SeenPage:
    """Trees of all roles; every element may be acted on."""
    nodes: dict[str, Any] = {}
    roots: list[str] = []
    for at in range(draw(st.integers(0, 14))):
        role = draw(st.sampled_from(ROLES))
        node: dict[str, Any] = {"role": role, "id": at + 1, "name": draw(NAMES)}
        node["text"] = draw(NAMES) if role in ("text", "alert", "status", "cell", "generic") else None
        node["level"] = draw(st.integers(1, 3)) if role == "heading" else None
        node["url"] = draw(st.sampled_from(["https://a.example/b", "mailto:a@b.de", "http://[", ""])) or None
        kinds = st.sampled_from(
            ["text", "email", "tel", "date", "time", "number", "password", "file", "datetime-local"]
        )
        node["props"] = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "type": kinds,
                    "name": NAMES,
                    "value": NAMES,
                    "required": st.just(True),
                    "invalid": st.just(True),
                    "disabled": st.just(True),
                    "checked": st.sampled_from(["true", "false", "mixed"]),
                    "expanded": st.sampled_from(["true", "false"]),
                },
            )
        )
        node["options"] = draw(st.lists(NAMES, max_size=4)) if role in ("combobox", "listbox") else None
        key = str(at + 1)
        above = draw(st.sampled_from([None, *nodes])) if nodes else None
        (nodes[above].setdefault("children", []) if above else roots).append(key)
        nodes[key] = node
    url = draw(
        st.sampled_from(["https://a.example/", "https://a.example/#/x", "about:blank", "", "http://[::"])
    )
    modal = draw(st.booleans())
    return read_page(
        {"url": url, "title": draw(NAMES), "roots": roots, "nodes": nodes, "metadata": {"modal": modal}}
    )


def decided(view: StepView) -> Decision:
    return asyncio.run(RulesStepDecider(today=lambda: TODAY).decided(view))


def check(view: StepView, decision: Decision) -> None:
    """A call fits the catalogue and the page; a question can be answered."""
    if isinstance(decision, Calls):
        assert decision.calls
        assert len({call.id for call in decision.calls}) == len(decision.calls)
        for call in decision.calls:
            assert read_call(call.name, call.args, id=call.id) == call
            assert call.name in view.allowed
            assert call.element_id is None or view.page.element(call.element_id) is not None
    if isinstance(decision, Ask):
        assert decision.questions
        assert len({question.key for question in decision.questions}) == len(decision.questions)
        assert all(question.key and question.query for question in decision.questions)


@settings(max_examples=150, deadline=None)
@given(pages(), WISHES)
@example(read_page({}), "")
def test_every_first_step_can_be_carried_out(page: SeenPage, wish: str) -> None:
    view = StepView(wish=Wish(url=page.url, prompt=wish), page=page)
    check(view, decided(view))


@settings(max_examples=40, deadline=None)
@given(st.data(), WISHES)
def test_every_run_ends_whatever_pages_come_and_whatever_calls_come_to(
    data: st.DataObject, wish: str
) -> None:
    history: list[Any] = []
    answers: dict[str, str] = {}
    failed = {"success": False, "error": {"code": "ELEMENT_NOT_FOUND", "message": "gone"}}
    page = data.draw(pages())
    for left in range(40, -1, -1):
        given_answers = tuple(Answer(key=key, text=text) for key, text in answers.items())
        wanted = Wish(url=page.url, prompt=wish, answers=given_answers)
        view = StepView(wish=wanted, page=page, history=tuple(history), steps_left=left)
        decision = decided(view)
        check(view, decision)
        if isinstance(decision, Calls):
            results: dict[str, dict[str, Any]] = {
                call.id: data.draw(st.sampled_from([{"success": True}, failed])) for call in decision.calls
            }
            history.append(past_step(page, decision, results))
            page = data.draw(st.just(page) | pages())
        elif isinstance(decision, Ask) and len(answers) < 12:
            answers |= {question.key: data.draw(NAMES) for question in decision.questions}
        else:
            return
    raise AssertionError("no end")


@settings(max_examples=60, deadline=None)
@given(pages(), WISHES, st.sets(st.sampled_from(sorted(TOOLS))))
def test_no_call_is_made_that_is_not_allowed(page: SeenPage, wish: str, allowed: set[str]) -> None:
    for in_scope in (True, False):
        view = StepView(
            wish=Wish(url=page.url, prompt=wish), page=page, allowed=frozenset(allowed), in_scope=in_scope
        )
        check(view, decided(view))


@settings(max_examples=200, deadline=None)
@given(WISHES | st.text(max_size=400))
def test_any_text_is_a_wish(text: str) -> None:
    assert goals_of(text)
    assert given_by(text, today=TODAY).today == TODAY


@pytest.mark.parametrize(
    "piece",
    [
        "7pm",
        "öffne",
        "name is A ",
        "and then click ",
        "für 2 ",
        "x: y, ",
        "@",
        "12.",
        "+1 (2",
        "a a-",
        "pick ",
        '"',
    ],
)
def test_a_long_and_repetitive_wish_is_understood_before_the_clock_of_the_suite_runs_out(piece: str) -> None:
    text = (piece * 4_000)[:8_000]
    assert goals_of(text)
    assert given_by(text, today=TODAY).text == text[:4_000]
