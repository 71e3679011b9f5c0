"""RoverBook's script in pages of another origin, with the embed and a real server: what the collector gets."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.embed.conftest import Origin, serving
from tests.browser.embed.runtime import SECONDS, Live, Visit, running
from tests.browser.embed.widgets import OPEN, WATCH
from tests.e2e.server import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.processes]
BOATS = "<main><h1>Harbour</h1><button id=show>Show boats</button><p id=said>Nothing yet</p></main>"
SHOW = """<script>addEventListener('DOMContentLoaded', () => {
    document.getElementById('show').addEventListener('click', () => {
        document.getElementById('said').textContent = 'There are three boats: Gull, Tern and Heron.';
    });
});</script>"""
LATER = 600_000
"""A pause between flushes that no test lives to see."""
CONTEXT = """window.offered = {};
Object.defineProperty(navigator, 'modelContext', { value: {
    registerTool(tool) { window.offered[tool.name] = tool; },
    unregisterTool(name) { delete window.offered[name]; },
} });"""
SCOUT = {"key": "scout", "name": "Scout"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with a site for this machine."""
    with running(tmp_path_factory.mktemp("rover")) as live:
        yield live


@pytest.fixture(scope="module")
def site() -> Iterator[Origin]:
    """The site that embeds it."""
    with serving(Origin()) as origin:
        yield origin


@pytest.fixture
def visit(live: Live, site: Origin, browser: Browser) -> Iterator[Visit]:
    """A tab of a visitor who was never here."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    for script in (OPEN, WATCH):
        context.add_init_script(script)
    live.wire.sent.clear()
    yield Visit.begin(live, site, context)
    context.close()


def booted(visit: Visit, **config: Any) -> Visit:
    """A page with the widget open whose script is told this of RoverBook."""
    return visit.go(BOATS, head=SHOW, tag=visit.live.stub(roverbook=config)).open()


def asked(visit: Visit) -> str:
    """One task, done; the id of its run."""
    visit.hear("run_completed")
    visit.ask("Click Show boats")
    visit.until("window.told.length")
    [(_, told)] = visit.told
    visit.until("window.RoverBook?.handle")
    return str(told["runId"])


def flushed(visit: Visit) -> None:
    visit.page.evaluate("window.RoverBook.handle.flush()")


def collected(live: Live, run_id: str) -> list[tuple[str, str, str]]:
    """What came of a run: event id, type, visit; the oldest first."""
    found: list[tuple[str, str, str]] = live.server.sql(
        "SELECT event_id, type, visit_id FROM roverbook_collectedevent WHERE run_id = ? ORDER BY id", run_id
    )
    return found


def until_collected(live: Live, run_id: str, type: str = "task_ended") -> list[str]:
    """The types of what came, once one of `type` did."""
    wait_until(lambda: any(row[1] == type for row in collected(live, run_id)), what=f"{type} of {run_id}")
    return [row[1] for row in collected(live, run_id)]


def kept(page: Page) -> list[str]:
    """What the script has put into the tab's storage."""
    names: list[str] = page.evaluate("Object.keys(sessionStorage).filter((key) => /roverbook/.test(key))")
    return names


@pytest.fixture
def requests(visit: Visit) -> list[tuple[str, str]]:
    """Method and path of what the page asks for."""
    found: list[tuple[str, str]] = []
    visit.page.on("request", lambda request: found.append((request.method, request.url.split("/", 3)[-1])))
    return found


class TestARun:
    def test_and_what_the_page_tells_of_it_are_one_visit(
        self, visit: Visit, requests: list[tuple[str, str]]
    ) -> None:
        run_id = asked(booted(visit))
        flushed(visit)

        types = until_collected(visit.live, run_id)
        assert {"run_completed", "tool_start", "tool_result"} <= set(types)
        assert len({visit_id for _, _, visit_id in collected(visit.live, run_id)}) == 1
        [(_, _, visit_id), *_] = collected(visit.live, run_id)
        sql = "SELECT id, outcome, total_steps, total_runs FROM roverbook_visit WHERE id = ?"
        wait_until(lambda: [row for row in visit.live.server.sql(sql, visit_id) if row[1]], what="the visit")
        [(_, outcome, n_steps, n_runs)] = visit.live.server.sql(sql, visit_id)
        n_calls = visit.live.server.sql(
            "SELECT count(*) FROM tasks_runevent WHERE type = 'tool_start' AND replace(run_id, '-', '') = ?",
            run_id.replace("-", ""),
        )[0][0]
        assert (outcome, n_steps, n_runs) == ("success", n_calls, 1)
        of_session = (
            "SELECT count(*) FROM roverbook_visit WHERE session_id = "
            "(SELECT session_id FROM roverbook_visit WHERE id = ?)"
        )
        assert visit.live.server.sql(of_session, visit_id) == [(1,)]
        assert ("POST", "v1/roverbook/events/ingest") in requests
        assert "OPTIONS" not in {method for method, _ in requests}
        assert visit.faults == []

    def test_of_a_page_that_wants_none_of_it_is_not_told(
        self, visit: Visit, requests: list[tuple[str, str]]
    ) -> None:
        visit.go(BOATS, head=SHOW, tag=visit.live.stub(roverbook=False)).open()
        visit.hear("run_completed")
        visit.ask("Click Show boats")
        visit.until("window.told.length")
        assert visit.page.evaluate("window.RoverBook") is None
        assert not [path for _, path in requests if "roverbook" in path]


class TestWhatDidNotArrive:
    def test_while_the_server_was_away_comes_when_it_is_back_and_once(self, visit: Visit) -> None:
        run_id = asked(booted(visit, flushIntervalMs=LATER))
        visit.live.wire.cut()
        try:
            flushed(visit)
            assert kept(visit.page) == ["rover:roverbook:unsent"]
            assert "task_ended" not in {row[1] for row in collected(visit.live, run_id)}
        finally:
            visit.live.wire.join()
        visit.page.evaluate("dispatchEvent(new Event('online'))")
        types = until_collected(visit.live, run_id)
        assert types.count("task_ended") == 1
        visit.until("!sessionStorage.getItem('rover:roverbook:unsent')")

    def test_comes_after_a_reload(self, visit: Visit) -> None:
        run_id = asked(booted(visit, flushIntervalMs=LATER))
        visit.live.wire.cut()
        flushed(visit)
        visit.live.wire.join()
        visit.page.reload()
        visit.open()
        assert until_collected(visit.live, run_id).count("task_ended") == 1

    def test_before_the_page_was_left_comes_all_the_same(self, visit: Visit) -> None:
        run_id = asked(booted(visit, flushIntervalMs=LATER))
        assert "task_ended" not in {row[1] for row in collected(visit.live, run_id)}
        visit.page.goto(visit.site.put("/away", "<p>Away</p>"))
        assert until_collected(visit.live, run_id).count("task_ended") == 1


class TestConsent:
    def test_before_it_nothing_is_sent_or_stored_and_then_all_of_it_is(self, visit: Visit) -> None:
        run_id = asked(booted(visit, needsConsent=True, flushIntervalMs=1_000))
        flushed(visit)
        exposed = visit.page.evaluate(
            "RoverBook.handle.exposeExperiment({experimentId: 'x', variantId: 'a'})"
        )
        assert exposed is False
        assert (kept(visit.page), b"/v1/roverbook/" in visit.live.wire.sent) == ([], False)
        visit.page.evaluate("window.RoverBook.setConsent({ analytics: true })")
        until_collected(visit.live, run_id)

    def test_that_is_refused_ends_it_and_is_remembered(self, visit: Visit) -> None:
        asked(booted(visit, flushIntervalMs=LATER))
        visit.page.evaluate("window.RoverBook.setConsent({ analytics: false })")
        flushed(visit)
        assert (kept(visit.page), b"/v1/roverbook/" in visit.live.wire.sent) == ([], False)
        visit.page.reload()
        visit.open()
        asked(visit)
        flushed(visit)
        assert (kept(visit.page), b"/v1/roverbook/" in visit.live.wire.sent) == ([], False)


class TestAgentsTools:
    @pytest.fixture
    def call(self, visit: Visit) -> Callable[..., Any]:
        booted(visit)
        visit.until("window.RoverBook?.handle")

        def call(name: str, **args: Any) -> Any:
            script = "([name, args]) => window.RoverBook.handle.tools[name](args)"
            return visit.page.evaluate(script, [name, args])

        return call

    def test_keep_and_read_what_agents_say(self, call: Callable[..., Any], visit: Visit) -> None:
        saved = call("roverbook_save_note", content="Use the menu.", visibility="private", agent=SCOUT)
        assert (saved["success"], saved["data"]["content"]) == (True, "Use the menu.")
        read = call("roverbook_read_notes", agent=SCOUT)
        assert "Use the menu." in [note["content"] for note in read["data"]]
        review = call("roverbook_leave_review", rating=4, summary="Good", agent=SCOUT)
        assert (review["success"], review["data"]["overallRating"]) == (True, 4)
        question = "How would you rate the overall experience?"
        answered = call("roverbook_answer_interview", question=question, answer="Well.", agent=SCOUT)
        assert (answered["success"], answered["data"][0]["answer"]) == (True, "Well.")
        title = "The cart <img src=x onerror=alert(1)>"
        post = call("roverbook_create_post", type="bug_report", title=title, agent=SCOUT)["data"]["postId"]
        assert call("roverbook_reply_post", postId=post, body="Seen.", agent=SCOUT)["success"]
        voted = call("roverbook_vote_post", postId=post, direction="up", agent={"key": "other"})
        assert voted["data"]["upvotes"] == 1
        board = call("roverbook_read_board", sort="new")
        assert title in [each["title"] for each in board["data"]]
        assert visit.faults == []

    def test_say_why_they_cannot(self, call: Callable[..., Any], visit: Visit) -> None:
        refused = call("roverbook_leave_review", rating=9, agent=SCOUT)
        assert (refused["success"], refused["error"]["code"]) == (False, "INVALID_ARGUMENT")
        for post, code in (("../../v2/rover/session/close", "INVALID_ARGUMENT"), ("p1", "POST_NOT_FOUND")):
            missing = call("roverbook_vote_post", postId=post, direction="up", agent=SCOUT)
            assert (missing["success"], missing["error"]["code"]) == (False, code)
        visit.page.evaluate("window.RoverBook.setConsent({ analytics: false })")
        silent = call("roverbook_save_note", content="x", agent=SCOUT)
        assert silent["error"]["code"] == "CONSENT_NEEDED"
        assert visit.faults == []

    def test_are_registered_with_the_embed_where_the_page_wants_them(self, visit: Visit) -> None:
        tag = visit.live.stub("window.defs = []", roverbook={"tools": True})
        visit.go(BOATS, head=SHOW, tag=tag).open()
        visit.until("window.RoverBook?.handle")
        visit.live.wire.sent.clear()
        asked(visit)
        sent = visit.live.wire.sent
        for name in visit.page.evaluate("Object.keys(window.RoverBook.handle.tools)"):
            assert json.dumps(name).encode() in sent


class TestWebMcp:
    def run(self, visit: Visit, name: str, **args: Any) -> tuple[str, bool]:
        """The text of a result, and whether it is an error."""
        script = "([name, args]) => window.offered[name].execute(args)"
        found = visit.page.evaluate(script, [name, args])
        [content] = found["content"]
        assert content["type"] == "text"
        return content["text"], found.get("isError", False)

    @pytest.fixture
    def offering(self, visit: Visit) -> Visit:
        """A page with both tags, in a browser that has a place for tools."""
        visit.page.add_init_script(CONTEXT)
        second = f'<script src="{visit.live.wire.url}/roverbook.js" async data-attach="rover"></script>'
        visit.go(f"{BOATS}<p data-agent-private>secret</p>", head=SHOW, tag=visit.live.tag() + second)
        visit.until("Object.keys(window.offered).length === 4")
        return visit

    def test_offers_its_tools_before_the_widget_is_opened(self, offering: Visit) -> None:
        names = offering.page.evaluate("Object.keys(window.offered).sort()")
        assert names == [
            "rover_get_page_data",
            "rover_run_task",
            "roverbook_agent_notes",
            "roverbook_leave_feedback",
        ]
        assert b"/session/open" not in offering.live.wire.sent

    def test_runs_a_task_for_the_agent_that_asks(self, offering: Visit) -> None:
        text, is_error = self.run(offering, "rover_run_task", task="Click Show boats", agent=SCOUT)
        assert (json.loads(text)["status"], is_error) == ("completed", False)
        flushed(offering)
        sql = (
            "SELECT DISTINCT agent_key, agent_source, agent_trust FROM roverbook_collectedevent "
            "WHERE type = 'task_ended' AND session_id = "
            "(SELECT session_id FROM tasks_run ORDER BY id DESC LIMIT 1)"
        )
        wait_until(lambda: offering.live.server.sql(sql), what="the end of the task")
        assert offering.live.server.sql(sql) == [("scout", "webmcp_agent", "self_reported")]
        assert offering.faults == []

    def test_tells_of_the_page_but_for_what_is_private(self, offering: Visit) -> None:
        text, _ = self.run(offering, "rover_get_page_data")
        told = json.loads(text)
        assert (told["title"], told["headings"]) == ("Harbour", [{"level": 1, "text": "Harbour"}])
        assert "Nothing yet" in told["text"]
        assert "secret" not in text

    def test_takes_feedback_and_notes(self, offering: Visit) -> None:
        said = {"rating": 5, "feedback": "Good", "painPoints": ["slow"], "agent": SCOUT}
        assert self.run(offering, "roverbook_leave_feedback", **said)[1] is False
        note = {"action": "save", "content": "By tool.", "visibility": "private", "agent": SCOUT}
        assert self.run(offering, "roverbook_agent_notes", **note)[1] is False
        text, _ = self.run(offering, "roverbook_agent_notes", action="read", agent=SCOUT)
        assert "By tool." in text
        text, is_error = self.run(offering, "roverbook_leave_feedback", rating=77, agent=SCOUT)
        assert (text.split(":")[0], is_error) == ("INVALID_ARGUMENT", True)

    def test_offers_nothing_any_more_after_the_end(self, offering: Visit) -> None:
        offering.page.evaluate("window.RoverBook.handle.shutdown()")
        assert offering.page.evaluate("Object.keys(window.offered)") == []


class TestAHostilePage:
    def test_is_not_thrown_at_whatever_it_calls_with(self, visit: Visit) -> None:
        booted(visit)
        visit.until("window.RoverBook?.handle")
        visit.page.evaluate("""async () => {
            const { handle, enableRoverBook, setConsent } = window.RoverBook;
            const odd = { get key() { throw new Error('odd'); } };
            const loop = {};
            loop.self = loop;
            for (const value of [undefined, null, 7, 'x', odd, loop, Symbol('x')]) {
                await handle.exposeExperiment(value);
                await handle.getNotes(value);
                await handle.getBoardPosts(value);
                for (const tool of Object.values(handle.tools)) await tool(value);
                try { enableRoverBook(value, {}); } catch (error) { window.faults.push(`thrown: ${error}`); }
            }
            setConsent({ analytics: 'maybe' });
            await handle.getScore();
        }""")
        assert visit.faults == []

    def test_does_not_keep_what_went_well_from_arriving(self, visit: Visit) -> None:
        booted(visit, flushIntervalMs=LATER)
        visit.page.evaluate("""() => {
            sessionStorage.setItem('rover:roverbook:unsent', '{not json');
            sessionStorage.setItem('rover:roverbook:visit', '{"id": 7, "told": null}');
            window.rover.on('tool_start', () => { throw new Error('odd'); });
        }""")
        run_id = asked(visit)
        flushed(visit)
        assert "task_ended" in until_collected(visit.live, run_id)


def test_the_tag_alone_loads_without_a_fault(visit: Visit) -> None:
    tag = f'<script src="{visit.live.wire.url}/roverbook.js" async data-attach="rover"></script>'
    visit.go(BOATS, tag=tag)
    visit.until("window.RoverBook?.enableRoverBook")
    expect(visit.page.get_by_role("heading", name="Harbour")).to_be_visible(timeout=SECONDS)
    assert visit.faults == []
