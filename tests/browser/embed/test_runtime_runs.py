"""A visitor's task from the wish to the answer: the loop of looking, deciding and doing, in one page."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.embed.runtime import SECONDS, Visit

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
OPEN_HOURS = (
    "<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p></main>"
)
BOATS = """<main><h1>Harbour Tours</h1><button id=show>Show boats</button><p id=said>Nothing yet</p></main>"""
SHOW = """<script>addEventListener('DOMContentLoaded', () => {
    document.getElementById('show').addEventListener('click', () => {
        window.clicks = (window.clicks ?? 0) + 1;
        document.getElementById('said').textContent = 'There are three boats: Gull, Tern and Heron.';
    });
});</script>"""
FORM = """<main><h1>Book a table</h1><form id=form>
    <p><label>Name <input name=name required></label></p>
    <p><label>E-mail <input name=email type=email required></label></p>
    <p><label>Boat <select name=boat required><option value="">Choose<option>Gull<option>Tern</select></label></p>
    <button>Check</button></form><p id=said></p></main>"""
SENT = """<script>addEventListener('DOMContentLoaded', () => {
    document.getElementById('form').addEventListener('submit', (event) => {
        event.preventDefault();
        window.sent = Object.fromEntries(new FormData(event.target));
        event.target.remove();
        document.getElementById('said').textContent = 'Thank you, your request was received.';
    });
});</script>"""
RUN_EVENTS = ("task_started", "run_started", "tool_start", "tool_result", "run_completed", "error")


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def ended(visit: Visit) -> dict[str, Any]:
    visit.until("window.told.some(([name]) => name === 'run_completed')")
    [found] = [data for name, data in visit.told if name == "run_completed"]
    return dict(found)


def test_a_question_is_answered_from_the_page(visit: Visit) -> None:
    visit.go(OPEN_HOURS).open()
    visit.hear(*RUN_EVENTS)

    visit.ask("When is the office open?")

    said(visit, "When is the office open?")
    said(visit, "The office is open from nine to five, Monday to Friday.")
    done = ended(visit)
    assert (done["terminalState"], done["outcome"], done["taskComplete"]) == ("completed", "success", True)
    assert done["summary"] == "The office is open from nine to five, Monday to Friday."
    assert [name for name, _ in visit.told][:2] == ["task_started", "run_started"]
    assert [message["role"] for message in visit.state()["messages"]] == ["user", "assistant"]
    assert visit.live.runs()[-1][0] == "completed"
    assert visit.faults == []


def test_nothing_of_it_asks_the_browser_for_permission_first(visit: Visit) -> None:
    visit.page.on("request", lambda request: methods.append(request.method))
    methods: list[str] = []
    visit.go(OPEN_HOURS).open().ask("When is the office open?")
    said(visit, "Monday to Friday")

    assert "OPTIONS" not in methods
    assert b"OPTIONS /" not in visit.live.wire.sent
    assert b"Cookie:" not in visit.live.wire.sent


def test_a_button_is_clicked_once_and_its_result_read(visit: Visit) -> None:
    visit.go(BOATS, head=SHOW).open()
    visit.hear(*RUN_EVENTS)

    visit.ask("Click Show boats")

    done = ended(visit)
    assert visit.page.evaluate("window.clicks") == 1
    assert done["outcome"] == "success"
    tools = [data["name"] for name, data in visit.told if name == "tool_start"]
    assert tools == ["click_element"]


def test_a_form_is_filled_with_what_the_wish_and_the_visitor_say(visit: Visit) -> None:
    visit.go(FORM, head=SENT).open()
    visit.ask("Book a table for Ada Lovelace on the boat Tern")
    field = visit.root.locator(".ask input").first
    expect(field).to_be_visible(timeout=SECONDS)
    assert visit.state()["status"] == "awaiting_user"

    field.fill("ada@example.com")
    visit.root.get_by_role("button", name="Continue").click()

    visit.until("window.sent !== undefined")
    assert visit.page.evaluate("window.sent") == {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "boat": "Tern",
    }
    said(visit, "ada@example.com")


def test_the_stop_button_ends_the_run_here_and_on_the_server(visit: Visit) -> None:
    visit.go(FORM, head=SENT).open().ask("Book a table for Ada Lovelace on the boat Tern")
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)

    visit.root.locator(".ask").get_by_role("button", name="Stop").click()

    visit.until("rover.getState().status === 'cancelled'")
    visit.until("rover.getState().runId === ''")
    assert visit.live.runs()[-1][0] == "cancelled"
    assert visit.page.evaluate("window.sent") is None


def test_the_next_wish_replaces_the_one_before(visit: Visit) -> None:
    visit.go(FORM + OPEN_HOURS).open().ask("Book a table for Ada Lovelace on the boat Tern")
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)

    visit.page.evaluate("void rover.send('When is the office open?')")

    said(visit, "Monday to Friday")
    visit.until("rover.getState().status === 'completed'")
    assert [status for status, _ in visit.live.runs()[-2:]] == ["cancelled", "completed"]
    assert visit.state()["epoch"] == 2


def test_a_new_task_clears_the_conversation(visit: Visit) -> None:
    visit.go(OPEN_HOURS).open().ask("When is the office open?")
    said(visit, "Monday to Friday")

    visit.root.get_by_role("button", name="New task").click()

    expect(visit.log.get_by_text("Monday to Friday")).to_have_count(0, timeout=SECONDS)
    assert visit.state()["messages"] == []


def test_a_page_that_allows_no_actions_gets_none(visit: Visit) -> None:
    visit.go(BOATS, head=SHOW, tag=visit.live.tag(**{"data-allow-actions": "false"})).open()
    visit.hear(*RUN_EVENTS)

    visit.ask("Click Show boats")

    visit.until("window.told.some(([name]) => name === 'tool_result')")
    [first, *_] = [data for name, data in visit.told if name == "tool_result"]
    assert first["result"]["error"]["code"] == "CAPABILITY_UNAVAILABLE"
    assert visit.page.evaluate("window.clicks") is None


def test_a_signed_request_goes_to_this_server_and_to_no_other(visit: Visit) -> None:
    visit.go(OPEN_HOURS).open()

    status = visit.page.evaluate(
        "(url) => rover.requestSigned(url, {method: 'POST', body: '{}'}).then(({status}) => status)",
        f"{visit.live.wire.url}/v2/rover/state",
    )
    refusal = visit.page.evaluate(
        "(url) => rover.requestSigned(url).catch(({code}) => code)", f"{visit.site.url}/elsewhere"
    )

    assert status == 200
    assert refusal == "PERMISSION_DENIED"
    assert not [url for url in visit.asked if url.endswith("/elsewhere")]
