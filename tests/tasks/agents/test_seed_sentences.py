"""Sentences of the contract that no other file is about: how a task is found, which parts of a request count and
which do not, what a token opens, and that what is handed over is taken up like any task."""

import json
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from django.utils import timezone

from tasks.models import Task
from tests.tasks.agents.claims import claimed, refused
from tests.tasks.agents.clouds import IRON, POT, outcome, serving, wish
from tests.tasks.agents.handing import BANK, make_bank, resource, running
from tests.tasks.agents.logs import FORMS, NDJSON, records, types
from tests.tasks.agents.steps import (
    ASKING,
    BODY,
    SHORTCUTS,
    TASKS,
    URL,
    R,
    agent_row,
    bare,
    bring,
    nothing_is_stored,
    receipt_of,
    refusal,
    token_of,
)
from tests.tasks.agents.support import OPEN, Agents, local_site, make_site
from tests.tasks.executing.small_site import SmallSite
from tests.tasks.streaming_fixtures import in_database, make_token, until
from tests.workspace.api_support import call
from workspace.core.installation import head_discovery
from workspace.core.tokens import Scope
from workspace.models import Site
from workspace.selectors.installations import installation_of

MARKER = "application/agent+json"
THING = "<h1>Shop</h1><table><tr><th>Thing</th><th>Price</th></tr>{}</table>"
BOWLS = THING.format("<tr><td>Red bowl</td><td>£12</td></tr><tr><td>Green bowl</td><td>£14</td></tr>")


class Source(HTMLParser):
    """What a caller sees who reads a page's source and runs nothing: the texts of its markers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.markers: list[str] = []
        self._is_marker = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_marker = tag == "script" and ("type", MARKER) in attrs

    def handle_data(self, data: str) -> None:
        if self._is_marker:
            self.markers.append(data)
            self._is_marker = False


async def page(url: str) -> str:
    """The page as it comes over the wire."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(url)).text


# --- finding out where tasks are made ---


def head_of(site: Site) -> str:
    """What the owner is told to put into the head of each page."""
    installation = installation_of(site, now=timezone.now())
    return head_discovery(installation, installation.keys[0])


async def test_who_reads_the_source_of_a_page_finds_where_to_make_a_task(
    agents: Agents, transactional_db: None
) -> None:
    pages: dict[str, Any] = {}
    async with SmallSite(pages) as served:
        site = await in_database(local_site)(served.base_url)
        pages["/"] = f"<head>{await in_database(head_of)(site)}</head>{POT}"

        (found,) = Source(await page(f"{served.base_url}/")).markers
        marker = json.loads(found)
        answer = await agents.post(marker["task"], {"url": f"{served.base_url}/", "prompt": IRON})

    assert set(marker) == {"task"}
    assert (answer.status, answer.json()["status"]) == (202, "pending")


@pytest.mark.parametrize("discovery", [None, {"enabled": False}], ids=["no marker", "discovery off"])
async def test_without_a_marker_the_address_of_the_site_is_enough_and_nobody_reads_its_page(
    agents: Agents, transactional_db: None, discovery: dict[str, Any] | None
) -> None:
    said = {"agentDiscovery": discovery} if discovery else {}
    async with serving({"/": POT}, **said) as site:
        answer = await agents.post(TASKS, {"url": site.base_url, "prompt": IRON})
        asked_before = list(site.paths)
        task = await outcome(agents, await wish(agents, site.base_url))

    assert (answer.status, asked_before) == (202, [])
    assert (task["status"], "iron" in task["result"]["text"]) == ("completed", True)


# --- the address of the page is an address, and no request ---


@pytest.mark.parametrize("query", ["rover=get+me+the+latest+post", "rover_shortcut=latest_post"])
async def test_a_wish_in_the_address_of_the_page_is_none(agents: Agents, shop: Site, query: str) -> None:
    alone = await agents.post(TASKS, {"url": f"{URL}?{query}"})
    assert refusal(alone) == (400, "MISSING_INSTRUCTION")
    assert await in_database(nothing_is_stored)()

    made = await in_database(agent_row)((await agents.create(f"{URL}?{query}"))["id"])

    assert (made.prompt, made.shortcut) == (BODY["prompt"], "")


async def test_reading_the_page_of_a_link_starts_nothing_and_leaves_the_receipt_at_home(
    agents: Agents, transactional_db: None
) -> None:
    async with SmallSite({"/": POT}) as site:
        await in_database(local_site)(site.base_url)
        created = await agents.create(f"{site.base_url}/", prompt=IRON)
        for name in ("open", "browserLink"):
            await page(created[name])
        asked = list(site.paths)

    assert asked == ["/", "/?rover=What+is+the+pot+made+of%3F"]
    assert (await resource(agents, created))["status"] == "waiting_browser"
    assert await in_database(Task.objects.filter(kind="agent").count)() == 1


# --- what of a request counts ---


@pytest.mark.parametrize("name", ["Latest_Post", "LATEST_POST", "latest", "latest_post_2", "latest-post"])
async def test_a_shortcut_goes_by_its_exact_id(agents: Agents, transactional_db: None, name: str) -> None:
    await in_database(make_site)(shortcuts=SHORTCUTS)

    assert refusal(await agents.post(TASKS, {"url": URL, "shortcut": name})) == (404, "SHORTCUT_NOT_FOUND")
    assert (await agents.post(TASKS, {"url": URL, "shortcut": "latest_post"})).status == 202


@pytest.mark.parametrize(
    "said",
    [
        {"key": "demo"},
        {"name": "Demo"},
        {"vendor": "OpenAI"},
        {"model": "gpt-5.4"},
        {"version": "2026-03"},
        {"homepage": "https://demo.example/"},
    ],
    ids=lambda said: next(iter(said)),
)
async def test_every_field_of_an_agent_may_be_the_only_one(
    agents: Agents, shop: Site, said: dict[str, str]
) -> None:
    shown = (await resource(agents, await agents.create(agent=said)))["agent"]

    assert shown.items() >= (said | {"trust": "self_reported"}).items()


async def test_an_agent_that_keeps_its_key_is_the_same_one_wherever_and_as_whatever_it_comes_back(
    agents: Agents, shop: Site
) -> None:
    async def kept(said: dict[str, str], ip: str, program: str) -> tuple[str, str]:
        body = BODY | {"agent": said}
        created = (await agents.post(TASKS, body, ip=ip, user_agent=program)).json()
        row = await in_database(agent_row)(created["id"])
        return row.agent_key, row.memory_key

    first = await kept({"key": "demo", "version": "1"}, "192.0.2.7", "demo/1")
    later = await kept({"key": "demo", "version": "2", "name": "Demo"}, "198.51.100.7", "curl/8")
    other = await kept({"key": "other", "version": "1"}, "192.0.2.7", "demo/1")
    nameless = [await kept({"version": "1"}, ip, "demo/1") for ip in ("192.0.2.7", "198.51.100.7")]

    assert first == later != other
    assert nameless[0] != nameless[1]


@pytest.mark.parametrize(
    ("more", "headers"),
    [
        ({"siteId": "theirs", "publicKey": "pk_site_theirs", "siteKeyId": "theirs"}, {}),
        ({}, {"authorization": "Bearer pk_site_theirs"}),
        ({}, {"authorization": "Bearer rvo_theirs"}),
    ],
    ids=["in the body", "a public key", "an owner's token"],
)
async def test_what_owners_install_with_is_nothing_to_a_caller(
    agents: Agents, shop: Site, more: dict[str, str], headers: dict[str, str]
) -> None:
    created = (await agents.post(TASKS, BODY | more, **headers)).json()

    row = await in_database(agent_row)(created["id"])
    assert (row.task.site_id, row.trust, row.envelope) == (shop.pk, "anonymous", {})


# --- what happens is told in nine words ---


async def test_runs_that_answer_ask_and_fail_use_all_nine_names_and_no_other(
    agents: Agents, transactional_db: None
) -> None:
    async with serving({"/": BOWLS}) as site:
        asked = await wish(agents, site.base_url, "How much is the bowl?")
        await agents.work(asked["id"])
        await agents.post(asked["task"], {"input": "Green bowl"})
        assert (await outcome(agents, asked))["status"] == "completed"
        failed = await wish(agents, site.base_url, "What does a helicopter cost?")
        assert (await outcome(agents, failed))["status"] == "failed"

    found = {
        name
        for each in (asked, failed)
        for name in types(records(await agents.get(each["task"], accept=NDJSON)))
    }
    assert found == {*["ready", "status", "step", "tool", "message", "observation", "input", "done", "error"]}


async def test_one_stream_goes_on_through_a_question_to_the_end(
    agents: Agents, transactional_db: None
) -> None:
    async with serving({"/": BOWLS}) as site:
        created = await wish(agents, site.base_url, "How much is the bowl?")
        async with agents.open(created["task"], accept=NDJSON) as stream:
            await agents.work(created["id"])
            await until(lambda: "input" in types(stream.lines()))
            await agents.post(created["task"], {"input": "Green bowl"})
            assert not stream.is_complete
            await agents.work(created["id"])
            await stream.ended()

    statuses = [each["data"]["status"] for each in stream.lines() if each["type"] == "status"]
    assert statuses == ["pending", "running", "input_required", "running"]
    assert (stream.lines()[-1]["type"], stream.lines()[-1]["data"]["status"]) == ("done", "completed")


# --- what a token opens ---


@pytest.mark.parametrize("accept", ["application/json", *FORMS])
async def test_the_token_of_a_workflow_opens_it_in_the_address_or_in_a_header(
    agents: Agents, shop: Site, accept: str
) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R)
    await agents.delete(created["task"])
    url, token = bare(created["workflow"]), token_of(created["workflow"])

    by_address = await agents.get(created["workflow"], accept=accept)
    by_header = await agents.get(url, accept=accept, authorization=f"Bearer {token}")

    assert (by_address.status, by_header.status) == (200, 200)
    if accept == "application/json":
        assert by_header.json() == by_address.json()
    else:
        assert records(by_header)[1:] == records(by_address)[1:]


async def test_all_that_can_be_done_with_a_task_can_be_done_with_its_token_in_a_header(
    agents: Agents, shop: Site
) -> None:
    await in_database(make_bank)()
    created = await agents.create()
    await in_database(bring)(created["id"], R, ASKING)
    url, opened = bare(created["task"]), {"authorization": f"Bearer {token_of(created['task'])}"}

    read = await agents.get(url, **opened)
    answered = await agents.post(url, {"input": "the shop"}, **opened)
    handed = await agents.post(f"{url}/handoffs", {"url": BANK, "instruction": "Pay."}, **opened)
    ended = await agents.delete(url, **opened)

    assert [each.status for each in (read, answered, handed, ended)] == [200, 202, 202, 200]
    assert [each.json()["status"] for each in (read, answered, handed, ended)] == [
        *("input_required", "running", "pending", "cancelled")
    ]


async def test_a_token_of_a_task_opens_nothing_of_the_owner_and_the_owners_no_task(
    agents: Agents, shop: Site
) -> None:
    created = await agents.create()

    def owners() -> tuple[str, list[int]]:
        mine = make_token(shop.owner, Scope.MANAGE)
        tokens = (mine, token_of(created["task"]), token_of(created["workflow"]))
        return mine, [call("listRoverSiteKeys", token=token).status_code for token in tokens]

    mine, statuses = await in_database(owners)()
    by_owner = await agents.get(bare(created["task"]), authorization=f"Bearer {mine}")

    assert statuses == [200, 401, 401]
    assert refusal(by_owner) == (404, "TASK_NOT_FOUND")


# --- what is handed over is taken up like any task ---


async def test_a_child_is_taken_up_by_its_receipt_on_its_own_site_and_on_no_other(
    agents: Agents, shop: Site
) -> None:
    bank = await in_database(make_bank)()
    root = await running(agents)
    child = (
        await agents.post(
            f"{bare(root['task'])}/handoffs?access={token_of(root['task'])}",
            {"url": f"{BANK}pay?bill=7", "instruction": "Pay."},
        )
    ).json()
    receipt = receipt_of(child["open"])

    elsewhere = [
        refused(await claimed(agents, shop, child["open"], host=host, sid=f"on {host}"))
        for host in ("shop.example", "bank.example")
    ]
    taken = await claimed(agents, bank, child["open"], host="bank.example")

    assert child["open"] == f"{BANK}pay?bill=7#rover_receipt={receipt}"
    assert child["browserLink"] == f"{BANK}pay?bill=7&rover=Pay.#rover_receipt={receipt}"
    assert elsewhere == [(403, "SITE_MISMATCH")] * 2
    data = taken.json()["data"]
    assert (data["taskId"], data["status"]) == (child["id"], "running")
    assert data["input"] == {"kind": "prompt", "prompt": "Pay."}
    lineage = (await agents.get(root["workflow"])).json()["tasks"]
    assert [(each["id"], each["status"]) for each in lineage] == [
        (root["id"], "running"),
        (child["id"], "running"),
    ]


async def test_what_a_child_came_to_is_in_the_workflow_of_its_parent(
    agents: Agents, transactional_db: None
) -> None:
    async with serving({"/": POT}, access=OPEN | {"allowDelegatedHandoffs": True}) as site:
        root = await wish(agents, site.base_url, path="/")
        address = f"{bare(root['task'])}/handoffs?access={token_of(root['task'])}"
        body = {"url": f"{site.base_url}/", "instruction": IRON, "expectedOutput": "One word."}
        child = (await agents.post(address, body, prefer="execution=cloud")).json()
        done = await outcome(agents, child)
        await outcome(agents, root)
        workflow = (await agents.get(root["workflow"])).json()

    assert done["handoff"]["expectedOutput"] == "One word."
    (line,) = workflow["result"]["children"]
    assert (workflow["status"], line["id"], line["status"]) == ("completed", child["id"], "completed")
    assert "iron" in line["summary"]
