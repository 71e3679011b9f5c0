"""Steps: one for each call, whoever tells of it."""

from typing import Any

import pytest

from roverbook.core.visits.fold import fold
from roverbook.core.visits.step_types import step_type
from tasks.core.runtime.tools import TOOLS
from tests.roverbook.core.visits.telling import SHOP, PageLog, RunLog, TaskLog, at


def test_a_start_and_its_result_are_one_step() -> None:
    run = RunLog().page(1, "/menu?x=1").start(2, "click_element", "c1", 'button "Order"', element_id=4)
    visit = fold(run.result(3.5, "click_element", "c1").events)
    (step,) = visit.steps
    assert (step.number, step.action, step.type, step.result) == (1, "click_element", "click", "success")
    assert (step.at, step.duration_ms, step.run_id, step.step_id) == (at(2), 1_500, "run-1", "c1")
    assert (step.target, step.args, step.page_url) == (
        'button "Order"',
        {"element_id": 4},
        f"{SHOP}/menu?x=1",
    )
    assert (visit.total_steps, visit.error_count, visit.tool_usage) == (1, 0, {"click_element": 1})


def test_a_call_without_a_result_is_pending() -> None:
    (step,) = fold(RunLog().start(2, "click_element", "c1", element_id=4).events).steps
    assert (step.result, step.duration_ms) == ("pending", None)


def test_a_call_that_failed_is_an_error_of_the_visit() -> None:
    run = RunLog().page(1, "/menu").start(2, "click_element", "c1", element_id=4)
    visit = fold(run.failed(3, "click_element", "c1", "The button 17 is covered.").events)
    assert (visit.steps[0].result, visit.steps[0].error) == ("error", "The button 17 is covered.")
    assert (visit.error_count, visit.error) == (1, "The button 17 is covered.")
    (issue,) = visit.issues
    assert (issue.tool, issue.message, issue.path, issue.count) == (
        "click_element",
        "The button [n] is covered.",
        "/menu",
        1,
    )


def test_results_find_their_calls_by_name_and_not_by_turn() -> None:
    run = RunLog().start(1, "click_element", "c1").start(2, "click_element", "c2")
    first, second = fold(
        run.failed(3, "click_element", "c1", "No.").result(4, "click_element", "c2").events
    ).steps
    assert (first.result, second.result) == ("error", "success")


def test_a_result_without_a_name_closes_the_latest_open_call_of_its_tool() -> None:
    task = TaskLog().status(0, "running")
    for seconds, name, status in [
        (1, "fetch_page", "started"),
        (2, "search", "started"),
        (3, "fetch_page", "started"),
        (4, "fetch_page", "completed"),
        (6, "fetch_page", "failed"),
    ]:
        task.tell(seconds, "tool", name=name, status=status)
    steps = fold(task.events).steps
    assert [(step.action, step.result, step.duration_ms) for step in steps] == [
        ("fetch_page", "error", 5_000),
        ("search", "pending", None),
        ("fetch_page", "success", 1_000),
    ]


def test_a_result_whose_call_was_never_told_is_a_step_of_its_own() -> None:
    visit = fold(TaskLog().status(0, "running").tell(1, "tool", name="search", status="completed").events)
    assert [(step.action, step.result) for step in visit.steps] == [("search", "success")]


def test_a_refused_call_is_understood_by_what_was_decided() -> None:
    decided = {"c1": {"name": "click_element", "args": {"element_id": 9}, "target": 'link "Terms"'}}
    (step,) = fold(RunLog(calls=decided).failed(2, "click_element", "c1", "Not allowed.").events).steps
    assert (step.args, step.target, step.result) == ({"element_id": 9}, 'link "Terms"', "error")


def test_a_run_is_not_counted_again_by_the_log_of_its_task() -> None:
    run = RunLog(began=1).page(2, "/").start(3, "click_element", "c1").failed(4, "click_element", "c1", "No.")
    run.tell(5, "message", role="assistant", text="Done").state(5, "completed")
    task = TaskLog().status(1, "running").tell(2, "observation", url=f"{SHOP}/")
    task.tell(3, "tool", name="click_element", status="started")
    task.tell(4, "tool", name="click_element", status="failed", message="No.").done(5, text="Done")
    visit = fold([*run.events, *task.events])
    assert (visit.total_steps, visit.error_count, visit.total_runs) == (1, 1, 1)
    assert (visit.pages_visited, visit.steps[0].step_id) == ([f"{SHOP}/"], "c1")


def test_what_a_page_tells_of_a_run_that_this_server_logs_is_not_counted_again() -> None:
    run = RunLog().page(1, "/").start(2, "click_element", "c1").failed(3, "click_element", "c1", "No.")
    page = PageLog().tell(0, "run_started", run_id="run-1", pageUrl=f"{SHOP}/")
    page.tell(2, "tool_start", run_id="run-1", toolName="click_element")
    page.tell(3, "tool_result", run_id="run-1", toolName="click_element", success=False, errorMessage="No.")
    page.tell(3, "error", run_id="run-1", errorMessage="No.").tell(4, "run_completed", run_id="run-1")
    visit = fold([*run.events, *page.events])
    assert (visit.total_steps, visit.error_count, visit.total_runs, visit.outcome) == (1, 1, 1, "")
    assert visit.pages_visited == [f"{SHOP}/"]


def test_a_page_that_works_without_this_server_tells_its_own_steps() -> None:
    page = PageLog().tell(0, "task_started")
    page.tell(1, "tool_start", toolName="add_to_cart", target="#cart", pageUrl=f"{SHOP}/a")
    page.tell(
        2, "tool_result", toolName="add_to_cart", success=False, errorMessage="Sold out", durationMs=321
    )
    (step,) = fold(page.events).steps
    assert (step.action, step.result, step.error, step.duration_ms) == (
        "add_to_cart",
        "error",
        "Sold out",
        321,
    )
    assert (step.target, step.page_url) == ("#cart", f"{SHOP}/a")


@pytest.mark.parametrize(
    ("args", "told", "expected"),
    [
        ({"selector": "#a", "url": "https://x.example/"}, "", "#a"),
        ({"url": "https://x.example/", "text": "hi"}, "", "https://x.example/"),
        ({"href": "/p", "target": "t"}, "", "/p"),
        ({"target": "the button", "text": "hi"}, "", "the button"),
        ({"element": "e7", "text": "hi"}, "", "e7"),
        ({"text": "hi"}, "", "hi"),
        ({"element_id": 3, "text": "hi"}, 'textbox "Name"', 'textbox "Name"'),
        ({"element_id": 3}, "", ""),
        ({"selector": 3}, "", ""),
    ],
)
def test_the_target_is_the_first_that_says_one(args: dict[str, Any], told: str, expected: str) -> None:
    assert fold(RunLog().start(1, "do_it", "c1", told, **args).events).steps[0].target == expected


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("goto_url", "navigate"),
        ("open_new_tab", "navigate"),
        ("refresh_page", "navigate"),
        ("click_element", "click"),
        ("doubleClick", "click"),
        ("type_into_element", "type"),
        ("type_and_enter", "submit"),
        ("submit_form", "submit"),
        ("clear_element", "fill"),
        ("select_dropdown_value", "fill"),
        ("upload_file", "fill"),
        ("scroll_page", "scroll"),
        ("extract_text", "extract"),
        ("fetch_page", "extract"),
        ("web-search", "search"),
        ("find_in_page", "search"),
        ("wait_for_element", "wait_for"),
        ("wait_action", "wait_for"),
        ("go_back", "backtrack"),
        ("answer_task", "status"),
        ("report_error", "error"),
        ("solve_captcha", "other"),
        ("widget", "other"),
        ("", "other"),
    ],
)
def test_types_of_steps_follow_from_words_in_the_tools_name(tool: str, expected: str) -> None:
    assert step_type(tool) == expected


def test_every_tool_of_ours_has_a_type_of_the_contract() -> None:
    types = {
        "navigate",
        "click",
        "type",
        "fill",
        "scroll",
        "submit",
        "extract",
        "search",
        "wait_for",
        "status",
    }
    assert {step_type(tool) for tool in TOOLS} <= types | {"error", "backtrack", "other"}


def test_the_first_60_steps_are_the_preview_and_the_first_500_are_kept() -> None:
    run = RunLog()
    for number in range(1, 521):
        run.start(number, "click_element", f"c{number}").result(number + 0.5, "click_element", f"c{number}")
    visit = fold(run.events)
    assert (len(visit.trajectory), len(visit.steps), visit.total_steps) == (60, 500, 520)
    assert visit.tool_usage == {"click_element": 520}
    assert [step.number for step in visit.steps] == list(range(1, 501))


def test_a_step_of_the_preview_has_the_contracts_names() -> None:
    run = RunLog().page(1, "/").start(2, "click_element", "c1", 'button "Order"', element_id=4)
    (step,) = fold(run.failed(3, "click_element", "c1", "No.").events).trajectory
    assert step == {
        "stepId": "c1",
        "ts": 1_772_442_002_000,
        "action": "click_element",
        "stepType": "click",
        "target": 'button "Order"',
        "args": {"element_id": 4},
        "result": "error",
        "error": "No.",
        "durationMs": 1_000,
        "runId": "run-1",
        "pageUrl": f"{SHOP}/",
    }


# --- elements ---


def test_calls_are_counted_by_whether_their_element_has_role_and_name() -> None:
    run = RunLog()
    run.start(1, "click_element", "c1", 'button "Order"', element_id=1).result(2, "click_element", "c1")
    run.start(3, "click_element", "c2", "button", element_id=2).result(4, "click_element", "c2")
    run.start(5, "scroll_page", "c3", amount=300).result(6, "scroll_page", "c3")
    visit = fold(run.events)
    assert (visit.targeted, visit.named, visit.missing) == (2, 1, 0)


@pytest.mark.parametrize("code", ["ELEMENT_NOT_FOUND", "IFRAME_CONTEXT_UNAVAILABLE"])
def test_an_element_that_is_not_there_was_not_hit(code: str) -> None:
    run = RunLog().page(0.5, "/cart").start(1, "click_element", "c1", 'button "Order"', element_id=1)
    visit = fold(run.failed(2, "click_element", "c1", "It has left the page.", code).events)
    assert (visit.targeted, visit.named, visit.missing) == (1, 0, 1)
    assert [(tool.path, tool.calls, tool.failures, tool.missing) for tool in visit.tools] == [
        ("/cart", 1, 1, 1)
    ]


def test_tools_are_counted_by_page_and_name() -> None:
    run = RunLog().page(1, "/a?q=1").start(2, "click_element", "c1").result(3, "click_element", "c1")
    run.page(4, "/b").start(5, "click_element", "c2").result(7, "click_element", "c2")
    run.start(8, "click_element", "c3").failed(9, "click_element", "c3", "No.")
    found = [
        (tool.path, tool.tool, tool.calls, tool.failures, tool.duration_ms) for tool in fold(run.events).tools
    ]
    assert found == [("/a", "click_element", 1, 0, 1_000), ("/b", "click_element", 2, 1, 3_000)]


# --- hostile ---


def test_a_flood_of_made_up_tools_keeps_to_its_bounds() -> None:
    run = RunLog()
    for number in range(1_000):
        run.start(number, f"tool_{number}", f"c{number}").failed(
            number, f"tool_{number}", f"c{number}", f"E{'x' * number}"
        )
    visit = fold(run.events)
    assert (len(visit.tool_usage), len(visit.steps), len(visit.issues)) == (200, 500, 200)
    assert len(visit.tools) <= 201
    assert (sum(visit.tool_usage.values()), sum(tool.calls for tool in visit.tools)) == (1_000, 1_000)


def test_arguments_that_are_personal_or_secret_are_not_kept() -> None:
    run = RunLog().start(
        1, "type_into_element", "c1", 'textbox "Mail"', element_id=1, text="ann@mail.example"
    )
    run.start(2, "type_into_element", "c2", 'textbox "Password"', element_id=2, text="hunter2")
    run.start(3, "type_into_element", "c3", 'textbox "Card"', element_id=3, text="4111 1111 1111 1111")
    assert [step.args.get("text") for step in fold(run.events).steps] == ["[email]", "[hidden]", "[card]"]


def test_arguments_are_bounded() -> None:
    run = RunLog().start(1, "a", "c1", text="x" * 100_000).start(2, "b", "c2", rows=[["y" * 100] * 100])
    first, second = fold(run.events).steps
    assert len(first.args["text"]) == 500
    assert second.args == {"truncated": True}


@pytest.mark.parametrize("value", [None, 7, [], {}, ["x"], {"a": 1}, True, "\x00\ud800"])
def test_values_of_any_type_in_any_place_are_no_harm(value: Any) -> None:
    run = RunLog().tell(1, "tool_start", name=value, callId=value, args=value, target=value)
    run.tell(2, "tool_result", name=value, callId=value, success=value, error=value)
    run.tell(3, "observation", url=value).tell(4, "error", code=value, message=value)
    run.tell(5, "message", role=value, text=value).tell(6, "run_transition", status=value)
    page = PageLog().tell(7, "visit", entryUrl=value, extras=value, launchSource=value)
    page.tell(
        8, "tool_result", toolName=value, success=value, durationMs=value, errorDetail=value, payload=value
    )
    page.tell(9, "run_completed", run_id="r9", outcome=value, payload={"terminalState": value})
    task = TaskLog(facts={"agent": value, "url": value, "prompt": value, "extras": value})
    task.tell(1, "tool", name=value, status=value).tell(2, "done", status=value, result=value)
    for events in (run.events, page.events, task.events, [*run.events, *page.events, *task.events]):
        assert fold(events).n_events > 0
