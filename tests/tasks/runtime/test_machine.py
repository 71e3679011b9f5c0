"""What commands do to a session: the tables of prompts, controls and answers."""

import pytest

from tasks.core.runtime.errors import (
    ActiveRunExists,
    InvalidArgument,
    RunNotFound,
)
from tasks.core.runtime.states import RunStatus
from tests.tasks.runtime.bench import Bench, bench, refused, run, session
from workspace.core.errors import RoverError

ACTIVE = ["queued", "running", "awaiting_user", "cancel_requested"]

# --- RUN_INPUT ---


@pytest.mark.parametrize("force", [False, True])
def test_without_an_active_run_a_prompt_starts_one_and_the_epoch_stays(force: bool) -> None:
    sent = bench(None)

    answer = sent.send("RUN_INPUT", message="go", forceNewRun=force, expect=(3, None))

    assert (sent.place, answer.data["state"]) == ((3, "A", 1), "running")


def test_a_run_that_a_worker_must_take_first_starts_queued() -> None:
    sent = bench(None, starts_as=RunStatus.QUEUED)

    assert sent.send("RUN_INPUT", message="go", expect=(3, None)).data["state"] == "queued"


def test_without_an_active_run_nothing_is_continued_and_nothing_silently_started() -> None:
    refused(RunNotFound, bench(None), "RUN_INPUT", message="go", continueRun=True, expect=(3, None))


def test_a_waiting_run_is_continued_as_the_same_run() -> None:
    sent = bench("awaiting_user")

    answer = sent.send("RUN_INPUT", message="large", continueRun=True, expect=(3, 5))

    assert answer.data == {
        "runId": "X",
        "acceptedMode": "act",
        "state": "running",
        "continuePrompt": False,
        "requestedMode": "auto",
        "epoch": 3,
        "seq": 6,
    }
    (event,) = answer.events
    assert (event.type, event.data) == (
        "user_answer",
        {"runId": "X", "status": "running", "text": "large"},
    )
    assert sent.state.boundary == "b1"


@pytest.mark.parametrize("status", ["queued", "running", "cancel_requested"])
def test_a_run_that_does_not_wait_is_not_continued(status: str) -> None:
    data = refused(ActiveRunExists, bench(status), "RUN_INPUT", message="go", continueRun=True, expect=(3, 5))

    assert (data["continuePrompt"], data["state"]) == (False, status)


@pytest.mark.parametrize("status", ACTIVE)
def test_beside_an_active_run_a_plain_prompt_asks_what_to_do(status: str) -> None:
    data = refused(ActiveRunExists, bench(status), "RUN_INPUT", message="go", expect=(3, 5))

    assert data == {
        "continuePrompt": True,
        "runId": "X",
        "state": status,
        "acceptedMode": "act",
        "decisionReason": "active_run_exists",
        "conflict": {"type": "active_run_exists", "retryable": False},
    }


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("status", ACTIVE)
def test_a_forced_prompt_replaces_the_active_run_at_once_whoever_holds_it(status: str, held: bool) -> None:
    sent = bench(status, held=held)

    answer = sent.send("RUN_INPUT", message="go", forceNewRun=True, expect=(3, 5))

    assert sent.place == (4, "A", 1)
    assert sent.state.ended["X"].status is RunStatus.CANCELLED
    ending, beginning = answer.events
    assert (ending.run_id, ending.seq, ending.data) == ("X", 6, {"runId": "X", "status": "cancelled"})
    assert (beginning.run_id, beginning.seq, beginning.type) == ("A", 1, "run_started")


@pytest.mark.parametrize("named", ["old", "nobody"])
def test_an_answer_never_reaches_another_run_than_the_one_it_names(named: str) -> None:
    refused(
        RunNotFound,
        bench("awaiting_user"),
        "RUN_INPUT",
        message="x",
        continueRun=True,
        runId=named,
        expect=(3, 5),
    )


def test_a_run_begins_with_what_it_was_asked() -> None:
    sent = bench(None)

    answer = sent.send(
        "RUN_INPUT",
        message="go",
        requestedMode="planner",
        taskBoundaryId="b2",
        files=[{"id": "f1"}],
        expect=(3, None),
    )

    (event,) = answer.events
    assert event.data == {
        "runId": "A",
        "message": "go",
        "requestedMode": "planner",
        "acceptedMode": "planner",
        "state": "running",
        "taskBoundaryId": "b2",
        "files": [{"id": "f1"}],
    }
    assert sent.state.boundary == "b2"


def test_only_a_mode_that_was_left_open_is_routed_and_says_why() -> None:
    asked = bench(None).send("RUN_INPUT", message="Click Login", requestedMode="planner", expect=(3, None))
    auto = bench(None).send("RUN_INPUT", message="Click Login", expect=(3, None))

    assert "routing" not in asked.data
    assert auto.data["routing"] == {"score": 0, "reason": "score_below_threshold"}
    assert (asked.data["acceptedMode"], auto.data["acceptedMode"]) == ("planner", "act")


def test_a_prompt_that_replaces_an_open_question_is_planned() -> None:
    answer = bench("awaiting_user").send("RUN_INPUT", message="Click Login", forceNewRun=True, expect=(3, 5))

    assert (answer.data["acceptedMode"], answer.data["routing"]["reason"]) == ("planner", "open_questions")


# --- RUN_CONTROL ---


@pytest.mark.parametrize(("action", "boundary"), [("cancel", "b1"), ("end_task", None), ("new_task", None)])
def test_without_an_active_run_a_control_ends_nothing(action: str, boundary: str | None) -> None:
    sent = bench(None)

    answer = sent.send("RUN_CONTROL", action=action, expect=(3, None))

    assert (answer.data, answer.events, answer.is_stored) == ({"action": action}, (), True)
    assert (sent.place, sent.state.boundary) == ((3, None, None), boundary)


def test_without_an_active_run_there_is_nothing_to_continue() -> None:
    refused(RunNotFound, bench(None), "RUN_CONTROL", action="continue", expect=(3, None))


@pytest.mark.parametrize("status", ["queued", "running", "awaiting_user"])
@pytest.mark.parametrize(("action", "boundary"), [("cancel", "b1"), ("end_task", None), ("new_task", None)])
def test_a_control_cuts_the_active_run_short(action: str, boundary: str | None, status: str) -> None:
    sent = bench(status)

    answer = sent.send("RUN_CONTROL", action=action, reason="changed my mind", expect=(3, 5))

    assert answer.data == {"action": action, "runId": "X", "currentSeq": 6}
    assert (sent.place, sent.state.boundary) == ((4, None, None), boundary)
    (event,) = answer.events
    assert event.data == {
        "action": action,
        "runId": "X",
        "status": "cancelled",
        "reason": "changed my mind",
    }


@pytest.mark.parametrize("action", ["cancel", "end_task", "new_task"])
def test_a_run_that_a_worker_holds_ends_when_that_lets_go(action: str) -> None:
    sent = bench("running", held=True)

    first = sent.send("RUN_CONTROL", action=action, expect=(3, 5))
    again = sent.send("RUN_CONTROL", action=action, expect=(4, 6))
    late = sent.send("RUN_PROGRESS", runId="X", events=[{"type": "tool_result"}])
    done = sent.send("RUN_PROGRESS", runId="X", transition={"status": "completed"})

    assert first.events[0].data["status"] == "cancel_requested"
    assert (again.events, again.state.epoch) == ((), 4)
    assert late.data["state"] == "cancel_requested"
    assert (done.data["state"], sent.place) == ("cancelled", (4, None, None))


def test_a_worker_that_has_not_noticed_the_cancellation_is_not_refused() -> None:
    sent = bench("cancel_requested", held=True)

    answer = sent.send(
        "RUN_PROGRESS",
        runId="X",
        transition={"status": "running", "continuationReason": "loop_continue"},
    )

    assert (answer.data["state"], answer.events) == ("cancel_requested", ())


def test_a_waiting_run_is_continued_by_a_control() -> None:
    sent = bench("awaiting_user")

    answer = sent.send("RUN_CONTROL", action="continue", expect=(3, 5))

    assert (answer.data["currentSeq"], sent.place) == (6, (3, "X", 6))
    assert answer.events[0].data == {"action": "continue", "runId": "X", "status": "running"}


@pytest.mark.parametrize("status", ["queued", "running", "cancel_requested"])
def test_a_run_that_does_not_wait_goes_on_as_it_was(status: str) -> None:
    answer = bench(status).send("RUN_CONTROL", action="continue", expect=(3, 5))

    assert (answer.data, answer.events) == ({"action": "continue", "runId": "X", "currentSeq": 5}, ())


@pytest.mark.parametrize("action", ["cancel", "end_task", "new_task", "continue"])
@pytest.mark.parametrize("status", [None, "running"])
def test_a_control_of_a_run_that_has_ended_leaves_the_others_alone(action: str, status: str | None) -> None:
    sent = bench(status)
    place = sent.place

    answer = sent.send("RUN_CONTROL", action=action, runId="old", expect=(3, None))

    assert answer.data == {"action": action, "runId": "old", "currentSeq": 7}
    assert (answer.events, sent.place) == ((), place)
    assert sent.state.boundary == ("b1" if status or action in {"cancel", "continue"} else None)


@pytest.mark.parametrize("action", ["cancel", "end_task", "new_task", "continue"])
@pytest.mark.parametrize("status", [None, "running"])
def test_a_control_of_an_unknown_run_finds_none(action: str, status: str | None) -> None:
    refused(RunNotFound, bench(status), "RUN_CONTROL", action=action, runId="nobody", expect=(3, 5))


# --- ASK_USER_ANSWER ---


def asking(*required: str) -> Bench:
    return Bench(session(3, run("X", seq=5, status="awaiting_user", required=required)))


def test_answers_by_key_continue_the_run() -> None:
    sent = asking("size")

    answer = sent.send(
        "ASK_USER_ANSWER",
        runId="X",
        answers={"size": "large", "colour": " "},
        rawText="large please",
        keys=["size"],
        expect=(3, 5),
    )

    assert answer.data == {
        "runId": "X",
        "acceptedMode": "act",
        "state": "running",
        "continuePrompt": False,
        "epoch": 3,
        "seq": 6,
    }
    assert answer.events[0].data["answers"] == {"size": "large"}
    assert answer.events[0].data["text"] == "large please"


def test_a_required_question_must_be_answered() -> None:
    data = refused(
        InvalidArgument, asking("size", "colour"), "ASK_USER_ANSWER", answers={"size": "L"}, expect=(3, 5)
    )

    assert [error["field"] for error in data["errors"]] == ["answers.colour"]


def test_a_free_text_answers_a_single_question_but_not_two() -> None:
    answer = asking("size").send("ASK_USER_ANSWER", message="large", expect=(3, 5))

    assert answer.data["state"] == "running"
    refused(InvalidArgument, asking("size", "colour"), "ASK_USER_ANSWER", message="large", expect=(3, 5))


def test_a_question_asked_by_the_worker_is_the_one_that_must_be_answered() -> None:
    sent = bench("running")
    questions = [{"key": "size", "query": "Which size?", "required": True}, {"key": "note", "query": "More?"}]

    sent.send(
        "RUN_PROGRESS",
        runId="X",
        events=[{"type": "needs_input", "data": {"questions": questions}}],
        transition={"status": "awaiting_user"},
    )

    assert sent.state.active is not None
    assert sent.state.active.required == ("size",)
    with pytest.raises(InvalidArgument):
        sent.send("ASK_USER_ANSWER", answers={"note": "soon"}, expect=(3, 7))
    sent.send("ASK_USER_ANSWER", answers={"size": "L"}, expect=(3, 7))
    assert (sent.state.run and sent.state.run.required) == ()


@pytest.mark.parametrize(
    ("status", "error"), [(None, RunNotFound), ("running", ActiveRunExists), ("queued", ActiveRunExists)]
)
def test_an_answer_that_nobody_waits_for_is_refused(status: str | None, error: type[RoverError]) -> None:
    refused(error, bench(status), "ASK_USER_ANSWER", answers={"size": "L"}, expect=(3, 5))
