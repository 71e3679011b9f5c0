"""What must hold when things go wrong: no server, strict policies, secrets in fields, tokens that end."""

import json
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from tests.browser.embed.runtime import SECONDS, Visit
from tests.e2e.server import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
HOURS = "<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p></main>"
WISH = "When is the office open?"
PASSWORD, CARD, CODE, PRIVATE = (
    "correct-horse-battery",
    "4111 1111 1111 1111",
    "493817",
    "my own private note",
)
SECRETS = f"""{HOURS}<form><label>Name <input name=name value="Ada"></label>
    <label>Password <input type=password id=password></label>
    <label>Card number <input autocomplete=cc-number id=card></label>
    <label>Code <input autocomplete=one-time-code id=code></label>
    <label data-agent-private>Note <input id=note></label><button type=button>Show hours</button></form>"""


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def test_a_strict_policy_of_the_page_is_enough(visit: Visit) -> None:
    rover = visit.live.wire.url
    policy = (
        f"default-src 'none'; script-src {rover}; connect-src {rover}; base-uri 'none'; form-action 'self'"
    )
    visit.go(HOURS, Content_Security_Policy=policy).open().ask(WISH)

    said(visit, "Monday to Friday")
    assert visit.faults == []


def test_a_policy_of_nonces_and_trusted_types_is_enough(visit: Visit) -> None:
    rover = visit.live.wire.url
    policy = (
        f"script-src 'nonce-abc' 'strict-dynamic'; connect-src {rover}; style-src 'nonce-abc'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    visit.go(HOURS, tag=visit.live.stub(nonce="abc"), Content_Security_Policy=policy).open().ask(WISH)

    said(visit, "Monday to Friday")
    assert visit.faults == []


def test_a_server_that_goes_away_is_waited_for(visit: Visit) -> None:
    visit.go(HOURS).open()
    visit.live.wire.cut()
    try:
        visit.ask(WISH)
        visit.until("rover.getState().status === 'offline'")
        expect(visit.root.get_by_text("You are offline")).to_be_visible(timeout=SECONDS)
    finally:
        visit.live.wire.join()

    said(visit, "Monday to Friday")
    visit.until("rover.getState().status === 'completed'")
    assert [status for status, message in visit.live.runs() if message == WISH][-1] == "completed"
    assert visit.faults == []


def test_a_script_that_cannot_be_loaded_is_loaded_by_the_next_click(visit: Visit) -> None:
    visit.go(HOURS)
    expect(visit.root.get_by_role("button", name="Ask Rover")).to_be_visible(timeout=SECONDS)
    visit.hear("error")
    visit.live.wire.cut()
    try:
        visit.root.get_by_role("button", name="Ask Rover").click()
        visit.until("window.told.length === 1")
    finally:
        visit.live.wire.join()

    visit.open()
    assert visit.told[0][1]["code"] == "NETWORK_ERROR"
    assert visit.faults == []


def test_a_token_that_the_server_does_not_take_is_replaced_once(visit: Visit) -> None:
    key = f"rover:sess:{visit.live.site_id}"
    visit.go(HOURS).open()
    before = visit.state()["sessionId"]
    visit.page.evaluate(
        "(key) => sessionStorage.setItem(key, JSON.stringify("
        "{ sessionId: 'ses_of_somebody', sessionToken: 'rvrsess_forged.x', end: Date.now() + 9e5 }))",
        key,
    )
    visit.go(HOURS).open().ask(WISH)

    said(visit, "Monday to Friday")
    assert visit.state()["sessionId"] not in (before, "ses_of_somebody")


def test_a_session_that_is_closed_meanwhile_is_opened_anew(visit: Visit) -> None:
    visit.go(HOURS).open()
    before = visit.state()["sessionId"]
    closed = visit.page.evaluate(
        "(url) => rover.requestSigned(url, {method: 'POST', body: '{}'}).then(({status}) => status)",
        f"{visit.live.wire.url}/v2/rover/session/close",
    )
    assert closed == 200

    visit.ask(WISH)

    said(visit, "Monday to Friday")
    assert visit.state()["sessionId"] != before


def test_nothing_typed_into_secret_fields_reaches_the_server(visit: Visit) -> None:
    visit.go(SECRETS)
    for field, text in (("password", PASSWORD), ("card", CARD), ("code", CODE), ("note", PRIVATE)):
        visit.page.locator(f"#{field}").fill(text)
    visit.open().ask(WISH)
    said(visit, "Monday to Friday")
    visit.page.goto("about:blank")

    sent = bytes(visit.live.wire.sent)
    assert b'"Ada"' in sent or b"Ada" in sent
    for text in (PASSWORD, CARD, CARD.replace(" ", ""), CODE, PRIVATE):
        for form in (text, quote(text), json.dumps(text)[1:-1]):
            assert form.encode() not in sent


def test_the_key_is_sent_once_and_tokens_never_stand_in_an_address(visit: Visit) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")

    assert visit.live.wire.sent.count(visit.live.key.encode()) == 1
    token = visit.page.evaluate(
        "(key) => JSON.parse(sessionStorage.getItem(key)).sessionToken", f"rover:sess:{visit.live.site_id}"
    )
    assert not [url for url in visit.asked if token in url or visit.live.key in url]


def test_a_page_without_storage_works(visit: Visit) -> None:
    visit.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        "Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    visit.go(HOURS).open().ask(WISH)

    said(visit, "Monday to Friday")
    assert visit.faults == []


def test_two_tabs_have_sessions_of_their_own(visit: Visit) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")
    other = Visit.begin(visit.live, visit.site, visit.page.context)
    other.page.goto(visit.page.url)

    other.open().ask(WISH)

    said(other, "Monday to Friday")
    assert other.state()["sessionId"] != visit.state()["sessionId"]
    assert visit.state()["status"] == "completed"


def test_without_a_stream_news_are_asked_for(visit: Visit) -> None:
    visit.page.route("**/v2/rover/stream?**", lambda route: route.abort())
    form = "<main><h1>Book a table</h1><form><label>E-mail <input name=email type=email required></label><button>Check</button></form></main>"
    made = visit.live.create(visit.put("/form", form), "Book a table for Ada Lovelace")
    visit.page.goto(made["open"])
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)

    visit.live.call("DELETE", made["task"])

    visit.until("rover.getState().status === 'cancelled'")


@pytest.mark.parametrize("path", ["command", "agent/step", "session/open"])
def test_an_answer_that_is_lost_on_its_way_is_asked_for_again(visit: Visit, path: str) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(str(route.fetch().status))
        route.abort()

    n_runs = len(visit.live.runs())
    visit.page.route(f"**/v2/rover/{path}", lose)

    visit.go(HOURS).open().ask(WISH)

    said(visit, "Monday to Friday")
    assert lost == ["200"]
    assert len(visit.live.runs()) == n_runs + 1
    assert visit.state()["epoch"] == 1
    answers = [one["text"] for one in visit.state()["messages"] if one["role"] == "assistant"]
    assert len(answers) == 1


def telemetry(visit: Visit) -> list[tuple[str, str]]:
    rows = visit.live.server.sql(
        "SELECT name, event FROM tasks_telemetryevent WHERE session_id = ? ORDER BY id",
        visit.state()["sessionId"],
    )
    return [(name, event) for name, event in rows]


def test_the_owner_is_told_how_runs_fare_and_not_what_was_said(visit: Visit) -> None:
    visit.go(HOURS, tag=visit.live.stub(telemetry={"flushIntervalMs": 2_000})).open().ask(WISH)
    said(visit, "Monday to Friday")

    wait_until(lambda: "run_completed" in dict(telemetry(visit)), what="telemetry of the run")
    told = telemetry(visit)
    assert {"open", "run_started"} <= set(dict(told))
    assert not [event for _, event in told if "office" in event or "nine" in event]


def test_a_page_that_goes_tells_what_it_has_left(visit: Visit) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")
    visit.until("rover.getState().status === 'completed'")

    visit.page.goto(visit.put("/next", HOURS))

    visit.open()
    wait_until(lambda: "run_completed" in dict(telemetry(visit)), what="telemetry of the page before")


def test_a_site_may_want_no_telemetry(visit: Visit) -> None:
    visit.go(HOURS, tag=visit.live.stub(telemetry={"enabled": False, "flushIntervalMs": 2_000})).open().ask(
        WISH
    )
    said(visit, "Monday to Friday")

    visit.page.wait_for_timeout(3_000)
    assert not [url for url in visit.asked if "telemetry/ingest" in url]
