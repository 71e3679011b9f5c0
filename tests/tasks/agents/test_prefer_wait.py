"""Prefer: how long an answer is held back and where a task runs, on everything that reads or changes one."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tasks.core.states import TaskStatus
from tasks.models import AgentTask
from tasks.streaming.hub import StreamLimits
from tests.tasks.agents.steps import (
    ASKING,
    BODY,
    CANCELLED,
    DONE,
    FAILED,
    QUESTION,
    RESULT,
    TASKS,
    R,
    agent_row,
    bring,
    check_headers,
    limited,
)
from tests.tasks.agents.support import IN_CLOUD, Agents, make_site
from tests.tasks.streaming_fixtures import Exchange, in_database, until
from workspace.models import Site


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    return make_site(capabilities=IN_CLOUD)


async def newest() -> str:
    """The name of the task that was made last."""

    def find() -> str:
        return f"agt_{AgentTask.objects.latest('task_id').pk.hex}"

    return await in_database(find)()


@asynccontextmanager
async def held(agents: Agents, url: str, method: str = "GET", **kwargs: Any) -> AsyncIterator[Exchange]:
    """A request that is being held back."""
    before = agents.streams.n_streams
    async with agents.open(url, method, **kwargs) as exchange:
        await until(lambda: agents.streams.n_streams == before + 1)
        assert exchange.status == 0
        yield exchange


# --- what was asked for, and what of it counts ---


@pytest.mark.parametrize(
    ("prefer", "applied", "execution"),
    [
        ("wait=0", "wait=0", "auto"),
        ("execution=browser", "execution=browser", "browser"),
        ("execution=cloud", "execution=cloud", "cloud"),
        ("execution=auto", "execution=auto", "auto"),
        ("execution=cloud, wait=0", "execution=cloud, wait=0", "cloud"),
        (["wait=0", "execution=cloud"], "wait=0, execution=cloud", "cloud"),
        (["execution=cloud", "execution=browser"], "execution=cloud", "cloud"),
        ('EXECUTION = "cloud" ; x=y', "execution=cloud", "cloud"),
        ("wait=0;wait=9, wait=30", "wait=0", "auto"),
        ("respond-async, wait=0", "wait=0", "auto"),
        ("respond-async", None, "auto"),
        ("handling=strict, return=minimal", None, "auto"),
        ("execution=Cloud", None, "auto"),
        ("execution=turbo", None, "auto"),
        ("wait=-1, wait=10", None, "auto"),
        ("wait=soon", None, "auto"),
        ("wait", None, "auto"),
        ('foo="a, execution=cloud"', None, "auto"),
        ("", None, "auto"),
    ],
)
async def test_a_creation_tells_which_preferences_counted(
    agents: Agents, cloud_shop: Site, prefer: str | list[str], applied: str | None, execution: str
) -> None:
    answer = await agents.post(TASKS, BODY, prefer=prefer)

    assert answer.status == 202
    assert answer.headers.get("preference-applied") == applied
    check_headers(answer)
    assert (await in_database(agent_row)(answer.json()["id"])).execution == execution


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=0", "wait=0"),
        ("wait=0, execution=cloud", "wait=0"),
        ("execution=cloud", None),
        ("wait=x", None),
        ("nothing", None),
    ],
)
async def test_a_reading_only_takes_the_wait_for_where_a_task_runs_is_settled(
    agents: Agents, shop: Site, prefer: str, applied: str | None
) -> None:
    created = await agents.create()
    for address in (created["task"], created["workflow"]):
        answer = await agents.get(address, prefer=prefer)

        assert (answer.status, answer.headers.get("preference-applied")) == (200, applied)
        check_headers(answer)


@pytest.mark.parametrize(("asked", "granted"), [("31", "30"), ("9999999999999999999999", "30"), ("30", "30")])
async def test_nobody_waits_for_more_than_half_a_minute(
    agents: Agents, shop: Site, asked: str, granted: str
) -> None:
    async with held(agents, TASKS, "POST", body=BODY, prefer=f"wait={asked}") as waiting:
        await in_database(bring)(await newest(), CANCELLED)
        await waiting.ended()

    assert waiting.headers["preference-applied"] == f"wait={granted}"


# --- a creation that is held back ---


async def test_a_creation_waits_until_its_task_has_ended(agents: Agents, shop: Site) -> None:
    async with held(agents, TASKS, "POST", body=BODY, prefer="wait=30") as waiting:
        name = await newest()
        await in_database(bring)(name, R)
        assert waiting.status == 0
        await in_database(bring)(name, DONE)
        await waiting.ended()

    task = waiting.json()
    assert waiting.status == 200
    assert (task["id"], task["status"], task["result"]) == (name, "completed", RESULT)
    assert waiting.headers["location"] == task["task"]
    assert "retry-after" not in waiting.headers
    assert {"open", "browserLink", "retryAfterMs"} & set(task) == set()
    assert (await agents.get(task["task"])).status == 200
    assert (await agents.get(task["workflow"])).status == 200


@pytest.mark.parametrize("end", [(R, FAILED), (CANCELLED,)])
async def test_every_end_ends_the_wait(agents: Agents, shop: Site, end: tuple[TaskStatus, ...]) -> None:
    async with held(agents, TASKS, "POST", body=BODY, prefer="wait=30") as waiting:
        await in_database(bring)(await newest(), *end)
        await waiting.ended()

    assert (waiting.status, waiting.json()["status"]) == (200, end[-1].value)


async def test_a_question_ends_the_wait(agents: Agents, shop: Site) -> None:
    async with held(agents, TASKS, "POST", body=BODY, prefer="wait=30") as waiting:
        await in_database(bring)(await newest(), R, ASKING)
        await waiting.ended()

    assert waiting.status == 200
    assert (waiting.json()["status"], waiting.json()["input"]) == ("input_required", QUESTION)
    assert "retry-after" not in waiting.headers


async def test_after_the_time_the_task_is_answered_as_it_stands(agents: Agents, shop: Site) -> None:
    began = time.monotonic()

    answer = await agents.post(TASKS, BODY, prefer="wait=1")

    task = answer.json()
    assert time.monotonic() - began >= 1
    assert answer.status == 202
    assert (task["status"], answer.headers["location"]) == ("waiting_browser", task["task"])
    assert (answer.headers["retry-after"], answer.headers["preference-applied"]) == ("2", "wait=1")
    assert {"open", "browserLink", "workflow", "expiresAt"} <= set(task)
    assert agents.streams.n_streams == 0


async def test_without_time_to_wait_the_answer_is_that_of_a_creation(agents: Agents, shop: Site) -> None:
    answer = await agents.post(TASKS, BODY, prefer="wait=0")

    assert (answer.status, answer.json()["status"]) == (202, "pending")


# --- readings and answers that are held back ---


@pytest.mark.parametrize("address", ["task", "workflow"])
async def test_a_reading_waits_too(agents: Agents, shop: Site, address: str) -> None:
    created = await agents.create()
    async with held(agents, created[address], prefer="wait=30") as waiting:
        await in_database(bring)(created["id"], R)
        assert waiting.status == 0
        await in_database(bring)(created["id"], DONE)
        await waiting.ended()

    assert (waiting.status, waiting.json()["status"]) == (200, "completed")
    assert waiting.headers["preference-applied"] == "wait=30"
    assert "retry-after" not in waiting.headers


@pytest.mark.parametrize("address", ["task", "workflow"])
async def test_a_reading_is_over_at_a_question(agents: Agents, shop: Site, address: str) -> None:
    created = await agents.create()
    async with held(agents, created[address], prefer="wait=30") as waiting:
        await in_database(bring)(created["id"], R, ASKING)
        await waiting.ended()

    assert (waiting.status, waiting.json()["status"]) == (200, "input_required")


async def test_a_reading_whose_time_is_over_says_when_to_come_back(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    answer = await agents.get(created["task"], prefer="wait=1")

    assert (answer.status, answer.json()["status"]) == (200, "waiting_browser")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("status", [(R, ASKING), (R, DONE), (CANCELLED,)])
async def test_a_task_that_asks_or_has_ended_keeps_nobody_waiting(
    agents: Agents, shop: Site, status: tuple[TaskStatus, ...]
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], *status)

    async with asyncio.timeout(10):
        answer = await agents.get(created["task"], prefer="wait=30")

    assert (answer.status, answer.json()["status"]) == (200, status[-1].value)
    assert answer.headers["preference-applied"] == "wait=30"


async def test_whoever_answers_a_question_may_wait_for_what_comes_of_it(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R, ASKING)
    body = {"input": "the shop"}
    async with held(agents, created["task"], "POST", body=body, prefer="wait=30, execution=cloud") as waiting:
        await in_database(bring)(created["id"], DONE)
        await waiting.ended()

    assert (waiting.status, waiting.json()["status"]) == (200, "completed")
    assert waiting.headers["preference-applied"] == "wait=30"


async def test_an_answer_that_nothing_came_of_yet_is_accepted(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R, ASKING)

    answer = await agents.post(created["task"], {"input": "the shop"}, prefer="wait=1")

    assert (answer.status, answer.json()["status"]) == (202, "running")
    assert answer.headers["retry-after"] == "2"


# --- what a wait costs, and how else it ends ---


async def test_a_cancellation_ends_the_wait(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    async with held(agents, created["task"], prefer="wait=30") as waiting:
        await agents.delete(created["task"])
        await waiting.ended()

    assert waiting.json()["status"] == "cancelled"


async def test_a_request_whose_client_left_is_over_but_its_task_is_not(agents: Agents, shop: Site) -> None:
    async with held(agents, TASKS, "POST", body=BODY, prefer="wait=30") as waiting:
        waiting.leave()
        await waiting.ended()

    assert (waiting.status, waiting.body, agents.streams.n_streams) == (0, b"", 0)
    assert (await in_database(agent_row)(await newest())).task.status == "waiting_browser"


async def test_fifty_that_wait_hold_no_thread(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings)
    created = await agents.create()
    assert (await agents.get(created["task"], prefer="wait=1")).status == 200
    idle = threading.active_count()

    waiting = []
    for number in range(50):
        exchange, data = (
            agents.request("POST", TASKS, BODY, prefer="wait=30")
            if number % 2
            else agents.request("GET", created["task"], prefer="wait=30")
        )
        exchange.start(data)
        waiting.append(exchange)
    await until(lambda: agents.streams.n_streams == 50)
    threads = threading.active_count()
    for exchange in waiting:
        exchange.leave()
    await asyncio.gather(*(exchange.ended() for exchange in waiting))

    assert threads == idle
    assert (agents.streams.n_streams, agents.streams.n_tasks) == (0, 0)


@pytest.mark.parametrize("limits", [StreamLimits(max_streams=1)])
async def test_a_server_that_holds_all_it_can_answers_at_once(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    async with held(agents, created["task"], prefer="wait=30"), asyncio.timeout(10):
        made = await agents.post(TASKS, BODY, prefer="wait=30")
        read = await agents.get(created["task"], prefer="wait=30")

    assert (made.status, made.json()["status"]) == (202, "waiting_browser")
    assert (read.status, read.json()["status"]) == (200, "waiting_browser")


async def test_a_server_that_stops_answers_those_who_wait(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    async with held(agents, created["task"], prefer="wait=30") as waiting:
        agents.streams.close()
        await waiting.ended()

    assert (waiting.status, waiting.json()["status"]) == (200, "waiting_browser")


async def test_a_stream_is_not_held_back(agents: Agents, shop: Site) -> None:
    async with agents.open(
        TASKS, "POST", BODY, accept="application/x-ndjson", prefer="wait=30, execution=browser"
    ) as stream:
        await stream.has_lines(2)
        assert stream.status == 200
        assert stream.headers["preference-applied"] == "execution=browser"
