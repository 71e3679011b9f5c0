"""What time does to tasks: who waits too long goes to the cloud or expires, who is silent fails, who ended goes.

The clock of the sweeper is moved; everything else is as it is.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.public_errors import ReceiptInvalid
from tasks.core.public_input import ClaimBody
from tasks.core.public_task import INPUT_LIFETIME, SILENCE_LIMIT, UNCLAIMED_LIFETIME
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, Event, Receipt
from tasks.services.agents import sweeping
from tasks.services.agents.claiming import task_claim
from tasks.services.agents.sweeping import agent_tasks_sweep
from tasks.services.leases import lease_claim
from tests.tasks.agents.steps import (
    ASKING,
    CANCELLED,
    DONE,
    EXPIRED,
    FAILED,
    R,
    agent_row,
    at_once,
    bring,
    limited,
    listed,
    receipt_of,
    refusal,
    session_token,
)
from tests.tasks.agents.support import IN_CLOUD, OPEN, Agents, configure, local_site, make_site
from tests.tasks.executing import craft_site
from tests.tasks.executing.small_site import SmallSite
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

MOMENT = timedelta(seconds=30)
PROMOTED_AFTER = timedelta(seconds=45)


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    """`shop.example`: a task that no browser takes runs on the server after 45 seconds."""
    return make_site(access={"enabled": True}, capabilities=IN_CLOUD)


async def sweep(after: timedelta) -> int:
    """How many tasks a sweep changes that long from now."""
    return await in_database(agent_tasks_sweep)(now=timezone.now() + after)


async def status_of(agents: Agents, created: dict[str, Any]) -> str:
    return str((await agents.get(created["task"])).json()["status"])


async def told(created: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of its events, in order."""
    row = await in_database(agent_row)(created["id"])
    rows = Event.objects.filter(task=row.task).order_by("seq").values_list("kind", "payload")
    return await listed(rows)


# --- each state has its time ---


@pytest.mark.parametrize(
    ("statuses", "lifetime", "after"),
    [
        ([], UNCLAIMED_LIFETIME, "expired"),
        ([R], SILENCE_LIMIT, "failed"),
        ([R, ASKING], INPUT_LIFETIME, "expired"),
        ([R, ASKING, R], SILENCE_LIMIT, "failed"),
    ],
)
async def test_a_task_stays_as_it_is_for_its_time_and_not_longer(
    agents: Agents, shop: Site, statuses: list[TaskStatus], lifetime: timedelta, after: str
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], *statuses)
    before = await agents.get(created["task"])

    assert await sweep(lifetime - MOMENT) == 0
    assert (await agents.get(created["task"])).body == before.body

    assert await sweep(lifetime + MOMENT) == 1
    assert await status_of(agents, created) == after
    assert await sweep(lifetime + MOMENT) == 0


async def test_a_task_that_no_worker_took_expires_as_well(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create(header_prefer="execution=cloud")

    assert await sweep(UNCLAIMED_LIFETIME - MOMENT) == 0
    assert await sweep(UNCLAIMED_LIFETIME + MOMENT) == 1

    assert await status_of(agents, created) == "expired"
    row = await in_database(agent_row)(created["id"])
    assert await in_database(lease_claim)(task_id=row.pk, now=timezone.now()) is None


@pytest.mark.parametrize("statuses", [[R, DONE], [R, FAILED], [CANCELLED], [EXPIRED]])
async def test_what_has_ended_is_not_touched(agents: Agents, shop: Site, statuses: list[TaskStatus]) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], *statuses)

    assert await sweep(timedelta(days=30)) == 0
    assert (await in_database(agent_row)(created["id"])).task.due_at is None


async def test_who_expires_says_so_in_the_log_and_in_the_workflow(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await sweep(UNCLAIMED_LIFETIME + MOMENT)

    assert (await told(created))[-1] == ("done", {"status": "expired"})
    task = (await agents.get(created["task"])).json()
    assert {"open", "browserLink", "result", "retryAfterMs"} & set(task) == set()
    assert (await agents.get(created["workflow"])).json()["status"] == "expired"
    assert refusal(await agents.post(created["task"], {"input": "x"})) == (409, "NOT_AWAITING_INPUT")


async def test_who_is_silent_fails_and_says_why(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R)
    await sweep(SILENCE_LIMIT + MOMENT)

    task = (await agents.get(created["task"])).json()
    error = {"code": "timeout", "message": "Nothing happened for 30 minutes."}
    assert (task["status"], task["result"]) == ("failed", {"error": error})
    assert (await told(created))[-2:] == [
        ("error", error),
        ("done", {"status": "failed", "result": {"error": error}}),
    ]


async def test_the_time_begins_anew_with_each_state(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    later = timezone.now() + timedelta(minutes=14)
    await in_database(bring)(created["id"], R, now=later)

    assert await sweep(UNCLAIMED_LIFETIME + MOMENT) == 0
    assert await sweep(timedelta(minutes=14) + SILENCE_LIMIT + MOMENT) == 1
    assert await status_of(agents, created) == "failed"


async def test_an_expiry_is_seen_by_whoever_waits(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    waiting = asyncio.create_task(agents.get(created["task"], prefer="wait=30"))
    while not agents.streams.n_streams:
        await asyncio.sleep(0.01)

    await sweep(UNCLAIMED_LIFETIME + MOMENT)

    assert (await asyncio.wait_for(waiting, 10)).json()["status"] == "expired"


# --- from the browser to the cloud ---


async def test_a_task_that_no_browser_took_goes_to_the_server(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create()

    assert await sweep(PROMOTED_AFTER - MOMENT) == 0
    assert await status_of(agents, created) == "waiting_browser"
    assert await sweep(PROMOTED_AFTER + MOMENT) == 1

    task = (await agents.get(created["task"])).json()
    row = await in_database(agent_row)(created["id"])
    assert (task["status"], task["execution"]) == ("running", "auto")
    assert {"open", "browserLink"} & set(task) == set()
    assert (row.task.by_worker, row.promote_at) == (True, None)
    assert [kind for kind, _ in await told(created)] == ["status", "step", "status"]
    assert not await in_database(Receipt.objects.exists)()
    assert await in_database(lease_claim)(task_id=row.pk, now=timezone.now()) is not None


async def test_there_it_is_carried_out(agents: Agents, transactional_db: None) -> None:
    async with SmallSite(craft_site.PAGES) as site:
        await in_database(local_site)(site.base_url, access={"enabled": True})
        created = await agents.create(f"{site.base_url}/", prompt="Wie teuer ist die Teekanne?")
        await sweep(PROMOTED_AFTER + MOMENT)
        await agents.work(created["id"])
        task = (await agents.get(created["task"])).json()

    assert (task["status"], task["result"]["text"]) == ("completed", "Teekanne: 84,50 €")


async def test_its_receipt_is_void_then(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create()
    await sweep(PROMOTED_AFTER + MOMENT)
    claim = {
        "receipt": receipt_of(created["open"]),
        "sessionToken": await in_database(session_token)(cloud_shop),
    }

    answer = await agents.post("/v1/tasks/claim-browser", claim)

    assert (answer.status, answer.json()["error"]) == (404, "RECEIPT_INVALID")


async def test_a_task_that_a_browser_took_stays_with_it(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create()
    claim = {
        "receipt": receipt_of(created["open"]),
        "sessionToken": await in_database(session_token)(cloud_shop),
    }
    await agents.post("/v1/tasks/claim-browser", claim)

    assert await sweep(PROMOTED_AFTER + MOMENT) == 0
    assert (await in_database(agent_row)(created["id"])).task.by_worker is False


async def test_who_wants_a_browser_and_nothing_else_waits_for_one(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create(header_prefer="execution=browser")

    assert await sweep(UNCLAIMED_LIFETIME - MOMENT) == 0
    assert await status_of(agents, created) == "waiting_browser"


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"enabled": True, "allowCloudBrowser": False}], ids=["closed", "no cloud"]
)
async def test_where_the_owner_has_ruled_it_out_meanwhile_it_goes_on_waiting_and_expires(
    agents: Agents, cloud_shop: Site, change: dict[str, Any]
) -> None:
    created = await agents.create()
    await in_database(configure)(cloud_shop, aiAccess=change)

    assert await sweep(PROMOTED_AFTER + MOMENT) == 0
    assert await status_of(agents, created) == "waiting_browser"
    assert await in_database(Receipt.objects.exists)()
    assert await sweep(UNCLAIMED_LIFETIME - MOMENT) == 0
    assert await sweep(UNCLAIMED_LIFETIME + MOMENT) == 1
    assert await status_of(agents, created) == "expired"


async def test_a_server_that_slept_through_all_of_it_lets_the_task_expire(
    agents: Agents, cloud_shop: Site
) -> None:
    created = await agents.create()

    assert await sweep(UNCLAIMED_LIFETIME + MOMENT) == 1
    assert await status_of(agents, created) == "expired"


async def test_how_long_it_waits_is_the_sites_choice(agents: Agents, cloud_shop: Site) -> None:
    await in_database(configure)(cloud_shop, aiAccess=OPEN | {"autoPromoteSeconds": 600})
    created = await agents.create()

    assert await sweep(timedelta(seconds=590)) == 0
    assert await sweep(timedelta(seconds=610)) == 1
    assert await status_of(agents, created) == "running"


# --- several sweepers ---


async def test_of_many_sweepers_each_task_is_changed_by_one(
    agents: Agents, cloud_shop: Site, settings: Any
) -> None:
    limited(settings)
    created = [await agents.create() for _ in range(12)]
    later = timezone.now() + PROMOTED_AFTER + MOMENT

    changed = await asyncio.to_thread(at_once, *[lambda: agent_tasks_sweep(now=later)] * 4)

    assert sum(changed) == 12
    for each in created:
        assert [kind for kind, _ in await told(each)] == ["status", "step", "status"]


async def test_a_sweep_changes_so_many_at_a_time_the_oldest_first(
    agents: Agents, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(settings)
    monkeypatch.setattr(sweeping, "SWEEP_LIMIT", 2)
    created = [await agents.create() for _ in range(3)]

    assert [await sweep(UNCLAIMED_LIFETIME + MOMENT) for _ in range(3)] == [2, 1, 0]
    ended = AgentTask.objects.order_by("task__finished_at", "task_id").values_list("task_id", flat=True)
    assert [f"agt_{task_id.hex}" for task_id in await listed(ended)] == [each["id"] for each in created]


async def test_between_a_browser_and_the_server_one_gets_the_task(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create()
    later = timezone.now() + PROMOTED_AFTER + MOMENT
    body = ClaimBody(
        receipt=receipt_of(created["open"]),
        session_token=await in_database(session_token)(cloud_shop),
    )

    def claim() -> bool:
        try:
            task_claim(body, now=timezone.now())
        except ReceiptInvalid:
            return False
        return True

    def promote() -> bool:
        return bool(agent_tasks_sweep(now=later))

    claimed, promoted = await asyncio.to_thread(at_once, claim, promote)

    row = await in_database(agent_row)(created["id"])
    assert claimed is not promoted
    assert (row.task.status, row.task.by_worker) == ("running", promoted)
