"""POST and DELETE /v1/tasks/{id}: going on with a task that asks, and ending one that is not wanted."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.states import TERMINAL, TaskStatus
from tasks.models import AgentTask, Event, Receipt, Task
from tasks.services.agents.acting import agent_task_cancel
from tasks.services.agents.log import Logs, change
from tasks.services.leases import lease_claim
from tests.tasks.agents.handing import handoff, make_bank
from tests.tasks.agents.steps import (
    ASKING,
    CANCELLED,
    DONE,
    EXPIRED,
    FAILED,
    QUESTION,
    RESULT,
    R,
    W,
    agent_row,
    at_once,
    bring,
    check_headers,
    listed,
    refusal,
)
from tests.tasks.agents.support import IN_CLOUD, Agents, local_site, make_site
from tests.tasks.executing import craft_site
from tests.tasks.executing.small_site import SmallSite
from tests.tasks.streaming_fixtures import in_database, until
from workspace.models import Site

ENDS: list[list[TaskStatus]] = [[R, DONE], [R, FAILED], [CANCELLED], [EXPIRED]]


async def task_in(agents: Agents, *statuses: TaskStatus, **body: Any) -> dict[str, Any]:
    """A task that went through these."""
    created = await agents.create(**body)
    await in_database(bring)(created["id"], *statuses)
    return created


async def kinds_of(created: dict[str, Any]) -> list[str]:
    """The kinds of its events, in order."""
    row = await in_database(agent_row)(created["id"])
    rows = Event.objects.filter(task=row.task).order_by("seq").values_list("kind", flat=True)
    return await listed(rows)


# --- answering ---


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"input": "Laden"}, "02771 / 555-120"),
        ({"input": "2"}, "02771 / 555-121"),
        ({"answers": {"which_phone": "Werkstatt"}}, "02771 / 555-121"),
    ],
)
async def test_a_task_asks_is_answered_and_goes_on_to_its_end(
    agents: Agents, transactional_db: None, answer: dict[str, Any], result: str
) -> None:
    async with SmallSite(craft_site.PAGES) as site:
        await in_database(local_site)(site.base_url)
        created = await agents.create(
            f"{site.base_url}/", prompt="Wie ist eure Telefonnummer?", header_prefer="execution=cloud"
        )
        await agents.work(created["id"])
        asked = (await agents.get(created["task"])).json()
        answered = await agents.post(created["task"], answer)
        await agents.work(created["id"])
        ended = (await agents.get(created["task"])).json()

    assert asked["status"] == "input_required"
    [question] = asked["input"]["questions"]
    assert question["key"] == "which_phone"
    assert len(question["choices"]) == 2
    assert (answered.status, answered.json()["status"]) == (202, "running")
    assert (ended["status"], ended["result"]["text"]) == ("completed", result)


async def test_an_answer_is_answered_with_the_task(agents: Agents, shop: Site) -> None:
    created = await task_in(agents, R, ASKING)

    answer = await agents.post(created["task"], {"input": " the shop "})

    task = answer.json()
    check_headers(answer)
    assert (answer.status, answer.headers["retry-after"]) == (202, "2")
    assert (task["id"], task["task"], task["status"]) == (created["id"], created["task"], "running")
    assert "input" not in task


async def test_it_is_told_in_the_log_and_a_worker_goes_on(agents: Agents, shop: Site) -> None:
    created = await task_in(agents, R, ASKING)

    await agents.post(created["task"], {"answers": {"hours_of": "shop"}, "input": "and soon"})

    row = await in_database(agent_row)(created["id"])
    assert (row.task.by_worker, row.input) == (True, None)
    assert row.answers == [{"text": "shop", "key": "hours_of"}, {"text": "and soon", "key": None}]
    assert (await kinds_of(created))[-2:] == ["message", "status"]
    said = await in_database(Event.objects.filter(task=row.task, kind="message").get)()
    assert said.payload == {"role": "user", "text": "hours_of: shop\nand soon"}


async def test_answers_add_up_over_several_questions(agents: Agents, shop: Site) -> None:
    created = await task_in(agents, R, ASKING)
    await agents.post(created["task"], {"input": "one"})
    await in_database(bring)(created["id"], ASKING)
    await agents.post(created["task"], {"input": "two"})

    row = await in_database(agent_row)(created["id"])
    assert [answer["text"] for answer in row.answers] == ["one", "two"]


@pytest.mark.parametrize("statuses", [[], [R], [R, ASKING, R], *ENDS])
async def test_a_task_that_asks_nothing_takes_no_answer(
    agents: Agents, shop: Site, statuses: list[TaskStatus]
) -> None:
    created = await task_in(agents, *statuses)
    before = await agents.get(created["task"])

    answer = await agents.post(created["task"], {"input": "the shop"})

    assert refusal(answer) == (409, "NOT_AWAITING_INPUT")
    assert answer.json()["taskStatus"] == (statuses[-1] if statuses else W).value
    assert (await agents.get(created["task"])).body == before.body
    assert (await in_database(agent_row)(created["id"])).answers == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING_INPUT"),
        ({"input": ""}, "MISSING_INPUT"),
        ({"input": " \n"}, "MISSING_INPUT"),
        ({"input": None}, "MISSING_INPUT"),
        ({"answers": {}}, "MISSING_INPUT"),
        ({"answers": {"hours_of": ""}}, "MISSING_INPUT"),
        ({"input": 7}, "INVALID_REQUEST"),
        ({"input": "x" * 8_001}, "INVALID_REQUEST"),
        ({"input": "a\x00b"}, "INVALID_REQUEST"),
        ({"answers": ["shop"]}, "INVALID_REQUEST"),
        ({"answers": {"hours_of": 7}}, "INVALID_REQUEST"),
        ([], "INVALID_REQUEST"),
        ("shop", "INVALID_REQUEST"),
    ],
)
async def test_an_answer_that_says_nothing_is_refused_and_the_task_goes_on_asking(
    agents: Agents, shop: Site, body: Any, code: str
) -> None:
    created = await task_in(agents, R, ASKING)

    assert refusal(await agents.post(created["task"], body)) == (400, code)

    task = (await agents.get(created["task"])).json()
    assert (task["status"], task["input"]) == ("input_required", QUESTION)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_only_who_has_the_token_goes_on_or_ends_it(agents: Agents, shop: Site, method: str) -> None:
    created, other = await task_in(agents, R, ASKING), await agents.create()
    address = created["task"].partition("?")[0]

    for token in (
        "",
        "agt_access_" + "A" * 43,
        *(other[name].partition("=")[2] for name in ("task", "workflow")),
    ):
        answer = await agents.call(method, f"{address}?access={token}", {"input": "x"})
        assert refusal(answer) == (404, "TASK_NOT_FOUND")

    assert (await agents.get(created["task"])).json()["status"] == "input_required"


async def test_a_site_may_close_while_a_task_asks_and_the_answer_ends_it(agents: Agents, shop: Site) -> None:
    created = await task_in(agents, R, ASKING)
    await agents.post(created["task"], {"input": "the shop"})

    await agents.work(created["id"])  # this site never allowed runs on the server

    task = (await agents.get(created["task"])).json()
    assert (task["status"], task["result"]["error"]["code"]) == ("failed", "cloud_not_allowed")


# --- cancelling ---


@pytest.mark.parametrize("statuses", [[], [R], [R, ASKING], [R, ASKING, R]])
async def test_a_task_that_goes_on_is_ended_at_once(
    agents: Agents, shop: Site, statuses: list[TaskStatus]
) -> None:
    created = await task_in(agents, *statuses)

    answer = await agents.delete(created["task"])

    task = answer.json()
    check_headers(answer)
    assert (answer.status, task["status"], task["id"]) == (200, "cancelled", created["id"])
    assert {"open", "browserLink", "input", "retryAfterMs"} & set(task) == set()
    assert (await kinds_of(created))[-1] == "done"
    assert (await agents.get(created["task"])).body == answer.body
    assert not await in_database(Receipt.objects.exists)()
    assert (await agents.get(created["workflow"])).json()["status"] == "cancelled"


async def test_a_task_that_waits_for_a_worker_is_ended_before_one_comes(
    agents: Agents, transactional_db: None
) -> None:
    await in_database(make_site)(capabilities=IN_CLOUD)
    created = await agents.create(header_prefer="execution=cloud")

    await agents.delete(created["task"])
    await agents.work(created["id"])

    assert (await agents.get(created["task"])).json()["status"] == "cancelled"
    assert await kinds_of(created) == ["status", "done"]


@pytest.mark.parametrize("statuses", ENDS)
async def test_what_has_ended_stays_as_it_is(agents: Agents, shop: Site, statuses: list[TaskStatus]) -> None:
    created = await task_in(agents, *statuses)
    before = await agents.get(created["task"])

    once, twice = await agents.delete(created["task"]), await agents.delete(created["task"])

    assert once.status == twice.status == 200
    assert once.body == twice.body == before.body
    assert (await kinds_of(created)).count("done") == 1


async def test_a_body_and_a_content_type_do_not_disturb_it(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    assert (await agents.delete(created["task"], body=b"{", accept="text/html")).status == 200


async def test_a_run_that_is_under_way_stops_and_writes_nothing_more(
    agents: Agents, transactional_db: None
) -> None:
    async with SmallSite(craft_site.PAGES, delay=0.5) as site:
        await in_database(local_site)(site.base_url)
        created = await agents.create(
            f"{site.base_url}/", prompt="Wie teuer ist die Teekanne?", header_prefer="execution=cloud"
        )
        working = asyncio.create_task(agents.work(created["id"]))
        await until(lambda: len(site.paths) > 1)

        cancelled = await agents.delete(created["task"])
        before = await kinds_of(created)
        await asyncio.wait_for(working, 30)

    assert cancelled.json()["status"] == "cancelled"
    assert before[-1] == "done"
    assert await kinds_of(created) == before
    assert (await agents.get(created["task"])).body == cancelled.body


async def test_whoever_held_the_task_before_cannot_write_to_it(
    agents: Agents, transactional_db: None
) -> None:
    await in_database(make_site)(capabilities=IN_CLOUD)
    created = await agents.create(header_prefer="execution=cloud")
    row = await in_database(agent_row)(created["id"])
    lease = await in_database(lease_claim)(task_id=row.pk, now=timezone.now())
    assert lease is not None

    await agents.delete(created["task"])

    def end() -> bool:
        logs = Logs.of(agent_row(created["id"]))
        return change(logs, after=DONE, now=timezone.now(), lease_token=lease.token, result=RESULT)

    assert await in_database(end)() is False
    assert await in_database(lease_claim)(task_id=row.pk, now=timezone.now()) is None


@pytest.mark.parametrize("statuses", ENDS)
@pytest.mark.parametrize("after", TaskStatus)
async def test_an_end_is_an_end(
    agents: Agents, shop: Site, statuses: list[TaskStatus], after: TaskStatus
) -> None:
    created = await task_in(agents, *statuses)

    def again() -> bool:
        return change(Logs.of(agent_row(created["id"])), after=after, now=timezone.now(), result=RESULT)

    assert await in_database(again)() is False
    assert (await agents.get(created["task"])).json()["status"] == statuses[-1].value


async def test_of_several_ends_at_once_one_counts(agents: Agents, shop: Site) -> None:
    created = await task_in(agents, R)
    row = await in_database(agent_row)(created["id"])
    logs = Logs.of(row)

    def end(after: TaskStatus) -> Callable[[], bool]:
        return lambda: change(logs, after=after, now=timezone.now(), result={"text": after.value})

    def cancel() -> bool:
        return agent_task_cancel(task_id=row.pk, now=timezone.now())

    done = await asyncio.to_thread(at_once, end(DONE), end(FAILED), cancel, cancel, end(EXPIRED), end(DONE))

    assert sum(done) == 1
    assert (await kinds_of(created)).count("done") == 1
    task = (await agents.get(created["task"])).json()
    assert TaskStatus(task["status"]) in TERMINAL
    assert task.get("result", {"text": task["status"]}) == {"text": task["status"]}
    workflow = await in_database(Task.objects.get)(pk=row.workflow_id)
    assert (workflow.status, workflow.finished_at is None) == (task["status"], False)


# --- cancelling what it handed over ---


@pytest.mark.parametrize(
    ("query", "reaches"),
    [
        ("", False),
        ("&cascade=false", False),
        ("&cascade=0", False),
        ("&cascade=", False),
        ("&cascade=true", True),
        ("&cascade=True", True),
        ("&cascade=1", True),
    ],
)
async def test_what_a_task_handed_over_goes_on_unless_it_is_to_be_ended_too(
    agents: Agents, shop: Site, query: str, reaches: bool
) -> None:
    await in_database(make_bank)()
    root = await task_in(agents, R)
    child = (await handoff(agents, root)).json()
    await in_database(bring)(child["id"], R)
    grandchild = (await handoff(agents, child)).json()

    answer = await agents.delete(root["task"] + query)

    assert answer.json()["status"] == "cancelled"
    names = [child["id"], grandchild["id"]]
    states = [(await in_database(agent_row)(name)).task.status for name in names]
    assert states == (["cancelled"] * 2 if reaches else ["running", "waiting_browser"])
    workflow = (await agents.get(root["workflow"])).json()
    assert workflow["status"] == ("cancelled" if reaches else "running")


async def test_tasks_that_ended_before_are_passed_over_on_the_way_down(agents: Agents, shop: Site) -> None:
    await in_database(make_bank)()
    root = await task_in(agents, R)
    child = (await handoff(agents, root)).json()
    await in_database(bring)(child["id"], R)
    grandchild = (await handoff(agents, child)).json()
    await in_database(bring)(child["id"], DONE)
    await in_database(bring)(root["id"], DONE)

    answer = await agents.delete(f"{root['task']}&cascade=true")

    assert answer.json()["status"] == "completed"
    states = await listed(AgentTask.objects.order_by("depth").values_list("task__status", flat=True))
    assert states == ["completed", "completed", "cancelled"]
    assert (await agents.get(grandchild["task"])).json()["status"] == "cancelled"


async def test_a_task_that_a_browser_works_on_stays_with_the_browser_when_it_is_answered(
    agents: Agents, shop: Site
) -> None:
    created = await task_in(agents, R, ASKING)
    row = (await in_database(agent_row)(created["id"])).task
    await in_database(Task.objects.filter(pk=row.pk).update)(by_worker=False)

    await agents.post(created["task"], {"input": "the shop"})

    await in_database(row.refresh_from_db)()
    assert (row.status, row.by_worker) == ("running", False)
    assert await in_database(lease_claim)(task_id=row.pk, now=timezone.now()) is None
