"""POST /v2/rover/context/external: pages of other sites, gate by gate, then really fetched."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tasks.agents.support import change_policy, make_site
from tests.tasks.sessions.support import Page, Runtime, data, refused
from tests.tasks.streaming_fixtures import in_database
from workspace.models import Site, SiteKey

OPEN_POLICY = {"enableExternalWebContext": True, "externalScrapeMode": "on_demand"}
READS = {"externalWebContextScrape": True, "cloudAgent": True}
ELSEWHERE = "https://news.example/today"


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Site]:
    """A site that lets its agent read elsewhere."""
    site = make_site(capabilities=READS)
    change_policy(site, **OPEN_POLICY)
    yield site


@pytest.fixture
def lenient_shop(shop: Site, settings: Any) -> Site:
    """The same where loopback may be read: its addresses are numbers with ports, which score as attacks."""
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "loopback"})
    change_policy(shop, adversarialThreshold=10)
    return shop


async def external(page: Page, url: str = ELSEWHERE, intent: str = "open_only", **fields: Any) -> Any:
    """The answer, asked with the counters that the page knows."""
    known = {"runId": page.run_id, "expectedEpoch": page.epoch, "expectedSeq": page.seq}
    return await page.send("context/external", **(known | {"url": url, "intent": intent} | fields))


async def test_a_page_that_is_only_opened_is_not_fetched(runtime: Runtime, shop: Site) -> None:
    page = await runtime.page(shop)
    await page.ask()

    found = data(await external(page, "https://no-such-host.invalid/", logicalTabId="2"))

    assert found == {
        "intent": "open_only",
        "mode": "open_only",
        "reason": "policy_allows",
        "url": "https://no-such-host.invalid/",
        "runId": page.run_id,
        "currentSeq": 2,
    }
    (tab,) = (await page.state())["tabs"]
    assert (tab["logicalTabId"], tab["scope"], tab["status"]) == ("2", "external", "open")


async def test_a_page_that_is_read_comes_back_as_text_of_strangers(
    runtime: Runtime, lenient_shop: Site, origin: Any
) -> None:
    url = origin("<title>News</title><main><h1>Today</h1><p>It rains.</p></main>")
    page = await runtime.page(lenient_shop)
    await page.ask()

    found = data(await external(page, url, "read_context", logicalTabId="2"))

    assert (found["pageData"]["url"], found["pageData"]["title"]) == (url, "Today")
    assert "It rains." in found["pageData"]["content"]
    assert found["pageData"]["metadata"]["external"] is True
    state = await page.state()
    assert state["tabs"][0]["status"] == "scraped"
    assert [event["type"] for event in state["events"]] == ["run_started", "external_context"]


async def test_the_same_question_is_answered_from_memory_for_a_while(
    runtime: Runtime, lenient_shop: Site, origin: Any
) -> None:
    url = origin("<title>News</title><main><p>It rains.</p></main>")
    page = await runtime.page(lenient_shop)
    await page.ask()
    first = data(await external(page, url, "read_context"))

    again = data(await external(page, url, "read_context"))

    assert again == first
    assert origin.n_requests(url) == 1


async def test_acting_carries_the_message_out_over_there(
    runtime: Runtime, lenient_shop: Site, origin: Any
) -> None:
    url = origin(
        "<title>Inn</title><main><h1>Inn</h1><h2>Opening hours</h2><p>Monday: 9:00 - 17:00</p></main>"
    )
    page = await runtime.page(lenient_shop)
    await page.ask()

    found = data(await external(page, url, "act", message="What are the opening hours?", logicalTabId="2"))

    assert found["result"]["status"] == "completed", found
    assert "9:00" in found["result"]["text"]
    assert (await page.state())["tabs"][0]["status"] == "acted"


async def test_private_addresses_are_not_read(runtime: Runtime, shop: Site, origin: Any) -> None:
    url = origin("<title>Inside</title>")
    page = await runtime.page(shop)
    await page.ask()

    # two points for an address that is a number, one for the port: the score stands before the transport
    answer = await external(page, url, "read_context")

    assert refused(answer) == (403, "ADVERSARIAL_BLOCKED")
    assert origin.n_requests(url) == 0


async def test_nor_are_they_behind_a_name(
    runtime: Runtime, lenient_shop: Site, settings: Any, origin: Any
) -> None:
    settings.ROVER = settings.ROVER.model_copy(update={"ssrf_level": "strict"})
    url = origin("<title>Inside</title>").replace("127.0.0.1", "localhost")
    page = await runtime.page(lenient_shop)
    await page.ask()

    answer = await external(page, url, "read_context")

    assert refused(answer) == (502, "EXTERNAL_UNAVAILABLE")
    assert origin.n_requests(url) == 0


@pytest.mark.parametrize(
    ("policy", "capabilities", "url", "intent", "code"),
    [
        ({"enableExternalWebContext": False}, READS, ELSEWHERE, "open_only", "EXTERNAL_POLICY_BLOCKED"),
        ({"externalScrapeMode": "off"}, READS, ELSEWHERE, "read_context", "EXTERNAL_POLICY_BLOCKED"),
        ({}, {"externalWebContextScrape": False}, ELSEWHERE, "read_context", "CAPABILITY_MISSING"),
        ({}, {"cloudAgent": False}, ELSEWHERE, "act", "CAPABILITY_MISSING"),
        ({"externalDenyDomains": ["news.example"]}, READS, ELSEWHERE, "open_only", "EXTERNAL_POLICY_BLOCKED"),
        (
            {"externalDenyDomains": ["news.example"]},
            READS,
            "https://a.news.example/",
            "open_only",
            "EXTERNAL_POLICY_BLOCKED",
        ),
        (
            {"externalAllowDomains": ["else.example"]},
            READS,
            ELSEWHERE,
            "open_only",
            "EXTERNAL_POLICY_BLOCKED",
        ),
        ({"externalAllowDomains": ["news.example"]}, READS, ELSEWHERE, "open_only", ""),
        ({}, READS, "https://news.example/verify/confirm?session=1", "open_only", "ADVERSARIAL_BLOCKED"),
        # the score stands behind the lists
        (
            {"externalDenyDomains": ["news.example"]},
            READS,
            "https://news.example/verify/confirm?session=1",
            "open_only",
            "EXTERNAL_POLICY_BLOCKED",
        ),
    ],
)
async def test_gates_in_their_order(
    runtime: Runtime,
    shop: Site,
    policy: dict[str, Any],
    capabilities: dict[str, Any],
    url: str,
    intent: str,
    code: str,
) -> None:
    await in_database(change_policy)(shop, **policy)
    key = await in_database(SiteKey.objects.get)(site=shop)
    await in_database(SiteKey.objects.filter(pk=key.pk).update)(capabilities=key.capabilities | capabilities)
    page = await runtime.page(shop)
    await page.ask()

    answer = await external(page, url, intent)

    if code:
        assert refused(answer) == (403, code)
    else:
        assert data(answer)["mode"] == "open_only"


async def test_counters_stand_before_the_policy(runtime: Runtime, shop: Site) -> None:
    await in_database(change_policy)(shop, enableExternalWebContext=False)
    page = await runtime.page(shop)
    await page.ask()

    assert refused(await external(page, expectedEpoch=9)) == (409, "stale_epoch")
    assert refused(await external(page, expectedSeq=9)) == (409, "stale_seq")
    assert refused(await external(page, runId="another")) == (404, "RUN_NOT_FOUND")


@pytest.mark.parametrize("url", ["ftp://news.example/", "javascript:alert(1)", "/relative", "https://"])
async def test_what_is_no_web_address_is_refused(runtime: Runtime, shop: Site, url: str) -> None:
    page = await runtime.page(shop)
    await page.ask()

    assert refused(await external(page, url)) == (400, "INVALID_ARGUMENT")


async def test_a_page_that_never_answers_is_given_up(
    runtime: Runtime, lenient_shop: Site, origin: Any
) -> None:
    url = origin(None)
    page = await runtime.page(lenient_shop)
    await page.ask()

    answer = await external(page, url, "read_context", timeoutMs=300)

    assert refused(answer) == (504, "EXTERNAL_TIMEOUT")
    assert (await page.state())["events"][-1]["data"]["error"] == "EXTERNAL_TIMEOUT"
