"""Agents that a site's owner keeps out, or lets in so often a day."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from roverbook.models import AgentProfile
from tasks.models import AgentTask, CallerRate
from tasks.services.agents.limits import rates_prune
from tests.tasks.agents.handing import TAKES_OVER, handoff, running
from tests.tasks.agents.steps import BODY, TASKS, limited, refusal
from tests.tasks.agents.support import Agents, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import KeyUsage, Site


@pytest.fixture
def shop(transactional_db: None) -> Site:
    """`shop.example`, open to agents."""
    return make_site()


@pytest.fixture(autouse=True)
def _no_other_limits(settings: Any) -> None:
    limited(settings)


def decide(site: Site, key: str, access: str, **columns: Any) -> None:
    """What the owner says of an agent from now on."""
    AgentProfile.objects.update_or_create(
        site=site, agent_key=key, defaults={"access": access, "updated_at": timezone.now(), **columns}
    )


async def start(agents: Agents, key: str | None = "ada", url: str = BODY["url"], **headers: Any) -> Any:
    """The answer to a task that this agent wants to start."""
    named = {"agent": {"key": key}} if key else {}
    return await agents.post(TASKS, BODY | named | {"url": url}, **headers)


async def statuses(agents: Agents, times: int, key: str = "ada") -> list[int]:
    return [(await start(agents, key)).status for _ in range(times)]


async def test_a_blocked_agent_starts_nothing_and_is_told_so(agents: Agents, shop: Site) -> None:
    await in_database(decide)(shop, "ada", "block")

    answer = await start(agents)

    assert refusal(answer) == (403, "AGENT_BLOCKED")
    assert answer.json()["retryable"] is False
    assert answer.json()["next_action"] == "Ask the site's owner, or use the site as a page."
    assert await in_database(AgentTask.objects.count)() == 0
    usage = await in_database(KeyUsage.objects.get)()
    assert (usage.reason, usage.count) == ("agent_blocked", 1), "the owner sees that it came"


async def test_others_and_other_sites_are_not_touched_and_a_block_ends_at_once(
    agents: Agents, shop: Site
) -> None:
    await in_database(make_site)("bank.example")
    await in_database(decide)(shop, "ada", "block")

    assert (await start(agents, "eve")).status == 202
    assert (await start(agents, None)).status == 202
    assert (await start(agents, url="https://bank.example/")).status == 202

    await in_database(decide)(shop, "ada", "allow")
    assert (await start(agents)).status == 202


async def test_a_limited_agent_starts_so_many_and_is_told_when_the_day_is_over(
    agents: Agents, shop: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    await in_database(decide)(shop, "ada", "limit", per_day=2)

    assert await statuses(agents, 2) == [202, 202]
    answer = await start(agents)

    assert refusal(answer) == (429, "RATE_LIMITED")
    assert answer.json()["retry_after_s"] == 12 * 3600 == int(answer.headers["retry-after"])
    assert answer.json()["detail"] == "This agent may start 2 tasks a day here; try again in 43200 s."
    assert await statuses(agents, 1, "eve") == [202]

    await in_database(rates_prune)(now=noon + timedelta(hours=11, minutes=59))
    assert await statuses(agents, 1) == [429], "the count outlives the minute in which it was made"
    monkeypatch.setattr(timezone, "now", lambda: noon + timedelta(hours=12))
    assert await statuses(agents, 3) == [202, 202, 429]
    await in_database(rates_prune)(now=noon + timedelta(hours=37))
    assert await in_database(CallerRate.objects.count)() == 0


@pytest.mark.parametrize("per_day", [0, None])
async def test_a_limit_of_nothing_lets_nothing_in(agents: Agents, shop: Site, per_day: int | None) -> None:
    await in_database(decide)(shop, "ada", "limit", per_day=per_day)

    assert await statuses(agents, 1) == [429]


async def test_an_agent_under_another_name_is_held_to_what_is_said_of_either(
    agents: Agents, shop: Site
) -> None:
    await in_database(decide)(shop, "ada-2", "allow", alias_of="ada")
    await in_database(decide)(shop, "ada", "limit", per_day=2)

    assert await statuses(agents, 1, "ada") == [202]
    assert await statuses(agents, 2, "ada-2") == [202, 429], "both are counted as one"

    await in_database(decide)(shop, "ada", "block")
    assert await statuses(agents, 1, "ada-2") == [403]


async def test_a_task_that_is_asked_for_again_with_its_key_counts_once(agents: Agents, shop: Site) -> None:
    await in_database(decide)(shop, "ada", "limit", per_day=1)

    first = await start(agents, idempotency_key="k")
    again = await start(agents, idempotency_key="k")

    assert (first.status, again.status) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert await statuses(agents, 1) == [429]


async def test_a_handoff_is_a_start_on_the_site_that_takes_over(agents: Agents, shop: Site) -> None:
    bank = await in_database(make_site)("bank.example", access=TAKES_OVER)
    root = await running(agents, agent={"key": "ada"})
    await in_database(decide)(bank, "ada", "block")

    assert refusal(await handoff(agents, root)) == (403, "AGENT_BLOCKED")

    await in_database(decide)(bank, "ada", "limit", per_day=1)
    answers = [(await handoff(agents, root)).status for _ in range(2)]
    assert answers == [202, 429]
    await in_database(configure)(bank, aiAccess=TAKES_OVER)
