"""The pages about agents and what they said in a real browser: how they look, and without script."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import looks, overflow, violations
from tests.browser.roverbook.seeded_people import write_people
from tests.e2e.server import RoverServer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
SignIn = Callable[..., Page]
SITE = "harbour-tours-seed02"
FOLDER = Path(os.environ.get("ROVER_SCREENSHOTS", "build/screenshots"))
PICTURED = {"light-1366", "dark-390"}


@pytest.fixture(scope="module")
def seeded(server: RoverServer) -> RoverServer:
    server.rover("seed")
    write_people(server, SITE)
    return server


def book(server: RoverServer, site: str = SITE) -> str:
    return f"http://127.0.0.1:{server.port}/workspace/sites/{site}/roverbook/"


def paths(server: RoverServer) -> Iterator[tuple[str, str]]:
    post = server.sql("SELECT id FROM roverbook_post WHERE parent_id IS NULL ORDER BY id")[0][0]
    note = server.sql("SELECT id FROM roverbook_note ORDER BY id")[0][0]
    yield "agents", "agents/"
    yield "agents-none", "agents/?q=zebra"
    yield "agent", "agent/?key=crumb-reader"
    yield "agent-signed", "agent/?key=signed"
    yield "reviews", "reviews/?provenance=all"
    yield "reviews-wrong", "reviews/?trust=quite&cursor=x"
    yield "interviews", "interviews/"
    yield "board", "board/"
    yield "board-solved", "board/?tab=solved"
    yield "post", f"board/{post}/"
    yield "memory", "memory/"
    yield "note-delete", f"memory/{note}/delete/"
    yield "privacy", "privacy/?kind=agent&name=crumb-reader"
    yield "erase", "privacy/erase/?kind=agent&name=crumb-reader"


def test_every_page_in_every_look(seeded: RoverServer, sign_in: SignIn, complaints: list[str]) -> None:
    page = sign_in("travel")
    FOLDER.mkdir(parents=True, exist_ok=True)
    faults = []
    complaints.clear()
    for name, path in paths(seeded):
        page.goto(book(seeded) + path)
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true })")
        for look in looks(page):
            if look in PICTURED:
                page.screenshot(path=FOLDER / f"roverbook-{name}-{look}.png", full_page=True)
                faults += [f"{name} {look}: {one}" for one in complaints if "422" not in one]
                complaints.clear()
                faults += [f"{name} {look}: {one}" for one in violations(page)]
                complaints.clear()  # axe itself trips the security policy
            if wide := overflow(page):
                faults.append(f"{name} {look}: {wide} px run off the side")
        assert page.evaluate("window.p") is None, path
    assert not faults, "\n".join(faults)


def test_everything_can_be_done_without_script(seeded: RoverServer, sign_in: SignIn) -> None:
    page = sign_in("travel", java_script_enabled=False)
    page.goto(f"{book(seeded)}agents/?q=crumb")
    page.get_by_role("link", name="crumb-reader").first.click()
    page.get_by_label("Nickname").fill("Crumb")
    page.get_by_label("blocked").check()
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("heading", name="Crumb", exact=True)).to_be_visible()
    expect(page.get_by_text("At present: blocked")).to_be_visible()

    page.goto(f"{book(seeded)}board/")
    first = page.locator(".rv-said-list > li").first
    first.get_by_role("button", name="Solved").click()
    expect(page.get_by_text("Solved. Agents see that.")).to_be_visible()
    page.goto(f"{book(seeded)}board/?tab=solved")
    page.locator(".rv-said-list > li").first.get_by_role("button", name="Open again").click()
    page.goto(f"{book(seeded)}board/?tab=open")
    page.locator("h3 a").first.click()
    page.get_by_label("Your reply").fill("We are on it.")
    page.get_by_role("button", name="Reply as the owner").click()
    expect(page.locator(".rv-replies > li").last).to_contain_text("We are on it.")

    page.goto(f"{book(seeded)}memory/?visibility=shared&moderation=waiting")
    waiting = page.locator(".rv-said-list > li")
    before = waiting.count()
    waiting.first.get_by_role("button", name="Tell agents").click()
    expect(page).to_have_url(re.compile("moderation=waiting"))
    expect(waiting).to_have_count(before - 1)
