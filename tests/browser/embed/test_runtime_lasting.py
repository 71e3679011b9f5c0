"""What must last: half a sentence over a new look, a session over its tokens, a run over its pages, a page that was
put aside."""

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserType, Page, Route, expect

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.embed.conftest import Origin
from tests.browser.embed.runtime import SECONDS, Live, Visit
from tests.browser.embed.widgets import OPEN, WATCH

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOME = """<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p>
    <nav><a href=/prices>Prices</a></nav></main>"""
FORM = """<main><h1>Book a table</h1><form><p><label>Name <input name=name required></label></p>
    <p><label>E-mail <input name=email type=email required></label></p><button>Check</button></form></main>"""
WISH = "When is the office open?"
RENAME = "rover.update({ ui: { agent: { name: 'Mira' }, experience: { theme: { accentColor: 'rebeccapurple' } } } })"


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def hold_step(visit: Visit) -> None:
    visit.page.route("**/v2/rover/agent/step", lambda route: route.abort())


# --- a new look ---


def test_half_a_sentence_outlives_a_new_look(visit: Visit) -> None:
    visit.go(HOME).open()
    field = visit.root.get_by_role("textbox", name="Message")
    field.press_sequentially("When is the")
    field.press("ArrowLeft")

    visit.page.evaluate(RENAME)

    expect(visit.root.get_by_text("Mira").first).to_be_attached(timeout=SECONDS)
    expect(field).to_have_value("When is the")
    expect(field).to_be_focused()
    visit.page.keyboard.type("!")
    expect(field).to_have_value("When is th!e")
    expect(visit.root.get_by_role("button", name="Send")).to_be_enabled()


def test_half_an_answer_outlives_a_new_look(visit: Visit) -> None:
    visit.go(FORM).open().ask("Book a table for Ada Lovelace")
    field = visit.root.locator(".ask input").first
    expect(field).to_be_visible(timeout=SECONDS)
    field.press_sequentially("ada@")

    visit.page.evaluate(RENAME)

    expect(visit.root.get_by_text("Mira").first).to_be_attached(timeout=SECONDS)
    expect(field).to_have_value("ada@")
    expect(field).to_be_focused()


# --- a session ---


def lasting(visit: Visit, seconds: int) -> None:
    """Let the first token last so long."""

    def shorten(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        if len(openings(visit)) == 1:
            told["data"]["sessionTokenExpiresAt"] = int(time.time() + seconds) * 1_000
        route.fulfill(response=answer, json=told)

    visit.page.route("**/v2/rover/session/open", shorten)


def openings(visit: Visit) -> list[int]:
    return [at for at, url in enumerate(visit.asked) if url.endswith("/session/open")]


@pytest.mark.parametrize(("seconds", "times"), [(55, 2), (120, 1)])
def test_a_token_is_renewed_in_its_last_minute(visit: Visit, seconds: int, times: int) -> None:
    lasting(visit, seconds)
    visit.go(HOME).open()
    visit.until("rover.getState().sessionId !== undefined")
    before = visit.state()["sessionId"]

    visit.ask(WISH)

    said(visit, "Monday to Friday")
    assert len(openings(visit)) == times
    assert visit.state()["sessionId"] == before
    first_command = next(at for at, url in enumerate(visit.asked) if url.endswith("/command"))
    assert openings(visit)[-1] < first_command


# --- a run over many pages ---


@pytest.mark.parametrize(("attempts", "goes_on"), [(11, True), (12, False)])
def test_a_run_is_taken_up_twelve_times(visit: Visit, attempts: int, goes_on: bool) -> None:
    tag = visit.live.stub(task={"autoResumePolicy": "auto"})
    visit.go(HOME, tag=tag).open()
    hold_step(visit)
    visit.ask(WISH)
    visit.until("rover.getState().status === 'offline'")
    visit.page.evaluate(
        "([name, attempts]) => addEventListener('pagehide', () => sessionStorage.setItem(name,"
        "JSON.stringify({ ...JSON.parse(sessionStorage.getItem(name)), attempts })))",
        [f"rover:pending:{visit.live.site_id}", attempts],
    )
    visit.page.unroute("**/v2/rover/agent/step")

    visit.page.reload()

    if goes_on:
        said(visit, "Monday to Friday")
    else:
        visit.until("rover.getState().status === 'cancelled' && rover.getState().runId === ''")
    assert visit.live.runs()[-1][0] == ("completed" if goes_on else "cancelled")


# --- a page that was put aside ---


@pytest.fixture
def keeping(live: Live, site: Origin, browser: Browser) -> Iterator[Visit]:
    """A visit with a browser that keeps pages which were left."""
    kind: BrowserType = browser.browser_type
    other = kind.launch(
        executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
    )
    context = other.new_context()
    context.add_init_script(OPEN)
    context.add_init_script(WATCH)
    yield Visit.begin(live, site, context)
    other.close()


def back(page: Page) -> bool:
    """Leave the page and come back; whether the browser had kept it."""
    page.evaluate(
        "window.mark = 1; addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted; })"
    )
    page.goto(page.url.partition("/?")[0].rstrip("/") + "/aside")
    page.go_back(wait_until="commit")
    return bool(page.evaluate("window.mark === 1 && window.persisted"))


def test_a_page_that_was_kept_goes_on_talking(keeping: Visit) -> None:
    keeping.put("/aside", "<h1>Aside</h1>", tag=" ")
    keeping.go(HOME).open().ask(WISH)
    said(keeping, "Monday to Friday")

    assert back(keeping.page), "a page with Rover is one that the browser keeps"

    keeping.ask("When is the office open on Monday?")
    keeping.until("rover.getState().messages.length === 4")
    said(keeping, "When is the office open on Monday?")


def test_a_tab_that_was_kept_is_known_again(keeping: Visit) -> None:
    keeping.put("/aside", "<h1>Aside</h1>", tag=" ")
    keeping.go(HOME).open()
    keeping.until("rover.getState().sessionId !== undefined")
    keeping.page.evaluate(
        """(site) => {
            const { sessionId } = rover.getState();
            window.name = JSON.stringify([`rover:${site}:${sessionId}`]);
        }""",
        keeping.live.site_id,
    )
    [channel] = json.loads(keeping.page.evaluate("window.name"))
    ask = """(name) => new Promise((done) => {
        const channel = new BroadcastChannel(name);
        channel.onmessage = ({ data }) => data.here && done(data.here.id);
        channel.postMessage({ who: true });
        setTimeout(() => done(null), 1000);
    })"""
    other = keeping.page.context.new_page()
    other.goto(keeping.put("/listener", "<h1>Listener</h1>", tag=" "))
    assert other.evaluate(ask, channel) == 1
    keeping.page.goto(f"{keeping.site.url}/aside")
    assert other.evaluate(ask, channel) is None

    keeping.page.go_back(wait_until="commit")

    assert other.evaluate(ask, channel) == 1


# --- a greeting ---


def test_a_greeting_is_said_once_in_a_tab(visit: Visit) -> None:
    tag = visit.live.stub(
        ui={"greeting": {"text": "Ahoy, I am {name}.", "delay": 0}, "agent": {"name": "Mira"}}
    )
    visit.go(HOME, tag=tag)
    hello = visit.root.get_by_text("Ahoy, I am Mira.")
    expect(hello).to_be_visible(timeout=SECONDS)

    visit.asked.clear()
    visit.page.reload()
    expect(visit.root).to_be_attached(timeout=SECONDS)
    visit.page.wait_for_load_state("networkidle")

    expect(hello).to_have_count(0)
    assert not [url for url in visit.asked if "/embed/" in url]


def test_a_greeting_that_the_site_switched_off_is_not_said(visit: Visit) -> None:
    tag = visit.live.stub(ui={"greeting": {"text": "Ahoy", "delay": 0, "disabled": True}})
    visit.go(HOME, tag=tag)
    expect(visit.root).to_be_attached(timeout=SECONDS)
    visit.page.wait_for_load_state("networkidle")

    assert visit.root.get_by_text("Ahoy").count() == 0
