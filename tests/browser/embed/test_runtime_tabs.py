"""A run in several tabs: opened by it, shown the run, handed it over, closed; one of them works at a time."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.embed.models import Brain, answers, asks, does
from tests.browser.embed.runtime import SECONDS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOME = "<main><h1>Harbour Tours</h1><p>Boats leave every hour.</p></main>"
PRICES = """<main><h1>Prices</h1><button id=more>Show more</button><p id=said></p></main><script>
    document.getElementById('more').addEventListener('click', () => {
        window.clicks = (window.clicks ?? 0) + 1;
        document.getElementById('said').textContent = 'A ticket costs £8.50.';
    });</script>"""
AT_WORK = "Another tab is at work."
LISTED = "the tabs of this task"


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def begin(visit: Visit, wish: str = "How much is a ticket?") -> Visit:
    """A visitor asks for something on the home page."""
    visit.put("/prices", PRICES)
    return visit.go(HOME).open().ask(wish)


def opened(visit: Visit, wish: str = "How much is a ticket?") -> Visit:
    """The tab that opens when a visitor asks for it."""
    with visit.page.context.expect_page() as found:
        begin(visit, wish)
    return tab(visit, found.value)


def tab(visit: Visit, page: Page) -> Visit:
    return Visit(live=visit.live, site=visit.site, page=page)


def click(name: str) -> str:
    """The pattern of an element's id in what the model is told."""
    return rf'"{name}" \[id=(\d+)\]'


def test_a_tab_that_the_run_opens_shows_the_run_and_does_nothing(guided: Visit, brain: Brain) -> None:
    brain.will(does("open_new_tab", url="/prices"), asks("Which day?"))

    other = opened(guided)

    other.page.wait_for_url("**/prices", timeout=SECONDS)
    expect(other.root.get_by_text(AT_WORK)).to_be_visible(timeout=SECONDS)
    said(other, "How much is a ticket?")
    expect(other.root.get_by_role("textbox", name="Message")).to_be_hidden()
    expect(other.root.get_by_role("button", name="Take control")).to_be_hidden()
    assert other.page.evaluate("window.opener") is None
    expect(guided.root.locator(".ask input")).to_be_visible(timeout=SECONDS)
    assert len(brain.sent) == 2
    assert guided.faults == other.faults == []


def test_the_model_is_told_the_tabs_by_their_numbers(guided: Visit, brain: Brain) -> None:
    brain.will(does("open_new_tab", url="/prices"), asks("Which day?"))

    other = opened(guided)
    expect(guided.root.locator(".ask input")).to_be_visible(timeout=SECONDS)

    assert LISTED not in brain.told[0]
    listed = brain.told[1]
    assert re.search(rf"^1 \(this one\): Harbour {guided.site.url}/$", listed, re.M)
    assert re.search(rf"^2: .*{other.site.url}/prices$", listed, re.M)


def test_the_policy_is_asked_before_a_tab_is_opened(guided: Visit, brain: Brain) -> None:
    there = guided.put("/there", HOME).replace("127.0.0.1", "localhost")
    brain.will(does("open_new_tab", url=there), answers("It may not be opened."))

    begin(guided)

    said(guided, "It may not be opened.")
    assert len(guided.page.context.pages) == 1
    assert "DOMAIN_SCOPE_BLOCKED" in brain.told[1]
    [[decision]] = guided.live.server.sql(
        "SELECT status FROM tasks_runtimetab WHERE logical_tab_id = '2' ORDER BY id DESC LIMIT 1"
    )
    assert decision == "blocked"


def test_the_run_goes_on_in_the_tab_that_is_switched_to(guided: Visit, brain: Brain) -> None:
    brain.will(
        does("open_new_tab", url="/prices"),
        does("switch_tab", logical_tab_id="2"),
        lambda sent: does("click_element", element_id=int(re.findall(click("Show more"), sent.last)[0])),
        answers("A ticket costs £8.50."),
    )

    other = opened(guided)

    said(other, "A ticket costs £8.50.")
    other.until("rover.getState().status === 'completed'")
    assert other.page.evaluate("window.clicks") == 1
    assert "2 (this one): Harbour" in brain.told[2]
    assert "Show more" not in brain.told[1]
    said(guided, "A ticket costs £8.50.")
    assert guided.page.url == f"{guided.site.url}/"
    assert guided.faults == other.faults == []


def test_the_tab_that_gave_the_run_away_watches(guided: Visit, brain: Brain) -> None:
    brain.will(
        does("open_new_tab", url="/prices"), does("switch_tab", logical_tab_id="2"), asks("Which day?")
    )

    other = opened(guided)

    expect(other.root.locator(".ask input")).to_be_visible(timeout=SECONDS)
    expect(guided.root.get_by_text(AT_WORK)).to_be_visible(timeout=SECONDS)
    expect(other.root.get_by_text(AT_WORK)).to_be_hidden()
    expect(guided.root.get_by_role("button", name="Take control")).to_be_hidden()


def test_control_may_be_asked_for_when_the_tab_at_work_is_gone(guided: Visit, brain: Brain) -> None:
    brain.will(does("open_new_tab", url="/prices"), asks("Which day?"), answers("On Friday it is £8.50."))
    other = opened(guided)
    expect(guided.root.locator(".ask input")).to_be_visible(timeout=SECONDS)
    expect(other.root.get_by_text(AT_WORK)).to_be_visible(timeout=SECONDS)

    guided.page.close()

    take = other.root.get_by_role("button", name="Take control")
    expect(take).to_be_visible(timeout=SECONDS)
    take.click()
    field = other.root.locator(".ask input")
    expect(field).to_be_visible(timeout=SECONDS)
    field.fill("Friday")
    other.root.get_by_role("button", name="Continue").click()
    said(other, "On Friday it is £8.50.")


def test_a_tab_is_closed_by_its_number(guided: Visit, brain: Brain) -> None:
    brain.will(
        does("open_new_tab", url="/prices"),
        does("close_tab", logical_tab_id="2"),
        does("switch_tab", logical_tab_id="2"),
        answers("Closed."),
    )

    other = opened(guided)

    said(guided, "Closed.")
    assert other.page.is_closed()
    assert LISTED not in brain.told[2]
    assert "TAB_NOT_ACCESSIBLE" in brain.told[3]


def test_the_only_tab_is_not_closed(guided: Visit, brain: Brain) -> None:
    brain.will(does("close_tab"), answers("It stays."))

    begin(guided)

    said(guided, "It stays.")
    assert "TAB_NOT_ACCESSIBLE" in brain.told[1]


def test_a_tab_of_the_run_that_closes_itself_hands_the_run_over(guided: Visit, brain: Brain) -> None:
    brain.will(
        does("open_new_tab", url="/prices"),
        does("switch_tab", logical_tab_id="2"),
        does("close_tab"),
        answers("Back on the home page."),
    )

    other = opened(guided)

    said(guided, "Back on the home page.")
    assert other.page.is_closed()
    assert "Harbour Tours" in brain.told[3]


def test_a_tab_of_another_site_is_told_and_gets_nothing_of_this_one(guided: Visit, brain: Brain) -> None:
    guided.page.context.route("http://partner.example/**", lambda route: route.fulfill(body="Offers"))
    brain.will(does("open_new_tab", url="http://partner.example/offers"), asks("Which one?"))

    other = opened(guided)
    other.page.wait_for_url("http://partner.example/offers", timeout=SECONDS)
    expect(guided.root.locator(".ask input")).to_be_visible(timeout=SECONDS)

    assert re.search(r"^2: +http://partner\.example/offers$", brain.told[1], re.M)
    assert other.page.evaluate("[opener, name, sessionStorage.length]") == [None, "", 0]


def test_the_tabs_of_a_run_are_none_of_the_next_one_s(guided: Visit, brain: Brain) -> None:
    brain.will(does("open_new_tab", url="/prices"), answers("Opened."), answers("Every hour."))
    other = opened(guided)
    said(guided, "Opened.")
    expect(other.root.get_by_text(AT_WORK)).to_be_hidden(timeout=SECONDS)

    guided.ask("When do boats leave?")

    said(guided, "Every hour.")
    assert LISTED not in brain.told[2]
    other.page.reload()
    other.page.wait_for_load_state("networkidle")
    assert (
        other.page.evaluate("Object.keys(sessionStorage).filter((name) => name.startsWith('rover:tab'))")
        == []
    )
