"""The domain editor of a key, in a real browser: with script and without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from rover_site.seeding import BAKERY, SAMPLES
from tests.e2e.server import RoverServer

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
SignIn = Callable[..., Page]


@pytest.fixture(scope="module", autouse=True)
def samples(server: RoverServer) -> None:
    server.rover("seed")


def open_editor(page: Page, server: RoverServer) -> Page:
    """The domains of the first sample's production key."""
    site = next(sample for sample in SAMPLES if sample.owner == BAKERY)
    page.goto(f"http://127.0.0.1:{server.port}/workspace/sites/{site.public_id}/keys/")
    page.get_by_role("row").filter(has_text="production").first.get_by_role("link").first.click()
    page.get_by_role("link", name="Edit domains").click()
    return page


def rules(page: Page) -> Locator:
    """The rows of the form."""
    return page.get_by_role("textbox", name=re.compile(r"^Rule \d+$"))


def test_what_a_rule_covers_is_said_while_it_is_typed(
    server: RoverServer, sign_in: SignIn, complaints: list[str]
) -> None:
    page = open_editor(sign_in(BAKERY), server)
    count = rules(page).count()
    page.get_by_role("button", name="Add a rule").click()
    page.keyboard.type("co.uk")
    added = page.get_by_label(f"Rule {count + 1}", exact=True)
    expect(added).to_be_focused()
    expect(added).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("co.uk is a suffix under which many owners")).to_be_visible()

    added.fill("https://Cafe.example/menu")
    expect(page.get_by_text("is saved as cafe.example")).to_be_visible()
    expect(added).not_to_have_attribute("aria-invalid", "true")
    assert complaints == []


def test_the_tester_answers_for_the_rules_as_typed(
    server: RoverServer, sign_in: SignIn, complaints: list[str]
) -> None:
    page = open_editor(sign_in(BAKERY), server)
    address = page.url
    page.get_by_label("Host or address").fill("https://stage.elsewhere.example/x")
    page.keyboard.press("Enter")
    expect(page.get_by_text("✕ Blocked")).to_be_visible()

    page.get_by_role("button", name="Add it to the rules").click()
    expect(page.get_by_text("✓ Allowed")).to_be_visible()
    expect(rules(page).last).to_have_value("=stage.elsewhere.example")
    expect(page.get_by_role("status").filter(has_text="stage.elsewhere.example: allowed")).to_be_visible()
    assert page.url == address
    assert complaints == []


def test_removing_a_rule_keeps_the_keyboard_in_the_list(
    server: RoverServer, sign_in: SignIn, complaints: list[str]
) -> None:
    page = open_editor(sign_in(BAKERY), server)
    for rule in ("one.example", "two.example", "three.example"):
        page.get_by_role("button", name="Add a rule").click()
        page.keyboard.type(rule)
    count = rules(page).count()
    page.get_by_role("button", name=f"Remove rule {count - 1}", exact=True).press("Enter")
    expect(page.get_by_label(f"Rule {count - 1}", exact=True)).to_be_focused()
    expect(page.get_by_label(f"Rule {count - 1}", exact=True)).to_have_value("three.example")
    expect(page.get_by_text("two.example, not saved yet")).to_be_visible()
    assert complaints == []


def test_without_script_every_button_keeps_what_was_typed(server: RoverServer, sign_in: SignIn) -> None:
    page = open_editor(sign_in(BAKERY, java_script_enabled=False), server)
    count = rules(page).count()
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label(f"Rule {count + 1}", exact=True).fill("no-script.example")
    page.keyboard.press("Enter")
    expect(page.get_by_text("covers no-script.example")).to_be_visible()

    page.get_by_label("Host or address").fill("other.example")
    page.get_by_role("button", name="Try").click()
    page.get_by_role("button", name="Add it to the rules").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. The rules hold")).to_be_visible()
    assert rules(page).nth(count).input_value() == "no-script.example"
    assert rules(page).nth(count + 1).input_value() == "=other.example"
