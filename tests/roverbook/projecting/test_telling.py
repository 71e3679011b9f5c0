"""Others are told of visits and tasks: once, while it is news, and with nothing that opens a door."""

import json

import pytest

from roverbook.models import NotificationSettings, Visit, WebhookEndpoint, WebhookMessage
from roverbook.services.projecting import rebuild, visits_sweep
from tasks.core.states import TaskStatus
from tests.roverbook.projecting.world import START, World, at, forget_visits, project

MINUTE = 60
DAY = 24 * 60 * MINUTE


@pytest.fixture
def listening(world: World) -> World:
    """The site's owner wants to be told of everything."""
    NotificationSettings.objects.create(site=world.site, enabled=True, updated_at=START)
    WebhookEndpoint.objects.create(
        site=world.site, url="https://hooks.example/", events=["*"], created_at=START, updated_at=START
    )
    return world


def told(prefix: str = "") -> list[str]:
    """The events told so far, as they came; those of derived records only when asked for."""
    events = WebhookMessage.objects.order_by("pk").values_list("event", flat=True)
    return sorted(event for event in events if event.startswith(prefix or ("visit.", "task.")))


def test_a_task_is_told_from_its_beginning_to_its_end(listening: World) -> None:
    task = listening.task()
    project(1)
    assert told() == ["task.created", "visit.started"]
    task.becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.COMPLETED, text="Done")
    project(4)
    assert told() == ["task.completed", "task.created", "visit.finalized", "visit.started"]


def test_a_failure_is_told_as_one(listening: World) -> None:
    listening.task().becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.FAILED, error={"message": "No."})
    project(4)
    assert told() == ["task.created", "task.failed", "visit.failed", "visit.finalized", "visit.started"]


def test_a_run_of_the_widget_is_no_task(listening: World) -> None:
    listening.run().becomes(3, "completed")
    project(4)
    assert told() == ["visit.finalized", "visit.started"]


def test_each_question_is_told_once(listening: World) -> None:
    run = listening.run().tell(1, "ask_user", message="Which?").becomes(1, "awaiting_user")
    project(2)
    listening.page(run.session, 3, "status", run=run)
    project(4)
    assert told("visit.input_required") == ["visit.input_required"]
    run.tell(5, "user_answer", status="running").becomes(6, "awaiting_user")
    project(7)
    assert told("visit.input_required") == ["visit.input_required"] * 2


def test_late_events_tell_nothing_again(listening: World) -> None:
    run = listening.run().becomes(3, "completed")
    project(4)
    before = told()
    listening.page(run.session, 5, "error", run=run, errorMessage="Late")
    project(6)
    assert told() == before


def test_an_end_that_replaces_that_of_the_sweep_is_told_too(listening: World) -> None:
    session = listening.session()
    listening.page(session, 0, "task_started", local="v1")
    project(1)
    visits_sweep(at(31 * MINUTE))
    listening.page(session, 32 * MINUTE, "run_completed", local="v1", payload={"terminalState": "completed"})
    project(33 * MINUTE)
    outcomes = [
        json.loads(body)["data"]["outcome"]
        for body in WebhookMessage.objects.filter(event="visit.finalized")
        .order_by("pk")
        .values_list("body", flat=True)
    ]
    assert sorted(outcomes) == ["abandoned", "success"]


def test_what_is_older_than_a_day_is_not_told(listening: World) -> None:
    listening.task().becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.COMPLETED, text="Done")
    project(DAY + 4)
    assert Visit.objects.count() == 1
    assert told() == []


def test_a_rebuild_tells_nobody_anything(listening: World) -> None:
    listening.task().becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.FAILED, error={"message": "No."})
    forget_visits()
    rebuild(now=at(10))
    assert Visit.objects.count() == 1
    assert WebhookMessage.objects.count() == 0


def test_a_replay_tells_nothing_twice(listening: World) -> None:
    listening.task().becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.COMPLETED, text="Done")
    project(4)
    before = WebhookMessage.objects.count()
    forget_visits()
    project(5)
    assert WebhookMessage.objects.count() == before


def test_what_is_told_opens_no_door_and_knows_no_memory(listening: World) -> None:
    listening.task().becomes(2, TaskStatus.RUNNING).becomes(3, TaskStatus.COMPLETED, text="Done")
    project(4)
    for body in WebhookMessage.objects.values_list("body", flat=True):
        assert "agt_access" not in body
        assert "self:crab" not in body


def test_a_site_that_did_not_ask_is_told_nothing(world: World) -> None:
    world.task()
    project(1)
    assert WebhookMessage.objects.count() == 0
