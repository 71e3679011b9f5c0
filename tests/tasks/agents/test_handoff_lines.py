"""Lines of handoffs: how far they go, and that a task at their end is a task like any other."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tasks.core.prefer import Execution, Preferences
from tasks.core.public_errors import WorkflowFull
from tasks.core.states import TaskStatus
from tasks.core.workflows import MAX_DEPTH, MAX_TASKS
from tasks.models import AgentTask, Task
from tasks.services.agents.acting import handoff_create
from tasks.services.agents.callers import Caller
from tests.tasks.agents import logs
from tests.tasks.agents.handing import (
    BANK,
    TAKES_OVER,
    allow_shop,
    child_of,
    handoff,
    make_bank,
    refusal,
    resource,
    running,
    stored,
)
from tests.tasks.agents.logs import NDJSON, records, types
from tests.tasks.agents.support import Agents, make_site, row_of
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

pytestmark = pytest.mark.usefixtures("shop", "bank")


@pytest.fixture
def bank(transactional_db: None) -> Site:
    return make_bank()


class TestHowFar:
    async def test_a_line_of_handoffs_is_at_most_five_deep(self, agents: Agents) -> None:
        await in_database(make_site)("post.example", access=TAKES_OVER)
        hosts = ["bank.example", "post.example"] * 2 + ["shop.example"]
        at = await running(agents)
        await in_database(allow_shop)()
        for host in hosts:
            at = await child_of(agents, at, f"https://{host}/")

        answer = await handoff(agents, at)

        assert (await stored(at)).depth == MAX_DEPTH
        assert refusal(answer) == (409, "WORKFLOW_LIMIT")
        assert (answer.json()["limit"], answer.json()["maximum"]) == ("depth", MAX_DEPTH)

    async def test_one_line_comes_to_the_same_host_twice_at_most(self, agents: Agents) -> None:
        await in_database(allow_shop)()
        root = await running(agents)
        once = await child_of(agents, root)
        again = await child_of(agents, await child_of(agents, once, "https://shop.example/"))

        answer = await handoff(agents, again, "https://shop.example/")
        elsewhere = await handoff(agents, root)

        assert refusal(answer) == (409, "WORKFLOW_LIMIT")
        assert (answer.json()["limit"], answer.json()["maximum"]) == ("visits", 2)
        assert elsewhere.status == 202, "another line of the same workflow has its own count"

    async def test_a_workflow_has_at_most_twenty_tasks_however_many_are_asked_for_at_once(
        self, agents: Agents
    ) -> None:
        root = await running(agents)
        parent_id = (await in_database(row_of)(root["id"])).pk
        barrier = threading.Barrier(MAX_TASKS + 5)
        made: list[Any] = []
        refused: list[WorkflowFull] = []

        def hand_over(n: int) -> None:
            barrier.wait()
            try:
                created = handoff_create(
                    {"url": BANK, "instruction": f"Pay bill {n}."},
                    parent_id=parent_id,
                    preferences=Preferences(),
                    caller=Caller(address=f"10.0.0.{n}"),
                    idempotency_key=None,
                    now=timezone.now(),
                )
                made.append(created.task_id)
            except WorkflowFull as full:
                refused.append(full)
            finally:
                connection.close()

        def all_at_once() -> None:
            threads = [threading.Thread(target=hand_over, args=(n,)) for n in range(MAX_TASKS + 5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        await in_database(all_at_once)()

        assert (len(made), len(refused)) == (MAX_TASKS - 1, 6)
        assert {full.data["limit"] for full in refused} == {"tasks"}
        assert await in_database(AgentTask.objects.count)() == MAX_TASKS
        log = await in_database(logs.log_of)(root["workflow"].partition("/workflows/")[2].partition("?")[0])
        assert [event.seq for event in log] == list(range(1, len(log) + 1))


class TestAsAnyTask:
    async def test_the_child_has_the_contract_of_any_task(self, agents: Agents) -> None:
        root = await running(agents)

        answer = await handoff(agents, root)
        child = answer.json()

        assert set(child) == set(root)
        assert (child["status"], answer.headers["location"]) == ("pending", child["task"])
        assert child["workflow"] == root["workflow"]
        await in_database(logs.past)(child["id"])
        assert (await resource(agents, child))["status"] == "completed"
        assert types(records(await agents.get(child["task"], accept=NDJSON)))[-1] == "done"

    async def test_parent_and_child_are_opened_by_their_own_tokens_alone(self, agents: Agents) -> None:
        root = await running(agents)
        child = await child_of(agents, root)
        crossed = [
            f"{one['task'].partition('?')[0]}?{other['task'].partition('?')[2]}"
            for one, other in ((root, child), (child, root))
        ]

        assert [(await agents.get(url)).status for url in crossed] == [404, 404]

    async def test_where_it_runs_is_asked_for_as_for_any_task(self, agents: Agents) -> None:
        answer = await handoff(agents, await running(agents), headers={"prefer": "execution=cloud"})

        row = await stored(answer.json())
        assert answer.headers["preference-applied"] == "execution=cloud"
        assert (row.execution, row.task.status, row.task.by_worker) == (Execution.CLOUD, "pending", True)
        assert not {"open", "browserLink"} & set(answer.json())

    async def test_it_streams_at_once_when_a_stream_is_asked_for(self, agents: Agents) -> None:
        address, _, token = (await running(agents))["task"].partition("?")
        body = {"url": BANK, "instruction": "Pay."}

        async with agents.open(f"{address}/handoffs?{token}", "POST", body, accept=NDJSON) as stream:
            await stream.has_lines(2)

        assert types(stream.lines()) == ["ready", "status"]

    async def test_a_repeated_key_gives_the_same_child_even_when_the_parent_is_over(
        self, agents: Agents
    ) -> None:
        root = await running(agents)
        key = {"idempotency_key": "b7e4b1b0-9f2a-4c54-8f0e-2d3c4b5a6978"}

        first = await handoff(agents, root, headers=key)
        await in_database(logs.end)(root["id"])
        again = await handoff(agents, root, headers=key)
        other = await handoff(agents, root, headers=key, instruction="Pay twice.")

        assert first.json() == again.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert refusal(other) == (409, "IDEMPOTENCY_KEY_REUSED")
        assert await in_database(AgentTask.objects.count)() == 2

    @pytest.mark.parametrize(
        ("query", "left"),
        [("", ["cancelled", "running", "waiting_browser"]), ("&cascade=true", ["cancelled"] * 3)],
    )
    async def test_a_cancelled_parent_takes_its_children_along_only_when_that_is_said(
        self, agents: Agents, query: str, left: list[str]
    ) -> None:
        await in_database(make_site)("post.example", access=TAKES_OVER)
        root = await running(agents)
        child = await child_of(agents, root)
        await in_database(logs.begin)(child["id"])
        grandchild = await child_of(agents, child, "https://post.example/")

        await agents.delete(root["task"] + query)

        family = (root, child, grandchild)
        assert [(await resource(agents, each))["status"] for each in family] == left

    async def test_a_child_that_is_over_stays_as_it_is_when_its_parent_is_cancelled(
        self, agents: Agents
    ) -> None:
        root = await running(agents)
        child = await child_of(agents, root)
        await in_database(logs.past)(child["id"])

        await agents.delete(f"{root['task']}&cascade=true")

        assert (await resource(agents, child))["status"] == "completed"

    async def test_it_counts_against_its_caller_as_any_task_does(self, agents: Agents) -> None:
        root = await running(agents)
        answers = [await handoff(agents, root) for _ in range(10)]

        assert [each.status for each in answers] == [202] * 9 + [429]
        assert await in_database(Task.objects.filter(kind="agent").count)() == 10
        assert (await in_database(row_of)(root["id"])).status == TaskStatus.RUNNING
