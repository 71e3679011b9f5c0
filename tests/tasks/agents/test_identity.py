"""Who is calling, as a task tells it: what is said in the body, what headers hint at, and what neither can
reach. Signatures have a file of their own."""

from typing import Any

import pytest

from tasks.models import AgentTask
from tests.tasks.agents.support import Agents, configure, make_owner, make_site, row_of
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

pytestmark = pytest.mark.usefixtures("shop")

SAID = {
    "key": "gpt-5.4-demo-agent",
    "name": "GPT-5.4 Demo Agent",
    "vendor": "OpenAI",
    "model": "gpt-5.4",
    "version": "2026-03",
    "homepage": "https://demo.example/agent",
}
HINTS = {
    "user_agent": "ExampleBot/1.0",
    "signature_agent": "ExampleBot",
    "signature": "sig1=:AAAA:",
    "signature_input": 'sig1=("@method");tag="web-bot-auth"',
    "x_rtrvr_client_id": "caller-123",
}
SHOWN = {"key", "name", "vendor", "model", "version", "homepage", "trust", "source", "verificationMethod"}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


async def made(agents: Agents, said: Any = None, *, ip: str = "192.0.2.7", **headers: str) -> str:
    """The address of a task that such a caller made."""
    body = {"url": "https://shop.example/", "prompt": "find the opening hours"}
    answer = await agents.post("/v1/tasks", body | ({} if said is None else said), ip=ip, **headers)
    assert answer.status == 202, answer.body
    task: str = answer.json()["task"]
    return task


async def seen(agents: Agents, said: Any = None, **caller: str) -> dict[str, Any]:
    """What the resource says about that caller."""
    who: dict[str, Any] = (await agents.get(await made(agents, said, **caller))).json()["agent"]
    return who


async def notes(agents: Agents, said: Any = None, **caller: str) -> str:
    """Where the private notes of that caller lie."""
    task = await made(agents, said, **caller)
    return await in_database(stored_notes)(task)


def stored_notes(task: str) -> str:
    return stored(task).memory_key


def stored(task: str) -> AgentTask:
    name = task.partition("/v1/tasks/")[2].partition("?")[0]
    return AgentTask.objects.get(pk=row_of(name).pk)


# --- what is said ---


async def test_what_an_agent_says_of_itself_is_in_the_resource_and_called_self_reported(
    agents: Agents,
) -> None:
    assert await seen(agents, {"agent": SAID}) == {
        **SAID,
        "trust": "self_reported",
        "source": "public_task_agent",
        "verificationMethod": "self_reported",
    }


async def test_the_record_that_is_kept_says_the_same_and_where_the_notes_lie(agents: Agents) -> None:
    row = await in_database(stored)(await made(agents, {"agent": SAID}, user_agent="ExampleBot/1.0"))

    assert (row.agent_key, row.trust, row.memory_key) == (SAID["key"], "self_reported", f"self:{SAID['key']}")
    assert row.agent["displayName"] == SAID["name"]
    assert row.agent["userAgent"] == "ExampleBot/1.0"


@pytest.mark.parametrize("name", ["agentKey", "agentId"])
async def test_a_key_beside_the_agent_object_is_the_agents(agents: Agents, name: str) -> None:
    found = await seen(agents, {name: "my-agent"})

    assert (found["key"], found["trust"]) == ("my-agent", "self_reported")


@pytest.mark.parametrize("said", [{}, {"key": " "}, {"name": "\x00"}, None])
async def test_an_agent_object_that_says_nothing_is_none(agents: Agents, said: object) -> None:
    assert (await seen(agents, {"agent": said}))["trust"] == "anonymous"


@pytest.mark.parametrize("said", ["a name", 7, [], True])
async def test_what_is_no_agent_object_is_refused_by_its_name(agents: Agents, said: object) -> None:
    body = {"url": "https://shop.example/", "prompt": "hello", "agent": said}

    answer = await agents.post("/v1/tasks", body)

    assert (answer.status, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert [error["field"] for error in answer.json()["errors"]] == ["agent"]


async def test_the_resource_tells_nothing_of_the_callers_network_program_or_notes(agents: Agents) -> None:
    found = await seen(agents, {"agent": SAID}, user_agent="Secret/9", x_rtrvr_client_id="c")

    assert set(found) == SHOWN


# --- what headers hint at ---


@pytest.mark.parametrize(
    ("headers", "key", "name", "source"),
    [
        ({"user_agent": "ExampleBot/1.0"}, "anon:", "ExampleBot", "user_agent"),
        ({"user_agent": BROWSER}, "anon:", "Chrome", "user_agent"),
        ({"signature_agent": "ExampleBot"}, "ExampleBot", "ExampleBot", "signature_agent"),
        (
            {"signature_agent": 'sig1="https://bot.example"'},
            "https://bot.example",
            "https://bot.example",
            "signature_agent",
        ),
        ({"signature": HINTS["signature"]}, "anon:", "Anonymous agent", "user_agent"),
        ({"signature_input": HINTS["signature_input"]}, "anon:", "Anonymous agent", "user_agent"),
        ({"x_rtrvr_client_id": "caller-123"}, "caller-123", "caller-123", "user_agent"),
        ({"x_client_id": "neutral"}, "neutral", "neutral", "user_agent"),
        ({"x_rtrvr_agent_id": "by-header"}, "by-header", "Anonymous agent", "user_agent"),
        ({"x_rtrvr_agent_key": "by-header"}, "by-header", "Anonymous agent", "user_agent"),
        (HINTS, "caller-123", "ExampleBot", "signature_agent"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
async def test_headers_alone_are_a_guess(
    agents: Agents, headers: dict[str, str], key: str, name: str, source: str
) -> None:
    found = await seen(agents, **headers)

    assert found["key"].startswith(key)
    assert (found["name"], found["source"]) == (name, source)
    assert (found["trust"], found["verificationMethod"]) == ("heuristic", "heuristic_headers")


@pytest.mark.parametrize(
    ("user_agent", "name", "vendor", "version"),
    [
        ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot", "OpenAI", "1.2"),
        ("Mozilla/5.0 (compatible; Claude-User/1.0)", "Claude", "Anthropic", "1.0"),
        ("python-requests/2.32.0", "python-requests", None, "2.32.0"),
    ],
)
async def test_a_known_user_agent_names_its_vendor(
    agents: Agents, user_agent: str, name: str, vendor: str | None, version: str
) -> None:
    found = await seen(agents, user_agent=user_agent)

    assert (found["name"], found.get("vendor"), found["version"]) == (name, vendor, version)


async def test_who_says_nothing_is_anonymous_and_another_one_from_another_network(agents: Agents) -> None:
    one, same, other = [await seen(agents, ip=ip) for ip in ("192.0.2.7", "192.0.2.200", "198.51.100.7")]

    assert (one["trust"], one["source"], one["name"]) == ("anonymous", "anonymous", "Anonymous agent")
    assert one["key"] == same["key"] != other["key"]
    assert "192.0.2" not in one["key"]


# --- which of them counts ---


@pytest.mark.parametrize(
    ("said", "headers", "key", "trust"),
    [
        ({"agent": SAID}, HINTS | {"x_rtrvr_agent_id": "h"}, SAID["key"], "self_reported"),
        ({"agent": {"agentKey": "k"}}, HINTS, "k", "self_reported"),
        ({"agent": {"agentId": "i"}}, HINTS, "i", "self_reported"),
        ({"agent": {"key": "first", "agentKey": "second"}}, {}, "first", "self_reported"),
        ({"agent": {"name": "N"}}, HINTS | {"x_rtrvr_agent_id": "h"}, "h", "self_reported"),
        ({"agent": {"name": "N"}}, HINTS, "caller-123", "self_reported"),
        ({"agent": {"name": "N"}}, {"signature_agent": "S"}, "S", "self_reported"),
        ({"agent": {"name": "N"}}, {}, "anon:", "self_reported"),
        ({}, HINTS | {"x_rtrvr_agent_id": "h", "x_rtrvr_agent_key": "g"}, "h", "heuristic"),
        ({}, HINTS | {"x_rtrvr_agent_key": "g"}, "g", "heuristic"),
        ({}, HINTS | {"x_client_id": "neutral"}, "caller-123", "heuristic"),
        ({}, HINTS, "caller-123", "heuristic"),
        ({}, {"signature_agent": "S", "user_agent": "U/1"}, "S", "heuristic"),
        ({}, {"user_agent": "U/1"}, "anon:", "heuristic"),
        ({}, {}, "anon:", "anonymous"),
    ],
)
async def test_the_name_and_the_trust_are_found_in_this_order(
    agents: Agents, said: dict[str, Any], headers: dict[str, str], key: str, trust: str
) -> None:
    found = await seen(agents, said, **headers)

    assert (found["key"].startswith(key), found["trust"]) == (True, trust)


async def test_an_agent_object_is_not_mixed_with_what_a_user_agent_says(agents: Agents) -> None:
    found = await seen(agents, {"agent": {"name": "Mine"}}, user_agent="GPTBot/1.2")

    assert (found["name"], "vendor" in found, "version" in found) == ("Mine", False, False)


async def test_nobody_says_of_himself_how_far_he_can_be_believed(agents: Agents) -> None:
    claimed = {
        **SAID,
        "trust": "verified_signed",
        "source": "owner_resolver",
        "verificationMethod": "http_message_signatures",
        "memoryKey": "verified:x",
        "signatureKeyId": "x",
    }

    found = await seen(
        agents, {"agent": claimed, "trust": "verified_signed"}, x_rtrvr_trust="verified_signed"
    )

    assert (found["trust"], found["source"], found["verificationMethod"]) == (
        "self_reported",
        "public_task_agent",
        "self_reported",
    )
    assert await notes(agents, {"agent": claimed}) == f"self:{SAID['key']}"


# --- how much is taken ---


@pytest.mark.parametrize("field", ["name", "vendor", "model", "version"])
async def test_a_label_is_cut_at_120_characters(agents: Agents, field: str) -> None:
    assert (await seen(agents, {"agent": {"key": "k", field: "ä" * 5000}}))[field] == "ä" * 120


async def test_a_key_of_128_characters_is_whole_and_a_longer_one_is_refused(agents: Agents) -> None:
    long = {"url": "https://shop.example/", "prompt": "hello", "agent": {"key": "k" * 129}}

    found, refused = await seen(agents, {"agent": {"key": "k" * 128}}), await agents.post("/v1/tasks", long)

    assert found["key"] == "k" * 128
    assert (refused.status, refused.json()["errors"][0]["field"]) == (400, "agent.key")


@pytest.mark.parametrize("header", ["x_rtrvr_agent_id", "x_rtrvr_client_id", "signature_agent"])
async def test_a_long_name_in_a_header_refuses_nothing_and_stays_one_name(
    agents: Agents, header: str
) -> None:
    """What is stored has room for 128 characters, on every database."""
    names = ["https://" + "n" * 240 + end for end in ("1", "2")]

    one, other = [await seen(agents, **{header: name}) for name in names]

    assert [len(found["key"]) for found in (one, other)] == [128, 128]
    assert one["key"] != other["key"]


@pytest.mark.parametrize(
    "homepage", ["http://demo.example/", "javascript:alert(1)", "https://u:p@demo.example/", "https://x" * 50]
)
async def test_a_homepage_that_nobody_should_open_is_left_out(agents: Agents, homepage: str) -> None:
    assert "homepage" not in await seen(agents, {"agent": {"name": "N", "homepage": homepage}})


async def test_names_are_one_clean_line_and_otherwise_as_they_were_sent(agents: Agents) -> None:
    said = {"name": "\x1b[31mEvil\x1b[0m\nBot\u202e", "key": "a\r\nb", "vendor": "<script>alert(1)</script>"}

    found = await seen(agents, {"agent": said}, user_agent="x\xff\x01y")

    assert (found["name"], found["key"], found["vendor"]) == ("Evil Bot", "a b", said["vendor"])


# --- private notes ---


@pytest.mark.parametrize(
    ("said", "headers", "expected"),
    [
        ({"agent": {"key": "k"}}, {}, "self:k"),
        ({}, {"x_rtrvr_agent_key": "k"}, "self:k"),
        ({"agent": {"name": "N", "vendor": "Acme & Söhne GmbH"}}, {}, "vendor:acme-sohne-gmbh"),
        ({}, {"user_agent": "GPTBot/1.2"}, "vendor:openai"),
        ({}, {"signature_agent": '"https://bot.example"'}, "vendor:bot-example"),
        ({}, {"x_rtrvr_client_id": "caller-123"}, "anon:"),
        ({}, {}, "anon:"),
    ],
)
async def test_notes_lie_where_the_evidence_leads(
    agents: Agents, said: dict[str, Any], headers: dict[str, str], expected: str
) -> None:
    assert (await notes(agents, said, **headers)).startswith(expected)


@pytest.mark.parametrize("key", ["verified:k", "vendor:openai", "anon:x", "self:k"])
async def test_no_name_leads_into_the_notes_of_another_kind(agents: Agents, key: str) -> None:
    assert await notes(agents, {"agent": {"key": key}}) == f"self:{key}"


async def test_anonymous_notes_are_a_networks_and_not_the_next_ones(agents: Agents) -> None:
    one, same, other = [await notes(agents, ip=ip) for ip in ("192.0.2.7", "192.0.2.8", "198.51.100.7")]

    assert one == same != other


# --- handing over ---


@pytest.fixture
def bank(shop: Site) -> Site:
    """`bank.example`: takes tasks from other sites."""
    site = make_site("bank.example", owner=make_owner("banker"))
    configure(site, aiAccess={"enabled": True, "autoPromoteSeconds": 0, "allowDelegatedHandoffs": True})
    return site


async def handed_over(agents: Agents, parent: str, said: Any = None, **headers: str) -> str:
    body = {"url": "https://bank.example/", "instruction": "go on"} | ({} if said is None else said)
    path, _, query = parent.partition("?")
    answer = await agents.post(f"{path}/handoffs?{query}", body, **headers)
    assert answer.status == 202, answer.body
    task: str = answer.json()["task"]
    return task


@pytest.mark.usefixtures("bank")
async def test_a_handoff_is_by_whoever_hands_over(agents: Agents) -> None:
    child = await handed_over(
        agents, await made(agents, {"agent": SAID}), ip="198.51.100.9", user_agent="x/1"
    )

    found = (await agents.get(child)).json()["agent"]

    assert found == {
        **SAID,
        "trust": "self_reported",
        "source": "handoff_agent",
        "verificationMethod": "self_reported",
    }
    row = await in_database(stored)(child)
    assert (row.memory_key, row.launch_source) == (f"self:{SAID['key']}", "delegated_handoff")


@pytest.mark.usefixtures("bank")
async def test_an_agent_object_of_its_own_makes_the_handoff_that_agents(agents: Agents) -> None:
    child = await handed_over(
        agents, await made(agents, {"agent": SAID}), {"agent": {"key": "other", "name": "Other"}}
    )

    found = (await agents.get(child)).json()["agent"]

    assert (found["key"], found["name"], found["source"]) == ("other", "Other", "handoff_agent")
    assert "vendor" not in found
    assert (await in_database(stored)(child)).memory_key == "self:other"


@pytest.mark.usefixtures("bank")
async def test_headers_of_the_handoff_change_nobody(agents: Agents) -> None:
    child = await handed_over(agents, await made(agents, {"agent": SAID}), **HINTS)

    assert (await agents.get(child)).json()["agent"]["key"] == SAID["key"]
