"""What a page's own scripts may bring to a step, read from bodies of strangers."""

from typing import Any

import pytest

from tasks.core.runtime.fields import json_bytes
from tasks.core.runtime.gates import GateRules, Verdict, judge
from tasks.core.runtime.page_tools import (
    CONTEXT_CHARS,
    SCHEMA_BYTES,
    PageTool,
    plain_schema,
    read_contexts,
    read_tabs,
)
from tasks.core.runtime.step_bodies import read_step
from tasks.core.runtime.tools import TOOLS, read_call
from tasks.executing.in_page.protocol import describe
from tests.tasks.in_page.runs import seen

STEP = {"sessionId": "ses_a", "runId": "run", "clientEventId": "1", "page": {"url": "https://a.example/"}}


def tools(*declared: Any) -> tuple[PageTool, ...]:
    return read_step({**STEP, "tools": list(declared)}).tools


def test_a_tool_is_read_with_its_words_and_its_schema() -> None:
    [tool] = tools(
        {
            "name": "find_boats",
            "title": "Find boats",
            "description": "Boats that are\nfree.",
            "parameters": {"properties": {"day": {"type": "string"}}, "required": ["day", "nothing"]},
            "sideEffect": "read",
        }
    )

    assert (tool.name, tool.title, tool.effect, tool.asks) == ("find_boats", "Find boats", "read", False)
    assert "\n" not in tool.description
    assert tool.schema == {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}


@pytest.mark.parametrize("name", [*sorted(TOOLS), "Click_Element", "open_url_new_tab", "give_up"])
def test_no_tool_takes_the_name_of_one_that_there_is(name: str) -> None:
    assert tools({"name": name}) == ()


@pytest.mark.parametrize("name", ["", "a b", "1st", "x" * 65, "näme", "a\n", None, 7, {}], ids=repr)
def test_a_name_that_is_none_is_left_out(name: object) -> None:
    assert tools({"name": name}, {"name": "good"}) == (PageTool(name="good", schema=_EMPTY),)


_EMPTY = {"type": "object", "properties": {}, "required": []}


def test_there_are_sixteen_tools_at_most_and_each_name_once() -> None:
    declared = [{"name": "same"}, {"name": "Same"}, *({"name": f"tool{number}"} for number in range(40))]

    assert [tool.name for tool in tools(*declared)] == ["same", *(f"tool{number}" for number in range(15))]


@pytest.mark.parametrize("value", [None, "x", {"name": "a"}, [None, 7, "a", []]], ids=repr)
def test_what_is_no_list_of_tools_is_none(value: object) -> None:
    assert read_step({**STEP, "tools": value}).tools == ()


@pytest.mark.parametrize("effect", ["write", "transactional", None, "nothing", 7], ids=repr)
def test_a_tool_asks_unless_it_says_that_it_changes_nothing(effect: object) -> None:
    [tool] = tools({"name": "book", "sideEffect": effect})
    assert tool.asks


def test_a_schema_keeps_types_words_and_choices_and_nothing_else() -> None:
    given = {
        "$ref": "#/x",
        "additionalProperties": False,
        "properties": {
            "size": {"type": "string", "enum": ["S", "M", 7], "pattern": "(a+)+$", "default": "S"},
            "many": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "odd": {"type": ["string", "null"]},
            "bad name": {"type": "string"},
        },
    }

    assert plain_schema(given) == {
        "type": "object",
        "properties": {
            "size": {"type": "string", "enum": ["S", "M"]},
            "many": {"type": "array", "items": {"type": "integer"}},
            "odd": {"type": "string"},
        },
        "required": [],
    }


def test_a_schema_without_end_ends() -> None:
    deep: dict[str, Any] = {"type": "object", "properties": {}}
    for _ in range(30):
        deep = {"type": "object", "properties": {"in": deep}}
    wide = {"properties": {f"p{number}": {"description": "x" * 200} for number in range(60)}}

    shallow = plain_schema(deep)
    assert shallow is not None
    assert json_bytes(shallow) < SCHEMA_BYTES
    assert plain_schema(wide) is None


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"day": "Friday"}, []),
        ({"day": "Friday", "seats": 2, "more": object}, []),
        ({}, ["day"]),
        ({"day": 5}, ["day"]),
        ({"day": "Friday", "seats": True}, ["seats"]),
        ({"day": "Friday", "boat": "Tern"}, ["boat"]),
    ],
    ids=["right", "more", "missing", "a number", "a yes", "no choice"],
)
def test_arguments_are_held_against_the_schema(arguments: dict[str, Any], wrong: list[str]) -> None:
    properties = {
        "day": {"type": "string"},
        "seats": {"type": "integer"},
        "boat": {"type": "string", "enum": ["Gull"]},
    }
    [tool] = tools({"name": "book", "parameters": {"properties": properties, "required": ["day"]}})

    assert [error.field for error in tool.wrong(arguments)] == wrong


def test_words_of_a_page_have_their_bounds() -> None:
    found = read_contexts(["a" * 9_000, "\x00b", "  ", 7, "c", "d", "e"])

    assert [len(text) for text in found] == [CONTEXT_CHARS, 2, 1]
    assert "\x00" not in "".join(found)
    assert read_contexts("text") == ()


def test_tabs_are_eight_lines_at_most() -> None:
    found = read_tabs(
        [{"id": number, "url": "https://a.example/\n", "current": 1} for number in range(1, 20)]
    )

    assert [tab.id for tab in found] == [str(number) for number in range(1, 9)]
    assert {tab.url for tab in found} == {"https://a.example/"}
    assert not any(tab.is_current for tab in found)
    assert read_tabs([{"url": "x"}, None, 7]) == ()


@pytest.mark.parametrize(
    ("declared", "verdict"),
    [
        ({"sideEffect": "read"}, Verdict.PASS),
        ({"sideEffect": "read", "requiresConfirmation": True}, Verdict.CONFIRM),
        ({"sideEffect": "write"}, Verdict.CONFIRM),
        ({}, Verdict.CONFIRM),
    ],
    ids=str,
)
def test_what_a_tool_says_of_itself_decides_whether_the_visitor_is_asked(
    declared: dict[str, Any], verdict: Verdict
) -> None:
    rules = GateRules.of({"requireConfirmFor": []}, page_tools=tools({"name": "book", **declared}))
    call = read_call("client_tool", {"tool": "book", "arguments": {"boat": "Gull"}})

    assert judge(call, None, rules).verdict is verdict
    assert judge(call, None, rules, confirmed=True).verdict is Verdict.PASS


def test_a_tool_that_the_page_does_not_offer_is_refused() -> None:
    rules = GateRules.of({}, page_tools=tools({"name": "book"}))

    assert judge(read_call("client_tool", {"tool": "other"}), None, rules).code == "TOOL_NOT_ALLOWED"
    assert "client_tool" not in GateRules.of({}).tools(in_scope=True)
    assert "client_tool" not in rules.tools(in_scope=False)


def test_calls_with_other_arguments_are_other_calls_for_a_yes() -> None:
    page = seen('button "Go"')
    long = [{"note": "x" * 400 + end} for end in "ab"]
    told = [
        describe(page, read_call("client_tool", {"tool": "book", "arguments": arguments}))
        for arguments in ({"boat": "Gull"}, {"boat": "Tern"}, *long)
    ]

    assert len(set(told)) == 4
    assert max(map(len, told)) < 500
