"""Runs that are cut short: by a cancel, by a worker that stops, and by one that dies."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from rover_site.demo import DemoSite, Page
from tasks.io import draining
from tasks.models import Task
from tasks.services.leases import lease_claim
from tests.tasks.agents import logs
from tests.tasks.agents.clouds import POT, key_of, outcome, serving, told, wish
from tests.tasks.agents.logs import types
from tests.tasks.agents.support import Agents, local_site, row_of
from tests.tasks.streaming_fixtures import in_database, until

SLOW_MS = 30_000


@pytest.fixture
async def slow(transactional_db: None) -> AsyncIterator[DemoSite]:
    """A site that answers after half a minute, until its `delay` is taken away."""
    async with DemoSite(delay_ms=SLOW_MS, extra={"/pot": Page(body=POT.encode())}) as site:
        await in_database(local_site)(site.base_url)
        yield site


class TestStopping:
    async def test_a_task_that_is_cancelled_in_the_midst_of_a_slow_page_is_left_at_once(
        self, agents: Agents, slow: DemoSite
    ) -> None:
        created = await wish(agents, slow.base_url, path="/pot")
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: slow.log.entries)

        answer = await agents.delete(created["task"])
        cancelled = time.monotonic()
        await working

        assert time.monotonic() - cancelled < SLOW_MS / 1000 / 4
        assert answer.json()["status"] == "cancelled"
        events = await told(agents, created)
        assert (types(events).count("done"), events[-1]["data"]) == (1, {"status": "cancelled"})
        assert (await in_database(row_of)(created["id"])).lease_owner == ""

    async def test_a_worker_that_lost_its_lease_writes_nothing_any_more(
        self, agents: Agents, slow: DemoSite
    ) -> None:
        created = await wish(agents, slow.base_url, path="/pot")
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: slow.log.entries)
        rows = Task.objects.filter(pk=key_of(created))
        await in_database(rows.update)(lease_token=F("lease_token") + 1, lease_owner="another")
        before = await in_database(logs.log_of)(created["id"])
        slow.delay = 0.0

        await working

        assert await in_database(logs.log_of)(created["id"]) == before
        row = await in_database(row_of)(created["id"])
        assert (row.status, row.lease_owner) == ("running", "another")

    async def test_a_lease_is_renewed_while_a_page_is_awaited_but_that_is_no_sign_of_progress(
        self, agents: Agents, slow: DemoSite
    ) -> None:
        created = await wish(agents, slow.base_url, path="/pot")
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: slow.log.entries)
        before = await in_database(row_of)(created["id"])

        deadline = time.monotonic() + 20
        while (after := await in_database(row_of)(created["id"])).lease_expires_at == before.lease_expires_at:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        await agents.delete(created["task"])
        await working

        assert after.due_at == before.due_at


@pytest.fixture
def drain() -> Iterator[threading.Event]:
    """Tells the workers of this process to stop."""
    flag = threading.Event()
    draining.bind(flag)
    yield flag
    draining.bind(None)


class TestWorkersThatGo:
    async def test_a_worker_that_is_to_stop_gives_its_task_back_and_another_one_finishes_it(
        self, agents: Agents, slow: DemoSite, drain: threading.Event
    ) -> None:
        created = await wish(agents, slow.base_url, path="/pot")
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: slow.log.entries)
        drain.set()
        await working
        row = await in_database(row_of)(created["id"])
        assert (row.status, row.lease_owner, row.lease_expires_at) == ("running", "", None)

        drain.clear()
        slow.delay = 0.0
        task = await outcome(agents, created)

        events = await told(agents, created)
        assert (task["status"], types(events).count("done")) == ("completed", 1)
        assert "lost" not in str([each["data"] for each in events if each["type"] == "step"])

    async def test_a_worker_that_died_is_told_of_and_the_next_one_begins_again(self, agents: Agents) -> None:
        async with serving({"/": POT}) as site:
            created = await wish(agents, site.base_url)
            await in_database(die)(created, times=2)
            task = await outcome(agents, created)

        events = await told(agents, created)
        assert task["status"] == "completed"
        assert [each["data"] for each in events if "lost" in each["data"].get("text", "")] == [
            {"text": "The worker was lost; another one begins again."}
        ]
        assert (await in_database(row_of)(created["id"])).crashes == 0

    async def test_a_task_that_killed_three_workers_fails(self, agents: Agents) -> None:
        async with serving({"/": POT}) as site:
            created = await wish(agents, site.base_url)
            await in_database(die)(created, times=3)
            task = await outcome(agents, created)

        *_, error, done = await told(agents, created)
        assert (task["status"], site.paths) == ("failed", [])
        assert error["data"] == task["result"]["error"]
        assert error["data"]["code"] == "worker_crashed"
        assert error["data"]["message"].startswith("3 workers in a row")
        assert done["data"]["status"] == "failed"


def die(created: dict[str, Any], *, times: int) -> None:
    """Workers take the task and are never seen again."""
    for n in range(times):
        then = timezone.now() - timedelta(minutes=times - n)
        assert lease_claim(task_id=key_of(created), now=then) is not None
