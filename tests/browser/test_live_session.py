"""The page of a visitor's session in a real browser: it follows what happens, and ends it; and the sample page, on
which an owner tries the assistant with a key of his own."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.agents import open_to_agents
from tests.browser.visitors import LiveVisitor, make_key, session_page, visit
from tests.e2e.server import RoverServer

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
SignIn = Callable[..., Page]
HOSTILE = '<img src=x onerror="window.p=1"><script>window.p=1</script>'


@pytest.fixture(scope="module")
def site_id(server: RoverServer) -> str:
    return open_to_agents(server, "owner", siteName="Lighthouse")


@pytest.fixture(scope="module")
def key(server: RoverServer, site_id: str) -> str:
    return make_key(server, "owner", site_id)


@pytest.fixture
def visitor(server: RoverServer, site_id: str, key: str) -> LiveVisitor:
    return visit(server, site_id, key)


def test_runs_steps_and_their_end_appear_without_a_new_page(
    server: RoverServer, site_id: str, visitor: LiveVisitor, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in()
    page.goto(session_page(server, site_id, visitor.session_id))
    page.evaluate("window.isTheSamePage = true")
    expect(page.get_by_text("Nothing was asked in this session yet.")).to_be_visible()
    expect(page.locator("[data-following]")).to_have_text("Live")

    visitor.ask("Open the blue kettle")
    expect(page.get_by_role("heading", name="The newest run")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-live=run]")).to_contain_text("Open the blue kettle")
    visitor.step()
    expect(page.locator("[data-rows=steps] > li")).to_have_count(1, timeout=15_000)
    seen = page.locator("[data-rows=events] > li").count()
    visitor.tell({"type": "assistant_output", "data": {"text": "Here it is."}}, status="completed")
    expect(page.locator("[data-live=state]")).to_contain_text("completed", timeout=15_000)
    expect(page.locator("[data-rows=events] > li").last).to_contain_text("completed")
    assert page.locator("[data-rows=events] > li").count() > seen
    assert page.evaluate("window.isTheSamePage")
    assert complaints == []


def test_a_run_is_ended_and_the_visitors_page_hears_of_it(
    server: RoverServer, site_id: str, visitor: LiveVisitor, sign_in: SignIn, complaints: list[str]
) -> None:
    visitor.ask("Open the blue kettle")
    page, watching = sign_in(), sign_in()
    for one in (page, watching):
        one.goto(session_page(server, site_id, visitor.session_id))
    page.get_by_role("link", name="End this run…").click()
    page.get_by_role("button", name="End the run").click()
    expect(page.get_by_text("The run is ended.")).to_be_visible()
    assert visitor.status() == "cancelled"
    expect(watching.locator("[data-live=state]")).to_contain_text("cancelled", timeout=15_000)
    expect(watching.get_by_role("link", name="End this run…")).to_have_count(0)

    page.get_by_role("link", name="End the session…").click()
    page.get_by_role("button", name="End the session").click()
    expect(page.get_by_text("The session is ended.")).to_be_visible()
    expect(watching.locator("[data-live=state]")).to_contain_text("ended", timeout=15_000)
    assert complaints == []


def test_details_that_somebody_reads_stay_open(
    server: RoverServer, site_id: str, visitor: LiveVisitor, sign_in: SignIn
) -> None:
    visitor.ask("Open the blue kettle")
    visitor.step()
    page = sign_in()
    page.goto(session_page(server, site_id, visitor.session_id))
    details = page.locator("[data-rows=steps] details").first
    details.locator("summary").click()
    visitor.tell(status="completed")
    expect(page.locator("[data-live=state]")).to_contain_text("completed", timeout=15_000)
    assert details.evaluate("(one) => one.open")


def test_what_a_visitor_writes_does_nothing_in_the_page(
    server: RoverServer, site_id: str, visitor: LiveVisitor, sign_in: SignIn, complaints: list[str]
) -> None:
    visitor.ask(HOSTILE)
    page = sign_in()
    page.goto(session_page(server, site_id, visitor.session_id))
    visitor.tell({"type": "status_update", "data": {"text": HOSTILE}})
    expect(page.locator("[data-rows=events] > li").nth(1)).to_contain_text("window.p=1", timeout=15_000)
    page.goto(session_page(server, site_id))
    expect(page.get_by_text("window.p=1").first).to_be_visible()
    assert page.evaluate("window.p") is None
    assert complaints == []


def test_the_pages_work_without_script(
    server: RoverServer, site_id: str, visitor: LiveVisitor, sign_in: SignIn
) -> None:
    page = sign_in(java_script_enabled=False)
    visitor.ask("Open the blue kettle")
    page.goto(session_page(server, site_id))
    page.get_by_role("link", name=f"…{visitor.session_id[-6:]}").click()
    visitor.tell(status="failed")
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator("[data-live=state]")).to_contain_text("failed")


def test_the_first_session_of_a_site_is_told_as_it_comes(
    server: RoverServer, sign_in: SignIn, complaints: list[str]
) -> None:
    new_site = open_to_agents(server, "owner", siteName="Harbour")
    key = make_key(server, "owner", new_site, domain="localhost")
    page = sign_in()
    page.goto(f"http://127.0.0.1:{server.port}/workspace/sites/{new_site}/install/")
    page.evaluate("window.isTheSamePage = true")
    expect(page.get_by_role("heading", name="Waiting for the first session")).to_be_visible()
    visit(server, new_site, key, host="localhost")
    expect(page.get_by_role("heading", name="First session", exact=True)).to_be_visible(timeout=15_000)
    assert page.evaluate("window.isTheSamePage")
    assert complaints == []


def test_an_owner_tries_the_assistant_on_the_sample_page(
    server: RoverServer, site_id: str, key: str, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in()
    page.goto(f"http://127.0.0.1:{server.port}/workspace/sites/{site_id}/try/")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the sample page").click()
    sample = opened.value
    said: list[str] = []
    sample.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    expect(sample.get_by_role("heading", name="Welcome to the Sample Café")).to_be_visible()
    expect(sample.locator("#rover-widget-root")).to_be_attached()
    assert sample.evaluate("window.opener") is None

    sample.evaluate("window.rover('send', 'When are you open on Saturday?')")
    page.goto(session_page(server, site_id) + "?live=on")

    def asked() -> bool:
        page.reload()
        return page.get_by_text("When are you open on Saturday?").count() > 0

    for _ in range(40):
        if asked():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("When are you open on Saturday?").first).to_be_visible()
    assert said == complaints == []


def test_the_sample_page_cannot_reach_the_workspace(
    server: RoverServer, site_id: str, sign_in: SignIn
) -> None:
    page = sign_in()
    page.goto(f"http://127.0.0.1:{server.port}/workspace/sites/{site_id}/try/")
    path = page.get_by_role("link", name="Open the sample page").get_attribute("href") or ""
    page.goto(f"http://127.0.0.1:{server.port}{path}")
    reach = "(url) => fetch(url).then(() => 'reached', () => 'blocked')"
    assert page.evaluate(reach, "/workspace/") == "blocked"
    assert page.evaluate(reach, "/v1/batches") == "blocked"
    page.get_by_role("searchbox").fill("honey")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name=re.compile("Menu")).last).to_be_visible()
    expect(page.get_by_text("toast with honey")).to_be_visible()
