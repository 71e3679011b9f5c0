"""A week after its end a task is gone: for its readers at once, from the database with the next prune."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.public_task import RETENTION
from tasks.core.states import TaskKind
from tasks.models import AgentTask, CallerRate, RememberedKey, Task
from tasks.services.agents.sweeping import agent_tasks_prune
from tasks.services.tasks import tasks_prune
from tests.tasks.agents.handing import child_of, make_bank
from tests.tasks.agents.steps import BODY, DONE, R, bare, bring, refusal, stored, token_of
from tests.tasks.agents.support import Agents
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

# --- for its readers ---


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/event-stream"])
@pytest.mark.parametrize("address", ["task", "workflow"])
async def test_seven_days_after_its_end_a_task_is_there_no_more_in_any_form(
    agents: Agents, shop: Site, address: str, accept: str
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R, DONE)

    async def end(age: timedelta) -> int:
        await in_database(Task.objects.update)(finished_at=timezone.now() - age)
        return (await agents.get(created[address], accept=accept)).status

    assert await end(RETENTION - timedelta(minutes=1)) == 200
    assert await end(RETENTION) == 404


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_then_nothing_can_be_done_to_it_either(agents: Agents, shop: Site, method: str) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R, DONE)
    await in_database(Task.objects.update)(finished_at=timezone.now() - RETENTION)

    for path in ("", "/handoffs", "/artifacts/evt_1"):
        address = f"{bare(created['task'])}{path}?access={token_of(created['task'])}"
        answer = await agents.call(method, address, {"input": "x", **BODY})
        assert refusal(answer)[0] in (404, 405), (method, path)


# --- from the database ---


def ended_since(age: timedelta) -> None:
    Task.objects.exclude(finished_at=None).update(finished_at=timezone.now() - age)


async def prune(now: datetime | None = None, **kwargs: Any) -> int:
    return await in_database(agent_tasks_prune)(now=now or timezone.now(), **kwargs)


async def test_a_week_after_its_end_a_task_is_removed_with_all_that_hangs_on_it(
    agents: Agents, shop: Site
) -> None:
    created = await agents.create(header_idempotency_key="k")
    await agents.delete(created["task"])

    await in_database(ended_since)(RETENTION - timedelta(hours=1))
    assert await prune() == 0
    assert (await agents.get(created["task"])).status == 200

    await in_database(ended_since)(RETENTION + timedelta(seconds=1))
    assert refusal(await agents.get(created["task"])) == (404, "TASK_NOT_FOUND")
    assert await prune() == 1
    left = await in_database(stored)()
    assert {table for table, rows in left.items() if rows} <= {"CallerRate"}
    assert refusal(await agents.get(created["task"])) == (404, "TASK_NOT_FOUND")


async def test_a_workflow_stays_until_the_last_of_its_tasks_has_ended(agents: Agents, shop: Site) -> None:
    await in_database(make_bank)()
    root = await agents.create()
    await in_database(bring)(root["id"], R)
    child = await child_of(agents, root)
    await in_database(bring)(root["id"], DONE)
    await in_database(ended_since)(RETENTION + timedelta(days=1))

    assert await prune() == 0
    assert (await agents.get(root["task"])).status == 404
    assert (await agents.get(child["task"])).json()["status"] == "waiting_browser"
    assert (await agents.get(root["workflow"])).json()["status"] == "running"

    await agents.delete(child["task"])
    await in_database(ended_since)(RETENTION + timedelta(days=1))
    assert await prune() == 1
    assert not await in_database(AgentTask.objects.exists)()
    assert not await in_database(Task.objects.exists)()


async def test_what_goes_on_stays_however_old_it_is(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(Task.objects.update)(created_at=timezone.now() - timedelta(days=400))

    assert await prune() == 0
    assert (await agents.get(created["task"])).status == 200


async def test_a_prune_takes_so_many_at_a_time(agents: Agents, shop: Site) -> None:
    for _ in range(3):
        await agents.delete((await agents.create())["task"])
    await in_database(ended_since)(RETENTION + timedelta(seconds=1))

    assert [await prune(limit=2) for _ in range(3)] == [2, 1, 0]


async def test_tasks_of_other_kinds_have_their_own_time(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await agents.delete(created["task"])
    now = timezone.now()

    def make_batch() -> None:
        Task.objects.create(
            kind=TaskKind.BATCH_FETCH,
            status=DONE,
            params={},
            created_at=now,
            updated_at=now,
            finished_at=now - timedelta(days=8),
        )

    await in_database(make_batch)()
    await in_database(ended_since)(timedelta(days=2))

    assert await prune() == 0
    assert await in_database(tasks_prune)(older_than=now - timedelta(days=1)) == 1
    assert (await agents.get(created["task"])).status == 200


async def test_counts_and_keys_that_are_over_go_with_the_next_prune(agents: Agents, shop: Site) -> None:
    created = await agents.create(header_idempotency_key="k")
    assert await in_database(CallerRate.objects.exists)()

    await prune(timezone.now() + timedelta(minutes=5))
    assert not await in_database(CallerRate.objects.exists)()
    assert await in_database(RememberedKey.objects.exists)()

    await prune(timezone.now() + timedelta(hours=24))
    assert not await in_database(RememberedKey.objects.exists)()
    assert (await agents.get(created["task"])).status == 200
