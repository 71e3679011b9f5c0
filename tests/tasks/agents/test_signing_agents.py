"""Agents that sign: where their keys are looked for, how often, and the names that they prove to be theirs."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.core.signature_keys import thumbprint
from tasks.services.signature_directories import READINGS_PER_MINUTE, signature_directories
from tests.tasks.agents import signing
from tests.tasks.agents.signing import SERVER, WISH, Publisher, Why, proved, send, signed, stored, who
from tests.tasks.agents.support import Agents, configure, make_owner, make_site
from tests.tasks.signing import KEY, KEYID, OTHER_KEY
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

own_directories, bot, why = signing.own_directories, signing.bot, signing.why
pytestmark = pytest.mark.usefixtures("shop", "own_directories")


# --- where keys are looked for ---


async def test_a_directory_that_does_not_answer_refuses_nothing(
    agents: Agents, bot: Publisher, why: Why
) -> None:
    bot.fall_silent()

    found = await who(agents, signed(WISH, agent=bot.origin))

    assert (found["trust"], why.reasons) == ("heuristic", ["directory_unavailable"])


async def test_a_key_counts_for_the_origin_that_publishes_it_alone(
    agents: Agents, bot: Publisher, why: Why
) -> None:
    async with Publisher(host="127.0.0.2") as other:
        other.publish(OTHER_KEY)

        found = await who(agents, signed(WISH, agent=other.origin, key=KEY))

    assert (found["trust"], why.reasons) == ("heuristic", ["unknown_key"])
    assert bot.requests == []


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        ("https://169.254.169.254", "directory_unavailable"),
        ("https://10.0.0.1", "directory_unavailable"),
        ("https://[::ffff:10.0.0.1]", "directory_unavailable"),
        ("http://10.0.0.1", "bad_signature_agent"),
        ("http://bot.example", "bad_signature_agent"),
        ("file:///etc/passwd", "bad_signature_agent"),
        ("https://bot.example/path", "bad_signature_agent"),
        ("https://user@bot.example", "bad_signature_agent"),
    ],
)
async def test_no_request_makes_this_server_look_where_it_may_not(
    agents: Agents, why: Why, agent: str, reason: str
) -> None:
    found = await who(agents, signed(WISH, agent=agent))

    assert (found["trust"], why.reasons) == ("heuristic", [reason])


async def test_the_servers_own_address_policy_holds_for_directories(
    agents: Agents, bot: Publisher, why: Why, settings: Any
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})

    found = await who(agents, signed(WISH, agent=bot.origin))

    assert (found["trust"], why.reasons) == ("heuristic", ["directory_unavailable"])
    assert bot.n_connections == 0


async def test_one_address_makes_this_server_read_so_many_directories_a_minute_and_no_more(
    agents: Agents, bot: Publisher, settings: Any
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"tasks_per_minute_ip": 0})
    async with AsyncExitStack() as stack:
        sites = [Publisher(host=f"127.0.0.{number}") for number in range(11, 11 + READINGS_PER_MINUTE + 4)]
        bots = [(await stack.enter_async_context(site)).publish(KEY) for site in sites]

        trusts = [(await who(agents, signed(WISH, agent=each.origin)))["trust"] for each in bots]
        elsewhere = await who(agents, signed(WISH, agent=bot.origin), ip="198.51.100.9")
        known = await who(agents, signed(WISH, agent=bots[0].origin))

    assert trusts == ["verified_signed"] * READINGS_PER_MINUTE + ["heuristic"] * 4
    assert sum(len(each.requests) for each in bots) == READINGS_PER_MINUTE
    assert (elsewhere["trust"], known["trust"]) == ("verified_signed", "verified_signed")


async def test_a_request_without_a_signature_asks_nobody(agents: Agents, bot: Publisher) -> None:
    await who(agents, {"Signature-Agent": f'sig1="{bot.origin}"'})

    assert bot.n_connections == 0


# --- names that were proved ---


async def prove(agents: Agents, bot: Publisher, name: str, key: Ed25519PrivateKey = KEY) -> None:
    wish = WISH | {"agent": {"key": name}}
    found = await who(agents, signed(wish, agent=bot.origin, key=key), wish)
    assert (found["key"], found["trust"]) == (name, "verified_signed")


async def test_a_name_that_came_with_a_signature_is_nobody_elses(agents: Agents, bot: Publisher) -> None:
    await prove(agents, bot, "corner-bot")

    wish = WISH | {"agent": {"key": "corner-bot", "name": "Corner Bot"}}
    created = (await send(agents, {}, wish)).json()
    row = await in_database(stored)(created["id"])

    assert (row.trust, row.agent_key[:5], row.memory_key[:5]) == ("self_reported", "anon:", "anon:")
    assert await in_database(proved)() == {"corner-bot": bot.origin}


@pytest.mark.parametrize(
    "header", ["X-RTRVR-Agent-Id", "X-RTRVR-Agent-Key", "X-RTRVR-Client-Id", "X-Client-Id", "Signature-Agent"]
)
async def test_nor_can_it_be_said_in_a_header(agents: Agents, bot: Publisher, header: str) -> None:
    await prove(agents, bot, "corner-bot")

    assert (await who(agents, {header: "corner-bot"}))["key"].startswith("anon:")


async def test_nor_signed_for_by_another_agent(agents: Agents, bot: Publisher) -> None:
    await prove(agents, bot, "corner-bot")
    wish = WISH | {"agent": {"key": "corner-bot"}}
    async with Publisher(host="127.0.0.2") as thief:
        thief.publish(OTHER_KEY)

        found = await who(agents, signed(wish, agent=thief.origin, key=OTHER_KEY), wish)

        assert (found["key"], found["trust"]) == (thief.origin, "verified_signed")


async def test_its_own_agent_keeps_it_with_a_new_key_pair(agents: Agents, bot: Publisher) -> None:
    await prove(agents, bot, "corner-bot")
    bot.publish(OTHER_KEY)
    signature_directories.cache_clear()

    wish = WISH | {"agent": {"key": "corner-bot"}}
    created = (await send(agents, signed(wish, agent=bot.origin, key=OTHER_KEY), wish)).json()

    row = await in_database(stored)(created["id"])
    assert row.agent_key == "corner-bot"
    assert row.memory_key == f"verified:{thumbprint(OTHER_KEY.public_key())}"


async def test_the_origin_of_an_agent_is_its_own_name_from_its_first_signature_on(
    agents: Agents, bot: Publisher
) -> None:
    assert (await who(agents, signed(WISH, agent=bot.origin)))["key"] == bot.origin

    claimed = WISH | {"agent": {"key": bot.origin}}
    assert (await who(agents, {}, claimed))["key"].startswith("anon:")
    assert (await who(agents, {"Signature-Agent": f'"{bot.origin}"'}))["key"].startswith("anon:")


async def test_an_agent_cannot_prove_that_it_is_called_like_another_ones_origin(
    agents: Agents, bot: Publisher
) -> None:
    async with Publisher(host="127.0.0.2") as squatter:
        squatter.publish(OTHER_KEY)
        wish = WISH | {"agent": {"key": bot.origin}}
        found = await who(agents, signed(wish, agent=squatter.origin, key=OTHER_KEY), wish)
        assert found["key"] == squatter.origin

    assert (await who(agents, signed(WISH, agent=bot.origin)))["key"] == bot.origin


@pytest.mark.parametrize("header", ["X-RTRVR-Agent-Id", "X-RTRVR-Client-Id"])
async def test_a_header_that_the_signature_does_not_cover_proves_no_name(
    agents: Agents, bot: Publisher, header: str
) -> None:
    found = await who(agents, signed(WISH, agent=bot.origin) | {header: "somebody"})

    assert (found["key"], found["trust"]) == (bot.origin, "verified_signed")
    assert await in_database(proved)() == {bot.origin: bot.origin}
    assert (await who(agents, {header: "somebody"}))["key"] == "somebody"


# --- handing over ---


@pytest.fixture
def bank(shop: Site) -> Site:
    """`bank.example`: takes tasks from other sites."""
    site = make_site("bank.example", owner=make_owner("banker"))
    configure(site, aiAccess={"enabled": True, "autoPromoteSeconds": 0, "allowDelegatedHandoffs": True})
    return site


HANDOFF = {"url": "https://bank.example/", "instruction": "go on"}


async def parent_of(agents: Agents, bot: Publisher) -> str:
    """The path of a task that a verified agent made, with its token."""
    task: str = (await send(agents, signed(WISH, agent=bot.origin))).json()["task"]
    path, _, query = task.removeprefix(SERVER).partition("?")
    return f"{path}/handoffs?{query}"


@pytest.mark.usefixtures("bank")
async def test_a_handoff_without_a_signature_keeps_the_name_and_not_the_proof(
    agents: Agents, bot: Publisher
) -> None:
    path = await parent_of(agents, bot)

    created = (await send(agents, {}, HANDOFF, path=path)).json()

    row = await in_database(stored)(created["id"])
    assert (row.agent_key, row.trust, row.agent["source"]) == (bot.origin, "self_reported", "handoff_agent")
    assert row.memory_key.startswith("anon:")


@pytest.mark.usefixtures("bank")
async def test_a_handoff_that_its_agent_signs_is_as_good_as_the_first(agents: Agents, bot: Publisher) -> None:
    path = await parent_of(agents, bot)
    headers = signed(HANDOFF, agent=bot.origin, url=f"{SERVER}{path}")

    created = (await send(agents, headers, HANDOFF, path=path)).json()

    row = await in_database(stored)(created["id"])
    assert (row.agent_key, row.trust, row.agent["source"]) == (bot.origin, "verified_signed", "handoff_agent")
    assert row.memory_key == f"verified:{KEYID}"


@pytest.mark.usefixtures("bank")
async def test_a_signature_for_one_task_hands_over_no_other(agents: Agents, bot: Publisher, why: Why) -> None:
    first, second = await parent_of(agents, bot), await parent_of(agents, bot)
    headers = signed(HANDOFF, agent=bot.origin, url=f"{SERVER}{first}")

    found = await who(agents, headers, HANDOFF, path=second)

    assert (found["trust"], why.reasons) == ("self_reported", ["bad_signature"])
