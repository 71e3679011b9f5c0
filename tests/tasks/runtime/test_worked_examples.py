"""The worked examples of epoch and seq, in their order, and every example of the contract."""

from collections.abc import Callable
from typing import Any

import pytest

from tasks.core.runtime.errors import ActiveRunExists, StaleEpoch, StaleSeq
from tasks.core.runtime.projection import projection
from tasks.core.runtime.states import RunMode, RunStatus
from tests.tasks.runtime.bench import HOME, SESSION, Bench, run, session
from workspace.core.errors import RoverError

Place = tuple[int, str | None, int | None]
Told = dict[str, Any]


def tool(n: int) -> dict[str, Any]:
    return {"type": "tool_start", "id": f"tool-{n}", "data": {"name": "click_element"}}


ASKS = {"type": "needs_input", "data": {"questions": [{"key": "size", "query": "Which size?"}]}}
WAITS = {"status": "awaiting_user", "continuationReason": "awaiting_user"}

# step, command, its fields, (epoch, run, seq) before and after, and what the answer says
ROWS: list[tuple[int, str, Told, Place, Place, Told | tuple[type[RoverError], Told]]] = [
    (
        2,
        "RUN_INPUT",
        {"message": "go", "forceNewRun": True, "expect": (1, None)},
        (1, None, None),
        (1, "A", 1),
        {"runId": "A", "epoch": 1, "seq": 1, "continuePrompt": False},
    ),
    (
        3,
        "TAB_EVENT",
        {"targetUrl": HOME, "runId": "A", "expect": (1, 1)},
        (1, "A", 1),
        (1, "A", 2),
        {"decision": "allow_same_tab", "currentSeq": 2, "sessionEpoch": 1, "staleRun": False},
    ),
    (
        4,
        "RUN_PROGRESS",
        {"runId": "A", "events": [tool(1), tool(2)]},
        (1, "A", 2),
        (1, "A", 4),
        {"currentSeq": 4},
    ),
    (
        5,
        "TAB_EVENT",
        {"targetUrl": HOME, "runId": "A", "expect": (1, 2), "clientEventId": "five"},
        (1, "A", 4),
        (1, "A", 4),
        (StaleSeq, {"expectedSeq": 2, "currentSeq": 4, "currentEpoch": 1, "clientEventId": "five"}),
    ),
    (
        5,
        "TAB_EVENT",
        {"targetUrl": HOME, "runId": "A", "expect": (1, 4), "clientEventId": "five"},
        (1, "A", 4),
        (1, "A", 5),
        {"decision": "allow_same_tab", "currentSeq": 5, "clientEventId": "five"},
    ),
    (
        6,
        "RUN_INPUT",
        {"message": "more", "expect": (1, 5)},
        (1, "A", 5),
        (1, "A", 5),
        (ActiveRunExists, {"continuePrompt": True, "runId": "A", "state": "running"}),
    ),
    (
        7,
        "RUN_INPUT",
        {"message": "other", "forceNewRun": True, "expect": (1, 5), "clientEventId": "seven"},
        (1, "A", 5),
        (2, "B", 1),
        {"runId": "B", "epoch": 2, "seq": 1},
    ),
    (
        8,
        "TAB_EVENT",
        {"targetUrl": HOME, "runId": "A", "expect": (1, 5)},
        (2, "B", 1),
        (2, "B", 1),
        {
            "decision": "stale_run",
            "staleRun": True,
            "staleRunReason": "run_terminal",
            "currentRunId": "B",
            "sessionEpoch": 2,
        },
    ),
    (
        9,
        "RUN_CONTROL",
        {"action": "cancel", "runId": "B", "expect": (1, 5), "clientEventId": "nine"},
        (2, "B", 1),
        (2, "B", 1),
        (StaleEpoch, {"expectedEpoch": 1, "currentEpoch": 2, "runId": "B"}),
    ),
    (
        9,
        "RUN_CONTROL",
        {"action": "cancel", "runId": "B", "expect": (2, 1), "clientEventId": "nine"},
        (2, "B", 1),
        (3, None, None),
        {"action": "cancel", "runId": "B", "currentSeq": 2},
    ),
    (
        10,
        "RUN_CONTROL",
        {"action": "cancel", "runId": "B", "expect": (2, 1), "clientEventId": "nine"},
        (3, None, None),
        (3, None, None),
        {"action": "cancel", "runId": "B", "currentSeq": 2},
    ),
    (
        11,
        "RUN_INPUT",
        {"message": "other", "forceNewRun": True, "expect": (1, 5), "clientEventId": "seven"},
        (3, None, None),
        (3, None, None),
        {"runId": "B", "epoch": 2, "seq": 1},
    ),
    (
        12,
        "RUN_INPUT",
        {"message": "one tab", "forceNewRun": False, "expect": (3, None)},
        (3, None, None),
        (3, "C", 1),
        {"runId": "C", "epoch": 3, "seq": 1},
    ),
    (
        12,
        "RUN_INPUT",
        {"message": "the other tab", "forceNewRun": False, "expect": (3, None)},
        (3, "C", 1),
        (3, "C", 1),
        (ActiveRunExists, {"runId": "C", "decisionReason": "active_run_exists"}),
    ),
    (
        13,
        "RUN_PROGRESS",
        {"runId": "C", "events": [ASKS], "transition": WAITS},
        (3, "C", 1),
        (3, "C", 3),
        {"currentSeq": 3, "state": "awaiting_user"},
    ),
    (
        13,
        "RUN_INPUT",
        {"message": "large", "continueRun": True, "expect": (3, 3)},
        (3, "C", 3),
        (3, "C", 4),
        {"runId": "C", "state": "running", "seq": 4, "epoch": 3, "continuePrompt": False},
    ),
    (
        14,
        "RUN_PROGRESS",
        {"runId": "C", "transition": {"status": "completed"}},
        (3, "C", 4),
        (3, None, None),
        {"currentSeq": 5, "state": "completed"},
    ),
    (
        15,
        "RUN_INPUT",
        {"message": "again"},
        (3, None, None),
        (3, None, None),
        (StaleEpoch, {"expectedEpoch": None, "currentEpoch": 3, "runId": None}),
    ),
]


def test_the_worked_examples_happen_as_told() -> None:
    bench = Bench()
    assert bench.place == (1, None, None), "step 1: a new session has epoch 1 and no run"
    for step, kind, fields, before, after, answer in ROWS:
        assert bench.place == before, f"before step {step}"
        if isinstance(answer, tuple):
            error, told = answer
            with pytest.raises(error) as caught:
                bench.send(kind, **fields)
            said = caught.value.data
        else:
            told = answer
            said = bench.send(kind, **fields).data
        assert said | told == said, f"step {step}"
        assert bench.place == after, f"after step {step}"
    assert {row[0] for row in ROWS} == set(range(2, 16))
    ended = {each.id: each.status.value for each in [*bench.state.ended.values(), bench.state.run] if each}
    assert ended == {"A": "cancelled", "B": "cancelled", "C": "completed"}


def test_the_log_of_the_worked_examples_is_without_gaps() -> None:
    bench = Bench()
    for _, kind, fields, _, _, answer in ROWS:
        if isinstance(answer, tuple):
            with pytest.raises(answer[0]):
                bench.send(kind, **fields)
        else:
            bench.send(kind, **fields)

    told = {name: [event.seq for event in bench.log if event.run_id == name] for name in ("A", "B", "C")}
    assert told == {"A": [1, 2, 3, 4, 5, 6], "B": [1, 2], "C": [1, 2, 3, 4, 5]}
    assert bench.types("A") == [
        *("run_started", "tab_event", "tool_start", "tool_start", "tab_event", "run_transition")
    ]
    assert bench.types("B") == ["run_started", "control"]
    assert bench.types("C") == ["run_started", "ask_user", "run_transition", "user_answer", "run_transition"]


# --- the examples of the contract, field by field ---


def refused(error: type[RoverError], send: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(error) as caught:
        send()
    return caught.value.data


def test_a_prompt_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5))

    answer = bench.send("RUN_INPUT", message="go", requestedMode="act", expect=(5, None))

    assert answer.data == {
        "runId": "A",
        "acceptedMode": "act",
        "state": "running",
        "continuePrompt": False,
        "requestedMode": "act",
        "epoch": 5,
        "seq": 1,
    }


def test_a_stale_epoch_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5, run("run-uuid")))

    data = refused(StaleEpoch, lambda: bench.send("RUN_INPUT", message="go", forceNewRun=True, expect=(2, 1)))

    assert data == {
        "sessionId": SESSION,
        "runId": "run-uuid",
        "expectedEpoch": 2,
        "currentEpoch": 5,
        "decisionReason": "stale_epoch_retryable",
        "conflict": {"type": "stale_epoch", "currentEpoch": 5, "retryable": True},
    }


def test_an_active_run_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5, run("run-uuid")))

    data = refused(ActiveRunExists, lambda: bench.send("RUN_INPUT", message="go", expect=(5, 1)))

    assert data == {
        "continuePrompt": True,
        "runId": "run-uuid",
        "state": "running",
        "acceptedMode": "act",
        "decisionReason": "active_run_exists",
        "conflict": {"type": "active_run_exists", "retryable": False},
    }


def test_a_control_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5, run("run-uuid", seq=17)))

    answer = bench.send("RUN_CONTROL", action="cancel", expect=(5, 17))
    shown = projection(answer.state, events=[], seq_after=18, is_after_control=True)

    assert answer.data == {"action": "cancel", "runId": "run-uuid", "currentSeq": 18}
    assert shown == {
        "sessionId": SESSION,
        "epoch": 6,
        "activeRunId": "",
        "runStatus": "cancelled",
        "runMode": "act",
        "events": [],
        "tabs": [],
    }


def test_a_navigation_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5, run("run-uuid", seq=2)))

    answer = bench.send(
        "TAB_EVENT",
        targetUrl="https://acme.example/",
        currentUrl=HOME,
        clientEventId="evt-uuid",
        expect=(5, 2),
    )

    assert answer.data == {
        "decision": "allow_same_tab",
        "decisionReason": "allow_same_tab",
        "decisionHint": "allow_same_tab",
        "notice": "In-scope navigation allowed.",
        "staleRun": False,
        "sessionId": SESSION,
        "sessionEpoch": 5,
        "runId": "run-uuid",
        "currentSeq": 3,
        "clientEventId": "evt-uuid",
        "currentHost": "www.acme.example",
        "targetHost": "acme.example",
        "isCrossHost": True,
        "crossDomain": False,
        "navigationClass": "cross_host_in_scope",
        "adversarial": {"score": 0, "reasons": []},
    }


def test_a_stale_seq_is_answered_as_in_the_contract() -> None:
    bench = Bench(session(5, run("run-uuid", seq=3)))

    data = refused(
        StaleSeq, lambda: bench.send("TAB_EVENT", targetUrl=HOME, clientEventId="evt-uuid", expect=(5, 2))
    )

    assert data == {
        "sessionId": SESSION,
        "runId": "run-uuid",
        "expectedSeq": 2,
        "currentSeq": 3,
        "currentEpoch": 5,
        "decisionReason": "stale_seq_retryable",
        "clientEventId": "evt-uuid",
        "conflict": {"type": "stale_seq", "currentSeq": 3, "currentEpoch": 5, "retryable": True},
    }


def test_a_stale_run_is_answered_as_in_the_contract() -> None:
    ended = run("old", status="cancelled", seq=4)
    bench = Bench(session(6, run("new-active-run-id"), ended={"old": ended}))

    answer = bench.send("TAB_EVENT", targetUrl=HOME, runId="old", expect=(5, 4), clientEventId="evt-uuid")

    assert answer.data == {
        "decision": "stale_run",
        "decisionReason": "stale_run",
        "staleRun": True,
        "staleRunReason": "run_terminal",
        "currentRunId": "new-active-run-id",
        "currentActiveRunId": "new-active-run-id",
        "sessionId": SESSION,
        "sessionEpoch": 6,
        "runId": "old",
        "clientEventId": "evt-uuid",
        "decisionHint": "sync_projection_and_ignore",
    }


def test_a_new_session_is_shown_as_in_the_contract() -> None:
    assert projection(session(5), events=[]) == {
        "sessionId": SESSION,
        "epoch": 5,
        "events": [],
        "tabs": [],
    }


def test_the_words_of_the_contract_are_those_of_the_machine() -> None:
    assert set(RunStatus) == {
        *("queued", "running", "awaiting_user", "cancel_requested", "cancelled", "completed", "failed")
    }
    assert set(RunMode) == {"act", "planner"}
