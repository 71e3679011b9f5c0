"""A workflow as the sum of its tasks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.states import TERMINAL
from tasks.core.states import TaskStatus as Status
from tasks.core.workflows import SUMMARY_CHARS, summary_of, workflow_result, workflow_status

P, W, R, ASKING = Status.PENDING, Status.WAITING_BROWSER, Status.RUNNING, Status.INPUT_REQUIRED
DONE, FAILED, CANCELLED, EXPIRED = Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ([P], R),
        ([W], R),
        ([R], R),
        ([ASKING], ASKING),
        ([DONE], DONE),
        ([FAILED], FAILED),
        ([CANCELLED], CANCELLED),
        ([EXPIRED], EXPIRED),
        ([DONE, R], R),
        ([DONE, W], R),
        ([DONE, R, ASKING], ASKING),
        ([ASKING, FAILED], ASKING),
        ([DONE, FAILED], DONE),
        ([FAILED, DONE], FAILED),
        ([CANCELLED, DONE, DONE], CANCELLED),
    ],
)
def test_a_workflow_asks_if_a_task_does_runs_while_one_runs_and_ends_as_its_root(
    members: list[Status], status: Status
) -> None:
    assert workflow_status(members) is status


@given(st.lists(st.sampled_from(Status), min_size=1, max_size=20))
def test_a_workflow_has_ended_when_every_task_has(members: list[Status]) -> None:
    assert (workflow_status(members) in TERMINAL) is all(status in TERMINAL for status in members)


def member(name: str, status: str = "completed", result: dict[str, Any] | None = None) -> Any:
    return (name, f"{name}.example", status, result)


def test_a_workflow_of_one_task_has_its_result() -> None:
    assert workflow_result([member("agt_1", result={"text": "t", "summary": "s"})]) == {
        "text": "t",
        "summary": "s",
    }


def test_before_anything_is_known_there_is_no_result() -> None:
    assert workflow_result([member("agt_1", "running")]) is None


def test_of_its_other_tasks_a_workflow_tells_status_and_summary_alone() -> None:
    root = member("agt_1", "running")
    others = [
        member("agt_2", result={"text": "the whole text", "summary": "in short", "blocks": [1]}),
        member("agt_3", "failed", {"error": {"code": "no_evidence", "message": "Nothing was found."}}),
        member("agt_4", "waiting_browser"),
    ]

    assert workflow_result([root, *others]) == {
        "children": [
            {"id": "agt_2", "siteHost": "agt_2.example", "status": "completed", "summary": "in short"},
            {"id": "agt_3", "siteHost": "agt_3.example", "status": "failed", "summary": "Nothing was found."},
            {"id": "agt_4", "siteHost": "agt_4.example", "status": "waiting_browser"},
        ]
    }


def test_the_result_of_the_root_is_left_as_it_is() -> None:
    kept = {"text": "t"}
    told = workflow_result([member("agt_1", result=kept), member("agt_2", "failed")])

    assert told is not None
    assert told["text"] == "t"
    assert kept == {"text": "t"}


@pytest.mark.parametrize(
    ("result", "summary"),
    [
        (None, None),
        ({}, None),
        ({"text": ""}, None),
        ({"text": " \n "}, None),
        ({"text": "several\n  lines"}, "several lines"),
        ({"text": "long", "summary": "short"}, "short"),
        ({"error": {"code": "timeout"}}, None),
        ({"error": {"code": "timeout", "message": "Nothing happened."}}, "Nothing happened."),
        ({"text": "x" * 501}, "x" * SUMMARY_CHARS),
    ],
)
def test_a_summary_is_one_bounded_line(result: dict[str, Any] | None, summary: str | None) -> None:
    assert summary_of(result) == summary
