"""All visits anew: the same rows, from logs that are there."""

import pytest
from click.testing import CliRunner

from roverbook.models import Note, Review, Visit, VisitStep
from roverbook.services.projecting import rebuild, visits_sweep
from roverbook.services.projecting.turns import projector_turn
from tasks.core.states import TaskStatus
from tasks.models import Task
from tests.roverbook.projecting.world import World, at, forget_visits, project, snapshot
from tests.tasks.agents.support import make_site


@pytest.fixture
def lived(world: World) -> World:
    """Visits by every door, some over, one swept, one promoted."""
    task = world.task().becomes(1, TaskStatus.RUNNING)
    world.run(1, task=task).sees(2, "/").call(3, "click_element", error="It is covered.").becomes(
        5, "completed"
    )
    task.becomes(5, TaskStatus.COMPLETED, text="Done", summary="Done")
    world.run(10).sees(11, "/a").sees(12, "/b").sees(13, "/a").becomes(15, "failed")
    session = world.session()
    world.page(session, 16, "error", local="v1", errorMessage="Early")
    run = world.run(17, session=session)
    world.page(session, 18, "status", local="v1", run=run)
    world.page(world.session(), 20, "task_started", local="alone")
    project(30)
    visits_sweep(at(3_000))
    return world


def test_dropped_and_replayed_gives_the_same_rows(lived: World) -> None:
    once = snapshot()
    assert len(once["Visit"]) == 4
    forget_visits()
    assert rebuild(now=at(3_000)) == 4
    assert snapshot() == once


def test_over_what_is_there_it_gives_the_same_rows(lived: World) -> None:
    once = snapshot()
    rebuild(now=at(3_000))
    assert snapshot() == once


def test_rows_that_were_spoilt_are_put_right(lived: World) -> None:
    once = snapshot()
    Visit.objects.update(total_steps=99, outcome="success")
    VisitStep.objects.all().delete()
    Review.objects.all().delete()
    rebuild(now=at(3_000))
    assert snapshot() == once


def test_what_an_owner_decided_about_derived_notes_stays(lived: World) -> None:
    note = Note.objects.filter(provenance="derived").earliest("pk")
    Note.objects.filter(pk=note.pk).update(moderation="approved")
    rebuild(now=at(3_000))
    assert Note.objects.get(pk=note.pk).moderation == "approved"


def test_one_site_leaves_the_others_alone(lived: World) -> None:
    other = World(site=make_site("other.example"))
    other.run()
    project(30)
    Visit.objects.update(total_runs=99)
    assert rebuild(other.site, now=at(30)) == 1
    assert set(Visit.objects.filter(site=lived.site).values_list("total_runs", flat=True)) == {99}
    assert Visit.objects.get(site=other.site).total_runs == 1


def test_visits_whose_logs_are_gone_stay_as_they_are(lived: World) -> None:
    once = snapshot()
    Task.objects.filter(kind="agent").delete()
    rebuild(now=at(3_000))
    assert snapshot() == once


def test_it_waits_for_its_turn(lived: World) -> None:
    """Somebody who holds the turn for a moment is not disturbed."""
    from threading import Thread

    done = []
    with projector_turn() as is_ours:
        assert is_ours
        waiting = Thread(target=lambda: done.append(_turn_of_another()))
        waiting.start()
        waiting.join()
    assert done == [False]


def _turn_of_another() -> bool:
    from django.db import connection

    try:
        with projector_turn() as is_ours:
            return is_ours
    finally:
        connection.close()


def test_the_command_makes_them_anew(lived: World) -> None:
    from rover_site.cli.roverbook import command

    Visit.objects.update(total_runs=99)
    ran = CliRunner().invoke(command, ["rebuild", "--site", lived.site.public_id])
    assert (ran.exit_code, ran.output) == (0, "4 visits made anew.\n")
    assert 99 not in Visit.objects.values_list("total_runs", flat=True)
