"""RoverBook's pages in a real browser: how they look, without script, with the keyboard, and while a visit
goes on."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.axe import looks, overflow, violations
from tests.browser.roverbook.seeded_visits import write_visits
from tests.e2e.server import RoverServer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
SignIn = Callable[..., Page]
SITE = "harbour-tours-seed02"
FOLDER = Path(os.environ.get("ROVER_SCREENSHOTS", "build/screenshots"))
PICTURED = {"light-1366", "dark-390"}
REPLAY = "#replay h2"


@pytest.fixture(scope="module")
def visits(server: RoverServer) -> dict[str, str]:
    server.rover("seed")
    return write_visits(server, SITE, "some")


@pytest.fixture
def page(visits: dict[str, str], sign_in: SignIn) -> Page:
    return sign_in("travel")


@pytest.fixture
def book(server: RoverServer) -> str:
    return f"http://127.0.0.1:{server.port}/workspace/sites/{SITE}/roverbook/"


def paths(visits: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "overview", ""
    yield "overview-filtered", "?q=outcome:failure+outcom:x&days=90"
    yield "overview-few", "?q=agent:nobody"
    yield "visits", "visits/"
    yield "visits-failed", "visits/?q=outcome:failure"
    yield "visits-none", "visits/?q=agent:nobody"
    yield "analytics", "analytics/"
    yield "visit-failed", f"visits/{visits['failed']}/?step=5&q=outcome:failure"
    yield "visit-going", f"visits/{visits['going']}/"
    yield "visit-trouble", f"visits/{visits['trouble']}/?step=1"


def test_every_page_in_every_look(
    page: Page, book: str, visits: dict[str, str], complaints: list[str]
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    faults = []
    complaints.clear()
    for name, path in paths(visits):
        page.goto(book + path)
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true })")
        for look in looks(page):
            if look in PICTURED:
                page.screenshot(path=FOLDER / f"roverbook-{name}-{look}.png", full_page=True)
                faults += [f"{name} {look}: {one}" for one in complaints]
                complaints.clear()
                faults += [f"{name} {look}: {one}" for one in violations(page)]
                complaints.clear()  # axe itself trips the security policy
            if wide := overflow(page):
                faults.append(f"{name} {look}: {wide} px run off the side")
    assert not faults, "\n".join(faults)


def test_text_of_strangers_runs_nowhere(page: Page, book: str, visits: dict[str, str]) -> None:
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    for _, path in paths(visits):
        page.goto(book + path)
    assert dialogs == []
    expect(page.locator(".rv-wish")).to_contain_text("<script>alert(1)</script>")


def test_everything_can_be_done_without_script(
    visits: dict[str, str], sign_in: SignIn, book: str, server: RoverServer
) -> None:
    page = sign_in("travel", java_script_enabled=False)
    page.goto(f"{book}visits/")
    page.get_by_label("Filter", exact=True).fill("outcome:failure Buy")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".rb-visits tbody tr")).to_have_count(1)
    page.get_by_role("link", name="“Buy it”").click()
    expect(page.locator(REPLAY)).to_have_text("Step 1 of 5")
    page.locator("#replay").get_by_role("link", name="Next").click()
    expect(page.locator(REPLAY)).to_have_text("Step 2 of 5")
    page.locator(".rb-waterfall a").nth(4).click()
    expect(page.locator(REPLAY)).to_have_text("Step 5 of 5")
    expect(page.locator("#replay")).to_contain_text("button has no name")
    page.goto(f"{book}visits/?q=outcome:failure")
    bar = page.locator("svg.rb-columns a").last
    bar.click(force=True)
    expect(page).to_have_url(re.compile("day%3A"))
    page.goto(f"{book}visits/?q=outcom:failure")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Filter", exact=True)).to_have_value("outcome:failure")


def test_arrow_keys_go_from_step_to_step(page: Page, book: str, visits: dict[str, str]) -> None:
    page.goto(f"{book}visits/{visits['failed']}/")
    page.evaluate("window.isSamePage = true")
    heading = page.locator(REPLAY)
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("Step 2 of 5")
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("Step 3 of 5")
    expect(page.locator(".rb-is-shown")).to_contain_text("#button-3")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("Step 2 of 5")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("Step 1 of 5")
    page.keyboard.press("ArrowLeft")
    page.go_back()
    expect(heading).to_have_text("Step 2 of 5")
    assert page.evaluate("window.isSamePage"), "the page was loaded anew"


def test_arrow_keys_leave_alone_what_they_move_elsewhere(
    page: Page, book: str, visits: dict[str, str]
) -> None:
    page.goto(f"{book}visits/{visits['failed']}/?step=2")
    page.locator("#replay pre").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+ArrowRight")
    page.locator("#replay").get_by_role("link", name="Next").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(REPLAY)).to_have_text("Step 3 of 5")
    expect(page.locator("[data-step=on]")).to_be_focused()


def test_a_visit_that_goes_on_is_followed(
    page: Page, book: str, visits: dict[str, str], server: RoverServer
) -> None:
    page.goto(f"{book}visits/{visits['going']}/")
    page.evaluate("window.isSamePage = true")
    expect(page.get_by_role("status").first).to_contain_text("going on")
    write_visits(server, SITE, "step", visits["going"])
    expect(page.locator(".rb-waterfall li")).to_have_count(2, timeout=15_000)
    expect(page.locator(".rb-waterfall li").last).to_contain_text("the price")
    write_visits(server, SITE, "end", visits["going"])
    expect(page.get_by_role("status").first).to_contain_text("succeeded 88 excellent", timeout=15_000)
    assert page.evaluate("window.isSamePage"), "the page was loaded anew"
