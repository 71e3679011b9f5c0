"""How the script comes into a page and out of it: stub, attributes, refusals, the launcher, no trace."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.embed.runtime import SECONDS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
BODY = "<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p></main>"
STATE = """() => ({
    html: document.documentElement.outerHTML.replace(/<script.*?<\\/script>/gs, ''),
    globals: Reflect.ownKeys(window).map(String).filter((name) => name !== 'rover').sort(),
    prototypes: [EventTarget, Node, Element, HTMLElement, History, Document].map((kind) =>
        Object.entries(Object.getOwnPropertyDescriptors(kind.prototype))
            .map(([name, { value, get }]) => `${name} ${value ?? get}`)),
    functions: [fetch, setTimeout, open, history.pushState].map(String),
    sheets: document.adoptedStyleSheets.length + document.styleSheets.length,
    stored: [Object.keys(sessionStorage), document.cookie],
    handlers: [typeof onerror, typeof onunhandledrejection],
})"""


def listeners(page: Page) -> list[tuple[str, str]]:
    session = page.context.new_cdp_session(page)
    found = []
    for expression in (
        "window",
        "document",
        "document.documentElement",
        "document.body",
        "window.navigation",
    ):
        target = session.send("Runtime.evaluate", {"expression": expression})["result"]["objectId"]
        told = session.send("DOMDebugger.getEventListeners", {"objectId": target})["listeners"]
        found += [(expression, one["type"]) for one in told]
    session.detach()
    return sorted(found)


def launcher(visit: Visit) -> Any:
    return visit.root.get_by_role("button", name="Ask Rover")


def test_a_tag_with_attributes_draws_a_launcher_and_loads_nothing_else(visit: Visit) -> None:
    visit.go(BODY)
    expect(launcher(visit)).to_be_visible()
    visit.page.wait_for_load_state("networkidle")

    from_rover = [url for url in visit.asked if url.startswith(visit.live.wire.url)]
    assert from_rover == [f"{visit.live.wire.url}/embed.js?v={visit.live.key_id}"]
    assert visit.page.evaluate("window.shift") == 0
    assert visit.faults == []


def test_what_the_stub_was_told_is_done_when_the_script_is_there(visit: Visit) -> None:
    calls = (
        "rover('identify', {name: 'Ada', email: 'ada@example.com'})",
        "window.told = []",
        "rover('on', 'ready', () => told.push('ready'))",
        "rover('on', 'open', () => told.push('open'))",
        "rover('open')",
    )
    visit.go(BODY, tag=visit.live.stub(*calls))

    expect(visit.root.get_by_role("textbox", name="Message")).to_be_visible(timeout=SECONDS)
    assert visit.page.evaluate("window.told") == ["ready", "open"]
    assert visit.state()["visitor"] == {"name": "Ada", "email": "ada@example.com"}


def test_identify_counts_before_the_boot_too(visit: Visit) -> None:
    stub = visit.live.stub()
    before = stub.replace("rover('boot'", "rover('identify', {name: 'Ada'});rover('boot'")
    visit.go(BODY, tag=before)

    expect(launcher(visit)).to_be_visible()
    assert visit.state()["visitor"] == {"name": "Ada"}


def test_commands_are_methods_too(visit: Visit) -> None:
    visit.go(BODY)
    expect(launcher(visit)).to_be_visible()

    visit.page.evaluate("rover.open()")

    expect(visit.root.get_by_role("textbox", name="Message")).to_be_visible()
    visit.page.evaluate("rover.close()")
    expect(visit.root.get_by_role("textbox", name="Message")).to_be_hidden()
    visit.page.evaluate("rover.hide()")
    expect(visit.root).to_be_hidden()


def test_a_second_script_is_an_update_of_the_first(visit: Visit) -> None:
    visit.go(BODY)
    expect(launcher(visit)).to_be_visible()
    visit.page.evaluate("void rover('on', 'updated', () => { window.updated = true; })")

    visit.page.evaluate(
        "(src) => { const tag = document.createElement('script'); tag.src = src;"
        "tag.dataset.siteId = 'site'; tag.dataset.publicKey = 'key'; document.body.append(tag); }",
        f"{visit.live.wire.url}/embed.js?second",
    )

    visit.until("window.updated === true")
    assert visit.page.locator("#rover-widget-root").count() == 1


@pytest.mark.parametrize(
    ("domains", "mode", "is_drawn"),
    [
        (["127.0.0.1"], "host_only", True),
        (["http://127.0.0.1:9/path"], "", True),
        (["*"], "", True),
        (["=127.0.0.1"], "", True),
        (["shop.example"], "", False),
        (["*.127.0.0.1"], "", False),
        (["0.0.1"], "host_only", False),
    ],
)
def test_a_host_that_the_page_itself_does_not_list_is_refused(
    visit: Visit, domains: list[str], mode: str, is_drawn: bool
) -> None:
    tag = visit.live.stub(
        "rover('on', 'auth_required', ({code}) => { window.refused = code; })",
        "window.queued = true",
        allowedDomains=domains,
        domainScopeMode=mode,
    ).replace(
        "rover('boot'", "rover('on', 'auth_required', ({code}) => { window.refused = code; });rover('boot'"
    )
    visit.go(BODY, tag=tag)
    visit.until("window.rover.isRover === true")
    visit.page.wait_for_load_state("networkidle")

    assert visit.page.locator("#rover-widget-root").count() == int(is_drawn)
    assert visit.page.evaluate("window.refused") == (None if is_drawn else "HOST_NOT_ALLOWED")
    assert any("Rover" in line for line in visit.console) is not is_drawn


def test_a_host_that_the_server_does_not_know_hides_the_launcher_and_says_so_once(visit: Visit) -> None:
    elsewhere = visit.put("/", BODY).replace("127.0.0.1", "localhost")
    visit.page.goto(elsewhere)
    visit.hear("auth_required", "error")

    launcher(visit).click()

    visit.until("window.told.length > 0")
    [[name, told], *_] = visit.told
    assert (name, told["code"]) == ("auth_required", "HOST_NOT_ALLOWED")
    expect(visit.root).to_be_hidden()
    visit.page.evaluate("rover.open()")
    assert len([line for line in visit.console if line.startswith("warning: Rover")]) == 1
    assert visit.faults == []


@pytest.mark.parametrize("config", [{}, {"siteId": "site"}, {"publicKey": "key"}, None])
def test_a_boot_without_site_or_key_does_nothing_but_say_so(visit: Visit, config: Any) -> None:
    visit.go(BODY, tag=f'<script src="{visit.live.wire.url}/embed.js"></script>')

    code = visit.page.evaluate(
        "(config) => { let heard; rover('on', 'auth_required', ({code}) => { heard = code; });"
        "rover('boot', config); return heard; }",
        config,
    )

    assert code == "MISSING_AUTH"
    assert visit.page.locator("#rover-widget-root").count() == 0
    assert visit.faults == []


def test_nothing_that_a_page_does_wrong_comes_back_to_it(visit: Visit) -> None:
    visit.go(BODY)
    expect(launcher(visit)).to_be_visible()

    visit.page.evaluate("""async () => {
        rover('on', 'ready', () => { throw new Error('of the page'); });
        rover('on', 'updated', () => { throw new Error('of the page'); });
        rover('on');
        rover('update', null);
        rover('update', { ui: { experience: 7 } });
        rover('identify');
        rover();
        rover('nonsense');
        rover.nonsense(1, 2);
        rover.registerTool();
        await rover.open();
        rover('update', { ui: null, deepLink: 'x', navigation: [] });
    }""")

    expect(visit.root.get_by_role("textbox", name="Message")).to_be_visible()
    assert visit.faults == []


def test_a_shutdown_leaves_no_trace(visit: Visit) -> None:
    visit.go(BODY, tag="")
    before, heard = visit.page.evaluate(STATE), listeners(visit.page)
    visit.page.evaluate(
        "(src) => { const tag = document.createElement('script'); tag.src = src; document.head.append(tag);"
        "return new Promise((done) => { tag.onload = () => { tag.remove(); done(); }; }); }",
        f"{visit.live.wire.url}/embed.js",
    )
    config = {"siteId": visit.live.site_id, "publicKey": visit.live.key}
    visit.page.evaluate("(config) => rover('boot', config)", config)
    visit.open().ask("When is the office open?")
    expect(visit.log.get_by_text("nine to five").first).to_be_visible(timeout=SECONDS)

    visit.page.evaluate("rover.shutdown()")

    assert visit.page.evaluate(STATE) == before
    assert listeners(visit.page) == heard
    asked = len(visit.asked)
    visit.page.wait_for_timeout(2_500)
    assert visit.asked[asked:] == []
    visit.page.evaluate("(config) => rover('boot', config)", config)
    expect(launcher(visit)).to_be_visible()


def test_opening_and_asking_moves_nothing_of_the_page(visit: Visit) -> None:
    visit.go(BODY)
    visit.open().ask("When is the office open?")
    expect(visit.log.get_by_text("nine to five").first).to_be_visible(timeout=SECONDS)

    assert visit.page.evaluate("window.shift") == 0
    assert visit.faults == []
