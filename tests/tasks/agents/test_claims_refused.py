"""POST /v1/tasks/claim-browser refused: too late, by the wrong page, without a session."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tasks.core.session_tokens import SessionClaims, sign_session
from tasks.models import Receipt
from tasks.services.agents.sweeping import agent_tasks_sweep
from tests.tasks.agents.claims import CLAIM, claim_of, claimed, refused
from tests.tasks.agents.steps import (
    BODY,
    TASKS,
    URL,
    R,
    agent_row,
    bring,
    session_token,
)
from tests.tasks.agents.support import IN_CLOUD, OPEN, Agents, change_policy, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site, SiteKey


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    return make_site(access=OPEN | {"autoPromoteSeconds": 5}, capabilities=IN_CLOUD)


# --- too late, or not at all ---


async def test_a_receipt_that_nobody_was_given_is_none(agents: Agents, shop: Site) -> None:
    await agents.create()
    unknown = f"{URL}#rover_receipt=rrc_{'A' * 43}"

    assert refused(await claimed(agents, shop, unknown)) == (404, "RECEIPT_INVALID")


@pytest.mark.parametrize("receipt", ["rrc_", "x", "é", "\x00", "' OR 1=1 --", "x" * 200])
async def test_nor_is_any_other_text(agents: Agents, shop: Site, receipt: str) -> None:
    body = {"receipt": receipt, "sessionToken": await in_database(session_token)(shop)}

    assert refused(await agents.post(CLAIM, body)) == (404, "RECEIPT_INVALID")


async def test_a_receipt_lasts_as_long_as_its_task_waits(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    row = await in_database(Receipt.objects.get)()
    assert row.expires_at == (await in_database(agent_row)(created["id"])).expires_at

    await in_database(Receipt.objects.update)(expires_at=timezone.now())
    assert refused(await claimed(agents, shop, created["open"])) == (410, "RECEIPT_EXPIRED")
    assert (await agents.get(created["task"])).json()["status"] == "waiting_browser"


async def test_the_receipt_of_a_task_that_expired_says_so(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(agent_tasks_sweep)(now=timezone.now() + timedelta(minutes=16))

    assert refused(await claimed(agents, shop, created["open"])) == (410, "RECEIPT_EXPIRED")


async def test_a_task_that_was_cancelled_has_no_receipt_any_more(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await agents.delete(created["task"])

    assert refused(await claimed(agents, shop, created["open"])) == (404, "RECEIPT_INVALID")


async def test_nor_has_one_that_went_to_the_cloud(agents: Agents, cloud_shop: Site) -> None:
    created = await agents.create()
    await in_database(agent_tasks_sweep)(now=timezone.now() + timedelta(seconds=6))

    assert refused(await claimed(agents, cloud_shop, created["open"])) == (404, "RECEIPT_INVALID")


async def test_a_receipt_that_somehow_outlived_its_use_takes_nothing_up(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(bring)(created["id"], R)

    assert refused(await claimed(agents, shop, created["open"])) == (404, "RECEIPT_INVALID")
    assert (await in_database(Receipt.objects.get)()).claimed_at is None


# --- whose page it is ---


async def test_a_page_of_another_site_gets_nothing(agents: Agents, shop: Site) -> None:
    other = await in_database(make_site)("other.example")
    created = await agents.create()

    for host in ("other.example", "shop.example"):
        answer = await claimed(agents, other, created["open"], host=host)
        assert refused(answer) == (403, "SITE_MISMATCH")
        assert BODY["prompt"].encode() not in answer.body

    row = await in_database(agent_row)(created["id"])
    assert row.task.status == "waiting_browser"
    assert (await claimed(agents, shop, created["open"])).status == 200


@pytest.mark.parametrize("host", ["other.example", "shop.example.evil.example", "xshop.example", ""])
async def test_a_session_on_a_host_that_the_sites_key_does_not_list_gets_nothing(
    agents: Agents, shop: Site, host: str
) -> None:
    created = await agents.create()

    assert refused(await claimed(agents, shop, created["open"], host=host)) == (403, "SITE_MISMATCH")


@pytest.mark.parametrize("host", ["other.example", "www.shop.example", "not a host", "javascript:x", "::"])
async def test_a_page_that_is_not_where_its_session_is_gets_nothing(
    agents: Agents, shop: Site, host: str
) -> None:
    created = await agents.create()
    token = await in_database(session_token)(shop)

    answer = await agents.post(CLAIM, claim_of(created["open"], token, host=host))

    assert refused(answer) == (403, "SITE_MISMATCH")


async def test_a_session_that_names_itself_otherwise_gets_nothing(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    token = await in_database(session_token)(shop, sid="one")

    answer = await agents.post(CLAIM, claim_of(created["open"], token, sessionId="two"))

    assert refused(answer) == (403, "SITE_MISMATCH")


async def test_without_the_key_it_was_made_under_a_task_is_nobodys(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    await in_database(SiteKey.objects.all().delete)()

    assert refused(await claimed(agents, shop, created["open"])) == (401, "INVALID_API_KEY")


@pytest.mark.parametrize("change", ["access", "mode"])
async def test_a_site_that_was_closed_to_agents_meanwhile_gets_no_task_either(
    agents: Agents, shop: Site, change: str
) -> None:
    created = await agents.create()
    if change == "access":
        await in_database(configure)(shop, aiAccess={"enabled": False})
    else:
        await in_database(change_policy)(shop, siteMode="analytics_only")

    assert refused(await claimed(agents, shop, created["open"])) == (403, "AI_ACCESS_DISABLED")
    assert (await agents.get(created["task"])).json()["status"] == "waiting_browser"


# --- the session ---


async def test_a_session_that_is_over_is_told_to_open_a_new_one(agents: Agents, shop: Site) -> None:
    created = await agents.create()

    answer = await claimed(agents, shop, created["open"], life=timedelta(0))

    assert refused(answer) == (401, "SESSION_TOKEN_EXPIRED")
    assert answer.json()["data"]["retryable"] is True
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["x", "rvrsess_x.y", "rvrsess_.", "pk_site_x", "é", "\x00"])
async def test_a_session_that_this_server_did_not_open_is_none(
    agents: Agents, shop: Site, token: str
) -> None:
    created = await agents.create()

    assert refused(await agents.post(CLAIM, claim_of(created["open"], token))) == (
        401,
        "SESSION_TOKEN_INVALID",
    )


async def test_nor_is_one_that_another_server_signed(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    claims = SessionClaims(
        sid="s", site_id=shop.public_id, host="shop.example", expires_at=timezone.now() + timedelta(minutes=5)
    )
    forged = sign_session(claims, secret=b"another secret")

    assert refused(await agents.post(CLAIM, claim_of(created["open"], forged)))[0] == 401
    assert (await in_database(Receipt.objects.get)()).claimed_at is None


async def test_the_session_is_looked_at_before_the_receipt(agents: Agents, shop: Site) -> None:
    body = {"receipt": "rrc_unknown", "sessionToken": "x"}

    assert refused(await agents.post(CLAIM, body)) == (401, "SESSION_TOKEN_INVALID")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        {},
        [],
        {"receipt": "rrc_x"},
        {"sessionToken": "x"},
        {"receipt": 7, "sessionToken": "x"},
        {"receipt": "rrc_x", "sessionToken": "x", "host": 7},
        {"receipt": "\ud800", "sessionToken": "x"},
        {"receipt": "x" * 201, "sessionToken": "x"},
    ],
)
async def test_a_claim_that_is_none_is_refused_in_the_same_envelope(
    agents: Agents, shop: Site, body: Any
) -> None:
    assert refused(await agents.post(CLAIM, body)) == (400, "INVALID_REQUEST")


async def test_so_is_every_other_method(agents: Agents, shop: Site) -> None:
    answer = await agents.get(CLAIM)

    assert refused(answer) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].split(", ")) == {"POST", "OPTIONS"}


async def test_what_the_browser_was_given_opens_task_and_workflow(agents: Agents, shop: Site) -> None:
    created = await agents.create()
    data = (await claimed(agents, shop, created["open"])).json()["data"]

    task = await agents.get(f"{TASKS}/{data['taskId']}", authorization=f"Bearer {data['taskAccessToken']}")
    workflow = await agents.get(f"/v1/workflows/{data['workflowId']}?access={data['workflowAccessToken']}")

    assert (task.json()["id"], workflow.json()["rootTask"]) == (created["id"], created["id"])
