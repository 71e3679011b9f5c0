"""POST /v1/tasks: what a caller needs, what he gets, and what he is refused."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import serializers
from django.db.models import CharField
from django.utils import timezone

from tasks.core.public_create import PROMPT_MAX
from tasks.models import AgentTask, Event, Receipt, RememberedKey, Task
from tests.tasks.agents.steps import (
    BODY,
    SHORTCUTS,
    TASKS,
    URL,
    agent_row,
    check_headers,
    receipt_of,
)
from tests.tasks.agents.support import IN_CLOUD, Agents, configure, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import KeyUsage, Site

TOKEN = "[A-Za-z0-9_-]{43}"
IDENTITY = {
    "key": "gpt-5.4-demo-agent",
    "name": "GPT-5.4 Demo Agent",
    "vendor": "OpenAI",
    "model": "gpt-5.4",
    "version": "2026-03",
    "homepage": "https://agents.example/gpt",
}
CLOUD = {"prefer": "execution=cloud"}


@pytest.fixture
def cloud_shop(transactional_db: None) -> Site:
    """`shop.example`, where tasks may run on the server, with two shortcuts."""
    return make_site(capabilities=IN_CLOUD, shortcuts=SHORTCUTS)


async def asked(agents: Agents, **body: Any) -> AgentTask:
    """The stored task that this body makes, beside url and prompt."""
    created = await agents.create(**body)
    return await in_database(agent_row)(created["id"])


# --- the answer ---


async def test_a_url_and_a_prompt_make_a_task(agents: Agents, shop: Site) -> None:
    answer = await agents.post(TASKS, BODY, content_type="application/json", accept="application/json")

    created = answer.json()
    assert answer.status == 202
    assert set(created) == {
        "id", "task", "workflow", "open", "browserLink", "status", "expiresAt", "retryAfterMs"
    }  # fmt: skip
    assert re.fullmatch("agt_[0-9a-f]{32}", created["id"])
    base = re.escape("http://127.0.0.1:8000")
    assert re.fullmatch(rf"{base}/v1/tasks/{created['id']}\?access=agt_access_{TOKEN}", created["task"])
    assert re.fullmatch(
        rf"{base}/v1/workflows/wf_[0-9a-f]{{32}}\?access=wf_access_{TOKEN}", created["workflow"]
    )
    assert re.fullmatch(rf"https://shop\.example/#rover_receipt=rrc_{TOKEN}", created["open"])
    assert created["status"] == "pending"
    assert created["retryAfterMs"] == 2000
    lifetime = datetime.fromisoformat(created["expiresAt"]) - timezone.now()
    assert timedelta(minutes=14) < lifetime <= timedelta(minutes=15)


async def test_its_headers_say_where_to_look_and_when(agents: Agents, shop: Site) -> None:
    answer = await agents.post(TASKS, BODY)

    check_headers(answer)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == answer.json()["task"]
    assert answer.headers["retry-after"] == "2"
    assert "preference-applied" not in answer.headers


async def test_the_task_address_is_the_task_and_the_workflow_address_its_workflow(
    agents: Agents, shop: Site
) -> None:
    created = await agents.create()

    task, workflow = await agents.get(created["task"]), await agents.get(created["workflow"])

    assert (task.status, task.json()["id"]) == (200, created["id"])
    assert (workflow.status, workflow.json()["rootTask"]) == (200, created["id"])
    assert urlsplit(created["workflow"]).path.endswith(workflow.json()["id"])


async def test_each_root_task_has_a_workflow_of_its_own(agents: Agents, shop: Site) -> None:
    first, second = await agents.create(), await agents.create()

    names = {value.partition("?")[0] for one in (first, second) for value in (one["task"], one["workflow"])}
    assert len(names) == 4


async def test_tokens_are_never_stored(agents: Agents, shop: Site) -> None:
    created = await agents.create(header_idempotency_key="k" * 22)
    secrets = [
        parse_qs(urlsplit(created["task"]).query)["access"][0],
        parse_qs(urlsplit(created["workflow"]).query)["access"][0],
        receipt_of(created["open"]),
    ]

    def everything() -> str:
        tables = (Task, AgentTask, Event, Receipt, RememberedKey, KeyUsage)
        return "".join(serializers.serialize("json", model.objects.all()) for model in tables)

    text = await in_database(everything)()
    assert created["id"].removeprefix("agt_") in text.replace("-", "")
    assert [secret for secret in secrets if secret.rpartition("_")[2] in text] == []
    assert len(set(secrets)) == 3


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
    ],
)
async def test_the_body_is_json_whatever_its_content_type_says(
    agents: Agents, shop: Site, content_type: str
) -> None:
    assert (await agents.post(TASKS, BODY, content_type=content_type)).status == 202


async def test_a_site_in_any_script_is_found_by_its_name(agents: Agents, transactional_db: None) -> None:
    await in_database(make_site)("xn--bcher-kva.example")

    created = await agents.create("https://BÜCHER.example./lesen")

    assert created["open"].startswith("https://xn--bcher-kva.example/lesen#")


async def test_neither_the_port_nor_the_path_of_a_url_decides_whose_it_is(agents: Agents, shop: Site) -> None:
    created = await agents.create("http://shop.example:8443/a/b?c=d")

    assert created["open"].startswith("http://shop.example:8443/a/b?c=d#")


# --- what is stored ---


async def test_a_task_is_about_its_site_and_its_owner_and_waits_for_a_browser(
    agents: Agents, shop: Site
) -> None:
    row = await asked(agents)

    assert (row.task.site_id, row.task.owner_id, row.task.kind) == (shop.pk, shop.owner_id, "agent")
    assert (row.task.status, row.task.by_worker) == ("waiting_browser", False)
    assert (row.url, row.host, row.prompt, row.shortcut, row.wish) == (
        URL, "shop.example", BODY["prompt"], "", ""
    )  # fmt: skip
    assert (row.execution, row.launch_source, row.depth, row.parent_id) == (
        "auto",
        "public_task_api",
        0,
        None,
    )


@pytest.mark.parametrize(
    ("body", "url", "prompt", "shortcut"),
    [
        ({"targetUrl": URL, "prompt": "p"}, URL, "p", ""),
        ({"url": URL, "goal": "g"}, URL, "g", ""),
        ({"url": URL, "instruction": "i"}, URL, "i", ""),
        ({"url": URL, "shortcut": "latest_post"}, URL, "", "latest_post"),
        ({"url": URL, "shortcutId": "latest_post"}, URL, "", "latest_post"),
        ({"url": URL, "prompt": "p", "goal": "g", "instruction": "i"}, URL, "p", ""),
        ({"url": URL, "prompt": " ", "goal": "g"}, URL, "g", ""),
        ({"url": URL, "prompt": "p", "unheard-of": {"of": [1]}}, URL, "p", ""),
    ],
)
async def test_other_names_are_taken_and_unknown_ones_passed_over(
    agents: Agents, cloud_shop: Site, body: dict[str, Any], url: str, prompt: str, shortcut: str
) -> None:
    answer = await agents.post(TASKS, body)
    row = await in_database(agent_row)(answer.json()["id"])

    assert answer.status == 202
    assert (row.url, row.prompt, row.shortcut) == (url, prompt, shortcut)


async def test_with_a_shortcut_its_prompt_is_kept_as_it_was_and_the_callers_is_context(
    agents: Agents, cloud_shop: Site
) -> None:
    row = await asked(agents, shortcut="latest_post", prompt="only about ovens")
    await in_database(configure)(cloud_shop, shortcuts=[])

    row = await in_database(agent_row)(f"agt_{row.pk.hex}")
    assert (row.shortcut, row.wish, row.prompt) == (
        "latest_post",
        "find the latest post",
        "only about ovens",
    )


async def test_the_richer_envelope_is_kept_with_the_task_and_changes_nothing(
    agents: Agents, shop: Site
) -> None:
    envelope = {
        "capabilityId": "orders.find",
        "args": {"n": 1, "list": ["ä", None, 1.5]},
        "target": {"selector": "#main"},
        "identity": {"userPresent": True},
        "execution": "cloud",
        "accept": {"modes": ["text"]},
        "policy": {"maxSteps": 3},
    }
    row = await asked(agents, **envelope, other="dropped")

    assert row.envelope == envelope
    assert (row.execution, row.task.status) == ("auto", "waiting_browser")


async def test_the_longest_prompt_is_taken_whole(agents: Agents, shop: Site) -> None:
    prompt = "ä" * PROMPT_MAX

    assert (await asked(agents, prompt=f"  {prompt}\n")).prompt == prompt


# --- who asked ---


async def test_an_agent_that_says_who_it_is_is_remembered_as_that(agents: Agents, shop: Site) -> None:
    created = await agents.create(agent=IDENTITY)
    row = await in_database(agent_row)(created["id"])
    shown = (await agents.get(created["task"])).json()["agent"]

    assert (row.agent_key, row.trust, row.memory_key) == (
        IDENTITY["key"],
        "self_reported",
        f"self:{IDENTITY['key']}",
    )
    assert shown.items() >= (IDENTITY | {"trust": "self_reported"}).items()
    assert "memoryKey" not in shown


@pytest.mark.parametrize(
    ("headers", "key", "trust"),
    [
        ({}, None, "anonymous"),
        ({"user_agent": "ExampleBot/1.0"}, None, "heuristic"),
        ({"signature_agent": "ExampleBot"}, "ExampleBot", "heuristic"),
        ({"x_rtrvr_client_id": "caller-123"}, "caller-123", "heuristic"),
        ({"x_client_id": "caller-123"}, "caller-123", "heuristic"),
        ({"x_rtrvr_agent_key": "bot-7"}, "bot-7", "heuristic"),
        ({"signature": "sig1=:AA==:", "signature_input": 'sig1=("@method")'}, None, "heuristic"),
    ],
)
async def test_a_caller_that_does_not_is_told_by_its_headers_and_never_verified(
    agents: Agents, shop: Site, headers: dict[str, str], key: str | None, trust: str
) -> None:
    answer = await agents.post(TASKS, BODY, **headers)
    row = await in_database(agent_row)(answer.json()["id"])

    assert row.trust == trust
    assert row.agent_key == key or (key is None and row.agent_key.startswith("anon:"))


async def test_what_a_caller_says_about_itself_fits_into_every_database(agents: Agents, shop: Site) -> None:
    body = BODY | {"agent": {"vendor": "ü" * 500, "name": "n" * 500, "clientId": "c" * 500}}
    answer = await agents.post(
        TASKS, body, signature_agent="s" * 299, user_agent="u" * 5000, x_client_id="i" * 5000
    )
    row = await in_database(agent_row)(answer.json()["id"])

    assert answer.status == 202
    for name in ("agent_key", "trust", "memory_key", "host", "launch_source", "execution"):
        field = AgentTask._meta.get_field(name)
        assert isinstance(field, CharField)
        assert len(getattr(row, name)) <= (field.max_length or 0), name


async def test_the_same_long_signature_agent_alone_fits_too(agents: Agents, shop: Site) -> None:
    answer = await agents.post(TASKS, BODY, signature_agent='"https://' + "s" * 280 + '"')
    row = await in_database(agent_row)(answer.json()["id"])

    assert len(row.agent_key) <= 128
    assert len(row.memory_key) <= 256


# --- execution ---


@pytest.mark.parametrize(
    ("prefer", "execution"),
    [
        (None, "auto"),
        ("execution=auto", "auto"),
        ("execution=browser", "browser"),
        ("execution=turbo", "auto"),
    ],
)
async def test_a_task_for_a_browser_gets_a_receipt_and_waits(
    agents: Agents, cloud_shop: Site, prefer: str | None, execution: str
) -> None:
    answer = await agents.post(TASKS, BODY, **({"prefer": prefer} if prefer else {}))
    created = answer.json()
    row = await in_database(agent_row)(created["id"])

    assert {"open", "browserLink"} <= set(created)
    assert (row.execution, row.task.status, row.task.by_worker) == (execution, "waiting_browser", False)
    assert await in_database(Receipt.objects.filter(task=row).count)() == 1


async def test_a_task_for_the_cloud_has_no_links_and_is_a_workers(agents: Agents, cloud_shop: Site) -> None:
    answer = await agents.post(TASKS, BODY, **CLOUD)
    created = answer.json()
    row = await in_database(agent_row)(created["id"])

    assert set(created) == {"id", "task", "workflow", "status", "expiresAt", "retryAfterMs"}
    assert answer.headers["preference-applied"] == "execution=cloud"
    assert (row.execution, row.task.status, row.task.by_worker) == ("cloud", "pending", True)
    assert not await in_database(Receipt.objects.exists)()


@pytest.mark.parametrize(
    ("access", "capabilities", "waits"),
    [
        ({"enabled": True}, IN_CLOUD, 45),
        ({"enabled": True, "autoPromoteSeconds": 5}, IN_CLOUD, 5),
        ({"enabled": True, "autoPromoteSeconds": 0}, IN_CLOUD, None),
        ({"enabled": True, "allowCloudBrowser": False}, IN_CLOUD, None),
        ({"enabled": True}, {}, None),
    ],
)
async def test_auto_goes_to_the_cloud_after_a_while_where_the_site_allows_that(
    agents: Agents,
    transactional_db: None,
    access: dict[str, Any],
    capabilities: dict[str, Any],
    waits: int | None,
) -> None:
    await in_database(make_site)(access=access, capabilities=capabilities)

    row = await asked(agents)
    browser = await asked(agents, header_prefer="execution=browser")

    expected = None if waits is None else row.task.created_at + timedelta(seconds=waits)
    assert (row.promote_at, browser.promote_at) == (expected, None)
