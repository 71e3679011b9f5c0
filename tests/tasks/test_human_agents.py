"""How agents' tasks and workflows read: their events, and where they stand."""

import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.events import EventKind, LoggedEvent
from tasks.core.human import WORD_WIDTH, event_line
from tasks.core.human_agents import AGENT_FORMS
from tasks.core.human_forms import Tone
from tasks.core.human_snapshot import cancel_line, list_lines, snapshot_lines, state
from tasks.core.states import TaskStatus

TASK = "0190c3a4-7b1e-7c55-9d0a-2f6b1c8e4a10"
NAME = "agt_0190c3a47b1e7c559d0a2f6b1c8e4a10"
NOW = datetime(2026, 1, 31, 12, 4, 19, tzinfo=UTC)
URL = "https://shop.example/pot"


def logged(kind: str, **payload: Any) -> LoggedEvent:
    return LoggedEvent(task_id=UUID(TASK), seq=7, kind=kind, ts=NOW, payload=payload)


def line(kind: str, **payload: Any) -> str:
    return event_line(logged(kind, **payload), zone=UTC).text.removeprefix("   7  12:04:19  ")


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("status", {"status": "waiting_browser"}, "status         waiting for a browser"),
        ("status", {"status": "input_required"}, "status         waiting for an answer"),
        ("status", {"status": "running"}, "status         running"),
        ("step", {"text": "Reading the page."}, "step           Reading the page."),
        (
            "tool",
            {"name": "read", "status": "failed", "message": "HTTP 404"},
            "tool           read failed   HTTP 404",
        ),
        (
            "observation",
            {"url": URL, "title": "The pot", "host": "shop.example", "summary": "Of iron."},
            f"page seen      {URL:<40}  The pot",
        ),
        ("message", {"role": "user", "text": "The red\none"}, "message        user: The red one"),
        (
            "input",
            {"message": "?", "questions": [{"key": "a", "query": "Which?", "choices": ["Red", "Green"]}]},
            "QUESTION       Which? [Red | Green]",
        ),
        ("input", {"message": "Which one?", "questions": []}, "QUESTION       Which one?"),
        ("error", {"code": "timeout", "message": "Too slow."}, "ERROR          timeout: Too slow."),
        (
            "done",
            {"status": "completed", "result": {"summary": "Iron.", "text": "Iron. All of it."}},
            "task completed Iron.",
        ),
        (
            "done",
            {"status": "failed", "result": {"error": {"code": "no_evidence", "message": "Nothing."}}},
            "TASK FAILED    no_evidence: Nothing.",
        ),
        ("done", {"status": "cancelled"}, "task cancelled"),
        ("done", {"status": "expired"}, "task expired"),
        (
            "member_done",
            {"taskId": NAME, "status": "completed", "result": {"text": "Iron."}},
            "task completed …8e4a10   Iron.",
        ),
        ("step", {"taskId": NAME, "text": "Reading."}, "step           …8e4a10   Reading."),
        ("done", {"workflowId": "wf_1", "status": "completed"}, "all completed"),
        ("done", {"workflowId": "wf_1", "status": "failed"}, "ALL FAILED"),
    ],
)
def test_an_event_is_one_line_that_says_what_happened(
    kind: str, payload: dict[str, Any], expected: str
) -> None:
    assert line(kind, **payload) == expected


@pytest.mark.parametrize(
    ("status", "tone"),
    [
        ("completed", Tone.GOOD),
        ("failed", Tone.BAD),
        ("cancelled", Tone.WARN),
        ("expired", Tone.WARN),
        ("of another version", Tone.PLAIN),
    ],
)
@pytest.mark.parametrize("whose", [{}, {"workflowId": "wf_1"}])
def test_every_end_has_its_tone_and_a_word_that_fits_its_column(
    status: str, tone: Tone, whose: dict[str, str]
) -> None:
    told = event_line(logged("done", status=status, **whose), zone=UTC)

    assert told.tone is tone
    assert len(told.word) <= WORD_WIDTH


def test_a_tool_that_failed_stands_out() -> None:
    tones = [event_line(logged("tool", status=status)).tone for status in ("completed", "failed")]

    assert tones == [Tone.QUIET, Tone.BAD]


def test_a_long_answer_is_cut_in_its_line() -> None:
    assert len(line("message", role="assistant", text="x" * 5_000)) < 230


hostile = st.text(alphabet="\x1b\x9b\x9d[]P;\x07\\m0 \n\u202e\u2066a") | st.text()
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | hostile,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "query", "choices", "summary", "text", "error"]), inner
        )
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(AGENT_FORMS)),
    payload=st.dictionaries(
        st.sampled_from(
            [
                *(
                    "status",
                    "text",
                    "role",
                    "name",
                    "message",
                    "url",
                    "title",
                    "summary",
                    "questions",
                    "code",
                ),
                *("result", "taskId", "workflowId"),
            ]
        ),
        values,
    ),
)
def test_whatever_a_log_holds_makes_one_line_that_touches_no_terminal(
    kind: str, payload: dict[str, Any]
) -> None:
    text = line(kind, **payload)

    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
    assert not {"\u202e", "\u2066"} & set(text)


def test_every_kind_of_event_of_agents_has_its_line() -> None:
    batches = {"task_", "batch_", "item_", "final"}

    others = {kind for kind in EventKind if not any(kind.startswith(name) for name in batches)}

    assert others == set(AGENT_FORMS)


def snapshot(**changes: Any) -> dict[str, Any]:
    values = {
        "task_id": TASK,
        "task_kind": "agent",
        "status": "running",
        "total": 0,
        "started_at": "2026-01-31T12:04:07.000Z",
        "updated_at": "2026-01-31T12:04:18.000Z",
        "duration_ms": 12_000,
        "last_event": None,
        "eta_s": None,
        "cancellation_requested": False,
        "error": None,
        "result": None,
        "failures": [],
        "agent_task": {
            "id": NAME,
            "workflow": "wf_1",
            "url": URL,
            "prompt": "What is the pot\nmade of?",
            "shortcut": None,
            "execution": "cloud",
            "agent": {"name": "Demo", "trust": "self_reported"},
            "input": None,
        },
    }
    return values | changes


ABOUT = [
    f"task         {NAME}",
    "workflow     wf_1",
    f"url          {URL}",
    "prompt       What is the pot made of?",
    "execution    cloud",
    "agent        Demo (self reported)",
]


def test_a_running_task_reads_as_what_is_wanted_and_by_whom() -> None:
    assert snapshot_lines(snapshot(), now=NOW) == [
        "agent   ● running   started 12 s ago",
        *ABOUT,
        f"watch        rover task {TASK} --monitor",
        f"stop it      rover task {TASK} --cancel",
    ]


def test_a_task_that_asks_shows_its_questions() -> None:
    asked = {
        "message": "?",
        "questions": [{"query": "Which?", "choices": ["Red", "Green"]}, {"query": "How?"}],
    }
    asking = snapshot(status="input_required", agent_task=snapshot()["agent_task"] | {"input": asked})

    lines = snapshot_lines(asking, now=NOW)

    assert lines[0] == "agent   ? waiting for an answer   started 12 s ago"
    assert "question     Which? [Red | Green]" in lines
    assert "question     How?" in lines


def test_a_completed_task_ends_with_its_answer_as_it_was_given() -> None:
    done = snapshot(status="completed", result={"text": "Iron.\n\x1b[2JIn one piece.\n", "summary": "Iron."})

    assert snapshot_lines(done, now=NOW) == [
        "agent   ✓ completed   took 12 s   ended 1 s ago",
        *ABOUT,
        "",
        "Iron.",
        "In one piece.",
    ]


def test_a_failed_task_says_why() -> None:
    error = {"code": "no_evidence", "message": "The site\ndoes not say."}
    lines = snapshot_lines(snapshot(status="failed", error="no_evidence", result={"error": error}), now=NOW)

    assert lines[0].startswith("agent   ✗ failed")
    assert "error        no_evidence: The site does not say." in lines


def test_a_workflow_lists_its_tasks() -> None:
    members = [
        {"id": NAME, "status": "running", "siteHost": "shop.example"},
        {
            "id": "agt_" + "0" * 26 + "ad0b2c",
            "status": "completed",
            "siteHost": "bank.example",
            "summary": "Paid.",
        },
    ]
    values = snapshot(task_kind="workflow", workflow={"id": "wf_1", "tasks": members})
    del values["agent_task"]

    assert snapshot_lines(values, now=NOW) == [
        "workflow   ● running   started 12 s ago",
        "task         wf_1",
        f"watch        rover task {TASK} --monitor",
        f"stop it      rover task {TASK} --cancel",
        "",
        "2 tasks",
        "  …8e4a10   ● running     shop.example",
        "  …ad0b2c   ✓ completed   bank.example   Paid.",
    ]


@settings(max_examples=60, deadline=None)
@given(
    task=st.dictionaries(st.sampled_from(["id", "url", "prompt", "agent", "input"]), values), result=values
)
def test_whatever_a_snapshot_holds_makes_lines_that_touch_no_terminal(
    task: dict[str, Any], result: object
) -> None:
    lines = snapshot_lines(snapshot(agent_task=task, result=result, error="failed"), now=NOW)

    assert not any(
        unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\t" for char in "".join(lines)
    )


@pytest.mark.parametrize("status", TaskStatus)
def test_every_status_has_a_glyph_and_words_without_underscores(status: TaskStatus) -> None:
    glyph, _, words = state(status).partition(" ")

    assert glyph in "○●✓✗⊘?"
    assert words
    assert "_" not in words


def test_a_list_shows_what_an_agent_s_task_came_to() -> None:
    row = {
        "task_id": TASK,
        "kind": "agent",
        "status": "completed",
        "result": {"summary": "Iron."},
        "created_at": "2026-01-31T12:04:07.000Z",
    }

    assert list_lines([row], now=NOW) == ["…8e4a10   agent   ✓ completed   Iron.   12 s ago"]


def test_a_cancel_that_was_done_at_once_says_so() -> None:
    assert cancel_line("requested", snapshot(status="cancelled")) == "It is cancelled now."
    assert cancel_line("ended", snapshot(status="expired")) == "Nothing to cancel: the task is expired."
