"""What the server keeps of a conversation, so that the visitor's next tab can go on with it."""

import json
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.embed.conftest import Origin
from tests.browser.embed.runtime import SECONDS, Visit
from tests.e2e.server import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once]
HOURS = "<main><h1>Harbour Tours</h1><p>The office is open from nine to five, Monday to Friday.</p></main>"
FORM = """<main><h1>Book a table</h1><form><p><label>Name <input name=name required></label></p>
    <p><label>E-mail <input name=email type=email required></label></p><button>Check</button></form></main>"""
WISH = "When is the office open?"
SAVING = b"POST /v2/rover/snapshot"
KEEP = """async ([scripts, config]) => {
    const { createCheckpoint } = await import(`${scripts}/core/checkpoint.js`);
    window.saved = [];
    window.told = [];
    window.story = {
        epoch: 1, active: 'run', seq: 3, at: { runId: 'run', seq: 3, told: 3, boundary: 'b' },
        state: { status: 'running', transcript: [] },
    };
    window.say = (text) => story.state.transcript.push({ id: `${story.state.transcript.length}`, role: 'user', text, ts: 1 });
    const kept = {};
    window.keep = createCheckpoint({
        story, tabs: { known: [] }, config: () => config, emit: (...told) => window.told.push(told),
        keep: { read: (name) => kept[name], write: (name, value) => { kept[name] = value; } },
        session: { known: {}, call: async (path, body) => {
            saved.push([Date.now(), body]);
            if (window.refusal) throw Object.assign(new Error('no'), window.refusal);
            return { saved: true, updatedAt: body.updatedAt, digest: 'sd:0' };
        } },
    });
}"""


@pytest.fixture
def keeper(rover: Origin, site: Origin, page: Page) -> Any:
    """A checkpoint of a conversation that the test holds, on a clock that the test winds."""

    def keeper(**config: Any) -> Page:
        page.goto(site.put("/", "<!doctype html><title>Harbour</title>"))
        page.clock.install(time=1_790_000_000)
        page.evaluate(KEEP, [rover.url, config])
        page.clock.pause_at(1_790_000_100)
        return page

    return keeper


def said(visit: Visit, text: str) -> None:
    expect(visit.log.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def another(visit: Visit) -> Visit:
    """The visitor's next tab."""
    return Visit.begin(visit.live, visit.site, visit.page.context)


def saved(page: Page) -> list[Any]:
    """Time and body of each snapshot."""
    found: list[Any] = page.evaluate("window.saved")
    return found


# --- when ---


def test_of_many_changes_one_is_sent_every_two_seconds(keeper: Any) -> None:
    page = keeper()
    for change in range(12):
        page.evaluate("(text) => { say(text); keep.note(); }", f"change {change}")
        page.clock.run_for(500)
    page.clock.run_for(2_000)

    times = [time for time, _ in saved(page)]
    assert len(times) == 4
    assert all(later - before >= 2_000 for before, later in pairwise(times))
    assert len(saved(page)[-1][1]["checkpoint"]["messages"]) == 12


def test_a_question_does_not_wait_its_turn(keeper: Any) -> None:
    page = keeper()
    page.evaluate("say('first'); keep.note()")
    page.clock.run_for(0)

    page.evaluate("say('Which day?'); keep.note(true)")

    assert [len(body["checkpoint"]["messages"]) for _, body in saved(page)] == [1, 2]


def test_what_stands_where_it_stood_is_not_sent_again(keeper: Any) -> None:
    page = keeper()
    page.evaluate("say('first'); keep.note()")
    page.clock.run_for(0)

    for change in ("keep.note()", "story.at.told = 9; story.state.notice = { text: 'x' }; keep.note(true)"):
        page.evaluate(change)
        page.clock.run_for(5_000)
    assert len(saved(page)) == 1

    page.evaluate("story.state.status = 'completed'; keep.note(true)")
    assert len(saved(page)) == 2


def test_a_snapshot_has_its_bounds(keeper: Any) -> None:
    page = keeper(stability={"maxSnapshotBytes": 100_000})
    page.evaluate("for (let at = 0; at < 60; at++) say(`${at} ${'x'.repeat(9_000)}`); keep.note(true)")

    [[_, body]] = saved(page)
    messages = body["checkpoint"]["messages"]
    assert len(json.dumps(body["checkpoint"])) <= 100_000
    assert messages[-1]["text"].startswith("59 ")
    assert {len(message["text"]) for message in messages} == {8_000}
    assert body["visitorId"]


def test_a_failure_is_told_and_tried_again(keeper: Any) -> None:
    page = keeper()
    page.evaluate("window.refusal = { code: 'INTERNAL', status: 500 }; say('first'); keep.note(true)")
    page.evaluate("window.refusal = null; keep.note()")
    page.clock.run_for(2_000)

    assert [name for name, _ in page.evaluate("told")] == ["checkpoint_error", "checkpoint_state"]
    assert page.evaluate("told[0][1]") == {"code": "INTERNAL", "message": "no"}
    assert page.evaluate("told[1][1].state") == "saved"


def test_a_session_that_may_not_is_left_in_peace(keeper: Any) -> None:
    page = keeper()
    page.evaluate(
        "window.refusal = { code: 'PERMISSION_DENIED', status: 403 }; say('first'); keep.note(true)"
    )
    page.evaluate("say('second'); keep.note(true)")

    assert len(saved(page)) == 1
    assert [told.get("state", told.get("code")) for _, told in page.evaluate("told")] == [
        "paused_auth",
        "PERMISSION_DENIED",
    ]


# --- where it comes back ---


@pytest.mark.processes
def test_the_next_tab_goes_on_where_a_closed_one_was(visit: Visit) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")
    session = visit.state()["sessionId"]
    visit.page.close()

    other = another(visit)
    other.go(HOURS)
    other.page.wait_for_load_state("networkidle")
    assert not [url for url in other.asked if "/embed/" in url or "/v2/" in url]
    other.hear("context_restored", "run_started", "run_completed", "task_started")
    other.open()

    said(other, WISH)
    said(other, "Monday to Friday")
    assert other.state()["sessionId"] == session
    assert [name for name, _ in other.told] == ["context_restored"]
    assert [message["role"] for message in other.state()["messages"]] == ["user", "assistant"]
    assert visit.live.wire.sent.count(SAVING) >= 1


@pytest.mark.processes
def test_what_was_said_last_is_kept_when_the_page_goes(visit: Visit) -> None:
    visit.go(HOURS, tag=visit.live.stub(checkpointing={"flushIntervalMs": 600_000})).open().ask(WISH)
    said(visit, "Monday to Friday")
    visit.page.goto("about:blank")
    visit.page.close()

    other = another(visit)
    other.go(HOURS).open()

    said(other, "Monday to Friday")


@pytest.mark.processes
def test_a_question_of_a_closed_tab_is_answered_in_the_next_one(visit: Visit) -> None:
    visit.go(FORM).open().ask("Book a table for Ada Lovelace")
    expect(visit.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)
    visit.page.close()

    other = another(visit)
    other.go(FORM).root.get_by_role("button", name="Ask Rover").click()
    take = other.root.get_by_role("button", name="Take control")
    expect(take).to_be_visible(timeout=SECONDS)
    take.click()

    expect(other.root.locator(".ask input").first).to_be_visible(timeout=SECONDS)
    said(other, "Book a table for Ada Lovelace")


@pytest.mark.processes
@pytest.mark.parametrize(
    "config", [{"sessionScope": "tab"}, {"checkpointing": {"enabled": False}}], ids=["tab", "off"]
)
def test_a_site_may_keep_tabs_apart(visit: Visit, config: dict[str, Any]) -> None:
    tag = visit.live.stub(**config)
    visit.go(HOURS, tag=tag).open().ask(WISH)
    said(visit, "Monday to Friday")
    session = visit.state()["sessionId"]
    visit.page.close()

    other = another(visit)
    other.go(HOURS, tag=tag).open()

    other.until("rover.getState().sessionId !== undefined")
    assert other.state()["sessionId"] != session
    assert other.state()["messages"] == []
    assert (visit.live.wire.sent.count(SAVING) == 0) is ("checkpointing" in config)


@pytest.mark.processes
def test_another_visitor_gets_nothing_of_it(visit: Visit, browser: Any) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")
    visit.page.close()
    context = browser.new_context()

    other = Visit.begin(visit.live, visit.site, context)
    other.page.goto(visit.put("/", HOURS))
    other.page.evaluate("rover.open()")
    other.until("rover.getState().sessionId !== undefined")

    assert other.state()["messages"] == []
    context.close()


@pytest.mark.processes
def test_a_shutdown_forgets_the_session(visit: Visit) -> None:
    visit.go(HOURS).open().ask(WISH)
    said(visit, "Monday to Friday")

    visit.page.evaluate("rover.shutdown()")

    left = visit.page.evaluate("Object.keys(localStorage).filter((name) => /last|visitor/.test(name))")
    assert left == []


@pytest.mark.processes
def test_the_server_keeps_it_sealed(visit: Visit) -> None:
    visit.go(HOURS).open()
    visit.hear("checkpoint_state")
    visit.ask(WISH)
    said(visit, "Monday to Friday")
    wait_until(lambda: visit.told, what="a snapshot")

    assert visit.told[0][1]["state"] == "saved"
    [[sealed, visitor]] = visit.live.server.sql(
        "SELECT sealed, visitor_id FROM tasks_checkpoint WHERE session_id = ?", visit.state()["sessionId"]
    )
    assert WISH.encode() not in (sealed if isinstance(sealed, bytes) else str(sealed).encode())
    assert visitor == visit.page.evaluate(
        "(site) => JSON.parse(localStorage.getItem(`rover:visitor-id:${site}`))", visit.live.site_id
    )
