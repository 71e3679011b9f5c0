"""A workflow: the sum of a root task and of what it handed over, with one stream for all of it."""

import asyncio
import json
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.events import EventKind
from tasks.core.states import TaskStatus
from tasks.services.agents.log import change
from tasks.services.tasks import CancelOutcome, task_cancel
from tests.tasks.agents import logs
from tests.tasks.agents.logs import FORMS, NDJSON, SSE, envelope, records, types
from tests.tasks.agents.support import OPEN, Agents, make_site, row_of
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

pytestmark = pytest.mark.usefixtures("shop", "bank")
TAKES_OVER = OPEN | {"allowDelegatedHandoffs": True}


@pytest.fixture
def bank(transactional_db: None) -> Site:
    """`bank.example`: takes what others hand over."""
    return make_site("bank.example", access=TAKES_OVER)


async def hand_over(agents: Agents, parent: dict[str, Any], url: str = "https://bank.example/") -> Any:
    """The answer to a handoff that was taken."""
    address, _, token = parent["task"].partition("?")
    answer = await agents.post(f"{address}/handoffs?{token}", {"url": url, "instruction": "Pay the bill."})
    assert answer.status == 202, answer.body
    return answer.json()


async def family(agents: Agents) -> tuple[dict[str, Any], dict[str, Any]]:
    """A root that runs, and a child that nobody has taken up."""
    root = await agents.create()
    await in_database(logs.begin)(root["id"])
    return root, await hand_over(agents, root)


def workflow_name(created: dict[str, Any]) -> str:
    return str(created["workflow"]).partition("/workflows/")[2].partition("?")[0]


async def workflow(agents: Agents, created: dict[str, Any]) -> dict[str, Any]:
    answer = await agents.get(created["workflow"])
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


class TestResource:
    async def test_a_task_of_its_own_is_the_root_of_a_new_workflow(self, agents: Agents) -> None:
        one, other = await agents.create(), await agents.create()

        found = await workflow(agents, one)

        assert workflow_name(one) != workflow_name(other)
        assert (found["id"], found["rootTask"], found["status"]) == (workflow_name(one), one["id"], "running")

    async def test_it_has_exactly_the_members_of_the_contract(self, agents: Agents) -> None:
        root, child = await family(agents)
        await in_database(logs.begin)(child["id"])
        await in_database(logs.end)(child["id"])

        found = await workflow(agents, root)

        assert set(found) == {"id", "status", "rootTask", "tasks", "result", "createdAt", "updatedAt"}
        assert [set(member) for member in found["tasks"]] == [
            {"id", "depth", "siteHost", "status", "execution", "createdAt"},
            {
                "id", "parentTaskId", "depth", "siteHost", "status", "execution", "createdAt", "endedAt",
                "summary",
            },
        ]  # fmt: skip
        times = ("createdAt", "endedAt")
        assert [{n: v for n, v in member.items() if n not in times} for member in found["tasks"]] == [
            {
                "id": root["id"],
                "depth": 0,
                "siteHost": "shop.example",
                "status": "running",
                "execution": "auto",
            },
            {
                "id": child["id"],
                "parentTaskId": root["id"],
                "depth": 1,
                "siteHost": "bank.example",
                "status": "completed",
                "execution": "auto",
                "summary": logs.ANSWER["summary"],
            },
        ]

    async def test_its_status_follows_its_tasks(self, agents: Agents) -> None:
        root, child = await family(agents)
        told = [(await workflow(agents, root))["status"]]

        await in_database(logs.end)(root["id"])
        told.append((await workflow(agents, root))["status"])
        await in_database(logs.begin)(child["id"])
        await in_database(ask)(child["id"])
        told.append((await workflow(agents, root))["status"])
        await agents.delete(child["task"])
        told.append((await workflow(agents, root))["status"])

        assert told == ["running", "running", "input_required", "completed"]
        assert (await in_database(row_of)(workflow_name(root))).status == TaskStatus.COMPLETED

    async def test_its_result_is_the_root_s_with_a_line_about_every_child(self, agents: Agents) -> None:
        root, child = await family(agents)
        await in_database(logs.begin)(child["id"])
        await in_database(logs.end)(child["id"], TaskStatus.FAILED)
        await in_database(logs.end)(root["id"])

        found = await workflow(agents, root)

        assert found["result"] == logs.ANSWER | {
            "children": [
                {
                    "id": child["id"],
                    "siteHost": "bank.example",
                    "status": "failed",
                    "summary": "The site does not say.",
                }
            ]
        }

    async def test_only_its_own_token_opens_it(self, agents: Agents) -> None:
        one, other = await agents.create(), await agents.create()
        address = one["workflow"].partition("?")[0]
        tokens = [one["task"].partition("=")[2], other["workflow"].partition("=")[2], "wf_access_x", ""]

        answers = [await agents.get(f"{address}?access={token}", accept=NDJSON) for token in tokens]

        assert [each.status for each in answers] == [404] * 4


def ask(name: str) -> None:
    """Let a task that runs ask something."""
    assert change(logs.logs_of(name), after=TaskStatus.INPUT_REQUIRED, now=timezone.now())


def secrets_of(*created: dict[str, Any]) -> list[str]:
    """What a reader of the workflow must never see: tokens of tasks, and receipts."""
    texts = [each[name] for each in created for name in ("task", "open") if name in each]
    return [text.rpartition("=")[2] for text in texts]


@pytest.mark.parametrize("accept", ["application/json", *FORMS])
async def test_no_token_of_a_task_shows_anywhere_in_a_workflow(agents: Agents, accept: str) -> None:
    root, child = await family(agents)
    await in_database(logs.end)(root["id"])
    await in_database(logs.begin)(child["id"])
    await in_database(logs.end)(child["id"])

    answer = await agents.get(root["workflow"], accept=accept)

    hidden = secrets_of(root, child)
    assert len(hidden) == 4
    assert not [secret for secret in hidden if secret in answer.body.decode()]
    assert b"agt_access_" not in answer.body
    assert b"rrc_" not in answer.body


class TestStream:
    @pytest.mark.parametrize("accept", FORMS)
    async def test_it_tells_every_event_of_every_task_with_its_id_and_ends_with_its_own_done(
        self, agents: Agents, accept: str
    ) -> None:
        root, child = await family(agents)
        await in_database(logs.tell)(root["id"], {"text": "Reading."}, kind=EventKind.STEP)
        await in_database(logs.end)(root["id"])
        await in_database(logs.past)(child["id"])

        ready, *told = records(await agents.get(root["workflow"], accept=accept))

        assert (ready["type"], ready["data"]["workflowId"]) == ("ready", workflow_name(root))
        assert told == [envelope(each) for each in await in_database(logs.log_of)(workflow_name(root))]
        for created in (root, child):
            own = [each["data"] for each in told if each["data"].get("taskId") == created["id"]]
            theirs = await in_database(logs.log_of)(created["id"])
            assert own == [each.payload | {"taskId": created["id"]} for each in theirs]
        *_, last = told
        assert last["type"] == "done"
        assert last["data"] == {
            "workflowId": workflow_name(root),
            "status": "completed",
            "result": (await workflow(agents, root))["result"],
        }

    async def test_the_end_of_one_task_is_not_the_end_of_the_stream(self, agents: Agents) -> None:
        root, child = await family(agents)

        async with agents.open(root["workflow"], accept=NDJSON) as stream:
            await stream.has_lines(4)
            await in_database(logs.end)(root["id"])
            await stream.has_lines(5)
            assert not stream.is_complete
            await agents.delete(child["task"])
            await stream.ended()

        assert types(stream.lines())[-3:] == ["done", "done", "done"]
        assert [each["data"].get("taskId") for each in stream.lines()[-3:]] == [root["id"], child["id"], None]

    async def test_a_child_that_joins_is_seen_by_who_already_follows(self, agents: Agents) -> None:
        root = await agents.create()
        await in_database(logs.begin)(root["id"])

        async with agents.open(root["workflow"], accept=NDJSON) as stream:
            await stream.has_lines(3)
            child = await hand_over(agents, root)
            await stream.has_lines(4)

        assert stream.lines()[-1]["data"] == {"status": "waiting_browser", "taskId": child["id"]}

    @pytest.mark.parametrize("accept", FORMS)
    async def test_it_goes_on_after_every_event(self, agents: Agents, accept: str) -> None:
        root, child = await family(agents)
        await in_database(logs.end)(root["id"])
        await in_database(logs.past)(child["id"])
        log = [envelope(each) for each in await in_database(logs.log_of)(workflow_name(root))]

        for seen in range(len(log)):
            rest = records(await agents.get(root["workflow"], accept=accept, last_event_id=f"evt_{seen}"))
            assert log[:seen] + rest[1:] == log
        over = await agents.get(root["workflow"], accept=SSE, last_event_id=log[-1]["id"])
        assert over.status == 204

    async def test_two_tasks_that_end_at_the_same_time_end_the_workflow_once(self, agents: Agents) -> None:
        root, child = await family(agents)
        ends = await asyncio.gather(agents.delete(root["task"]), agents.delete(child["task"]))

        log = await in_database(logs.log_of)(workflow_name(root))

        assert [each.json()["status"] for each in ends] == ["cancelled", "cancelled"]
        assert [event.kind for event in log].count("done") == 1
        assert (log[-1].kind, json.dumps(log[-1].payload).count("cancelled")) == ("done", 2)

    async def test_a_workflow_that_came_to_nothing_says_its_status_alone(self, agents: Agents) -> None:
        root = await agents.create()
        await agents.delete(root["task"])

        (*_, last) = records(await agents.get(root["workflow"], accept=NDJSON))

        assert last["data"] == {"workflowId": workflow_name(root), "status": "cancelled"}


async def test_cancelling_a_workflow_cancels_what_of_it_is_not_over(agents: Agents) -> None:
    root, child = await family(agents)
    await in_database(logs.end)(root["id"])
    workflow_id = (await in_database(row_of)(workflow_name(root))).pk

    outcomes = [await in_database(task_cancel)(task_id=workflow_id, now=timezone.now()) for _ in range(2)]

    assert outcomes == [CancelOutcome.REQUESTED, CancelOutcome.ENDED]
    found = await workflow(agents, root)
    assert [member["status"] for member in found["tasks"]] == ["completed", "cancelled"]
    assert (await agents.get(child["task"])).json()["status"] == "cancelled"
