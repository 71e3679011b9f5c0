"""The links that hand a task to a browser, and POST /v1/tasks/claim-browser, by which the browser takes it."""

import asyncio
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from tasks.core.public_errors import ReceiptAlreadyClaimed
from tasks.core.public_input import ClaimBody
from tasks.models import Event, Receipt
from tasks.services.agents.claiming import AGAIN, task_claim
from tasks.services.agents.sweeping import agent_tasks_sweep
from tests.tasks.agents.claims import CLAIM, claim_of, claimed, refused
from tests.tasks.agents.steps import (
    BODY,
    SHORTCUTS,
    URL,
    agent_row,
    at_once,
    check_headers,
    listed,
    receipt_of,
    session_token,
)
from tests.tasks.agents.support import IN_CLOUD, OPEN, Agents, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    return make_site(access=OPEN | {"autoPromoteSeconds": 5}, capabilities=IN_CLOUD, shortcuts=SHORTCUTS)


# --- links ---


@pytest.mark.parametrize(
    ("url", "prompt", "open_form", "link_form"),
    [
        (URL, "get me the latest blog post", "{u}#{r}", "{u}?rover=get+me+the+latest+blog+post#{r}"),
        ("https://shop.example", "p", "{u}#{r}", "{u}?rover=p#{r}"),
        (f"{URL}a?b=%20c&d", "p & q", "{u}a?b=%20c&d#{r}", "{u}a?b=%20c&d&rover=p+%26+q#{r}"),
        (f"{URL}#prices", "p", "{u}#{r}&rover_anchor=prices", "{u}?rover=p#{r}&rover_anchor=prices"),
        (
            f"{URL}#/a?b=c",
            "p",
            "{u}#{r}&rover_anchor=%2Fa%3Fb%3Dc",
            "{u}?rover=p#{r}&rover_anchor=%2Fa%3Fb%3Dc",
        ),
        (f"{URL}?rover=old&rover_shortcut=x", "p", "{u}?rover=old&rover_shortcut=x#{r}", "{u}?rover=p#{r}"),
        (URL, "käse", "{u}#{r}", "{u}?rover=k%C3%A4se#{r}"),
        (URL, "x" * 1_024, "{u}#{r}", "{u}?rover=" + "x" * 1_024 + "#{r}"),
        (URL, "x" * 1_025, "{u}#{r}", None),
        (f"{URL}{'y' * 1_800}", "p", "{u}" + "y" * 1_800 + "#{r}", None),
        (URL, "two\nlines", "{u}#{r}", None),
    ],
)
async def test_open_is_the_page_with_a_receipt_and_browser_link_shows_the_wish_where_it_fits(
    agents: Agents, shop: Site, url: str, prompt: str, open_form: str, link_form: str | None
) -> None:
    created = await agents.create(url, prompt=prompt)
    parts = {"u": URL, "r": f"rover_receipt={receipt_of(created['open'])}"}

    assert created["open"] == open_form.format(**parts)
    assert created.get("browserLink") == (link_form and link_form.format(**parts))


async def test_a_shortcut_is_shown_by_its_id(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create(shortcut="latest_post", prompt="only about ovens")

    assert created["browserLink"] == created["open"].replace("/#", "/?rover_shortcut=latest_post#")


async def test_the_receipt_never_reaches_a_server(agents: Agents, shop: Site) -> None:
    created = await agents.create(f"{URL}a?b=c#d")

    for link in (created["open"], created["browserLink"]):
        parts = urlsplit(link)
        assert "rrc_" not in parts.path + parts.query + parts.netloc
        assert "rrc_" in parts.fragment


async def test_each_task_has_a_receipt_of_its_own_known_by_its_digest(agents: Agents, shop: Site) -> None:
    receipts = [receipt_of((await agents.create())["open"]) for _ in range(2)]
    digests = await listed(Receipt.objects.values_list("digest", flat=True))

    assert len(set(receipts)) == len(set(digests)) == 2
    assert {len(each) for each in receipts} == {47}
    assert [each for each in receipts if each in digests] == []


async def test_links_are_there_while_nobody_has_taken_the_task_up(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    unclaimed = (await agents.get(created["task"])).json()

    await claimed(agents, shop, created["open"])
    taken = (await agents.get(created["task"])).json()

    assert (unclaimed["open"], unclaimed["browserLink"]) == (created["open"], created["browserLink"])
    assert {"open", "browserLink"} & set(taken) == set()


async def test_a_task_for_the_cloud_never_has_any(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create(header_prefer="execution=cloud")
    task = (await agents.get(created["task"])).json()

    assert {"open", "browserLink"} & (set(created) | set(task)) == set()


# --- taking a task up ---


async def test_a_page_with_the_receipt_and_a_session_gets_the_wish_and_the_keys_to_it(
    agents: Agents, shop: Site
) -> None:
    created = await agents.create(f"{URL}a#b")
    token = await in_database(session_token)(shop, sid="session-9")

    answer = await agents.post(
        CLAIM, claim_of(created["open"], token, sessionId="session-9", host="shop.example")
    )

    data = answer.json()["data"]
    check_headers(answer)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "success": True,
        "data": {
            "taskId": created["id"],
            "requestId": data["requestId"],
            "status": "running",
            "executionTarget": "browser_attach",
            "detail": "sanitized",
            "targetUrl": f"{URL}a#b",
            "input": {"kind": "prompt", "prompt": BODY["prompt"]},
            "sessionId": "session-9",
            "taskAccessToken": created["task"].partition("access=")[2],
            "workflowId": urlsplit(created["workflow"]).path.rpartition("/")[2],
            "workflowAccessToken": created["workflow"].partition("access=")[2],
        },
    }
    assert data["requestId"].startswith("rl_")


async def test_of_a_shortcut_it_gets_the_id_and_the_prompt(agents: Agents, cloud_shop: Site) -> None:
    plain = await agents.create(shortcut="latest_post", prompt=None)
    told = await agents.create(shortcut="latest_post", prompt="only about ovens")

    inputs = [
        (await claimed(agents, cloud_shop, each["open"])).json()["data"]["input"] for each in (plain, told)
    ]

    assert inputs == [
        {"kind": "shortcut", "prompt": "find the latest post", "shortcutId": "latest_post"},
        {"kind": "shortcut", "prompt": "only about ovens", "shortcutId": "latest_post"},
    ]


async def test_and_how_the_site_wants_it_carried_out(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create(shortcut="pay", prompt=None)

    assert (await claimed(agents, cloud_shop, created["open"])).json()["data"]["input"] == {
        "kind": "shortcut",
        "prompt": "pay the open bill",
        "shortcutId": "pay",
        "routing": "planner",
    }


async def test_how_much_it_may_tell_of_its_steps_is_the_sites_choice(agents: Agents, shop: Site) -> None:
    await in_database(configure)(shop, aiAccess=OPEN | {"debugStreaming": True})
    created = await agents.create()

    assert (await claimed(agents, shop, created["open"])).json()["data"]["detail"] == "full"


async def test_the_task_runs_from_then_on_in_the_browser_and_not_on_the_server(
    agents: Agents, cloud_shop: Site
) -> None:
    created = await agents.create()

    await claimed(agents, cloud_shop, created["open"], sid="session-9")

    row = await in_database(agent_row)(created["id"])
    assert (row.task.status, row.task.by_worker, row.promote_at) == ("running", False, None)
    receipt = await in_database(Receipt.objects.get)()
    assert receipt.claimed_by == "session-9"
    kinds = Event.objects.filter(task=row.task).order_by("seq").values_list("kind", "payload__status")
    assert await listed(kinds) == [("status", "waiting_browser"), ("status", "running")]
    assert await in_database(agent_tasks_sweep)(now=timezone.now() + timedelta(minutes=20)) == 0


@pytest.mark.parametrize("host", ["shop.example", "https://SHOP.example:8443/a?b", "shop.example."])
async def test_the_host_of_the_page_may_be_told_in_any_form(agents: Agents, shop: Site, host: str) -> None:
    created = await agents.create()
    token = await in_database(session_token)(shop)

    assert (await agents.post(CLAIM, claim_of(created["open"], token, host=host))).status == 200


async def test_a_page_on_another_host_of_the_site_may_take_it_up(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    assert (await claimed(agents, shop, created["open"], host="www.shop.example")).status == 200


async def test_the_body_may_come_as_plain_text(agents: Agents, shop: Site) -> None:
    """Pages send it so, because then browsers do not ask first."""
    created = await agents.create()
    body = claim_of(created["browserLink"], await in_database(session_token)(shop))

    assert (await agents.post(CLAIM, body, content_type="text/plain;charset=UTF-8")).status == 200


# --- once only ---


async def test_the_same_session_may_come_again_for_a_minute(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    first = await claimed(agents, shop, created["open"])

    again = await claimed(agents, shop, created["open"])
    assert (again.status, again.body) == (200, first.body)
    assert await in_database(Event.objects.filter(task__kind="agent").count)() == 2

    await in_database(Receipt.objects.update)(claimed_at=timezone.now() - AGAIN + timedelta(seconds=5))
    assert (await claimed(agents, shop, created["open"])).status == 200

    await in_database(Receipt.objects.update)(claimed_at=timezone.now() - AGAIN)
    assert refused(await claimed(agents, shop, created["open"])) == (409, "RECEIPT_ALREADY_CLAIMED")


async def test_a_page_that_comes_again_is_told_what_became_of_the_task(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await claimed(agents, shop, created["open"])
    await agents.delete(created["task"])

    again = await claimed(agents, shop, created["open"])

    assert again.json()["data"]["status"] == "cancelled"


async def test_another_session_comes_too_late(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await claimed(agents, shop, created["open"], sid="one")

    assert refused(await claimed(agents, shop, created["open"], sid="two")) == (
        409,
        "RECEIPT_ALREADY_CLAIMED",
    )
    assert (await in_database(Receipt.objects.get)()).claimed_by == "one"


async def test_of_two_browsers_at_once_one_gets_it(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    tokens = [await in_database(session_token)(shop, sid=f"session-{n}") for n in range(8)]

    def claim(token: str) -> str | None:
        body = ClaimBody(receipt=receipt_of(created["open"]), session_token=token)
        try:
            return task_claim(body, now=timezone.now()).session_id
        except ReceiptAlreadyClaimed:
            return None

    found = await asyncio.to_thread(at_once, *(partial(claim, token) for token in tokens))

    winners = [session for session in found if session]
    assert len(winners) == 1
    assert (await in_database(Receipt.objects.get)()).claimed_by == winners[0]
    assert await in_database(Event.objects.filter(task__kind="agent", kind="status").count)() == 2
