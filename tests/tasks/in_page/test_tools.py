"""The catalogue of tools: names, arguments, refusals, and what a model is told of it."""

import json
from typing import Any

import pytest

from tasks.core.runtime.errors import InvalidArgument
from tasks.core.runtime.tools import (
    TOOLS,
    SideEffect,
    Tier,
    ToolCall,
    UnsupportedTool,
    declarations,
    read_call,
)

MUST = [
    "click_element", "type_into_element", "type_and_enter", "clear_element", "focus_element",
    "select_dropdown_value", "press_key", "scroll_page", "scroll_to_element", "goto_url", "go_back", "go_forward",
    "refresh_page", "wait_action", "solve_captcha", "answer_task", "ask_user",
]  # fmt: skip
SHOULD = [
    "wait_for_element", "open_new_tab", "switch_tab", "close_tab", "hover", "double_click", "right_click",
    "long_press", "check_field_validity", "select_text", "adjust_slider", "upload_file",
    "rover_external_read_context", "rover_external_act_context", "client_tool",
]  # fmt: skip


def wrong_fields(name: str, args: Any) -> list[str]:
    with pytest.raises(InvalidArgument) as caught:
        read_call(name, args)
    return [error["field"] for error in caught.value.data["errors"]]


def test_the_catalogue_has_every_tool_of_both_tiers_and_no_other() -> None:
    assert [name for name, tool in TOOLS.items() if tool.tier is Tier.MUST] == MUST
    assert sorted(name for name, tool in TOOLS.items() if tool.tier is Tier.SHOULD) == sorted(SHOULD)


def test_a_call_keeps_what_was_said_and_nothing_else() -> None:
    call = read_call("click_element", {"element_id": 12, "why": "because"}, id="c1")

    assert call == ToolCall(name="click_element", args={"element_id": 12}, id="c1")
    assert call.as_wire() == {"id": "c1", "name": "click_element", "args": {"element_id": 12}}


@pytest.mark.parametrize("said", [12, 12.0, "12", " 12 "], ids=repr)
def test_an_element_may_be_named_as_models_write_numbers(said: object) -> None:
    assert read_call("click_element", {"elementId": said}).element_id == 12


@pytest.mark.parametrize("said", [0, -1, 1.5, True, None, "x", "", 2**53, [1], "９" * 3], ids=repr)
def test_what_is_no_id_is_refused_by_the_name_of_its_field(said: object) -> None:
    assert wrong_fields("click_element", {"element_id": said}) == ["element_id"]


def test_a_tool_that_nobody_knows_is_unsupported_and_the_known_ones_are_named() -> None:
    with pytest.raises(UnsupportedTool) as caught:
        read_call("network_run_recipe\x1b[2J", {})

    assert caught.value.code == "TOOL_UNSUPPORTED"
    assert caught.value.data == {"tool": "network_run_recipe", "tools": list(TOOLS)}


@pytest.mark.parametrize("name", [None, 7, ["click_element"]], ids=repr)
def test_a_name_that_is_no_text_is_an_invalid_argument(name: object) -> None:
    with pytest.raises(InvalidArgument):
        read_call(name, {})


@pytest.mark.parametrize("name", ["open_url_new_tab", "Open-URL-New-Tab", " open_new_tab "])
def test_a_new_tab_goes_by_its_other_name_too(name: str) -> None:
    assert read_call(name, {"url": "/a"}).name == "open_new_tab"


@pytest.mark.parametrize(
    ("name", "args", "field"),
    [
        ("type_into_element", {"element_id": 1}, "text"),
        ("type_into_element", {"element_id": 1, "text": "x" * 8_001}, "text"),
        ("type_into_element", {"element_id": 1, "text": "a\x00b"}, "text"),
        ("select_dropdown_value", {"element_id": 1, "value": " "}, "value"),
        ("press_key", {"key": "Enter", "modifiers": ["HYPER"]}, "modifiers[0]"),
        ("scroll_page", {"direction": "sideways"}, "direction"),
        ("wait_action", {"duration": 60_001}, "duration"),
        ("wait_for_element", {"text": "Hi", "timeout": 30_001}, "timeout"),
        ("goto_url", {}, "url"),
        ("adjust_slider", {"element_id": 1, "value": "nan"}, "value"),
        ("upload_file", {"element_id": 1, "file": {"name": "a", "dataBase64": "<>"}}, "file.data_base64"),
        ("ask_user", {"questions": []}, "questions"),
        ("answer_task", {"text": ""}, "text"),
    ],
)
def test_arguments_out_of_bounds_are_named(name: str, args: dict[str, Any], field: str) -> None:
    assert any(wrong.startswith(field) for wrong in wrong_fields(name, args))


@pytest.mark.parametrize("args", [[], "x", 3, [["element_id", 1]]], ids=repr)
def test_arguments_that_are_no_object_are_refused(args: object) -> None:
    with pytest.raises(InvalidArgument):
        read_call("click_element", args)


def test_waiting_for_nothing_or_for_two_things_is_refused() -> None:
    assert wrong_fields("wait_for_element", {}) == [""]
    assert wrong_fields("wait_for_element", {"selector": "a", "text": "b"}) == [""]


def test_two_questions_may_not_share_a_key() -> None:
    twice = [{"key": "name", "query": "Name?"}] * 2
    assert wrong_fields("ask_user", {"questions": twice}) == [""]


def test_several_options_may_be_chosen_where_several_can_be() -> None:
    args = {"element_id": 1, "value": ["S", "M"]}
    assert read_call("select_dropdown_value", args).args["value"] == ["S", "M"]


def test_a_file_reaches_the_page_under_the_names_that_browsers_use() -> None:
    file = {"name": "a.txt", "mimeType": "text/plain", "dataBase64": "YQ=="}
    assert read_call("upload_file", {"element_id": 1, "file": file}).args["file"] == file


def test_what_changes_nothing_is_told_from_what_does() -> None:
    effects = {name: tool.effect for name, tool in TOOLS.items()}

    assert effects["scroll_page"] is SideEffect.READ
    assert effects["goto_url"] is SideEffect.NAVIGATE
    assert effects["click_element"] is SideEffect.WRITE
    assert effects["ask_user"] is SideEffect.NONE
    assert {name for name, tool in TOOLS.items() if not tool.in_page} == {"answer_task", "ask_user"}


def test_a_model_is_told_of_the_allowed_tools_alone_in_schemas_without_references_and_bounds() -> None:
    told = declarations({"ask_user", "click_element", "unknown"})

    assert [each["function"]["name"] for each in told] == ["click_element", "ask_user"]
    assert told[0]["function"]["parameters"] == {
        "type": "object",
        "properties": {"element_id": {"type": "integer"}, "open_in_new_tab": {"type": "boolean"}},
        "required": ["element_id"],
    }
    text = json.dumps(declarations())
    assert not [word for word in ("$ref", "$defs", "maxLength", "anyOf", "maximum") if f'"{word}"' in text]


def test_every_declared_tool_can_be_called_with_its_required_arguments() -> None:
    samples = {"integer": 1, "number": 1.0, "string": "up", "array": [{"key": "a", "query": "b"}]}
    for each in declarations():
        function = each["function"]
        schema = function["parameters"]
        args = {
            name: {"name": "a.txt"} if name == "file" else samples[schema["properties"][name]["type"]]
            for name in schema["required"]
        }
        args |= {"text": "x"} if function["name"] == "wait_for_element" else {}
        args |= {"url": "/a"} if "external" in function["name"] else {}
        assert read_call(function["name"], args).name == function["name"]
