"""An agent's task that a browser takes up, and links that ask for something."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.embed.runtime import SECONDS, Visit
from tests.e2e.server import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOURS = """<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p>
    <h2 id=far style="margin-top: 3000px">Far below</h2></main>"""
FORM = """<main><h1>Book a table</h1><form action=/thanks>
    <p><label>Name <input name=name required></label></p>
    <p><label>E-mail <input name=email type=email required></label></p><button>Check</button></form></main>"""
THANKS = "<main><h1>Thank you</h1><p>Your request was received.</p></main>"
WISH = "When is the office open?"


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def test_a_receipt_is_taken_up_and_the_agent_hears_all_of_it(visit: Visit) -> None:
    url = visit.put("/", HOURS)
    made = visit.live.create(f"{url}?a=1#far", WISH)

    visit.page.goto(made["open"])

    said(visit, "Monday to Friday")
    told = visit.live.events(made["task"])
    assert told[0]["type"] == "ready"
    assert (told[-1]["type"], told[-1]["data"]["status"]) == ("done", "completed")
    assert told[-1]["data"]["result"]["text"] == "The office is open from nine to five, Monday to Friday."
    assert visit.page.url == f"{url}?a=1#far"
    assert visit.page.evaluate("scrollY") > 1_000
    assert visit.faults == []


def test_a_receipt_never_leaves_the_page_but_to_be_taken_up(visit: Visit) -> None:
    made = visit.live.create(visit.put("/", HOURS), WISH)
    receipt = made["open"].partition("rover_receipt=")[2].encode()
    visit.page.goto(made["open"])
    said(visit, "Monday to Friday")

    assert visit.live.wire.sent.count(receipt) == 1


def test_a_receipt_behind_a_question_mark_counts_and_of_several_the_last(visit: Visit) -> None:
    made = visit.live.create(visit.put("/", HOURS), WISH)
    receipt = made["open"].partition("rover_receipt=")[2]

    visit.page.goto(f"{visit.site.url}/#?rover_receipt=rrc_old&rover_receipt=&x=1&rover_receipt={receipt}")

    said(visit, "Monday to Friday")
    assert visit.page.url == f"{visit.site.url}/#x=1"


@pytest.mark.parametrize("path", ["/#rover_receipt=rrc_nothing", "/?rover=hello#rover_receipt=rrc_nothing"])
def test_a_receipt_of_nothing_is_told_and_taken_from_the_address(visit: Visit, path: str) -> None:
    visit.put("/", HOURS)
    visit.page.goto(visit.site.url + path)

    said(visit, "could not be taken up")
    assert "rover_receipt" not in visit.page.url
    # what the link asks for beside is asked of the visitor
    assert visit.root.get_by_role("alertdialog").count() == int("rover=" in path)


def test_a_receipt_works_once(visit: Visit) -> None:
    made = visit.live.create(visit.put("/", HOURS), WISH)
    visit.page.goto(made["open"])
    said(visit, "Monday to Friday")
    n_runs = len(visit.live.runs())

    visit.page.evaluate("rover.shutdown()")
    visit.page.goto("about:blank")
    visit.page.goto(made["open"])

    said(visit, "could not be taken up")
    assert len(visit.live.runs()) == n_runs


def test_the_agent_may_answer_what_is_asked_and_the_page_goes_on(visit: Visit) -> None:
    visit.put("/thanks", THANKS)
    made = visit.live.create(visit.put("/form", FORM), "Book a table for Ada Lovelace")
    visit.page.goto(made["open"])
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)
    assert visit.live.call("GET", made["task"])["status"] == "input_required"

    visit.live.call("POST", made["task"], {"answers": {"email": "ada@example.com"}})

    visit.page.wait_for_url("**/thanks?name=Ada+Lovelace&email=ada%40example.com", timeout=SECONDS)
    said(visit, "ada@example.com")


def test_the_visitor_may_answer_for_the_agent(visit: Visit) -> None:
    visit.put("/thanks", THANKS)
    made = visit.live.create(visit.put("/form", FORM), "Book a table for Ada Lovelace")
    visit.page.goto(made["open"])
    field = visit.root.locator(".ask input").first
    expect(field).to_be_visible(timeout=SECONDS)

    field.fill("ada@example.com")
    visit.root.get_by_role("button", name="Continue").click()

    visit.page.wait_for_url("**/thanks?*", timeout=SECONDS)
    wait_until(
        lambda: visit.live.call("GET", made["task"])["status"] == "completed", what="the end of the task"
    )


def test_an_agent_that_cancels_stops_the_page(visit: Visit) -> None:
    made = visit.live.create(visit.put("/form", FORM), "Book a table for Ada Lovelace")
    visit.page.goto(made["open"])
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)

    visit.live.call("DELETE", made["task"])

    visit.until("rover.getState().status === 'cancelled'")
    expect(visit.root.locator(".ask input")).to_have_count(0)


def test_a_link_with_a_prompt_runs_when_the_visitor_says_yes(visit: Visit) -> None:
    url = visit.put("/", HOURS)
    visit.page.goto(f"{url}?a=1&rover={quote(WISH)}#far")
    dialog = visit.root.get_by_role("alertdialog")
    expect(dialog).to_contain_text(WISH, timeout=SECONDS)
    n_runs = len(visit.live.runs())

    dialog.get_by_role("button", name="Run it").click()

    said(visit, "Monday to Friday")
    assert len(visit.live.runs()) == n_runs + 1
    assert visit.page.url == f"{url}?a=1#far"


def test_a_link_with_a_prompt_does_nothing_when_the_visitor_says_no(visit: Visit) -> None:
    visit.put("/", HOURS)
    n_runs = len(visit.live.runs())
    visit.page.goto(f"{visit.site.url}/?rover={quote(WISH)}")
    dialog = visit.root.get_by_role("alertdialog")
    expect(dialog).to_be_visible(timeout=SECONDS)

    dialog.get_by_role("button", name="No").click()

    expect(dialog).to_be_hidden(timeout=SECONDS)
    visit.page.wait_for_load_state("networkidle")
    assert len(visit.live.runs()) == n_runs


def test_a_page_may_turn_links_off(visit: Visit) -> None:
    visit.put("/", HOURS, tag=visit.live.stub(deepLink={"enabled": False}))
    visit.page.goto(f"{visit.site.url}/?rover={quote(WISH)}")
    expect(visit.root.get_by_role("button", name="Ask Rover")).to_be_visible(timeout=SECONDS)
    visit.page.wait_for_load_state("networkidle")

    assert not [url for url in visit.asked if "/embed/" in url]


@pytest.mark.parametrize(("effect", "asks"), [("read", False), ("write", True)])
def test_a_shortcut_that_only_reads_runs_at_once(visit: Visit, effect: str, asks: bool) -> None:
    shortcut = {"id": f"hours-{effect}", "label": "Opening hours", "prompt": WISH, "sideEffect": effect}
    visit.live.configure(shortcuts=[shortcut])
    visit.put("/", HOURS)

    visit.page.goto(f"{visit.site.url}/?rover=ignored&rover_shortcut=none&rover_shortcut=hours-{effect}")

    dialog = visit.root.get_by_role("alertdialog")
    if asks:
        expect(dialog).to_be_visible(timeout=SECONDS)
        dialog.get_by_role("button", name="Run it").click()
    said(visit, "Monday to Friday")
    assert visit.page.url == f"{visit.site.url}/"


def test_a_shortcut_that_there_is_not_is_told(visit: Visit) -> None:
    visit.put("/", HOURS)
    visit.page.goto(f"{visit.site.url}/?rover_shortcut=nothing")

    said(visit, "no such suggestion")


def test_a_link_counts_when_a_page_changes_its_address_itself(visit: Visit) -> None:
    visit.go(HOURS)
    expect(visit.root).to_be_attached()

    visit.page.evaluate("(wish) => history.pushState({}, '', `?rover=${encodeURIComponent(wish)}`)", WISH)

    expect(visit.root.get_by_role("alertdialog")).to_contain_text(WISH, timeout=SECONDS)
