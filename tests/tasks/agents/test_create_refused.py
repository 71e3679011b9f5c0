"""POST /v1/tasks refused: with which status and code, in which order, and with nothing stored."""

from typing import Any

import pytest
from django.utils import timezone

from tests.tasks.agents.steps import (
    BODY,
    SHORTCUTS,
    TASKS,
    URL,
    begin_a_minute,
    limited,
    nothing_is_stored,
    refusal,
)
from tests.tasks.agents.support import IN_CLOUD, Agents, change_policy, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import HostClaim, KeyUsage, Site, SiteKey
from workspace.services.audit import SYSTEM
from workspace.services.keys import key_end_now, key_update
from workspace.services.sites import site_archive

CLOUD = {"prefer": "execution=cloud"}


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    """`shop.example`, where tasks may run on the server, with two shortcuts."""
    return make_site(capabilities=IN_CLOUD, shortcuts=SHORTCUTS)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"prompt": "p"}, 400, "INVALID_URL"),
        ({"url": None, "prompt": "p"}, 400, "INVALID_URL"),
        ({"url": "", "prompt": "p"}, 400, "INVALID_URL"),
        ({"url": 7, "prompt": "p"}, 400, "INVALID_URL"),
        ({"url": "shop.example", "prompt": "p"}, 400, "INVALID_URL"),
        ({"url": "ftp://shop.example/", "prompt": "p"}, 400, "INVALID_URL"),
        ({"url": URL}, 400, "MISSING_INSTRUCTION"),
        ({"url": URL, "prompt": "", "shortcut": " "}, 400, "MISSING_INSTRUCTION"),
        ({"url": URL, "prompt": None, "agent": {"key": "demo-agent"}}, 400, "MISSING_INSTRUCTION"),
        ({"url": URL, "prompt": "x" * 8001}, 400, "PROMPT_TOO_LONG"),
        ({"url": URL, "goal": "x" * 8001}, 400, "PROMPT_TOO_LONG"),
        ({"url": URL, "prompt": 7}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": ["p"]}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "a\x00b"}, 400, "INVALID_REQUEST"),
        ({"url": URL, "shortcut": 7}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "p", "agent": "me"}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "p", "agent": {"key": 7}}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "p", "agent": {"key": "x" * 129}}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "p", "args": {"a": "\x00"}}, 400, "INVALID_REQUEST"),
        ({"url": URL, "prompt": "p", "args": "x" * 17_000}, 400, "INVALID_REQUEST"),
        ([], 400, "INVALID_REQUEST"),
        ("text", 400, "INVALID_REQUEST"),
        (None, 400, "INVALID_REQUEST"),
        ({"url": "https://unknown.example/", "prompt": "p"}, 404, "SITE_NOT_FOUND"),
        ({"url": "https://www.shop.example/", "prompt": "p"}, 404, "SITE_NOT_FOUND"),
        ({"url": URL, "shortcut": "unknown"}, 404, "SHORTCUT_NOT_FOUND"),
        ({"url": URL, "shortcut": "retired"}, 404, "SHORTCUT_NOT_FOUND"),
        ({"url": URL, "shortcut": "no/such\nid"}, 404, "SHORTCUT_NOT_FOUND"),
    ],
)
async def test_a_body_that_cannot_be_obeyed_is_refused_and_leaves_nothing(
    agents: Agents, cloud_shop: Site, body: Any, status: int, code: str
) -> None:
    answer = await agents.post(TASKS, body)

    assert refusal(answer) == (status, code)
    assert await in_database(nothing_is_stored)()


async def test_wrong_fields_are_named(agents: Agents, shop: Site) -> None:
    answer = await agents.post(TASKS, BODY | {"prompt": 7, "agent": {"name": []}})

    assert [error["field"] for error in answer.json()["errors"]] == ["prompt", "agent.name"]


@pytest.mark.parametrize(
    "change",
    [
        lambda site, now: HostClaim.objects.update(lost_at=now),
        lambda site, now: HostClaim.objects.all().delete(),
        lambda site, now: key_update(actor=SYSTEM, key=SiteKey.objects.get(), active=False, now=now),
        lambda site, now: key_end_now(actor=SYSTEM, key=SiteKey.objects.get(), now=now),
        lambda site, now: key_update(
            actor=SYSTEM, key=SiteKey.objects.get(), capabilities={"roverEmbed": False}, now=now
        ),
        lambda site, now: site_archive(actor=SYSTEM, site=site, now=now),
    ],
    ids=["proof lost", "claim withdrawn", "key disabled", "key revoked", "no embed", "site archived"],
)
async def test_a_site_that_does_not_answer_looks_like_none(agents: Agents, shop: Site, change: Any) -> None:
    unknown = await agents.post(TASKS, BODY | {"url": "https://unknown.example/"})

    await in_database(change)(shop, timezone.now())
    silent = await agents.post(TASKS, BODY)

    assert refusal(silent) == (404, "SITE_NOT_FOUND")
    assert silent.body == unknown.body


async def test_an_unproved_host_looks_like_an_unknown_one(agents: Agents, transactional_db: None) -> None:
    await in_database(make_site)("unproved.example", proved=False)

    unproved = await agents.post(TASKS, BODY | {"url": "https://unproved.example/"})
    unknown = await agents.post(TASKS, BODY | {"url": "https://unknown.example/"})

    assert refusal(unproved) == (404, "SITE_NOT_FOUND")
    assert unproved.body == unknown.body


@pytest.mark.parametrize("access", [{}, {"enabled": False}, {"allowPromptLaunch": True}])
async def test_a_site_that_is_closed_to_agents_says_so_and_its_owner_sees_the_attempt(
    agents: Agents, transactional_db: None, access: dict[str, Any]
) -> None:
    await in_database(make_site)(access=access)

    answer = await agents.post(TASKS, BODY)

    assert refusal(answer) == (403, "AI_ACCESS_DISABLED")
    assert await in_database(nothing_is_stored)()
    usage = await in_database(KeyUsage.objects.get)()
    assert (usage.host, usage.reason, usage.count) == ("shop.example", "ai_access_disabled", 1)


async def test_a_site_that_only_counts_visits_takes_no_tasks(agents: Agents, shop: Site) -> None:
    await in_database(change_policy)(shop, siteMode="analytics_only")

    assert refusal(await agents.post(TASKS, BODY)) == (403, "AI_ACCESS_DISABLED")
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize(
    ("access", "capabilities"),
    [
        ({"enabled": True}, {}),
        ({"enabled": True}, {"cloudScrape": True}),
        ({"enabled": True, "allowCloudBrowser": False}, IN_CLOUD),
    ],
)
async def test_a_cloud_run_is_refused_where_the_site_wants_a_browser(
    agents: Agents, transactional_db: None, access: dict[str, Any], capabilities: dict[str, Any]
) -> None:
    await in_database(make_site)(access=access, capabilities=capabilities)

    assert refusal(await agents.post(TASKS, BODY, **CLOUD)) == (403, "CLOUD_NOT_ALLOWED")
    assert await in_database(nothing_is_stored)()
    assert (await agents.post(TASKS, BODY)).status == 202


@pytest.mark.parametrize(
    ("earlier", "later", "code"),
    [
        ({"header": {"accept": "text/html"}}, {"body": b"{"}, "not_acceptable"),
        ({"header": {"idempotency_key": ""}}, {"body": b"{"}, "INVALID_IDEMPOTENCY_KEY"),
        ({"body": b"{"}, {"access": {}}, "INVALID_REQUEST"),
        ({"url": "ftp://x"}, {"prompt": "x" * 8001}, "INVALID_URL"),
        ({"prompt": "x" * 8001}, {"agent": 7}, "PROMPT_TOO_LONG"),
        ({"prompt": None}, {"url": "https://unknown.example/"}, "MISSING_INSTRUCTION"),
        ({"agent": 7}, {"url": "https://unknown.example/"}, "INVALID_REQUEST"),
        ({"url": "https://unknown.example/"}, {"access": {}}, "SITE_NOT_FOUND"),
        ({"access": {}}, {"header": CLOUD}, "AI_ACCESS_DISABLED"),
        ({"header": CLOUD}, {"shortcut": "unknown"}, "CLOUD_NOT_ALLOWED"),
        ({"shortcut": "unknown"}, {"spent": True}, "SHORTCUT_NOT_FOUND"),
        ({"access": {}}, {"spent": True}, "AI_ACCESS_DISABLED"),
        ({"header": CLOUD}, {"spent": True}, "CLOUD_NOT_ALLOWED"),
        ({"spent": True}, {}, "RATE_LIMITED"),
    ],
)
async def test_of_two_faults_the_earlier_check_is_told(
    agents: Agents,
    shop: Site,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    earlier: dict[str, Any],
    later: dict[str, Any],
    code: str,
) -> None:
    begin_a_minute(monkeypatch)
    faults = earlier | later
    limited(settings, ip=1)
    if faults.pop("spent", False):
        await agents.create()
    if (access := faults.pop("access", None)) is not None:
        await in_database(configure)(shop, aiAccess={"enabled": False, **access})
    headers = earlier.get("header", {}) | later.get("header", {})
    faults.pop("header", None)
    body = faults.pop("body", None) or BODY | faults

    answer = await agents.post(TASKS, body, **headers)

    assert refusal(answer)[1] == code


async def test_a_key_that_was_used_for_another_body_is_told_before_the_rate(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings, ip=1)
    await agents.create(header_idempotency_key="k")

    answer = await agents.post(TASKS, BODY | {"prompt": "another"}, idempotency_key="k")

    assert refusal(answer) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_a_refusal_spends_nothing_of_the_callers_share(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings, ip=1, site=1)
    for body in ({}, BODY | {"url": "https://unknown.example/"}, BODY | {"shortcut": "unknown"}):
        assert (await agents.post(TASKS, body)).status in (400, 404)

    assert (await agents.post(TASKS, BODY)).status == 202
