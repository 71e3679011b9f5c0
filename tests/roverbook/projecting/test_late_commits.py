"""On PostgreSQL a line may be seen after others that were numbered later. None is lost: two real connections
write one log each, in the order that loses lines of a reader who only remembers a number."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from roverbook.models import Cursor, Visit
from roverbook.services.projecting.rounds import Projector
from roverbook.services.projecting.turns import projector_turn
from tests.roverbook.projecting.world import RunLog, World, at
from tests.tasks.agents.support import make_site
from workspace.models import SiteKey

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="lines are seen in their order elsewhere"),
]


@pytest.fixture
def world(transactional_db: None) -> World:
    site = make_site()
    return World(site=site, key=SiteKey.objects.get(site=site))


class Writer:
    """A connection of its own, which writes and commits when it is told to."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._may_end = threading.Event()

    def write(self, log: RunLog, seconds: float, type_: str, **data: Any) -> None:
        """Write one line; the transaction stays open."""
        written = threading.Event()

        def work() -> None:
            with transaction.atomic():
                log.tell(seconds, type_, **data)
                written.set()
                self._may_end.wait(20)

        self.done = self._pool.submit(work)
        assert written.wait(20)

    def commit(self) -> None:
        self._may_end.set()
        self.done.result(20)

    def close(self) -> None:
        self._may_end.set()
        self._pool.submit(lambda: connection.close()).result(20)
        self._pool.shutdown()


@pytest.fixture
def other() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.close()


def settled(name: str = "runs") -> tuple[int, int]:
    return Cursor.objects.values_list("position", "settled").get(name=name)


def test_a_line_that_is_seen_late_is_not_lost(world: World, other: Writer) -> None:
    slow, quick = world.run(), world.run()
    projector = Projector()
    projector.round(now=at(1))
    other.write(slow, 2, "error", message="Slow")
    quick.tell(3, "error", message="Quick")
    assert projector.round(now=at(4)) == 1
    position, safe = settled()
    assert safe < position
    other.commit()
    assert projector.round(now=at(5)) == 1
    assert Visit.objects.get(pk=slow.visit_id).error == "Slow"


def test_neither_by_a_projector_that_was_started_anew(world: World, other: Writer) -> None:
    slow, quick = world.run(), world.run()
    Projector().round(now=at(1))
    other.write(slow, 2, "error", message="Slow")
    quick.tell(3, "error", message="Quick")
    Projector().round(now=at(4))
    other.commit()
    Projector().round(now=at(5))
    assert Visit.objects.get(pk=slow.visit_id).error == "Slow"


def test_it_settles_once_all_who_wrote_then_have_ended(world: World, other: Writer) -> None:
    slow, quick = world.run(), world.run()
    projector = Projector()
    other.write(slow, 2, "status", text="Slow")
    quick.tell(3, "status", text="Quick")
    for second in range(5):
        projector.round(now=at(second))
    position, safe = settled()
    assert safe < position
    other.commit()
    for second in range(5):
        projector.round(now=at(second))
    position, safe = settled()
    assert safe == position
    assert projector.round(now=at(9)) == 0


def test_a_line_that_was_taken_back_keeps_nobody_waiting(world: World) -> None:
    run = world.run()
    with transaction.atomic():
        world.run()
        transaction.set_rollback(True)
    run.tell(3, "status", text="after a gap in the numbers")
    projector = Projector()
    for second in range(4):
        projector.round(now=at(second))
    position, safe = settled()
    assert safe == position
    assert Visit.objects.get().n_events == 2


def test_of_two_projectors_one_works_and_a_dead_one_is_replaced(world: World) -> None:
    world.run()
    with projector_turn() as is_ours:
        assert is_ours
        assert elsewhere(lambda: Projector().round(now=at(1))) == 0
    assert elsewhere(lambda: Projector().round(now=at(1))) == 1
    elsewhere(_die_with_the_turn)
    world.run()
    assert Projector().round(now=at(2)) > 0
    assert Visit.objects.count() == 2


def _die_with_the_turn() -> None:
    turn = projector_turn()
    assert turn.__enter__()
    connection.close()


def elsewhere(work: Callable[[], Any]) -> Any:
    """What comes of it on another connection."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(20)
