"""Idempotency-Key: a caller who lost an answer asks again, and gets the same task with the same tokens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tasks.core.idempotency import WINDOW
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, RememberedKey
from tasks.services.agents.sweeping import agent_tasks_prune
from tests.tasks.agents.steps import (
    ASKING,
    BODY,
    CANCELLED,
    DONE,
    EXPIRED,
    RESULT,
    TASKS,
    R,
    begin_a_minute,
    bring,
    check_headers,
    limited,
    nothing_is_stored,
    receipt_of,
    refusal,
    session_token,
)
from tests.tasks.agents.support import IN_CLOUD, Agents, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import HostClaim, Site

UUID_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture(autouse=True)
async def _leave_no_connection() -> AsyncIterator[None]:
    """PostgreSQL drops no database that a thread is still connected to."""
    yield
    await in_database(connections.close_all)()


async def n_tasks() -> int:
    return await in_database(AgentTask.objects.count)()


# --- the same request again ---


async def test_the_same_request_again_is_answered_the_same(agents: Agents, shop: Site) -> None:
    first = await agents.post(TASKS, BODY, idempotency_key=UUID_KEY)
    second = await agents.post(TASKS, BODY, idempotency_key=UUID_KEY)

    assert (first.status, second.status) == (202, 202)
    assert second.body == first.body
    assert second.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    check_headers(second)
    assert await n_tasks() == 1


async def test_its_tokens_are_the_same_and_open_the_task(agents: Agents, shop: Site) -> None:
    await agents.post(TASKS, BODY, idempotency_key="k")
    again = await agents.create(header_idempotency_key="k")

    assert (await agents.get(again["task"])).json()["id"] == again["id"]
    assert (await agents.get(again["workflow"])).json()["rootTask"] == again["id"]
    claim = {"receipt": receipt_of(again["open"]), "sessionToken": await in_database(session_token)(shop)}
    assert (await agents.post(f"{TASKS}/claim-browser", claim)).status == 200


async def test_without_a_key_each_request_makes_a_task(agents: Agents, shop: Site) -> None:
    first, second = await agents.create(), await agents.create()

    assert first["id"] != second["id"]
    assert not await in_database(RememberedKey.objects.exists)()


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt":"find the opening hours","url":"https://shop.example/"}',
        b'{ "url" : "https:\\/\\/shop.example\\/",\n"prompt" : "\\u0066ind the opening hours" }',
        b'\xef\xbb\xbf{"url":"https://shop.example/","prompt":"find the opening hours"}',
    ],
    ids=["order", "spelling", "byte order mark"],
)
async def test_how_the_body_is_written_makes_no_difference(agents: Agents, shop: Site, body: bytes) -> None:
    first = await agents.post(TASKS, BODY, idempotency_key="k")
    second = await agents.post(TASKS, body, idempotency_key="k")

    assert second.body == first.body


@pytest.mark.parametrize(
    ("one", "other"),
    [("k", '"k"'), ('"k"', "k"), ("k", "  k\t"), ('a"b', '"a\\"b"')],
)
async def test_a_key_is_the_same_bare_or_quoted(agents: Agents, shop: Site, one: str, other: str) -> None:
    first = await agents.create(header_idempotency_key=one)

    assert (await agents.create(header_idempotency_key=other))["id"] == first["id"]


@pytest.mark.parametrize(
    ("headers", "again"),
    [
        ({}, {"prefer": "wait=0"}),
        ({"prefer": "wait=0"}, {"prefer": "wait=1"}),
        ({}, {"prefer": "execution=auto"}),
        ({}, {"user_agent": "ExampleBot/2.0"}),
        ({}, {"accept": "application/json"}),
    ],
)
async def test_how_long_or_in_which_form_is_not_part_of_the_request(
    agents: Agents, shop: Site, headers: dict[str, str], again: dict[str, str]
) -> None:
    first = await agents.post(TASKS, BODY, idempotency_key="k", **headers)
    second = await agents.post(TASKS, BODY, idempotency_key="k", **again)

    assert second.json()["id"] == first.json()["id"]
    assert second.headers["idempotency-replayed"] == "true"


async def test_the_task_may_have_gone_on_since_and_its_answer_is_still_that_of_a_creation(
    agents: Agents, shop: Site
) -> None:
    first = await agents.create(header_idempotency_key="k")
    await in_database(bring)(first["id"], R, DONE)

    again = await agents.post(TASKS, BODY, idempotency_key="k")
    waited = await agents.post(TASKS, BODY, idempotency_key="k", prefer="wait=30")

    assert (again.status, again.json()["status"]) == (202, "pending")
    assert again.json()["task"] == first["task"]
    assert (waited.status, waited.json()["result"]) == (200, RESULT)


async def test_a_receipt_that_was_used_is_not_given_out_again(agents: Agents, shop: Site) -> None:
    first = await agents.create(header_idempotency_key="k")
    claim = {"receipt": receipt_of(first["open"]), "sessionToken": await in_database(session_token)(shop)}
    await agents.post(f"{TASKS}/claim-browser", claim)

    again = await agents.create(header_idempotency_key="k")

    assert again["task"] == first["task"]
    assert {"open", "browserLink"} & set(again) == set()


@pytest.mark.parametrize("statuses", [[R], [R, ASKING], [CANCELLED], [EXPIRED]])
async def test_nor_are_links_of_a_task_that_waits_for_no_browser_any_more(
    agents: Agents, shop: Site, statuses: list[TaskStatus]
) -> None:
    first = await agents.create(header_idempotency_key="k")
    await in_database(bring)(first["id"], *statuses)

    again = await agents.create(header_idempotency_key="k")

    assert (again["task"], again["status"]) == (first["task"], "pending")
    assert {"open", "browserLink"} & set(again) == set()


async def test_a_stream_that_broke_off_at_its_start_is_asked_for_again(agents: Agents, shop: Site) -> None:
    created = await agents.create(header_idempotency_key="k")
    await in_database(bring)(created["id"], R, DONE)

    again = await agents.post(TASKS, BODY, idempotency_key="k", accept="application/x-ndjson")

    assert again.headers["idempotency-replayed"] == "true"
    assert again.lines()[0]["data"]["taskId"] == created["id"]
    assert again.lines()[-1]["type"] == "done"


async def test_asking_again_is_not_counted(
    agents: Agents, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_a_minute(monkeypatch)
    limited(settings, ip=1, site=1)
    for _ in range(5):
        assert (await agents.post(TASKS, BODY, idempotency_key="k")).status == 202

    assert refusal(await agents.post(TASKS, BODY)) == (429, "RATE_LIMITED")


# --- another request with the key ---


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY | {"prompt": "another"}, {}),
        (BODY | {"url": "https://shop.example/other"}, {}),
        (BODY | {"args": {}}, {}),
        (BODY, {"prefer": "execution=browser"}),
        (BODY, {"prefer": "execution=cloud"}),
    ],
)
async def test_a_key_stands_for_one_request_only(
    agents: Agents, transactional_db: None, body: dict[str, Any], headers: dict[str, str]
) -> None:
    await in_database(make_site)(capabilities=IN_CLOUD)
    await agents.create(header_idempotency_key="k")

    answer = await agents.post(TASKS, body, idempotency_key="k", **headers)

    assert refusal(answer) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert answer.json()["retryable"] is False
    assert await n_tasks() == 1


@pytest.mark.parametrize("first", [{}, BODY | {"prompt": 7}, BODY | {"shortcut": "unknown"}])
async def test_a_request_that_was_refused_has_not_used_its_key(
    agents: Agents, shop: Site, first: dict[str, Any]
) -> None:
    assert (await agents.post(TASKS, first, idempotency_key="k")).status in (400, 404)
    answer = await agents.post(TASKS, BODY, idempotency_key="k")

    assert answer.status == 202
    assert "idempotency-replayed" not in answer.headers


async def test_nor_has_one_that_the_site_refused_at_the_time(agents: Agents, shop: Site) -> None:
    await in_database(configure)(shop, aiAccess={"enabled": False})
    assert (await agents.post(TASKS, BODY, idempotency_key="k")).status == 403

    await in_database(configure)(shop, aiAccess={"enabled": True})
    assert (await agents.post(TASKS, BODY, idempotency_key="k")).status == 202


async def test_nor_has_one_that_came_too_often(
    agents: Agents, shop: Site, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_a_minute(monkeypatch)
    limited(settings, ip=1)
    await agents.create()
    assert (await agents.post(TASKS, BODY, idempotency_key="k")).status == 429

    limited(settings)
    answer = await agents.post(TASKS, BODY, idempotency_key="k")
    assert (answer.status, "idempotency-replayed" in answer.headers) == (202, False)


async def test_what_the_site_refuses_now_is_refused_again_too(agents: Agents, shop: Site) -> None:
    await agents.create(header_idempotency_key="k")
    await in_database(HostClaim.objects.all().delete)()

    assert refusal(await agents.post(TASKS, BODY, idempotency_key="k")) == (404, "SITE_NOT_FOUND")


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        '""',
        "a b",
        "a,b",
        "x" * 129,
        "é",
        "a\x00b",
        "a\x7f",
        '"abc',
        '"a\\b"',
        ["k", "k"],
        ["k", "l"],
    ],
)
async def test_a_key_is_one_line_of_1_to_128_visible_characters(
    agents: Agents, shop: Site, key: str | list[str]
) -> None:
    answer = await agents.post(TASKS, BODY, idempotency_key=key)

    assert refusal(answer) == (400, "INVALID_IDEMPOTENCY_KEY")
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize("key", ["k", "x" * 128, UUID_KEY, "~!#$%&'()*+-./:;<=>?@[]^_`{|}"])
async def test_and_may_be_any_of_those(agents: Agents, shop: Site, key: str) -> None:
    assert (await agents.post(TASKS, BODY, idempotency_key=key)).status == 202


# --- whose key it is ---


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:9::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
async def test_a_key_is_its_networks(agents: Agents, shop: Site, one: str, other: str, is_same: bool) -> None:
    first = await agents.post(TASKS, BODY, ip=one, idempotency_key=UUID_KEY)
    second = await agents.post(TASKS, BODY, ip=other, idempotency_key=UUID_KEY)

    assert (second.json() == first.json()) is is_same
    assert await n_tasks() == (1 if is_same else 2)


@pytest.mark.parametrize(
    ("key", "is_same"), [(UUID_KEY, True), ("x" * 22, True), ("x" * 21, False), ("1", False)]
)
async def test_an_agent_that_moves_takes_only_a_key_with_it_that_nobody_guesses(
    agents: Agents, shop: Site, key: str, is_same: bool
) -> None:
    body = BODY | {"agent": {"key": "demo-agent"}}
    first = await agents.post(TASKS, body, ip="203.0.113.7", idempotency_key=key)
    second = await agents.post(TASKS, body, ip="198.51.100.1", idempotency_key=key)

    assert (second.json() == first.json()) is is_same


async def test_two_agents_at_one_address_have_their_own_keys(agents: Agents, shop: Site) -> None:
    bodies = [BODY | {"agent": {"key": key}} for key in ("one", "two")]

    first, second = [await agents.post(TASKS, body, idempotency_key=UUID_KEY) for body in bodies]

    assert (first.status, second.status) == (202, 202)
    assert await n_tasks() == 2


async def test_the_key_cannot_be_read_from_the_database(agents: Agents, shop: Site) -> None:
    await agents.create(header_idempotency_key=UUID_KEY)
    row = await in_database(RememberedKey.objects.get)()

    assert UUID_KEY not in row.scope + row.fingerprint
    assert len(row.scope) == len(row.fingerprint) == 64


# --- for how long ---


@pytest.mark.parametrize(("age", "is_same"), [(WINDOW - timedelta(minutes=1), True), (WINDOW, False)])
async def test_a_key_is_remembered_for_a_day(
    agents: Agents, shop: Site, age: timedelta, is_same: bool
) -> None:
    first = await agents.create(header_idempotency_key="k")
    await in_database(RememberedKey.objects.update)(created_at=timezone.now() - age)

    again = await agents.post(TASKS, BODY, idempotency_key="k")

    assert (again.json()["id"] == first["id"]) is is_same
    assert ("idempotency-replayed" in again.headers) is is_same


async def test_after_that_it_may_stand_for_something_else_and_is_remembered_anew(
    agents: Agents, shop: Site
) -> None:
    await agents.create(header_idempotency_key="k")
    await in_database(RememberedKey.objects.update)(created_at=timezone.now() - WINDOW)

    other = await agents.create(prompt="another", header_idempotency_key="k")
    again = await agents.create(prompt="another", header_idempotency_key="k")

    assert again["id"] == other["id"]
    assert await in_database(RememberedKey.objects.count)() == 1


async def test_keys_that_are_over_are_removed(agents: Agents, shop: Site) -> None:
    await agents.create(header_idempotency_key="old")
    await in_database(RememberedKey.objects.update)(created_at=timezone.now() - WINDOW)
    await agents.create(header_idempotency_key="new")

    await in_database(agent_tasks_prune)(now=timezone.now())

    assert await in_database(RememberedKey.objects.count)() == 1
    assert await n_tasks() == 2
