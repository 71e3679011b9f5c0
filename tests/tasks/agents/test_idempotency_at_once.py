"""Idempotency-Key when the same request comes many times at once, and when a process dies in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tasks.core.prefer import Preferences
from tasks.models import AgentTask, RememberedKey
from tasks.services.agents import creating
from tasks.services.agents.callers import Caller
from tasks.services.agents.creating import Created, CreateRequest, agent_task_create
from tests.tasks.agents.steps import (
    BODY,
    TASKS,
    at_once,
    limited,
    nothing_is_stored,
)
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import Site

UUID_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture(autouse=True)
async def _leave_no_connection() -> AsyncIterator[None]:
    """PostgreSQL drops no database that a thread is still connected to."""
    yield
    await in_database(connections.close_all)()


async def n_tasks() -> int:
    return await in_database(AgentTask.objects.count)()


async def test_two_hundred_at_once_make_one_task(agents: Agents, shop: Site) -> None:
    """Of two server processes: each has threads, connections and batches of its own."""
    second = Agents.start()
    try:
        asking = [
            server.post(TASKS, BODY, idempotency_key=UUID_KEY)
            for _ in range(100)
            for server in (agents, second)
        ]
        answers: list[Exchange] = await asyncio.gather(*asking)
    finally:
        await second.close()

    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await n_tasks() == 1
    assert await in_database(RememberedKey.objects.count)() == 1


async def test_at_the_last_of_a_share_too(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=1, agent=1, site=1)
    body = BODY | {"agent": {"key": "demo-agent"}}
    second = Agents.start()
    try:
        asking = [
            server.post(TASKS, body, idempotency_key=UUID_KEY)
            for _ in range(20)
            for server in (agents, second)
        ]
        answers = await asyncio.gather(*asking)
    finally:
        await second.close()

    assert {answer.status for answer in answers} == {202}
    assert await n_tasks() == 1


async def test_of_many_different_bodies_one_wins_and_the_others_are_told(agents: Agents, shop: Site) -> None:
    bodies = [BODY | {"prompt": f"wish {number}"} for number in range(20)]

    answers = await asyncio.gather(*(agents.post(TASKS, body, idempotency_key="k") for body in bodies))

    assert sorted(answer.status for answer in answers) == [202] + [409] * 19
    assert await n_tasks() == 1


def test_many_threads_that_begin_together_make_one_task(shop: Site) -> None:
    def create() -> Created:
        return agent_task_create(
            CreateRequest(
                body=BODY,
                preferences=Preferences(),
                caller=Caller(address="203.0.113.7"),
                idempotency_key=UUID_KEY,
                now=timezone.now(),
            )
        )

    made = at_once(*[create] * 12)

    assert len({each.task_id for each in made}) == 1
    assert sorted(each.replayed for each in made) == [False] + [True] * 11
    assert AgentTask.objects.count() == 1


async def test_a_task_without_its_key_is_never_stored(
    agents: Agents, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between the two leaves neither."""

    def die(*args: object, **kwargs: object) -> None:
        raise SystemError("the process is gone")

    with monkeypatch.context() as dying:
        dying.setattr(creating, "remember", die)
        assert (await agents.post(TASKS, BODY, idempotency_key="k")).status == 500
    assert await in_database(nothing_is_stored)()

    assert "idempotency-replayed" not in (await agents.post(TASKS, BODY, idempotency_key="k")).headers
    assert await n_tasks() == 1
