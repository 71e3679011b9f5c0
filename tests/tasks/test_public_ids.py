"""Names of tasks, workflows and events: one spelling each, and nothing else is read."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.cursors import MAX_DIGITS
from tasks.core.public_ids import (
    TASK_PREFIX,
    WORKFLOW_PREFIX,
    event_name,
    read_cursor,
    read_event_name,
    read_name,
    task_name,
    workflow_name,
)

ID = UUID("0198c0de-4a5b-7c6d-8e9f-001122334455")
HEX = "0198c0de4a5b7c6d8e9f001122334455"


def test_a_task_a_workflow_and_an_event_have_a_prefix_each() -> None:
    assert task_name(ID) == f"agt_{HEX}"
    assert workflow_name(ID) == f"wf_{HEX}"
    assert event_name(7) == "evt_7"


@given(st.uuids())
def test_a_name_leads_back_to_its_row(row_id: UUID) -> None:
    assert read_name(task_name(row_id), TASK_PREFIX) == row_id
    assert read_name(workflow_name(row_id), WORKFLOW_PREFIX) == row_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "agt_",
        HEX,
        f"wf_{HEX}",
        f"AGT_{HEX}",
        f"agt_{HEX.upper()}",
        f"agt_{ID}",
        f"agt_{HEX}0",
        f"agt_{HEX[:-1]}",
        f" agt_{HEX}",
        f"agt_{HEX}\n",
        f"agt_{HEX}\x00",
        f"agt_agt_{HEX}",
        "agt_" + "g" * 32,
        "agt_" + "０" * 32,
        "agt_" + "٣" * 32,
        "agt_access_" + "a" * 43,
    ],
)
def test_another_spelling_is_no_name(text: str) -> None:
    assert read_name(text, TASK_PREFIX) is None


@given(st.text(max_size=50))
def test_any_text_is_read_as_a_name_only_when_it_is_written_back_the_same(text: str) -> None:
    row_id = read_name(text, TASK_PREFIX)

    assert row_id is None or task_name(row_id) == text


@pytest.mark.parametrize(
    ("text", "seq"),
    [
        ("evt_7", 7),
        ("7", 7),
        ("evt_0", 0),
        ("0", 0),
        ("evt_007", 7),
        ("9" * MAX_DIGITS, int("9" * MAX_DIGITS)),
        (None, None),
        ("", None),
        ("evt_", None),
        ("evt_evt_7", None),
        ("EVT_7", None),
        ("evt_-1", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("1_000", None),
        (" 7", None),
        ("7\n", None),
        ("²", None),
        ("٣", None),
        ("9" * (MAX_DIGITS + 1), None),
        ("agt_7", None),
    ],
)
def test_an_event_is_named_by_its_place_with_or_without_the_prefix(text: str | None, seq: int | None) -> None:
    assert read_event_name(text) == seq


@given(st.integers(min_value=0, max_value=10**MAX_DIGITS - 1))
def test_the_name_of_an_event_leads_back_to_its_place(seq: int) -> None:
    assert read_event_name(event_name(seq)) == seq


@pytest.mark.parametrize(
    ("last_event_id", "after", "cursor"),
    [
        (None, None, 0),
        ("evt_5", None, 5),
        (None, "evt_5", 5),
        (None, "5", 5),
        ("evt_5", "evt_3", 5),
        ("evt_0", "evt_3", 0),
        ("", "evt_3", 3),
        ("nonsense", "evt_3", 3),
        ("nonsense", "nonsense", 0),
    ],
)
def test_a_reader_goes_on_after_the_header_then_after_the_query_else_from_the_beginning(
    last_event_id: str | None, after: str | None, cursor: int
) -> None:
    assert read_cursor(last_event_id, after) == cursor
