"""The projector's thread in a worker: by itself, one at a time, whatever happens to the database."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from rover_site.operation import projector
from rover_site.operation.projector import ProjectorThread
from roverbook import jobs
from roverbook.models import Visit
from roverbook.services.projecting.rounds import Projector
from roverbook.services.projecting.turns import projector_turn
from tests.roverbook.projecting.world import World
from tests.tasks.agents.support import make_site
from workspace.models import SiteKey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    site = make_site()
    return World(site=site, key=SiteKey.objects.get(site=site))


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Released after each turn; turns follow each other quickly."""
    done = threading.Semaphore(0)
    real = jobs.Bookkeeping.turn

    def turn(self: jobs.Bookkeeping) -> bool:
        try:
            return real(self)
        finally:
            done.release()

    monkeypatch.setattr(jobs.Bookkeeping, "turn", turn)
    monkeypatch.setattr(projector, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(jobs, "roverbook_round", lambda now: None)  # these visits are too old to be kept
    yield done


def wait_for(turns: threading.Semaphore, count: int) -> None:
    for _ in range(count):
        assert turns.acquire(timeout=20)


def test_visits_appear_by_themselves(world: World, turns: threading.Semaphore) -> None:
    world.run()
    thread = ProjectorThread()
    thread.start()
    try:
        wait_for(turns, 2)
        assert Visit.objects.count() == 1
        world.run()
        wait_for(turns, 2)
        assert Visit.objects.count() == 2
    finally:
        thread.stop()


def test_an_error_of_the_database_is_outlived(
    world: World,
    turns: threading.Semaphore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.run()
    left = [2]
    real = Projector.round

    def round_(self: Any, **kwargs: Any) -> int:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the database is gone")
        return real(self, **kwargs)

    monkeypatch.setattr(Projector, "round", round_)
    thread = ProjectorThread()
    thread.start()
    try:
        wait_for(turns, 4)
    finally:
        thread.stop()
    assert Visit.objects.count() == 1
    told = [record for record in caplog.records if "visits are not up to date" in record.message]
    assert len(told) == 1


def test_it_ends_when_it_is_told_to(world: World, turns: threading.Semaphore) -> None:
    thread = ProjectorThread()
    thread.start()
    wait_for(turns, 1)
    thread.stop()
    assert not any(each.name == "projector" for each in threading.enumerate())


def test_while_another_process_has_the_turn_it_waits(world: World, turns: threading.Semaphore) -> None:
    world.run()
    thread = ProjectorThread()
    with projector_turn() as is_ours:
        assert is_ours
        thread.start()
        wait_for(turns, 3)
        assert Visit.objects.count() == 0
    try:
        wait_for(turns, 2)
        assert Visit.objects.count() == 1
    finally:
        thread.stop()
    connection.close()
