"""The page of an agent's task in a real browser: it follows the task, and ends it."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from rover_site.demo import DemoSiteThread
from tests.browser.agents import open_to_agents, start, status_of, task_page
from tests.e2e.server import RoverServer, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
SignIn = Callable[..., Page]
LATEST = "What is the latest article?"
HOSTILE = '<img src=x onerror="window.p=1"><script>window.p=1</script>'


@pytest.fixture(scope="module")
def slow_site() -> Iterator[DemoSiteThread]:
    with DemoSiteThread(delay_ms=700) as site:
        yield site


@pytest.fixture(scope="module")
def endless_site() -> Iterator[DemoSiteThread]:
    """One on which nothing ends before somebody ends it."""
    with DemoSiteThread(delay_ms=20_000) as site:
        yield site


@pytest.fixture(scope="module")
def site_id(server: RoverServer) -> str:
    return open_to_agents(server, "owner", siteName="Lighthouse")


def test_events_and_the_result_appear_as_they_happen_without_a_new_page(
    server: RoverServer, site_id: str, slow_site: DemoSiteThread, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in()
    name = start(server, slow_site.url("/"), LATEST)

    page.goto(task_page(server, site_id, name))
    page.evaluate("window.isTheSamePage = true")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    seen = page.locator("[data-events] > li").count()
    expect(page.locator("[data-live=status]")).to_contain_text("completed", timeout=30_000)

    rows = page.locator("[data-events] > li")
    expect(rows.last).to_contain_text("End")
    assert rows.count() > seen
    assert rows.evaluate_all("(rows) => rows.map((row) => Number(row.id.slice(1)))") == list(
        range(1, rows.count() + 1)
    )
    expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
    expect(page.locator("[data-live=result]")).to_contain_text("The north cellar opens in April")
    expect(page.get_by_role("button", name="Cancel the task")).to_have_count(0)
    expect(page.get_by_text("Live", exact=True)).to_be_hidden()
    assert page.evaluate("window.isTheSamePage")
    assert complaints == []


def test_a_running_task_is_cancelled_and_whoever_else_watches_sees_it(
    server: RoverServer, site_id: str, endless_site: DemoSiteThread, sign_in: SignIn, complaints: list[str]
) -> None:
    page, watching = sign_in(), sign_in()
    name = start(server, endless_site.url("/"), LATEST)
    for one in (page, watching):
        one.goto(task_page(server, site_id, name))
    expect(watching.get_by_text("Live", exact=True)).to_be_visible()
    expect(watching.locator("[data-live=status]")).to_contain_text("running")

    page.get_by_role("button", name="Cancel the task").click()

    expect(page.get_by_text("The task is cancelled.")).to_be_visible()
    assert status_of(server, name) == "cancelled"
    expect(watching.locator("[data-live=status]")).to_contain_text("cancelled")
    expect(watching.locator("[data-events] > li").last).to_contain_text("cancelled")
    assert server.sql("SELECT action FROM workspace_auditentry WHERE subject_id = ?", name) == [
        ("agent_task.cancelled",)
    ]
    assert complaints == []


def test_a_question_appears_when_it_is_asked(
    server: RoverServer, site_id: str, slow_site: DemoSiteThread, sign_in: SignIn
) -> None:
    page = sign_in()
    name = start(server, slow_site.url("/"), "Could you please tell me?")
    page.goto(task_page(server, site_id, name))
    expect(page.get_by_role("heading", name="It asks")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-live=status]")).to_contain_text("needs an answer")


def test_what_an_agent_writes_does_nothing_in_the_page(
    server: RoverServer, site_id: str, slow_site: DemoSiteThread, sign_in: SignIn, complaints: list[str]
) -> None:
    page = sign_in()
    name = start(server, slow_site.url("/"), f"{HOSTILE} {LATEST}", agent={"name": HOSTILE, "key": HOSTILE})
    page.goto(task_page(server, site_id, name))
    wait_until(lambda: status_of(server, name) in ("completed", "failed", "input_required"))
    expect(page.locator("[data-live=status]")).not_to_contain_text("running")
    page.goto(task_page(server, site_id))
    expect(page.get_by_role("link", name="window.p=1").first).to_be_visible()
    assert page.evaluate("window.p") is None
    assert complaints == []


def test_the_pages_work_without_script(
    server: RoverServer, site_id: str, slow_site: DemoSiteThread, sign_in: SignIn
) -> None:
    page = sign_in(java_script_enabled=False)
    name = start(server, slow_site.url("/"), LATEST)
    page.goto(task_page(server, site_id))
    page.get_by_role("link", name=LATEST).first.click()
    wait_until(lambda: status_of(server, name) == "completed")
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator("[data-live=status]")).to_contain_text("completed")
    expect(page.locator("[data-events]")).to_contain_text("Page seen")


def test_another_owner_finds_neither_the_page_nor_the_stream(
    server: RoverServer, site_id: str, slow_site: DemoSiteThread, sign_in: SignIn
) -> None:
    name = start(server, slow_site.url("/"), LATEST, execution="browser")
    page = sign_in("other")
    for url in (task_page(server, site_id), task_page(server, site_id, name)):
        page.goto(url)
        expect(page.get_by_role("heading", name="Nothing here")).to_be_visible()
    events = f"http://127.0.0.1:{server.port}/workspace/tasks/{UUID(name[-32:])}/events"
    assert page.request.get(events).status == 404
