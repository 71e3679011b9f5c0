"""Idempotency-Key with an answer to a task: it is given once."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tasks.core.public_errors import NotAwaitingInput
from tasks.models import Event, RememberedKey
from tasks.services.agents.acting import task_answer
from tests.tasks.agents.steps import (
    ASKING,
    DONE,
    R,
    agent_row,
    at_once,
    bring,
    refusal,
)
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

ANSWER = {"input": "the shop"}


@pytest.fixture(autouse=True)
async def _leave_no_connection() -> AsyncIterator[None]:
    """PostgreSQL drops no database that a thread is still connected to."""
    yield
    await in_database(connections.close_all)()


async def waiting_for_input(agents: Agents) -> dict[str, Any]:
    """A task that asks."""
    created = await agents.create()
    await in_database(bring)(created["id"], R, ASKING)
    return created


async def test_an_answer_that_is_sent_twice_is_given_once(agents: Agents, shop: Site) -> None:
    created = await waiting_for_input(agents)

    first = await agents.post(created["task"], ANSWER, idempotency_key="k")
    second = await agents.post(created["task"], ANSWER, idempotency_key="k")

    assert (first.status, second.status) == (202, 202)
    assert second.json()["status"] == "running"
    row = await in_database(agent_row)(created["id"])
    assert row.answers == [{"text": "the shop", "key": None}]
    assert await in_database(Event.objects.filter(task=row.task, kind="message").count)() == 1


async def test_without_a_key_the_second_is_told_that_nothing_is_asked(agents: Agents, shop: Site) -> None:
    created = await waiting_for_input(agents)
    await agents.post(created["task"], ANSWER)

    assert refusal(await agents.post(created["task"], ANSWER)) == (409, "NOT_AWAITING_INPUT")


async def test_an_answer_is_remembered_beyond_the_end_of_its_task(agents: Agents, shop: Site) -> None:
    created = await waiting_for_input(agents)
    await agents.post(created["task"], ANSWER, idempotency_key="k")
    await in_database(bring)(created["id"], DONE)

    again = await agents.post(created["task"], ANSWER, idempotency_key="k")

    assert (again.status, again.json()["status"]) == (200, "completed")


async def test_an_answer_with_a_used_key_does_not_go_to_the_next_question(agents: Agents, shop: Site) -> None:
    created = await waiting_for_input(agents)
    await agents.post(created["task"], ANSWER, idempotency_key="k")
    await in_database(bring)(created["id"], ASKING)

    again = await agents.post(created["task"], ANSWER, idempotency_key="k")
    other = await agents.post(created["task"], {"input": "the workshop"}, idempotency_key="k")

    assert again.json()["status"] == "input_required"
    assert refusal(other) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert len((await in_database(agent_row)(created["id"])).answers) == 1


async def test_a_key_is_for_one_task_and_one_purpose(agents: Agents, shop: Site) -> None:
    one = await agents.create(header_idempotency_key="k")
    other = await agents.create()
    for created in (one, other):
        await in_database(bring)(created["id"], R, ASKING)

    answers = [await agents.post(created["task"], ANSWER, idempotency_key="k") for created in (one, other)]

    assert [answer.status for answer in answers] == [202, 202]
    assert (await agents.create(header_idempotency_key="k"))["id"] == one["id"]


@pytest.mark.parametrize("first", [{}, {"input": 7}, {"input": " "}])
async def test_an_answer_that_was_refused_has_not_used_its_key(
    agents: Agents, shop: Site, first: dict[str, Any]
) -> None:
    created = await waiting_for_input(agents)
    assert (await agents.post(created["task"], first, idempotency_key="k")).status == 400

    assert (await agents.post(created["task"], ANSWER, idempotency_key="k")).status == 202


async def test_nor_has_one_that_came_before_it_was_asked_for(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    assert (await agents.post(created["task"], ANSWER, idempotency_key="k")).status == 409
    await in_database(bring)(created["id"], R, ASKING)

    assert (await agents.post(created["task"], ANSWER, idempotency_key="k")).status == 202


async def test_a_key_of_an_answer_is_held_to_the_same_form(agents: Agents, shop: Site) -> None:
    created = await waiting_for_input(agents)

    assert refusal(await agents.post(created["task"], ANSWER, idempotency_key="a,b")) == (
        400,
        "INVALID_IDEMPOTENCY_KEY",
    )


@pytest.mark.parametrize(("key", "n_taken"), [("k", 8), (None, 1)])
async def test_of_many_answers_at_once_one_is_given(
    agents: Agents, shop: Site, key: str | None, n_taken: int
) -> None:
    created = await waiting_for_input(agents)
    row = await in_database(agent_row)(created["id"])

    def answer() -> bool:
        try:
            task_answer(task_id=row.pk, body=ANSWER, idempotency_key=key, now=timezone.now())
        except NotAwaitingInput:
            return False
        return True

    taken = await asyncio.to_thread(at_once, *[answer] * 8)

    assert sum(taken) == n_taken
    row = await in_database(agent_row)(created["id"])
    assert (row.task.status, row.answers) == ("running", [{"text": "the shop", "key": None}])


@pytest.mark.parametrize("key", ["k", "a,b", ""])
async def test_reading_and_cancelling_need_no_key_and_look_at_none(
    agents: Agents, shop: Site, key: str
) -> None:
    created = await agents.create()

    assert (await agents.get(created["task"], idempotency_key=key)).status == 200
    assert (await agents.delete(created["task"], idempotency_key=key)).status == 200
    assert not await in_database(RememberedKey.objects.exists)()
    assert json.loads((await agents.delete(created["task"])).body)["status"] == "cancelled"
