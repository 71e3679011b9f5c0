"""Whatever comes first, in how many pieces, how often, and with whatever crash between: the tables are those of
one replay. Logs are made up; their lines arrive shuffled, in pieces, with projectors that die at any write."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from roverbook.models import CollectedEvent
from roverbook.services.projecting import projector_round, visits_sweep, writing
from tasks.core.states import TaskStatus
from tasks.models import Event, RunEvent, RuntimeSession
from tests.roverbook.projecting.world import RunLog, World, at, forget_visits, project, snapshot
from tests.tasks.agents.support import make_site
from workspace.models import SiteKey

END = 10_000
LOGS = (Event, RunEvent, CollectedEvent)


class Died(Exception):
    """The projector's process is gone."""


class AnyOrderTest(TestCase):
    """Hypothesis makes up what happens; the database is a real one."""

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(seed=st.integers(0, 2**32), n_logs=st.integers(1, 6))
    def test_the_tables_are_those_of_one_replay(self, seed: int, n_logs: int) -> None:
        chance = random.Random(seed)
        _happen(chance, n_logs)
        project(END)
        visits_sweep(at(END))
        once = snapshot()
        forget_visits()
        lines = _take_away()
        _arrive(chance, lines)
        project(END)
        visits_sweep(at(END))
        assert snapshot() == once


def _happen(chance: random.Random, n_logs: int) -> None:
    site = make_site()
    world = World(site=site, key=SiteKey.objects.get(site=site))
    for _ in range(n_logs):
        began = chance.randint(0, 3_000)
        task = world.task(began).becomes(began, TaskStatus.RUNNING) if chance.random() < 0.5 else None
        run = world.run(began, task=task) if task is None or chance.random() < 0.7 else None
        session = run.session if run else world.session()
        doing = _doings(chance, world, session, run)
        now = began
        for _ in range(chance.randint(0, 12)):
            now += chance.choice([1, 5, 60, 1_900])
            chance.choice(doing)(now)
        if chance.random() < 0.7:
            ended = chance.choice(["completed", "failed", "cancelled"])
            if run is not None:
                run.becomes(now, ended)
            if task is not None:
                task.becomes(now, TaskStatus(ended), summary="Done", text="Done")


def _doings(
    chance: random.Random, world: World, session: RuntimeSession, run: RunLog | None
) -> list[Callable[[int], Any]]:
    """What may happen in a visit, at a second."""

    def page(now: int, type_: str, **told: Any) -> None:
        world.page(session, now, type_, **told)

    shop = "https://shop.example"
    doing: list[Callable[[int], Any]] = [
        lambda now: page(now, "error", local="v", run=run, errorMessage=f"E{now % 3}"),
        lambda now: page(now, "status", local="v", pageUrl=f"{shop}/{now % 3}"),
        lambda now: page(now, "tool_result", local="w", toolName="buy", success=now % 2 == 0),
        lambda now: page(now, "task_ended", local=chance.choice("vw")),
        lambda now: page(now, "status", boundary="b1", summary="said"),
    ]
    if run is None:
        return doing
    return [
        *doing,
        lambda now: run.call(now, "click_element", error=chance.choice(["", "Covered."])),
        lambda now: run.sees(now, f"/{now % 4}"),
        lambda now: run.tell(now, "tab_event", decision="block"),
    ]


def _take_away() -> list[tuple[type[Any], list[Any]]]:
    """Empty the logs; lines of one log stay in one list, in their order, as locks keep them."""
    kept: list[tuple[type[Any], list[Any]]] = []
    for model, by in ((Event, "task_id"), (RunEvent, "run_id"), (CollectedEvent, "pk")):
        logs: dict[Any, list[Any]] = {}
        for row in model.objects.order_by("pk"):
            logs.setdefault(getattr(row, by), []).append(row)
        kept += [(model, log) for log in logs.values()]
        model.objects.all().delete()
    return kept


def _arrive(chance: random.Random, logs: list[tuple[type[Any], list[Any]]]) -> None:
    """Bring the lines back, the logs mixed anew; in between come rounds of projectors, sweeps and deaths."""
    left = [list(log) for _, log in logs]
    while any(left):
        log = chance.choice([each for each in left if each])
        row = log.pop(0)
        row.pk = None
        row.save(force_insert=True)
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            _work(chance)


def _work(chance: random.Random) -> None:
    now = at(chance.choice([100, 2_500, END]))
    with suppress(Died), pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "AT_ONCE", 1)
        patch.setattr(writing, "AT_ONCE_MOST", 1)
        if chance.random() < 0.4:
            patch.setattr(writing.Writer, "_write", _dying(chance.randint(0, 2), writing.Writer._write))
        if chance.random() < 0.8:
            projector_round(now, limit=chance.choice([1, 3, 2_000]))
        else:
            visits_sweep(now)


def _dying(after: int, real: Callable[..., None]) -> Callable[..., None]:
    left = [after]

    def write(self: Any, *args: Any) -> None:
        if not left[0]:
            raise Died
        left[0] -= 1
        real(self, *args)

    return write
