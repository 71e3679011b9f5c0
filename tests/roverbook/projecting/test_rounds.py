"""Rounds of the projector: what is in the logs is in the visits, once."""

from typing import Any

import pytest
from django.db import connection

from roverbook.models import Cursor, Note, Review, Visit, VisitStep, VisitTool
from roverbook.services.projecting import projector_round, writing
from tasks.core.events import EventKind
from tasks.core.states import TaskStatus
from tasks.models import Event, Task
from tests.roverbook.projecting.world import SHOP, World, at, forget_visits, project, snapshot


def test_a_tasks_log_becomes_a_visit(world: World) -> None:
    task = world.task().becomes(1, TaskStatus.RUNNING)
    task.tell(2, EventKind.OBSERVATION, url=f"{SHOP}/hours")
    task.tell(3, EventKind.TOOL, name="fetch_page", status="started")
    task.tell(4, EventKind.TOOL, name="fetch_page", status="completed")
    task.becomes(5, TaskStatus.COMPLETED, text="At nine.", summary="At nine")
    project()
    visit = Visit.objects.get()
    assert (visit.pk, visit.site, visit.task_id) == (task.visit_id, world.site, task.task_id)
    assert (visit.status, visit.outcome, visit.summary) == ("completed", "success", "At nine")
    assert (visit.started_at, visit.ended_at, visit.finalized_at) == (at(0), at(5), at(5))
    assert (visit.agent_key, visit.agent_trust, visit.launch_source) == (
        "crab",
        "self_reported",
        "public_task_api",
    )
    assert (visit.n_events, visit.total_steps, visit.pages_visited) == (6, 1, [f"{SHOP}/hours"])
    assert visit.score is not None
    assert visit.intent != ""
    assert list(VisitStep.objects.values_list("action", "result")) == [("fetch_page", "success")]


def test_logs_of_workflows_and_batches_are_no_visits(world: World) -> None:
    world.task()
    other = Task.objects.create(
        kind="batch_fetch",
        status="running",
        params={},
        created_at=at(0),
        updated_at=at(0),
        owner=world.site.owner,
    )
    Event.objects.create(task=other, seq=1, kind="batch_start", payload={}, created_at=at(0))
    project()
    assert Visit.objects.count() == 1


def test_a_run_that_carries_out_a_task_is_of_the_tasks_visit(world: World) -> None:
    task = world.task().becomes(1, TaskStatus.RUNNING)
    run = world.run(1, task=task).sees(2, "/").call(3, "click_element")
    task.tell(3, EventKind.TOOL, name="click_element", status="started")
    task.tell(4, EventKind.TOOL, name="click_element", status="completed")
    project()
    visit = Visit.objects.get()
    assert (visit.pk, visit.session_id, visit.total_steps, visit.total_runs) == (
        task.visit_id,
        run.run.session_id,
        1,
        1,
    )
    assert visit.runs[0]["runId"] == run.run_id


def test_runs_behind_one_boundary_are_one_visit(world: World) -> None:
    session = world.session()
    world.run(0, session=session).becomes(5, "failed")
    second = world.run(10, session=session).becomes(15, "completed")
    world.run(20, session=session, boundary="b2")
    project()
    visit = Visit.objects.get(pk=second.visit_id)
    assert (visit.total_runs, visit.outcome, visit.boundary) == (2, "success", "b1")
    assert Visit.objects.count() == 2


def test_a_visit_grows_as_its_log_does(world: World) -> None:
    run = world.run().call(1, "click_element")
    project()
    assert Visit.objects.get().status == "active"
    run.call(3, "click_element", error="The button is covered.").becomes(5, "completed")
    project()
    visit = Visit.objects.get()
    assert (visit.status, visit.total_steps, visit.error_count) == ("completed", 2, 1)
    assert [tool.calls for tool in VisitTool.objects.all()] == [2]


def test_nothing_new_is_no_work(world: World) -> None:
    world.run().becomes(5, "completed")
    assert project() == 2
    before = snapshot(), list(Cursor.objects.values())
    assert projector_round(at(60)) == 0
    assert (snapshot(), list(Cursor.objects.values())) == before


def test_a_round_reads_no_more_than_it_is_told_to(world: World) -> None:
    for _ in range(3):
        world.run().becomes(5, "completed")
    read = [projector_round(at(60), limit=4) for _ in range(6)]
    # each line may be joined by late ones and is asked for once more: a round alone knows none by heart
    again = 0 if connection.vendor == "sqlite" else 6
    assert (max(read), sum(read), read[-1]) == (4, 6 + again, 0)


def test_the_end_of_a_visit_leaves_what_is_derived(world: World) -> None:
    run = world.run().call(1, "click_element", error="The button is covered.").becomes(5, "failed")
    project()
    assert list(Review.objects.values_list("visit_id", "provenance")) == [(run.visit_id, "derived")]
    assert "issue" in Note.objects.values_list("type", flat=True)


def test_late_events_make_what_is_derived_anew(world: World) -> None:
    run = world.run().becomes(5, "completed")
    project()
    before = Review.objects.get()
    world.page(run.session, 6, "error", run=run, errorMessage="The page broke.")
    project()
    after = Review.objects.get()
    assert (after.pk, after.accuracy < before.accuracy) == (before.pk, True)
    once = snapshot()
    forget_visits()
    project()
    assert snapshot() == once


# --- pages ---


def test_a_page_alone_makes_a_visit(world: World) -> None:
    session = world.session()
    world.page(session, 0, "task_started", local="v1", pageUrl=f"{SHOP}/a")
    world.page(session, 1, "task_started", local="v2", pageUrl=f"{SHOP}/b")
    project()
    assert sorted(Visit.objects.values_list("entry_url", flat=True)) == [f"{SHOP}/a", f"{SHOP}/b"]


@pytest.mark.parametrize("is_late", [False, True])
def test_what_a_page_told_under_its_own_name_moves_to_the_servers_visit(world: World, is_late: bool) -> None:
    session = world.session()
    world.page(session, 0, "error", local="v1", errorMessage="Early")
    if is_late:
        project()
    run = world.run(1, session=session)
    world.page(session, 2, "error", local="v1", run=run, errorMessage="Now")
    project()
    world.page(session, 3, "error", local="v1", errorMessage="Later")
    project()
    visit = Visit.objects.get()
    assert (visit.pk, visit.error_count) == (run.visit_id, 3)


def test_reviews_of_the_visit_by_its_old_name_move_along(world: World) -> None:
    session = world.session()
    early = world.page(session, 0, "task_started", local="v1")
    project()
    given = {"overall": 4, "accuracy": 4, "speed": 4, "ease_of_use": 4, "logic": 4, "sentiment": "positive"}
    said = {
        "site": world.site,
        "visit_id": early.visit_id,
        "provenance": "agent_authored",
        "created_at": at(1),
    }
    Review.objects.create(id="r1", **said, **given)
    run = world.run(1, session=session)
    world.page(session, 2, "status", local="v1", run=run)
    project()
    assert Review.objects.get(pk="r1").visit_id == run.visit_id


def test_of_two_runs_the_first_one_adopts_what_had_no_run(world: World) -> None:
    session = world.session()
    first = world.run(1, session=session).becomes(4, "completed")
    second = world.run(5, session=session, boundary="b2")
    world.page(session, 6, "status", local="v1", run=second)
    world.page(session, 2, "status", local="v1", run=first)
    world.page(session, 3, "error", local="v1", errorMessage="Whose?")
    project()
    assert Visit.objects.get(pk=first.visit_id).error_count == 1
    assert Visit.objects.get(pk=second.visit_id).error_count == 0


def test_what_named_a_boundary_before_its_run_had_a_task_moves_to_the_task(world: World) -> None:
    session = world.session()
    world.page(session, 0, "error", boundary="b1", errorMessage="Early")
    project()
    task = world.task(1).becomes(1, TaskStatus.RUNNING)
    world.run(1, session=session, task=task)
    project()
    visit = Visit.objects.get()
    assert (visit.pk, visit.error_count) == (task.visit_id, 1)


def test_pages_of_two_sessions_that_use_one_name_are_two_visits(world: World) -> None:
    world.page(world.session(), 0, "task_started", local="v1")
    world.page(world.session(), 0, "task_started", local="v1")
    project()
    assert Visit.objects.count() == 2


# --- crashes, repetitions, pruned logs ---


def test_a_crash_between_two_writes_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        world.run(number).call(number + 1, "click_element").becomes(number + 3, "completed")
    project()
    once = snapshot()
    forget_visits()
    real, left = writing.Writer._write, [2]

    def crash(self: writing.Writer, *args: Any) -> None:
        if not left[0]:
            raise ConnectionError("the server is gone")
        left[0] -= 1
        real(self, *args)

    monkeypatch.setattr(writing, "AT_ONCE", 1)
    monkeypatch.setattr(writing, "AT_ONCE_MOST", 1)
    with monkeypatch.context() as broken:
        broken.setattr(writing.Writer, "_write", crash)
        with pytest.raises(ConnectionError):
            projector_round(at(60))
    assert Visit.objects.count() == 2
    project()
    assert snapshot() == once


def test_a_round_that_is_told_to_stop_begins_again_later(world: World) -> None:
    from roverbook.services.projecting.rounds import Projector

    world.run().becomes(5, "completed")
    assert Projector(go_on=lambda: False).round(now=at(60)) == 0
    assert Visit.objects.count() == 0
    assert project() == 2


def test_a_visit_whose_log_is_gone_stays_as_it_is(world: World) -> None:
    task = world.task().becomes(1, TaskStatus.RUNNING).becomes(2, TaskStatus.COMPLETED, text="Done")
    project()
    before = snapshot()
    Task.objects.filter(pk=task.task_id).delete()
    world.page(world.session(), 3, "error", task=task, errorMessage="Much later")
    project()
    assert snapshot() == before


def test_another_sites_visits_are_its_own(world: World) -> None:
    from tests.tasks.agents.support import make_site

    other = World(site=make_site("other.example"))
    world.run()
    other.run()
    project()
    assert sorted(Visit.objects.values_list("site", flat=True)) == sorted([world.site.pk, other.site.pk])
