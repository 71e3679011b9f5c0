"""How many tasks a minute: of one network, of one agent, of one site; and what a refusal costs whom."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from rover_site.conf import RoverConf
from tasks.core.public_errors import TaskRateLimited
from tasks.core.states import TaskStatus
from tasks.models import AgentTask, CallerRate
from tasks.services.agents.callers import Caller, attributed
from tasks.services.agents.limits import count_start, rates_prune
from tests.tasks.agents.handing import handoff, make_bank
from tests.tasks.agents.steps import BODY, TASKS, begin_a_minute, bring, limited, listed, refusal, stored
from tests.tasks.agents.support import Agents, make_site
from tests.tasks.streaming_fixtures import Exchange, in_database
from workspace.models import KeyUsage, Site, SiteKey
from workspace.selectors.keys import key_usage, refusals

HERE, THERE = "203.0.113.7", "198.51.100.1"


@pytest.fixture(autouse=True)
def _a_minute_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_a_minute(monkeypatch)


def named(key: str) -> dict[str, Any]:
    return BODY | {"agent": {"key": key}}


async def created(agents: Agents, times: int, body: Any = None, **kwargs: Any) -> list[int]:
    """The statuses of so many creations, one after the other."""
    return [(await agents.post(TASKS, body or BODY, **kwargs)).status for _ in range(times)]


def test_unless_the_operator_says_otherwise_ten_of_an_address_thirty_of_an_agent_sixty_of_a_site() -> None:
    bounds = {
        name: RoverConf.model_fields[name].default
        for name in RoverConf.model_fields
        if name.startswith("tasks_per_minute_")
    }

    assert bounds == {"tasks_per_minute_ip": 10, "tasks_per_minute_agent": 30, "tasks_per_minute_site": 60}


# --- of one network ---


async def test_an_address_may_start_so_many_and_is_told_when_to_come_back(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings, ip=3)

    assert await created(agents, 3, ip=HERE) == [202] * 3
    answer = await agents.post(TASKS, BODY, ip=HERE)

    assert refusal(answer) == (429, "RATE_LIMITED")
    assert answer.json()["retryable"] is True
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert answer.json()["retry_after_s"] == seconds


async def test_another_address_has_a_share_of_its_own(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=1)

    assert await created(agents, 2, ip=HERE) == [202, 429]
    assert await created(agents, 2, ip=THERE) == [202, 429]


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
    ],
)
async def test_of_ipv6_a_subscribers_network_is_one_address(
    agents: Agents, shop: Site, settings: Any, one: str, other: str, is_shared: bool
) -> None:
    limited(settings, ip=1)
    await created(agents, 1, ip=one)

    assert await created(agents, 1, ip=other) == [429 if is_shared else 202]


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip", "x_client_id"])
async def test_a_caller_does_not_get_another_address_by_naming_one(
    agents: Agents, shop: Site, settings: Any, header: str
) -> None:
    limited(settings, ip=1)

    assert await created(agents, 1, ip=HERE, **{header: "192.0.2.1"}) == [202]
    assert await created(agents, 1, ip=HERE, **{header: "192.0.2.2"}) == [429]


# --- of one agent ---


async def test_an_agent_has_one_share_wherever_it_calls_from(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings, agent=2)

    statuses = [await created(agents, 1, named("one"), ip=ip) for ip in (HERE, THERE, "192.0.2.1")]

    assert statuses == [[202], [202], [429]]
    assert await created(agents, 1, named("two"), ip=HERE) == [202]


@pytest.mark.parametrize("headers", [{}, {"user_agent": "ExampleBot/1.0"}, {"x_client_id": "caller-1"}])
async def test_callers_that_are_only_guessed_at_share_no_name(
    agents: Agents, shop: Site, settings: Any, headers: dict[str, str]
) -> None:
    limited(settings, agent=1)

    assert await created(agents, 3, **headers) == [202] * 3


# --- of one site ---


async def test_a_site_takes_so_many_of_all_agents_together(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, site=2)
    await in_database(make_site)("other.example")

    statuses = [await created(agents, 1, named(ip), ip=ip) for ip in (HERE, THERE, "192.0.2.1")]

    assert statuses == [[202], [202], [429]]
    assert await created(agents, 1, BODY | {"url": "https://other.example/"}) == [202]


@pytest.mark.parametrize(
    ("bounds", "whose"),
    [({"ip": 1}, "One address"), ({"agent": 1}, "One agent"), ({"site": 1}, "All agents together")],
)
async def test_a_refusal_says_whose_share_is_used_up(
    agents: Agents, shop: Site, settings: Any, bounds: dict[str, int], whose: str
) -> None:
    limited(settings, **bounds)
    await created(agents, 1, named("one"))

    answer = await agents.post(TASKS, named("one"))

    assert answer.status == 429
    assert answer.json()["detail"].startswith(f"{whose} may start 1 tasks a minute")


@pytest.mark.parametrize("off", ["ip", "agent", "site"])
async def test_zero_is_no_limit(agents: Agents, shop: Site, settings: Any, off: str) -> None:
    limited(settings, **({"ip": 20, "agent": 20, "site": 20} | {off: 0}))

    assert await created(agents, 20, named("one")) == [202] * 20
    counted = await listed(CallerRate.objects.values_list("bucket", flat=True))
    assert {bucket.partition(":")[0] for bucket in counted} == {"ip", "agent", "site"} - {off}


async def test_without_any_limit_nothing_is_counted(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings)

    assert await created(agents, 20, named("one")) == [202] * 20
    assert not await in_database(CallerRate.objects.exists)()


# --- a refusal ---


async def test_a_refusal_is_neither_counted_nor_stored(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=1, agent=5, site=5)
    await created(agents, 1, named("one"))
    before = await in_database(stored)()

    assert await created(agents, 9, named("one"), idempotency_key="k") == [429] * 9

    assert await in_database(stored)() == before
    assert set(await listed(CallerRate.objects.values_list("count", flat=True))) == {1}


async def test_the_owner_sees_that_callers_were_turned_away(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings, ip=1)
    await created(agents, 4)

    def seen() -> tuple[Any, ...]:
        key, now = SiteKey.objects.get(), timezone.now()
        [refused] = refusals(key, now=now)
        return (
            refused["host"],
            refused["reason"],
            refused["n"],
            key_usage(key, now=now)["blockedHostAttempts"],
        )

    assert await in_database(seen)() == ("shop.example", "rate_limited", 3, 3)
    assert await in_database(KeyUsage.objects.filter(reason="rate_limited").count)() == 1


async def test_counts_name_neither_addresses_nor_agents(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=5, agent=5, site=5)
    await created(agents, 1, named("secret-agent"), ip=HERE)

    text = " ".join(await listed(CallerRate.objects.values_list("bucket", flat=True)))
    assert HERE not in text
    assert "secret-agent" not in text
    assert str(shop.pk) not in text


async def test_the_next_minute_has_a_new_share(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=1)
    await created(agents, 1)
    await in_database(lambda: CallerRate.objects.update(minute=CallerRate.objects.get().minute - 1))()

    assert await created(agents, 1) == [202]


@pytest.mark.parametrize(("second", "wait"), [(0, 60), (1, 59), (30, 30), (59, 1)])
def test_the_wait_is_until_the_next_minute(shop: Site, settings: Any, second: int, wait: int) -> None:
    limited(settings, ip=1)
    now = datetime(2026, 1, 31, 12, 4, second, tzinfo=UTC)
    agent = attributed(Caller(address=HERE), None, now=now)

    def count(at: datetime) -> None:
        count_start(address=HERE, agent=agent, site_id=str(shop.pk), now=at)

    count(now)
    with pytest.raises(TaskRateLimited) as caught:
        count(now)
    assert caught.value.data["retry_after_s"] == wait
    count(now + timedelta(seconds=wait))


def test_counts_of_minutes_that_are_over_go(shop: Site, settings: Any) -> None:
    limited(settings, ip=5)
    now = timezone.now()
    agent = attributed(Caller(address=HERE), None, now=now)
    for minutes in (0, 1, 2, 3, 60):
        count_start(address=HERE, agent=agent, site_id=str(shop.pk), now=now - timedelta(minutes=minutes))

    rates_prune(now=now)

    assert CallerRate.objects.count() == 3


# --- what counts, and what does not ---


async def test_a_handoff_is_a_start_too(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=2)
    await in_database(make_bank)()
    root = await agents.create()
    await in_database(bring)(root["id"], TaskStatus.RUNNING)

    assert (await handoff(agents, root)).status == 202
    assert refusal(await handoff(agents, root)) == (429, "RATE_LIMITED")


async def test_reading_answering_and_cancelling_are_not(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=1)
    task = await agents.create()
    await in_database(bring)(task["id"], TaskStatus.RUNNING, TaskStatus.INPUT_REQUIRED)

    answers: list[Exchange] = [await agents.get(task["task"]) for _ in range(5)]
    answers.append(await agents.post(task["task"], {"input": "x"}))
    answers.append(await agents.delete(task["task"]))

    assert {answer.status for answer in answers} == {200, 202}


async def test_of_many_at_once_exactly_so_many_are_taken(agents: Agents, shop: Site, settings: Any) -> None:
    limited(settings, ip=7, site=60)
    second = Agents.start()
    try:
        asking = [server.post(TASKS, BODY) for _ in range(15) for server in (agents, second)]
        answers = await asyncio.gather(*asking)
    finally:
        await second.close()

    assert sorted(answer.status for answer in answers) == [202] * 7 + [429] * 23
    assert await in_database(AgentTask.objects.count)() == 7
