"""Addresses, headers, queries and paths that are odd on purpose."""

from typing import Any

import pytest

from tasks.models import AgentTask
from tests.tasks.agents.steps import (
    BODY,
    TASKS,
    URL,
    agent_row,
    check_headers,
    limited,
    nothing_is_stored,
    refusal,
)
from tests.tasks.agents.support import Agents, make_site
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site

# --- addresses ---


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example@evil.example/",
        "https://user:secret@shop.example/",
        "https://user@shop.example/",
        "javascript://shop.example/%0aalert(1)",
        "data:text/html,https://shop.example/",
        "file://shop.example/etc/passwd",
        "ftp://shop.example/",
        "ws://shop.example/",
        "blob:https://shop.example/1",
        "view-source:https://shop.example/",
        "//shop.example/",
        "/shop.example",
        "shop.example",
        "shop.example:443",
        "https:",
        "https://",
        "https:///",
        "https://?shop.example",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://shop..example/",
        "https://.shop.example/",
        "https://shop.example%00.evil.example/",
        "https://shop.exa mple/",
        "https://shop.example\n.evil.example/",
        "https://shop.example/\x00a",
        "https://[::1/",
        "https://[shop.example]/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://xn--a.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://shop.example/" + "x" * 9_000,
    ],
)
async def test_an_address_that_could_be_read_in_two_ways_is_none(
    agents: Agents, shop: Site, url: str
) -> None:
    assert refusal(await agents.post(TASKS, BODY | {"url": url})) == (400, "INVALID_URL")
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/#https://shop.example/",
        "https://evil.example/?url=https://shop.example/",
        "https://evil.example/https://shop.example/",
        "https://shop.example.evil.example/",
        "https://shop-example/",
        "https://xshop.example/",
        "https://example/",
        "https://shоp.example/",  # a Cyrillic о
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_an_address_of_another_host_is_not_the_sites(agents: Agents, shop: Site, url: str) -> None:
    assert refusal(await agents.post(TASKS, BODY | {"url": url})) == (404, "SITE_NOT_FOUND")
    assert await in_database(nothing_is_stored)()


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("HTTPS://SHOP.Example", URL),
        ("https://shop.example.", URL),
        ("https://shop.example:443/", URL),
        ("https:\\\\shop.example\\a", f"{URL}a"),
        ("https://shop.example\\@evil.example/", f"{URL}@evil.example/"),
        ("https:shop.example/", URL),
        ("https:////shop.example/", URL),
        ("https://%73hop.example/", URL),
        ("https://ｓｈｏｐ.example/", URL),
        ("https://shop。example/", URL),
        ("https://shop.example/../../a/./b", f"{URL}a/b"),
        ("\n https://shop.example/ \t\x00", URL),
        ("https://shop.example/<script>'\"", f"{URL}%3Cscript%3E'%22"),
    ],
)
async def test_a_site_is_found_by_the_host_that_browsers_would_visit(
    agents: Agents, shop: Site, url: str, spelled: str
) -> None:
    answer = await agents.post(TASKS, BODY | {"url": url})
    row = await in_database(agent_row)(answer.json()["id"])

    assert answer.status == 202
    assert (row.host, row.url) == ("shop.example", spelled)
    assert answer.json()["open"].startswith(f"{row.url}#")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/"],
)
async def test_every_form_of_an_ip_address_is_the_same_host(
    agents: Agents, transactional_db: None, url: str
) -> None:
    await in_database(make_site)("127.0.0.1", environment="development")

    assert (await agents.create(url))["open"].startswith("http://127.0.0.1/#")


# --- headers and queries ---

JUNK = [
    "",
    " ",
    ",",
    ";",
    "=",
    '"',
    '"unclosed',
    "\xff\xfe\x80",
    "\t\x01\x7f",
    "é" * 50,
    "a" * 60_000,
    "," * 60_000,
    '"' * 30_001,
    ("a;b=" * 10_000) + '"',
    "sig1=:////:, sig1=",
    'sig1=("@method" "@target-uri");created=1;keyid="x";alg="none"',
    "Bearer",
    "Bearer  ",
    "application/json;q=2, */*;q=x",
    "wait=0, execution=cloudy;x",
    "wait=٣",
    "%00%ff",
    "-1",
    "rvrsess_x.y",
]
HEADERS = [
    "prefer",
    "user_agent",
    "signature_agent",
    "signature",
    "signature_input",
    "content_digest",
    "x_rtrvr_client_id",
    "x_rtrvr_agent_key",
    "x_client_id",
    "content_type",
    "content_length",
    "content_encoding",
    "origin",
    "referer",
    "cookie",
    "forwarded",
    "x_forwarded_for",
    "last_event_id",
    "host",
    "authorization",
]


@pytest.mark.parametrize("header", HEADERS)
async def test_junk_in_a_header_keeps_nobody_from_a_task(
    agents: Agents, shop: Site, settings: Any, header: str
) -> None:
    limited(settings)
    for junk in JUNK:
        value = junk.encode("latin-1", "replace").decode("latin-1")
        for lines in (value, [value, value]):
            answer = await agents.post(TASKS, BODY, **{header: lines})
            assert (answer.status, answer.json()["status"]) == (202, "pending"), (junk[:40], answer.body)
    check_headers(answer)


async def test_junk_in_all_headers_of_a_signature_at_once_is_a_caller_without_one(
    agents: Agents, shop: Site, settings: Any
) -> None:
    limited(settings)
    for junk in JUNK:
        value = junk.encode("latin-1", "replace").decode("latin-1")
        answer = await agents.post(
            TASKS, BODY, signature=value, signature_input=value, signature_agent=value, content_digest=value
        )
        row = await in_database(agent_row)(answer.json()["id"])
        assert row.trust in ("anonymous", "heuristic"), junk[:40]


@pytest.mark.parametrize("header", ["accept", "idempotency_key"])
async def test_junk_in_a_header_that_decides_is_refused_or_passed_over(
    agents: Agents, shop: Site, settings: Any, header: str
) -> None:
    limited(settings)
    for junk in JUNK:
        value = junk.encode("latin-1", "replace").decode("latin-1")
        for lines in (value, [value, value]):
            before = await in_database(AgentTask.objects.count)()
            answer = await agents.post(TASKS, BODY, **{header: lines})
            made = await in_database(AgentTask.objects.count)() - before
            if answer.status == 202:
                assert made == ("idempotency-replayed" not in answer.headers)
            else:
                assert refusal(answer)[0] in (400, 406), junk[:40]
                assert made == 0


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?access",
        "?access=",
        "?access=%00",
        "?access=%ff",
        "?access=%zz",
        "?access=a+b",
        "?access=agt_access_",
        "?access=" + "a" * 43,
        "?access=" + "a" * 10_000,
        "?access=" + "a=b&" * 1_000,
        "?access=agt_access_" + "a" * 43 + "&access=b",
        "?ACCESS=agt_access_" + "a" * 43,
        "?" + "&" * 10_000,
        "?access=..%2f..",
        "?access='%20OR%201=1--",
    ],
)
async def test_junk_in_a_query_opens_nothing(agents: Agents, shop: Site, query: str) -> None:
    created = await agents.create()
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", ""), ("POST", "/handoffs")]:
        address = created["task"].partition("?")[0] + path
        answer = await agents.call(method, address + query, {"input": "x"})
        assert refusal(answer) in {(404, "TASK_NOT_FOUND"), (400, "INVALID_REQUEST")}, method
    assert (await in_database(agent_row)(created["id"])).task.status == "waiting_browser"


@pytest.mark.parametrize(
    "name",
    [
        "agt_",
        "agt_" + "0" * 31,
        "agt_" + "0" * 33,
        "agt_" + "G" * 32,
        "wf_" + "0" * 32,
        "%00",
        "%2e%2e",
        "agt_" + "0" * 32 + "%0a",
        "a" * 5_000,
        "claim-browser2",
        "ä",
    ],
)
async def test_junk_in_a_path_names_nothing(agents: Agents, shop: Site, name: str) -> None:
    created = await agents.create()
    token = created["task"].partition("access=")[2]

    for method in ("GET", "POST", "DELETE"):
        answer = await agents.call(method, f"/v1/tasks/{name}?access={token}", {"input": "x"})
        assert refusal(answer) == (404, "TASK_NOT_FOUND")
