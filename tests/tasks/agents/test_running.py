"""A worker carries a task out: what it tells, what it asks, where it goes, and why it fails."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from rover_site.demo import DemoSite
from tasks.models import Task
from tasks.services.agents.running import agent_task_run
from tasks.services.engines import Workshop
from tasks.services.leases import lease_claim
from tests.tasks.agents.clouds import IRON, POT, key_of, outcome, serving, told, wish
from tests.tasks.agents.handing import resource
from tests.tasks.agents.logs import types
from tests.tasks.agents.support import OPEN, Agents, change_policy, configure, row_of, work_on
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

BOWLS = "<h1>Shop</h1><table><tr><th>Thing</th><th>Price</th></tr>" + "".join(
    f"<tr><td>{name} bowl</td><td>£{price}.00</td></tr>" for name, price in (("Red", 12), ("Green", 14))
)


class TestTelling:
    async def test_a_run_is_told_step_by_step_and_ends_with_what_it_found(self, agents: Agents) -> None:
        async with serving({"/": POT}) as site:
            created = await wish(agents, site.base_url)
            task = await outcome(agents, created)

        events = await told(agents, created)
        assert types(events) == [
            "status", "status", "step", "step", "tool", "tool", "observation", "message", "done",
        ]  # fmt: skip
        assert [each["data"]["status"] for each in events[:2]] == ["pending", "running"]
        assert [each["data"]["status"] for each in events[4:6]] == ["started", "completed"]
        assert events[6]["data"] == task["result"]["observation"]
        assert events[6]["data"]["url"] == f"{site.base_url}/"
        assert (task["status"], "iron" in task["result"]["text"]) == ("completed", True)
        assert events[8]["data"] == {"status": "completed", "result": task["result"]}

    async def test_a_shortcut_runs_its_own_prompt(self, agents: Agents) -> None:
        pot = {"id": "pot", "label": "Pot", "prompt": IRON, "enabled": True}
        async with serving({"/": POT}, shortcuts=[pot]) as site:
            task = await outcome(agents, await wish(agents, site.base_url, "opening hours", shortcut="pot"))

        assert "iron" in task["result"]["text"]

    async def test_what_a_page_writes_in_its_data_is_stored_as_text_that_any_reader_takes(
        self, agents: Agents
    ) -> None:
        offer = '"offers": {"@type": "Offer", "price": "31.00", "priceCurrency": "GBP"}'
        data = rf'{{"@type": "Product", "name": "Iron\u0000 kettle \ud83d", {offer}}}'
        page = f'<h1>Shop</h1><script type="application/ld+json">{data}</script>'
        async with serving({"/": page}) as site:
            created = await wish(agents, site.base_url, "How much is the kettle?")
            task = await outcome(agents, created)

        assert "31" in task["result"]["text"]
        assert "\0" not in json.dumps(await told(agents, created), ensure_ascii=False)
        assert "\ud83d" not in task["result"]["text"]


class TestAsking:
    async def test_a_question_waits_for_its_answer_and_another_worker_goes_on(self, agents: Agents) -> None:
        async with serving({"/": BOWLS}) as site:
            created = await wish(agents, site.base_url, "How much is the bowl?")
            asked = await outcome(agents, created)
            assert (asked["status"], set(asked["input"])) == ("input_required", {"message", "questions"})
            assert asked["input"]["questions"][0]["choices"] == ["Red bowl: £12.00", "Green bowl: £14.00"]
            assert await in_database(lease_claim)(task_id=key_of(created), now=timezone.now()) is None

            answered = await agents.post(created["task"], {"input": "Green bowl"})
            task = await outcome(agents, created)

        assert (answered.status, answered.json()["status"]) == (202, "running")
        assert (task["status"], "14.00" in task["result"]["text"], "input" in task) == (
            "completed",
            True,
            False,
        )
        events = await told(agents, created)
        [question] = [each["data"] for each in events if each["type"] == "input"]
        assert question == asked["input"]
        assert {"role": "user", "text": "Green bowl"} in [each["data"] for each in events]
        statuses = [each["data"]["status"] for each in events if each["type"] == "status"]
        assert statuses == ["pending", "running", "input_required", "running"]
        assert types(events).count("done") == 1

    async def test_a_worker_that_comes_too_late_leaves_the_question_of_the_other_as_it_is(
        self, agents: Agents
    ) -> None:
        async with serving({"/": BOWLS}) as site:
            created = await wish(agents, site.base_url, "How much is the bowl?")
            await asyncio.to_thread(late_worker, created["id"])

        asked = await resource(agents, created)
        assert asked["status"] == "input_required"
        assert asked["input"]["questions"][0]["choices"] == ["Red bowl: £12.00", "Green bowl: £14.00"]
        assert types(await told(agents, created)).count("input") == 1


def late_worker(name: str) -> None:
    """A worker that stood still after its last step for so long that another one did the work."""

    class Standstill(Workshop):
        def run(self, main: Any) -> Any:
            outcome = super().run(main)
            Task.objects.filter(pk=row_of(name).pk).update(
                lease_expires_at=timezone.now() - timedelta(seconds=1)
            )
            work_on(name)
            return outcome

    lease = lease_claim(task_id=row_of(name).pk, now=timezone.now())
    assert lease is not None
    with Standstill() as workshop:
        agent_task_run(lease=lease, workshop=workshop)
    connection.close()


class TestFailing:
    @pytest.mark.parametrize(
        ("pages", "prompt", "code"),
        [
            ({"/else": POT}, IRON, "page_unavailable"),
            ({"/": POT}, "What does a helicopter cost?", "no_evidence"),
            ({"/": (200, "application/pdf", "%PDF-1.4")}, IRON, "page_unreadable"),
            ({"/": POT, "/robots.txt": (200, "text/plain", "User-agent: Rover\nDisallow: /")}, IRON, "robots_denied"),
            ({"/": (302, "http://127.0.0.2/", "")}, IRON, "out_of_scope"),
        ],
    )  # fmt: skip
    async def test_the_reason_is_told_as_an_event_and_in_the_result(
        self, agents: Agents, pages: Any, prompt: str, code: str
    ) -> None:
        async with serving(pages) as site:
            created = await wish(agents, site.base_url, prompt)
            task = await outcome(agents, created)

        *_, error, done = await told(agents, created)
        assert (task["status"], task["result"]["error"]["code"]) == ("failed", code)
        assert error["data"] == {name: task["result"]["error"][name] for name in ("code", "message")}
        assert (error["type"], done["type"], done["data"]) == (
            "error",
            "done",
            {"status": "failed", "result": task["result"]},
        )

    @pytest.mark.parametrize("ruled_out", ["in the site's rules", "for the key", "for all agents"])
    async def test_an_owner_who_has_meanwhile_ruled_the_cloud_out_is_obeyed(
        self, agents: Agents, ruled_out: str
    ) -> None:
        async with serving({"/": POT}) as site:
            created = await wish(agents, site.base_url)
            await in_database(rule_out)(ruled_out)
            task = await outcome(agents, created)

        assert (task["status"], task["result"]["error"]["code"]) == ("failed", "cloud_not_allowed")
        assert types(await told(agents, created)) == ["status", "status", "error", "done"]
        assert site.paths == []

    async def test_a_question_that_is_answered_after_the_cloud_was_ruled_out_fails_too(
        self, agents: Agents
    ) -> None:
        async with serving({"/": BOWLS}) as site:
            created = await wish(agents, site.base_url, "How much is the bowl?")
            await agents.work(created["id"])
            await in_database(rule_out)("in the site's rules")
            await agents.post(created["task"], {"input": "Green bowl"})
            task = await outcome(agents, created)

        assert task["result"]["error"]["code"] == "cloud_not_allowed"


def rule_out(how: str) -> None:
    site = Site.objects.get()
    match how:
        case "in the site's rules":
            configure(site, aiAccess=OPEN | {"allowCloudBrowser": False})
        case "for all agents":
            configure(site, aiAccess={"enabled": False})
        case _:
            change_policy(site, siteMode="analytics_only")


class TestBounds:
    async def test_a_link_out_of_the_site_is_not_followed(self, agents: Agents) -> None:
        async with DemoSite(addresses=("127.0.0.2",)) as other:
            page = f'<p>Nothing here.</p><a href="{other.base_url}/">Partner</a>'
            async with serving({"/": page}) as site:
                task = await outcome(agents, await wish(agents, site.base_url, 'Follow the link "Partner"'))
            assert other.log.entries == []

        assert task["result"]["error"]["code"] == "out_of_scope"

    async def test_what_robots_txt_closes_is_not_read(self, agents: Agents) -> None:
        robots = (200, "text/plain", "User-agent: *\nDisallow: /secret")
        pages = {"/": '<a href="/secret">kettle prices</a>', "/secret": BOWLS, "/robots.txt": robots}
        async with serving(pages) as site:
            task = await outcome(agents, await wish(agents, site.base_url, "How much is the kettle?"))

        assert "/secret" not in site.paths
        assert task["status"] == "failed"

    async def test_a_run_reads_no_more_pages_than_its_budget(self, agents: Agents) -> None:
        pages = {"/": '<a href="/1">what the pot is made of</a>'} | {
            f"/{n}": f'<h1>Part {n}</h1><a href="/{n + 1}">more about what the pot is made of</a>'
            for n in range(1, 60)
        }
        async with serving(pages) as site:
            task = await outcome(agents, await wish(agents, site.base_url, "How much is the pot?"))

        assert task["result"]["error"]["code"] == "budget_exhausted"
        assert len([path for path in site.paths if path != "/robots.txt"]) <= 16
