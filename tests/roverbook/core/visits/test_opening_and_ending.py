"""How a visit opens, waits, and comes to its end."""

import pytest

from roverbook.core.visits.fold import fold
from roverbook.core.visits.folded import FoldedVisit
from tests.roverbook.core.visits.telling import AGENT, SHOP, TASK, PageLog, RunLog, TaskLog, at


def standing(visit: FoldedVisit) -> tuple[str, str, bool]:
    return visit.status, visit.outcome, visit.is_final


# --- opening ---


def test_a_task_opens_an_active_visit() -> None:
    visit = fold(TaskLog().status(0, "pending").events)
    assert standing(visit) == ("active", "", False)
    assert (visit.task_id, visit.started_at, visit.n_events) == (TASK, at(0), 1)
    assert (visit.prompt, visit.host, visit.entry_url) == (
        "find the opening hours",
        "shop.example",
        f"{SHOP}/",
    )
    assert (visit.launch_source, visit.workflow_id) == ("public_task_api", "wf_1")


def test_the_agents_record_is_kept_as_it_was_told() -> None:
    agent = fold(TaskLog().status(0, "pending").events).agent
    assert agent == {
        "key": "crab",
        "name": "Crab",
        "vendor": "",
        "model": "",
        "version": "",
        "trust": "self_reported",
        "source": "public_task_agent",
        "memory_key": "self:crab",
    }


def test_a_run_without_a_task_is_of_the_widget_and_of_nobody_known() -> None:
    visit = fold(RunLog().events)
    assert (visit.launch_source, visit.session_id, visit.boundary) == ("embedded_widget", "ses_1", "b1")
    assert (visit.agent["key"], visit.agent["trust"]) == ("anonymous", "anonymous")


def test_an_agent_that_a_page_names_counts_for_more_than_nobody() -> None:
    named = {"key": "claw", "name": "Claw", "trust": "self_reported", "source": "webmcp_agent"}
    page = PageLog(agent=named).tell(1, "status", summary="looking", run_id="run-1")
    assert fold([*RunLog().events, *page.events]).agent["key"] == "claw"


def test_an_agent_that_a_page_names_never_replaces_that_of_the_task() -> None:
    named = {"key": "claw", "name": "Claw", "trust": "verified_signed", "source": "webmcp_agent"}
    page = PageLog(agent=named).tell(1, "status", summary="looking")
    assert fold([*TaskLog().status(0, "running").events, *page.events]).agent["key"] == AGENT["key"]


def test_a_page_opens_a_visit_by_itself() -> None:
    visit = fold(PageLog().tell(0, "task_started", pageUrl=f"{SHOP}/a").events)
    assert standing(visit) == ("active", "", False)
    assert (visit.session_id, visit.entry_url) == ("ses_1", f"{SHOP}/a")


def test_nothing_is_no_visit() -> None:
    with pytest.raises(ValueError, match="at least one event"):
        fold([])


# --- ends of this server's logs ---


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", ("completed", "success", True)),
        ("failed", ("failed", "failure", True)),
        ("cancelled", ("abandoned", "abandoned", True)),
        ("expired", ("abandoned", "abandoned", True)),
    ],
)
def test_the_end_of_a_task_ends_its_visit(status: str, expected: tuple[str, str, bool]) -> None:
    visit = fold(TaskLog().status(1, "running").done(5, status).events)
    assert standing(visit) == expected
    assert visit.ended_at == at(5)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", ("completed", "success", True)),
        ("failed", ("failed", "failure", True)),
        ("cancelled", ("abandoned", "abandoned", True)),
    ],
)
def test_the_end_of_a_run_ends_the_visit(status: str, expected: tuple[str, str, bool]) -> None:
    assert standing(fold(RunLog().state(9, status).events)) == expected


def test_a_question_keeps_the_visit_open() -> None:
    visit = fold(RunLog().tell(3, "ask_user", message="Which tea?").state(3, "awaiting_user").events)
    assert standing(visit) == ("input_required", "input_required", False)
    assert visit.asked_at == at(3)


def test_an_answer_lets_it_go_on() -> None:
    run = RunLog().state(3, "awaiting_user").tell(60, "user_answer", status="running", text="green")
    visit = fold(run.events)
    assert standing(visit) == ("active", "", False)
    assert visit.asked_at is None


def test_a_task_that_asks_waits_too() -> None:
    task = TaskLog().status(1, "running").tell(2, "input", message="When?").status(2, "input_required")
    assert standing(fold(task.events)) == ("input_required", "input_required", False)


def test_the_visit_is_as_its_last_run_left_it() -> None:
    first, second = RunLog().state(5, "failed"), RunLog(run_id="run-2", began=10).state(20, "completed")
    visit = fold([*first.events, *second.events])
    assert standing(visit) == ("completed", "success", True)
    assert (visit.ended_at, visit.total_runs) == (at(20), 2)


def test_a_run_that_was_replaced_does_not_undo_an_end() -> None:
    first, second = RunLog().state(5, "completed"), RunLog(run_id="run-2", began=10).state(20, "cancelled")
    assert fold([*first.events, *second.events]).outcome == "success"


def test_a_run_that_this_server_gave_up_was_left() -> None:
    """Its page had told nothing for half an hour: nobody was there any more."""
    error = {"code": "RUN_TIMEOUT", "message": "The page told nothing for too long."}
    visit = fold(RunLog().page(1, "/").tell(1_900, "error", **error).state(1_900, "failed").events)
    assert (visit.outcome, visit.error_count, visit.error) == ("abandoned", 0, "")


def test_a_run_that_took_too_long_failed() -> None:
    error = {"code": "RUN_TIMEOUT", "message": "It took too many steps."}
    visit = fold(RunLog().page(595, "/").tell(600, "error", **error).state(600, "failed").events)
    assert (visit.outcome, visit.error_count) == ("failure", 1)


# --- ends that only a page tells ---


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"terminalState": "completed"}, ("completed", "success", True)),
        ({"taskComplete": True}, ("completed", "success", True)),
        ({"terminalState": "completed", "outcome": "partial"}, ("completed", "partial", True)),
        ({"terminalState": "completed", "needsUserInput": True}, ("input_required", "input_required", False)),
        ({"terminalState": "waiting_input"}, ("input_required", "input_required", False)),
        ({"terminalState": "in_progress"}, ("active", "partial", False)),
        ({"terminalState": "failed"}, ("failed", "failure", True)),
        ({"success": False}, ("failed", "failure", True)),
        ({"outcome": "failure", "terminalState": "completed"}, ("failed", "failure", True)),
        ({"outcome": "abandoned"}, ("abandoned", "abandoned", True)),
        ({}, ("completed", "success", True)),
    ],
)
def test_run_completed_is_mapped(told: dict[str, object], expected: tuple[str, str, bool]) -> None:
    page = PageLog().tell(0, "run_started", run_id="r1").tell(4, "run_completed", run_id="r1", payload=told)
    assert standing(fold(page.events)) == expected


@pytest.mark.parametrize("type_", ["status", "run_state_transition"])
@pytest.mark.parametrize(("outcome", "status"), [("success", "completed"), ("failure", "failed")])
def test_a_lifecycle_event_with_an_outcome_ends_the_visit(type_: str, outcome: str, status: str) -> None:
    visit = fold(PageLog().tell(0, "task_started").tell(2, type_, payload={"outcome": outcome}).events)
    assert standing(visit) == (status, outcome, True)


def test_a_lifecycle_event_that_needs_input_keeps_it_open() -> None:
    page = PageLog().tell(0, "task_started").tell(2, "status", payload={"needsUserInput": True})
    assert standing(fold(page.events)) == ("input_required", "input_required", False)


def test_a_partial_outcome_goes_on() -> None:
    page = PageLog().tell(0, "task_started").tell(2, "status", payload={"outcome": "partial"})
    assert standing(fold(page.events)) == ("active", "partial", False)


def test_task_ended_abandons_a_visit_that_did_not_end() -> None:
    page = PageLog().tell(0, "task_started").tell(8, "task_ended")
    assert standing(fold(page.events)) == ("abandoned", "abandoned", True)


def test_task_ended_never_overrides_a_real_outcome() -> None:
    done = PageLog().tell(0, "run_started", run_id="r1").tell(4, "run_completed", run_id="r1")
    assert fold(done.tell(8, "task_ended").events).outcome == "success"


def test_a_real_outcome_that_comes_late_replaces_an_abandonment() -> None:
    page = (
        PageLog()
        .tell(0, "task_started")
        .tell(3, "task_ended")
        .tell(4, "status", payload={"outcome": "success"})
    )
    assert standing(fold(page.events)) == ("completed", "success", True)


# --- both ---


def test_what_a_page_says_of_an_end_does_not_count_where_this_server_keeps_the_log() -> None:
    page = PageLog().tell(2, "task_ended").tell(3, "status", payload={"outcome": "failure"})
    visit = fold([*RunLog().page(1, "/").events, *page.events])
    assert standing(visit) == ("active", "", False)


def test_the_word_of_the_task_is_the_last() -> None:
    """The run was cut because the task's time was over; the task says that it failed."""
    run = RunLog().tell(2_000, "control", action="cancel", status="cancelled")
    error = {"code": "timeout", "message": "Nothing happened for 30 minutes."}
    task = TaskLog().status(1, "running").tell(2_000, "error", **error).done(2_000, "failed", error=error)
    visit = fold([*run.events, *task.events])
    assert standing(visit) == ("failed", "failure", True)
    assert (visit.error_count, visit.error) == (1, "Nothing happened for 30 minutes.")


def test_late_events_change_numbers_and_not_the_outcome() -> None:
    run = (
        RunLog()
        .start(1, "click_element", "c1", element_id=1)
        .result(2, "click_element", "c1")
        .state(3, "completed")
    )
    before = fold(run.events)
    after = fold([*run.events, *PageLog().tell(400, "error", run_id="run-1", errorMessage="Too late").events])
    assert (after.outcome, after.ended_at) == (before.outcome, before.ended_at)
    assert (before.error_count, after.error_count) == (0, 1)


def test_a_failed_task_without_an_error_line_tells_its_reason_once() -> None:
    task = (
        TaskLog()
        .status(1, "running")
        .done(4, "failed", error={"code": "gone", "message": "The page is gone."})
    )
    visit = fold(task.events)
    assert (visit.error, visit.error_count) == ("The page is gone.", 1)


def test_a_failed_task_counts_the_error_of_its_log_once() -> None:
    error = {"code": "gone", "message": "The page is gone."}
    visit = fold(
        TaskLog().status(1, "running").tell(4, "error", **error).done(4, "failed", error=error).events
    )
    assert visit.error_count == 1


def test_the_summary_is_that_of_the_result() -> None:
    task = (
        TaskLog()
        .status(1, "running")
        .tell(2, "step", text="Looking")
        .done(3, text="At nine.", summary="At nine")
    )
    assert fold(task.events).summary == "At nine"


def test_until_there_is_one_the_last_word_stands_for_the_summary() -> None:
    assert fold(RunLog().tell(2, "status", text="Looking around").events).summary == "Looking around"
