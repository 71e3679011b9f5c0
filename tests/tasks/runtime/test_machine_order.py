"""In which order commands are objected to, strictly and leniently; what is kept; what a session can be."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tasks.core.runtime.commands import read_command
from tasks.core.runtime.errors import (
    ActiveRunExists,
    InsufficientCredits,
    StaleEpoch,
    StaleSeq,
)
from tasks.core.runtime.machine import decide
from tasks.core.runtime.states import TERMINAL, TRANSITIONS, RunStatus
from tests.tasks.runtime.bench import HOME, bench, refused, run, session

EPOCH_COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("RUN_INPUT", {"message": "go", "forceNewRun": True}),
    ("RUN_INPUT", {"message": "go", "continueRun": True}),
    ("RUN_CONTROL", {"action": "cancel"}),
    ("RUN_CONTROL", {"action": "end_task"}),
    ("RUN_CONTROL", {"action": "new_task"}),
    ("RUN_CONTROL", {"action": "continue"}),
    ("TAB_EVENT", {"targetUrl": HOME}),
    ("ASK_USER_ANSWER", {"answers": {"size": "L"}}),
]


@pytest.mark.parametrize(("kind", "fields"), EPOCH_COMMANDS)
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("ahead", [-1, 1])
def test_a_wrong_counter_is_a_conflict_in_both_modes(
    kind: str, fields: dict[str, Any], strict: bool, ahead: int
) -> None:
    sent = bench("awaiting_user", is_strict=strict)

    assert refused(StaleEpoch, sent, kind, **fields, expect=(3 + ahead, 5))["currentEpoch"] == 3
    assert refused(StaleSeq, sent, kind, **fields, expect=(3, 5 + ahead))["currentSeq"] == 5


@pytest.mark.parametrize(("kind", "fields"), EPOCH_COMMANDS)
def test_a_missing_counter_is_stale_in_strict_mode_alone(kind: str, fields: dict[str, Any]) -> None:
    strict = bench("awaiting_user")

    assert refused(StaleEpoch, strict, kind, **fields, expect=(None, 5))["expectedEpoch"] is None
    assert refused(StaleSeq, strict, kind, **fields, expect=(3, None))["expectedSeq"] is None
    assert bench("awaiting_user", is_strict=False).send(kind, **fields).is_stored


def test_without_an_active_run_the_seq_is_not_asked_for() -> None:
    bench(None).send("RUN_INPUT", message="go", expect=(3, None))
    bench(None).send("RUN_INPUT", message="go", expect=(3, 99))
    bench(None).send("RUN_CONTROL", action="cancel", expect=(3, 99))


def test_the_epoch_comes_before_the_active_run_and_that_before_the_seq_and_that_before_policy() -> None:
    credits_ = InsufficientCredits("none left")
    sent = bench("running", objection=credits_)

    refused(StaleEpoch, sent, "RUN_INPUT", message="go", expect=(2, 4))
    refused(ActiveRunExists, sent, "RUN_INPUT", message="go", expect=(3, 4))
    refused(StaleSeq, sent, "RUN_INPUT", message="go", forceNewRun=True, expect=(3, 4))
    refused(InsufficientCredits, sent, "RUN_INPUT", message="go", forceNewRun=True, expect=(3, 5))


@pytest.mark.parametrize(
    ("kind", "fields", "expect"),
    [
        ("TAB_EVENT", {"targetUrl": HOME}, (3, 5)),
        ("RUN_PROGRESS", {"runId": "X"}, (None, None)),
        ("RUN_CONTROL", {"action": "cancel"}, (3, 5)),
        ("RUN_CONTROL", {"action": "cancel", "runId": "old"}, (3, None)),
        ("RUN_INPUT", {"message": "x", "continueRun": True}, (3, 5)),
        ("ASK_USER_ANSWER", {"answers": {"size": "L"}}, (3, 5)),
    ],
)
def test_policy_is_heard_by_every_command(kind: str, fields: dict[str, Any], expect: Any) -> None:
    sent = bench("awaiting_user", objection=InsufficientCredits("none left"))

    refused(InsufficientCredits, sent, kind, **fields, expect=expect)


# --- repetition ---


def test_an_applied_command_is_answered_again_and_not_applied_again() -> None:
    sent = bench(None)
    first = sent.send("RUN_INPUT", message="go", clientEventId="e", expect=(3, None))
    place, lines = sent.place, len(sent.log)

    again = sent.send("RUN_INPUT", message="go", clientEventId="e", expect=(1, 99))

    assert (again.data, again.is_replay, again.events) == (first.data, True, ())
    assert (sent.place, len(sent.log)) == (place, lines)


def test_the_same_name_of_another_type_is_another_command() -> None:
    sent = bench(None)
    sent.send("RUN_INPUT", message="go", clientEventId="e", expect=(3, None))

    assert not sent.send("RUN_CONTROL", action="cancel", clientEventId="e", expect=(3, 1)).is_replay


def test_a_conflict_is_not_kept_so_that_the_same_name_may_be_tried_again() -> None:
    sent = bench("running")

    refused(StaleSeq, sent, "TAB_EVENT", targetUrl=HOME, clientEventId="e", expect=(3, 4))
    answer = sent.send("TAB_EVENT", targetUrl=HOME, clientEventId="e", expect=(3, 5))

    assert (answer.is_replay, answer.data["currentSeq"]) == (False, 6)


def test_a_control_that_found_nothing_to_end_does_not_end_a_later_run() -> None:
    sent = bench(None, is_strict=False)
    sent.send("RUN_CONTROL", action="cancel", clientEventId="e")
    sent.send("RUN_INPUT", message="go")

    assert sent.send("RUN_CONTROL", action="cancel", clientEventId="e").is_replay
    assert sent.place == (3, "A", 1)


# --- what a state can be ---


def test_a_run_comes_to_a_status_exactly_when_the_table_has_it() -> None:
    for before, after in product(RunStatus, RunStatus):
        one = run(status=before)
        if after in TRANSITIONS[before]:
            assert one.after(after).status is after
        else:
            with pytest.raises(ValueError, match="cannot become"):
                one.after(after)


def test_the_table_is_that_of_the_contract() -> None:
    ways = {before.value: sorted(after) for before, after in TRANSITIONS.items()}

    assert ways == {
        "queued": ["cancel_requested", "cancelled", "running"],
        "running": ["awaiting_user", "cancel_requested", "cancelled", "completed", "failed"],
        "awaiting_user": ["cancel_requested", "cancelled", "failed", "running"],
        "cancel_requested": ["cancelled"],
        "cancelled": [],
        "completed": [],
        "failed": [],
    }
    assert {status for status in RunStatus if status.is_terminal} == TERMINAL


def test_a_session_with_two_runs_that_go_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="newest"):
        session(1, run("B"), ended={"A": run("A")})
    with pytest.raises(ValueError, match="newest"):
        session(1, run("A")).with_run(run("B"))
    with pytest.raises(ValueError, match="earlier"):
        session(1, run("A", status="failed"), ended={"A": run("A", status="failed")})


@pytest.mark.parametrize("name", ["", "old", "X"])
def test_a_new_run_needs_an_id_of_its_own(name: str) -> None:
    sent = bench("running")
    body = {"sessionId": "s", "message": "go", "clientEventId": "e", "forceNewRun": True}
    given = replace(sent.given, is_strict=False, new_run_id=name)

    with pytest.raises(ValueError, match="id of its own"):
        decide(sent.state, read_command(body), given)


def test_a_run_starts_as_nothing_but_queued_or_running() -> None:
    with pytest.raises(ValueError, match="start as"):
        bench(None, starts_as=RunStatus.COMPLETED).send("RUN_INPUT", message="go", expect=(3, None))
