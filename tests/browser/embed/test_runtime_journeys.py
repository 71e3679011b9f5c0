"""A task goes on when its page goes: over links, over addresses, over a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.embed.runtime import SECONDS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOME = """<main><h1>Harbour Tours</h1><p>Boats leave every hour.</p>
    <nav><a href=/prices>Prices</a> <a href=/about>About</a></nav></main>"""
PRICES = "<main><h1>Prices</h1><p>A ticket for adults costs £8.50.</p></main>"
ABOUT = "<main><h1>About</h1><p>We are a family of sailors.</p></main>"
FORM = """<main><h1>Book a table</h1><form action=/prices>
    <p><label>Name <input name=name required></label></p>
    <p><label>E-mail <input name=email type=email required></label></p><button>Check</button></form></main>"""


def place(visit: Visit, **config: str) -> None:
    visit.put("/prices", PRICES, tag=tag(visit, **config))
    visit.put("/about", ABOUT, tag=tag(visit, **config))


def tag(visit: Visit, policy: str = "") -> str:
    return visit.live.stub(task={"autoResumePolicy": policy}) if policy else visit.live.tag()


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def results(visit: Visit) -> list[tuple[str, str]]:
    """Type and data of the newest run's events on tools and tabs."""
    newest = visit.live.server.sql("SELECT id FROM tasks_run ORDER BY id DESC LIMIT 1")[0][0]
    rows = visit.live.server.sql(
        "SELECT type, data FROM tasks_runevent WHERE run_id = ? ORDER BY seq", newest
    )
    return [(kind, data) for kind, data in rows if kind in ("tool_start", "tool_result", "tab_event")]


def test_a_run_goes_on_on_the_page_that_it_went_to(visit: Visit) -> None:
    place(visit)
    visit.go(HOME).open().ask("How much is a ticket for adults?")

    said(visit, "A ticket for adults costs £8.50.")
    assert visit.page.url.endswith("/prices")
    assert [message["role"] for message in visit.state()["messages"]] == ["user", "assistant"]
    kinds = [kind for kind, _ in results(visit)]
    assert kinds == ["tool_start", "tab_event", "tool_result"]
    assert '"success": true' in results(visit)[-1][1]
    assert "same_host_navigated" in results(visit)[-1][1]
    assert visit.faults == []


def test_the_widget_is_open_again_with_what_was_said(visit: Visit) -> None:
    place(visit)
    visit.go(HOME).open().ask("How much is a ticket for adults?")
    said(visit, "£8.50")

    expect(visit.root.get_by_role("textbox", name="Message")).to_be_visible(timeout=SECONDS)
    assert visit.log.get_by_text("How much is a ticket for adults?").count() >= 1


def test_a_question_waits_over_a_reload(visit: Visit) -> None:
    place(visit)
    visit.go(FORM, path="/form").open().ask("Book a table for Ada Lovelace")
    field = visit.root.locator(".ask input").first
    expect(field).to_be_visible(timeout=SECONDS)

    visit.page.reload()

    expect(field).to_be_visible(timeout=SECONDS)
    field.fill("ada@example.com")
    visit.root.get_by_role("button", name="Continue").click()
    visit.page.wait_for_url("**/prices?name=Ada+Lovelace&email=ada%40example.com", timeout=SECONDS)


def hold_step(visit: Visit) -> None:
    """Let the server's next answers on what to do wait until the page has gone."""
    visit.page.route("**/v2/rover/agent/step", lambda route: route.abort())


def interrupted(visit: Visit, policy: str = "") -> None:
    """A run is under way, and the visitor loads the page again."""
    place(visit, **({"policy": policy} if policy else {}))
    visit.go(HOME, tag=tag(visit, policy)).open()
    hold_step(visit)
    visit.ask("How much is a ticket for adults?")
    visit.until("rover.getState().status === 'offline'")
    visit.page.unroute("**/v2/rover/agent/step")
    visit.page.reload()


def test_after_a_reload_the_visitor_is_asked_whether_to_go_on(visit: Visit) -> None:
    interrupted(visit)
    go_on = visit.root.get_by_role("button", name="Continue")
    expect(go_on).to_be_visible(timeout=SECONDS)
    assert visit.live.runs()[-1][0] == "running"

    go_on.click()

    said(visit, "£8.50")


def test_a_run_that_the_visitor_drops_after_a_reload_is_cancelled(visit: Visit) -> None:
    interrupted(visit)
    drop = visit.root.get_by_role("button", name="Discard")
    expect(drop).to_be_visible(timeout=SECONDS)

    drop.click()

    visit.until("rover.getState().status === 'cancelled'")
    visit.until("rover.getState().runId === ''")
    assert visit.live.runs()[-1][0] == "cancelled"


def test_a_site_may_let_runs_go_on_by_themselves(visit: Visit) -> None:
    interrupted(visit, "auto")

    said(visit, "£8.50")


def test_a_site_may_let_runs_end_with_their_page(visit: Visit) -> None:
    interrupted(visit, "never")

    visit.until("rover.getState().status === 'cancelled'")
    visit.until("rover.getState().runId === ''")
    assert visit.live.runs()[-1][0] == "cancelled"


def test_without_a_run_the_next_page_loads_nothing_but_the_loader(visit: Visit) -> None:
    place(visit)
    visit.go(HOME).open().ask("How much is a ticket for adults?")
    said(visit, "£8.50")
    visit.until("rover.getState().status === 'completed'")
    visit.asked.clear()

    visit.page.goto(f"{visit.site.url}/about")
    visit.page.wait_for_load_state("networkidle")

    assert [url for url in visit.asked if "/embed/" in url or "/v2/" in url] == []


def test_a_copy_of_the_tab_watches_and_may_take_over(visit: Visit) -> None:
    place(visit)
    visit.go(HOME).open()
    hold_step(visit)
    visit.ask("How much is a ticket for adults?")
    visit.until("rover.getState().status === 'offline'")

    with visit.page.context.expect_page() as opened:
        visit.page.evaluate("void window.open(location.href)")
    other = Visit(live=visit.live, site=visit.site, page=opened.value)
    go_on = other.root.get_by_role("button", name="Continue")
    expect(go_on).to_be_visible(timeout=SECONDS)
    go_on.click()
    take = other.root.get_by_role("button", name="Take control")
    expect(other.root.get_by_text("Another tab is at work.")).to_be_visible(timeout=SECONDS)
    expect(take).to_be_hidden()
    assert visit.page.url == f"{visit.site.url}/"

    visit.page.close()
    expect(take).to_be_visible(timeout=SECONDS)
    take.click()

    said(other, "£8.50")
    assert len([1 for kind, _ in results(visit) if kind == "tool_start"]) == 1
