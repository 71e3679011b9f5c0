"""Visits that nobody took to their end are closed by the clock, and reopened by the log."""

from datetime import timedelta

import pytest

from roverbook.models import Note, Review, Visit
from roverbook.services.projecting import visits_sweep
from tasks.core.events import EventKind
from tasks.core.states import TaskStatus
from tasks.models import RunEvent, Task
from tests.roverbook.projecting.world import World, at, forget_visits, project, snapshot

MINUTE = 60
DAY = 24 * 60 * MINUTE


def test_a_visit_in_which_nothing_happened_for_30_minutes_is_abandoned(world: World) -> None:
    world.page(world.session(), 0, "task_started", local="v1")
    project(1)
    visits_sweep(at(30 * MINUTE))
    assert Visit.objects.get().status == "active"
    visits_sweep(at(30 * MINUTE + 1))
    visit = Visit.objects.get()
    assert (visit.status, visit.outcome, visit.is_swept) == ("abandoned", "abandoned", True)
    assert (visit.ended_at, visit.score_completion) == (at(30 * MINUTE), 15.0)
    assert Review.objects.get().visit_id == visit.pk


def test_a_visit_that_asked_is_abandoned_after_24_hours(world: World) -> None:
    run = world.run().tell(1, "ask_user", message="Which tea?").becomes(1, "awaiting_user")
    project(2)
    visits_sweep(at(23 * 60 * MINUTE))
    assert Visit.objects.get().status == "input_required"
    visits_sweep(at(DAY + 3 * MINUTE))
    assert Visit.objects.get(pk=run.visit_id).outcome == "abandoned"


def test_a_task_is_left_the_moment_to_end_by_its_own_clock(world: World) -> None:
    task = world.task().becomes(1, TaskStatus.RUNNING)
    project(2)
    visits_sweep(at(31 * MINUTE))
    task.tell(31 * MINUTE, EventKind.ERROR, code="timeout", message="Nothing happened for 30 minutes.")
    task.becomes(31 * MINUTE, TaskStatus.FAILED)
    project(31 * MINUTE)
    visit = Visit.objects.get()
    assert (visit.outcome, visit.is_swept) == ("failure", False)


def test_what_comes_later_reopens_what_the_sweep_alone_had_closed(world: World) -> None:
    session = world.session()
    world.page(session, 0, "error", local="v1", errorMessage="Odd")
    project(1)
    visits_sweep(at(31 * MINUTE))
    assert Note.objects.exists()
    world.page(session, 32 * MINUTE, "status", local="v1", summary="back")
    project(32 * MINUTE)
    visit = Visit.objects.get()
    assert (visit.status, visit.is_swept, visit.finalized_at, visit.score) == ("active", False, None, None)
    assert (Review.objects.exists(), Note.objects.exists()) == (False, False)
    world.page(session, 33 * MINUTE, "run_completed", local="v1", payload={"terminalState": "completed"})
    project(33 * MINUTE)
    assert Visit.objects.get().outcome == "success"


def test_what_the_log_had_closed_stays_closed(world: World) -> None:
    run = world.run().becomes(5, "completed")
    project(6)
    world.page(run.session, 40 * MINUTE, "error", run=run, errorMessage="Late")
    project(40 * MINUTE)
    visit = Visit.objects.get()
    assert (visit.outcome, visit.ended_at, visit.error_count) == ("success", at(5), 1)


def test_sweeping_again_changes_nothing(world: World) -> None:
    world.page(world.session(), 0, "task_started", local="v1")
    project(1)
    visits_sweep(at(31 * MINUTE))
    once = snapshot()
    assert visits_sweep(at(DAY)) == 0
    assert snapshot() == once


def test_a_replay_much_later_closes_what_the_sweep_closed(world: World) -> None:
    world.page(world.session(), 0, "task_started", local="v1")
    world.run(5)
    project(6)
    visits_sweep(at(35 * MINUTE))
    once = snapshot()
    forget_visits()
    project(DAY)
    assert snapshot() == once


def test_events_that_were_not_read_yet_count_for_the_sweep(world: World) -> None:
    session = world.session()
    world.page(session, 0, "task_started", local="v1")
    project(1)
    world.page(session, 29 * MINUTE, "status", local="v1")
    visits_sweep(at(31 * MINUTE))
    visit = Visit.objects.get()
    assert (visit.status, visit.last_event_at) == ("active", at(29 * MINUTE))


@pytest.mark.parametrize("has_task", [False, True])
def test_an_open_visit_whose_log_is_gone_is_closed_by_its_row(world: World, has_task: bool) -> None:
    if has_task:
        task = world.task().becomes(1, TaskStatus.RUNNING)
        project(2)
        Task.objects.filter(pk=task.task_id).delete()
    else:
        world.run()
        project(2)
        RunEvent.objects.all().delete()
    visits_sweep(at(0) + timedelta(days=3))
    visit = Visit.objects.get()
    assert (visit.outcome, visit.is_swept, visit.score is not None) == ("abandoned", True, True)
    assert visit.ended_at == visit.last_event_at + timedelta(minutes=30)
